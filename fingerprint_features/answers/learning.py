"""What a recipe that attributes learns from: the labelled sets, some images of them kept out."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..images import ImageSet
from ..recipes.registry import RecipeInfo
from .choice import make_attributor
from .errors import ArgumentError

_KINDS = {"real": "real", "generated": "labelled_generated"}


@dataclass(frozen=True, eq=False)
class Lesson:
    """The labelled sets that a recipe learns from.

    Attributes
    ----------
    about : RecipeInfo
    sets : mapping of str to ImageSet
        "real", "labelled_generated" or both.
    labels : mapping of str to ndarray
        The subsets of each.
    settings : mapping of str to object
        Preset, overrides, cache and progress of `make_attributor`.
    """

    about: RecipeInfo
    sets: Mapping[str, ImageSet]
    labels: Mapping[str, NDArray[Any]]
    settings: Mapping[str, Any]

    @property
    def domain(self) -> str:
        """The set whose images `fit` is given; raise where a set is missing."""
        wanted = [_KINDS[kind] for kind in self.about.fit_on]
        found = [name for name in wanted if name in self.sets]
        if found and (not self.about.needs_reference or self._other(found[0]) in self.sets):
            return found[0]
        needed = [*wanted, self._other(wanted[0])] if self.about.needs_reference else wanted
        joined = (" and " if self.about.needs_reference else " or ").join(f"{name}=" for name in needed)
        raise ArgumentError(f"{self.about.name} learns from {self.about.trained_on}: give {joined}")

    @property
    def pairs(self) -> bool:
        """Whether it learns from labels of both kinds at once."""
        return self.about.needs_reference_labels

    @property
    def judged(self) -> str:
        """The set on which it is judged: generated images where it learns from their labels."""
        return "labelled_generated" if self.pairs else self.domain

    def model(self, asked: ImageSet) -> Any:
        """Return the unfitted recipe, which will be asked about some images."""
        return self._made(asked, self.sets, self.labels)

    def fit(self, asked: ImageSet, learn: NDArray[np.intp] | None = None) -> Any:
        """Return the fitted recipe, to be asked about some images.

        Parameters
        ----------
        asked : ImageSet
        learn : ndarray of int, default=None
            The images of the judged set that it learns from, by position. None takes all.
        """
        sets, labels = dict(self.sets), dict(self.labels)
        if learn is not None:
            sets[self.judged], labels[self.judged] = sets[self.judged][learn], labels[self.judged][learn]
        return self._made(asked, sets, labels).fit(sets[self.domain], labels[self.domain])

    def _made(self, asked, sets, labels):
        other = self._other(self.domain)
        given = {"unlabelled": asked, "reference": sets.get(other), "reference_y": labels.get(other)}
        given = {word: given[word] for word in self.about.takes if given.get(word) is not None}
        return make_attributor(self.about, given, **self.settings)

    def _other(self, domain):
        return next(name for name in _KINDS.values() if name != domain)
