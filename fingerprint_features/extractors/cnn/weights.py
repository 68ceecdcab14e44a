"""Weights: where they lie, what they are, and reading them without running anything they hold."""

import hashlib
import re
from functools import lru_cache
from pathlib import Path
from textwrap import shorten

# Checkpoints of densenet have the names of older modules: denselayer1.norm.1.weight is denselayer1.norm1.weight.
_OLD_NAME = re.compile(r"\.(norm|relu|conv)\.([12])\.")


def file_digest(path):
    """Return the hex digest of a file of weights; it is read again only after it has changed."""
    status = Path(path).stat()
    return _file_digest(str(path), status.st_size, status.st_mtime_ns)


@lru_cache(maxsize=64)
def _file_digest(path, size, changed):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=32)).hexdigest()


def module_digest(net):
    """Return the hex digest of a module: the classes it is built of, their settings, and every tensor."""
    import torch

    from ...cache.identity import canonical
    from ...cache.scripts import EDITED, code_of

    state = hashlib.blake2b(digest_size=32)
    for name, module in net.named_modules():
        kind = type(module)
        state.update(f"{name}|{kind.__module__}.{kind.__qualname__}|{module.extra_repr()}\n".encode())
        if kind.__module__ in EDITED:
            state.update(repr(code_of(kind, canonical)).encode())
    for name, tensor in net.state_dict().items():
        state.update(f"{name}|{tensor.dtype}|{tuple(tensor.shape)}|".encode())
        state.update(tensor.detach().cpu().contiguous().view(-1).view(torch.uint8).numpy())
    return state.hexdigest()


def load(net, path, name):
    """Put the weights of a file into a network; raise ValueError where they do not fit."""
    tensors = _read(path)
    for wrapped in ("state_dict", "model"):  # as training scripts save it, beside the optimiser
        tensors = tensors[wrapped] if isinstance(tensors.get(wrapped), dict) else tensors
    expected = net.state_dict().keys()
    tensors = {key if key in expected else _OLD_NAME.sub(r".\1\2.", key): value for key, value in tensors.items()}
    try:
        net.load_state_dict(tensors)
    except RuntimeError as error:
        raise ValueError(
            f"the weights in {path} are not those of {name}: {shorten(str(error), 300)} For a network with other "
            "layers or another number of classes, pass a function that makes it as backbone"
        ) from error


def _read(path):
    import torch

    if not Path(path).is_file():
        raise FileNotFoundError(f"there is no file of weights {path}")
    if Path(path).suffix == ".safetensors":
        try:
            from safetensors.torch import load_file
        except ImportError as error:
            raise ImportError(f"reading {path} needs safetensors: pip install safetensors") from error
        return load_file(path)
    try:
        tensors = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise ValueError(
            f"{path} cannot be read as weights: only files of tensors are, saved by torch.save(net.state_dict(), ...) "
            f"or as .safetensors; nothing else a file holds is ever run ({type(error).__name__})"
        ) from error
    if not isinstance(tensors, dict):
        raise ValueError(f"{path} holds no dict of tensors: save net.state_dict()")
    return tensors


def from_hub(url, name):
    """Return torch.hub's own file of the weights at a URL, downloading it where it is not there yet."""
    import torch

    path = Path(torch.hub.get_dir(), "checkpoints", url.rpartition("/")[2])
    if path.exists():
        return path
    expected = re.search(r"-([a-f0-9]{8,})\.", path.name)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        torch.hub.download_url_to_file(url, str(path), expected and expected[1], progress=False)
    except (OSError, RuntimeError) as error:
        raise OSError(
            f"the weights of {name} are not on this machine and cannot be fetched ({error}). Put {path.name} (from "
            f"{url}) into {path.parent}, or anywhere and pass weights='.../{path.name}'; weights=None takes random "
            "ones, and the backbone 'efficientnet_lite0' comes with its own"
        ) from error
    return path
