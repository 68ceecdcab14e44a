"""Staged starts: training that goes on from the body of a network that was trained before."""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sklearn.frozen import FrozenEstimator
from sklearn.utils.validation import check_is_fitted

from ..checks import fail
from ..extractors.cnn.weights import file_digest
from ..tensors import read

if TYPE_CHECKING:
    from torch import Tensor, nn


def check_start(owner: Any) -> None:
    """Raise for an `init` that is no fitted network of this room, and no path."""
    init = _unwrapped(owner.init)
    if init is None or isinstance(init, (str, os.PathLike)):
        return
    if not hasattr(init, "_take"):
        fail(owner, "init", "None, a fitted network such as NetClassifier, or a path to a file that save() wrote")
    if not hasattr(init, "tensors_"):
        fail(owner, "init", "fitted: clone() forgets what was learnt, so give sklearn.frozen.FrozenEstimator(network)")


def start_from(net: "nn.Module", owner: Any) -> None:
    """Give the body of a new network the values of the body that the `init` of its estimator names.

    Raises
    ------
    ValueError
        When the two bodies are of different shapes, and for a file that `save` did not write.
    """
    init = _unwrapped(owner.init)
    if init is None:
        return
    own = net["body"].state_dict()
    given = {name.removeprefix("body."): value for name, value in _tensors(init).items() if name.startswith("body.")}
    if {name: tuple(value.shape) for name, value in own.items()} != {
        name: tuple(value.shape) for name, value in given.items()
    }:
        raise ValueError(
            f"{type(owner).__name__}: init= holds another network than backbone={owner.backbone!r}: both stages need "
            "the same backbone"
        )
    net["body"].load_state_dict(given)


def start_digest(init: Any) -> str | None:
    """Return what names the values that `init` stands for."""
    init = _unwrapped(init)
    if init is None or hasattr(init, "digest_"):
        return init and init.digest_
    return file_digest(Path(init).expanduser())


def _tensors(init) -> "dict[str, Tensor]":
    import torch

    if isinstance(init, (str, os.PathLike)):
        return read(Path(init).expanduser())[0]
    check_is_fitted(init)
    return {name: torch.from_numpy(value.copy()) for name, value in init.tensors_.items()}


def _unwrapped(init):
    return init.estimator if isinstance(init, FrozenEstimator) else init
