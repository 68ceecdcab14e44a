"""The sets that X is compared with, block by block."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

from .columns import Comparison
from .comparer import Comparer
from .competition import Competition
from .samples import Samples, patients_known


@dataclass
class ComparedSets:
    """What ReferenceSimilarity compares X with; None for what plays no part.

    Attributes
    ----------
    reference : Samples or None
    reals : Samples or None
        The X seen in `fit`. An image is not compared with itself and its own patient here.
    holdout : Samples or None
        Likewise.
    competition : Competition or None
        For the places that the reference gives.
    rivals : Samples or None
        The images of the competition, where an image's own patient must not compete.
    """

    reference: Samples | None
    reals: Samples | None
    holdout: Samples | None
    competition: Competition | None = None
    rivals: Samples | None = None

    @classmethod
    def opened(cls, against: str, x: Samples, reference: Samples | None, holdout: Samples | None) -> Self:
        """Return the sets that `against` names; without a reference, X is compared with itself."""
        alone = reference is None
        return cls(None if against == "self" else reference, x if alone or against != "reference" else None, holdout)

    def compare(
        self, x: Samples, comparer: Comparer, k: int, radius: float | None, ranks: NDArray[np.float64] | None = None
    ) -> Comparison:
        """Return what the columns of x are made of; `ranks` are those of x, where they are known."""
        similarities, to_holdout = self.similarities(x, comparer), None
        if self.holdout is not None:
            to_holdout = comparer.without_own(x, self.holdout)
        return Comparison(x, similarities, to_holdout, self.competition, ranks, k, comparer.distances, radius)

    def similarities(self, x: Samples, comparer: Comparer) -> NDArray[np.float64]:
        """Return the similarities of x to the reference and the reals, NaN where a member does not count."""
        parts = []
        if self.competition is not None:
            parts.append(self.competition.compared(x, self.reference, comparer))
        elif self.reference is not None:
            parts.append(comparer(x, self.reference))
        if self.reals is not None:
            parts.append(comparer.without_own(x, self.reals))
        return comparer.enough(x, np.hstack(parts))

    def blocks(self, x: Samples, comparer: Comparer) -> Iterator[Samples]:
        """Yield x in parts whose similarities to all sets fit into memory."""
        return comparer.blocks(x, sum(len(others or ()) for others in (self.reference, self.reals, self.holdout)))

    def median_distance(self, x: Samples, comparer: Comparer) -> float:
        """Return the median distance of x to what is nearest to it."""
        nearest = [np.nanmax(self.similarities(part, comparer), axis=1) for part in self.blocks(x, comparer)]
        return float(np.median(comparer.distances(np.concatenate(nearest))))

    def patients_known(self, x: Samples) -> bool:
        """Return whether patients are known wherever they matter."""
        compared = (self.reals, self.holdout, self.rivals)
        return all(patients_known(x, others) for others in compared if others is not None)
