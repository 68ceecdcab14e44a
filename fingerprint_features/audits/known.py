"""Real images of which it is known whether they were used."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..images import ImageSet


@dataclass(frozen=True, eq=False)
class Labelled:
    """Images with known labels.

    Attributes
    ----------
    images : ImageSet
    y : ndarray of shape (n_images,)
        1 for used.
    groups : ndarray of shape (n_images,), int
        What is kept whole: patients that share no image.
    unit : str
        "patient" or "image".
    """

    images: ImageSet
    y: NDArray[np.int64]
    groups: NDArray[np.intp]
    unit: str

    def __getitem__(self, rows: NDArray[Any]) -> "Labelled":
        return Labelled(self.images[rows], self.y[rows], self.groups[rows], self.unit)

    @property
    def enough_patients(self) -> bool:
        """Whether there are three patients or more of either label: without one fold, two are left to compare."""
        return all(len(np.unique(self.groups[self.y == label])) >= 3 for label in (0, 1))
