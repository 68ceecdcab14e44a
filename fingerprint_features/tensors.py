"""Files of tensors, as safetensors with facts as JSON, and the state of optimizers as tensors. No file is ever run."""

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .files import replacing

if TYPE_CHECKING:
    from torch import Tensor
    from torch.optim import Optimizer

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


def optimizer_tensors(optimizer: "Optimizer") -> dict[str, "Tensor"]:
    """Return the tensors of an optimizer's state, by the number of the parameter and the name: ``"0/exp_avg"``."""
    state = optimizer.state_dict()["state"]
    return {f"{i}/{name}": tensor for i, own in state.items() for name, tensor in own.items()}


def restore_optimizer(optimizer: "Optimizer", tensors: dict[str, "Tensor"]) -> None:
    """Give an optimizer the state that `optimizer_tensors` took."""
    state = optimizer.state_dict()
    for name, tensor in tensors.items():
        i, _, entry = name.partition("/")
        state["state"].setdefault(int(i), {})[entry] = tensor
    optimizer.load_state_dict(state)


def part(tensors: dict[str, "Tensor"], name: str) -> dict[str, "Tensor"]:
    """Return the tensors whose names begin with ``name/``, under the rest of their names."""
    return {own.removeprefix(f"{name}/"): tensor for own, tensor in tensors.items() if own.startswith(f"{name}/")}
