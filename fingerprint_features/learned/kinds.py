"""The types of what trained networks take."""

from collections.abc import Callable
from os import PathLike
from typing import Any, Literal

Network = str | Callable[..., Any]
Weights = str | PathLike[str] | None
Start = Any  # a fitted network of this room, sklearn's FrozenEstimator of one, a path, or None
Schedule = Literal["constant", "cosine", "step"]
Optimizer = Literal["adamw", "sgd"]
Loss = Literal["contrastive", "triplet", "infonce", "supcon"]
Pairs = Literal["same_label", "reference", "views"]
