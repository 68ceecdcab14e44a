"""What a question was asked with: kept with the answer, so that a report can show it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from numpy.typing import NDArray

from ..images import ImageSet


@dataclass(frozen=True, eq=False)
class Inputs:
    """The images and settings of a call of `detect` or `attribute`.

    Attributes
    ----------
    sets : dict of str to ImageSet
        Every set of images by the name of its argument, as it was given; real images with their patients.
    labels : dict of str to ndarray
        `attribute`: the subset of each image of a labelled set.
    unit : "patient", "image" or None
        What is kept whole in splits: a patient, or an image that is a patient of its own. None where patients are
        unknown.
    settings : dict of str to value
        ``n_permutations``, ``random_state``, ``on_error`` and ``preset``.
    overrides : dict of str to value
        What was changed in the recipe.
    """

    sets: Mapping[str, ImageSet]
    labels: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    unit: str | None = None
    settings: Mapping[str, Any] = field(default_factory=dict)
    overrides: Mapping[str, Any] = field(default_factory=dict)
