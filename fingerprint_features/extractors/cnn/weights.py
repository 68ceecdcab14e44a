"""Files of weights: finding, identifying and reading them, without running code that they hold."""

import hashlib
import re
from functools import lru_cache, partial
from os import PathLike
from pathlib import Path
from textwrap import shorten
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch

# Checkpoints of densenet have the names of older modules: denselayer1.norm.1.weight is denselayer1.norm1.weight.
_OLD_NAME = re.compile(r"\.(norm|relu|conv)\.([12])\.")


def check_file(path: str | PathLike[str]) -> None:
    """Raise unless the file of weights exists."""
    if not Path(path).is_file():
        raise FileNotFoundError(
            f"there is no file of weights {path}: pass a path, 'default', or None for random weights"
        )


def file_digest(path: str | PathLike[str]) -> str:
    """Return the hex digest of a file of weights; it is read again only after it has changed."""
    check_file(path)
    path = Path(path).absolute()  # after chdir a relative path is another file
    found = path.stat()
    return _file_digest(str(path), (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns))


@lru_cache(maxsize=64)
def _file_digest(path, status):
    with open(path, "rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.blake2b(digest_size=32)).hexdigest()


def load(net: "torch.nn.Module", path: str | PathLike[str], name: str) -> None:
    """Put the weights of a file into a network; raise ValueError where they do not fit."""
    tensors = _read(path)
    for wrapped in ("state_dict", "model_state_dict", "model"):  # training scripts save the optimiser too
        tensors = tensors[wrapped] if isinstance(tensors.get(wrapped), dict) else tensors
    if not all(isinstance(key, str) for key in tensors):
        raise ValueError(f"{path} holds no dict of named tensors: save net.state_dict()")
    expected = net.state_dict().keys()
    if tensors and all(key.startswith("module.") for key in tensors):  # as DataParallel saves it
        tensors = {key.removeprefix("module."): value for key, value in tensors.items()}
    tensors = {key if key in expected else _OLD_NAME.sub(r".\1\2.", key): value for key, value in tensors.items()}
    try:
        net.load_state_dict(tensors)
    except RuntimeError as error:
        raise ValueError(
            f"the weights in {path} do not fit {name}: {shorten(str(error), 300)} For a network with other "
            "layers or another number of classes, pass a function that makes it as backbone"
        ) from error


def _read(path):
    import torch

    if Path(path).suffix == ".safetensors":
        try:
            from safetensors.torch import load_file as read
        except ImportError as error:
            raise ImportError(f"reading {path} needs safetensors: pip install safetensors") from error
    else:
        read = partial(torch.load, map_location="cpu", weights_only=True)
    try:
        tensors = read(path)
    except Exception as error:
        raise ValueError(
            f"{path} cannot be read as weights ({type(error).__name__}). Only tensors are read, never code: save them "
            "by torch.save(net.state_dict(), ...) or as .safetensors"
        ) from error
    if not isinstance(tensors, dict):
        raise ValueError(f"{path} holds no dict of tensors: save net.state_dict()")
    return tensors


def from_hub(url: str, name: str) -> Path:
    """Return torch.hub's file of the weights at a URL; download it if it does not exist."""
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
            f"the weights of {name} are not on this machine and cannot be downloaded ({error}). Put {path.name} (from "
            f"{url}) into {path.parent}, or anywhere and pass weights='.../{path.name}'; weights=None takes random "
            "weights, and the backbone 'efficientnet_lite0' comes with its own"
        ) from error
    return path
