"""Files of networks: tensors as safetensors and facts as JSON. Nothing in such a file is ever run."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..files import replacing

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from .loop import Progress

_FACTS = "fingerprint_features.learned"  # the one entry of the header, as JSON
_LAYOUT = 1


def write(path: str | os.PathLike[str], tensors: dict[str, "Tensor"], facts: dict[str, Any]) -> None:
    """Write tensors and facts into one file, whole or not at all.

    Parameters
    ----------
    path : path-like
        An existing file is replaced.
    tensors : dict of str to Tensor
    facts : dict
        Plain JSON values.
    """
    from safetensors.torch import save

    header = {_FACTS: json.dumps({"layout": _LAYOUT, **facts}, allow_nan=False)}
    whole = {name: tensor.detach().cpu().contiguous().clone() for name, tensor in tensors.items()}
    with replacing(Path(path), private=True) as unfinished, unfinished.open("wb") as file:
        file.write(save(whole, header))
        file.flush()
        os.fsync(file.fileno())


def read(path: str | os.PathLike[str]) -> tuple[dict[str, "Tensor"], dict[str, Any]]:
    """Return the tensors and the facts of a file that `write` made.

    Raises
    ------
    FileNotFoundError
        If there is no such file.
    ValueError
        If it is anything else; nothing in it is run.
    """
    from safetensors import SafetensorError, safe_open

    if not Path(path).is_file():
        raise FileNotFoundError(f"there is no file of a trained network {os.fsdecode(path)}")
    try:
        with safe_open(os.fsdecode(path), framework="pt") as file:
            facts = json.loads((file.metadata() or {})[_FACTS])
            if not isinstance(facts, dict) or facts.pop("layout", None) != _LAYOUT:
                raise ValueError("it has another layout")
            return {name: file.get_tensor(name) for name in file.keys()}, facts  # noqa: SIM118 (no dict)
    except (SafetensorError, KeyError, ValueError, RecursionError) as error:
        raise ValueError(
            f"{os.fsdecode(path)} is not a file of a trained network, as save() writes them "
            f"({type(error).__name__}: {error}). Nothing in it was run"
        ) from error


class Checkpoint:
    """Where a fit keeps how far it has come, so that it can go on after it was killed.

    Parameters
    ----------
    path : path-like
    key : str
        Names the fit: parameters, images and labels. The file of another fit is not used, but replaced.
    """

    def __init__(self, path: str | os.PathLike[str], key: str) -> None:
        self.path: Path = Path(path)
        self.key = key

    def keep(self, net: "nn.Module", optimizer: "torch.optim.Optimizer", done: "Progress") -> None:
        """Write the weights, the state of the optimizer and the history."""
        state = optimizer.state_dict()["state"]
        tensors = {f"net/{name}": tensor for name, tensor in net.state_dict().items()}
        tensors |= {f"best/{name}": tensor for name, tensor in done.best.items()}
        tensors |= {f"optimizer/{i}/{name}": tensor for i, own in state.items() for name, tensor in own.items()}
        write(self.path, tensors, {"checkpoint": self.key, "history": done.history})

    def restore(self, net: "nn.Module", optimizer: "torch.optim.Optimizer", done: "Progress") -> None:
        """Take up what the file holds of this very fit, if there is one.

        Raises
        ------
        ValueError
            If the file is no checkpoint: it is then not overwritten.
        """
        if not self.path.exists():
            return
        tensors, facts = read(self.path)
        if "checkpoint" not in facts:
            raise ValueError(f"{self.path} holds a trained network, not a checkpoint: choose another path")
        if facts["checkpoint"] != self.key:
            return
        parts = {"net": {}, "best": {}, "optimizer": {}}
        for name, tensor in tensors.items():
            part, _, rest = name.partition("/")
            parts[part][rest] = tensor
        net.load_state_dict(parts["net"])
        state = optimizer.state_dict()
        for name, tensor in parts["optimizer"].items():
            i, _, entry = name.partition("/")
            state["state"].setdefault(int(i), {})[entry] = tensor
        optimizer.load_state_dict(state)
        done.history, done.best = facts["history"], parts["best"]

    def remove(self) -> None:
        """Delete the file: the fit has ended."""
        self.path.unlink(missing_ok=True)
