"""What a model is made of: every object inside it, wherever it is kept."""

from collections.abc import Callable, Iterator
from types import FunctionType, ModuleType
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from ..images import ImageSet

PLACES = ("cache", "checkpoint", "memory")  # parameters that name a file or folder to write to
_LEAVES = (ImageSet, np.ndarray, str, bytes, int, float, complex, type, type(None), FunctionType, ModuleType)


def parts_of(model: Any, is_whole: Callable[[Any], bool] = lambda part: False) -> Iterator[Any]:
    """Yield every object inside a model, itself included, each once; not what lies in one that `is_whole` says so of.

    Parameters
    ----------
    model : object
        An estimator, a list, a dict: anything.
    is_whole : callable, default=never
        Whether an object is not looked into.
    """
    seen, waiting = set(), [model]
    while waiting:
        part = waiting.pop()
        if id(part) in seen:
            continue
        seen.add(id(part))
        yield part
        if isinstance(part, _LEAVES) or is_whole(part):
            continue
        if isinstance(part, dict):
            waiting += [*part.values(), *vars(part).values()] if hasattr(part, "__dict__") else part.values()
        elif isinstance(part, (list, tuple, set, frozenset)):
            waiting += part
        else:
            waiting += getattr(part, "__dict__", {}).values()


def forget_places(model: Any) -> None:
    """Have no estimator in a model name a file or folder to write to."""
    for part in parts_of(model):
        if isinstance(part, BaseEstimator):
            vars(part).update({name: None for name in PLACES if name in vars(part)})
