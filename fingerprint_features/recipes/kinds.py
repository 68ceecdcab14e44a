"""The types of what recipes take."""

from collections.abc import Callable, Sequence
from os import PathLike
from typing import Any, Literal

from numpy.typing import ArrayLike

from ..cache import FeatureCache
from ..images import ImageSet

Images = ImageSet | ArrayLike | Sequence[str | PathLike[str]]
Cache = str | PathLike[str] | FeatureCache | None
Network = str | Callable[..., Any]
Weights = str | PathLike[str] | None
Layer = str | Sequence[str] | None
Threshold = float | Literal["auto", "prior"]
Preset = Literal["published", "fast"]
Kind = Literal["real", "generated"]
