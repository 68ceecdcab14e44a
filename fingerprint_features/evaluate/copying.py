"""Do generated images lie closer to the used images than unused images do? The test of Meehan et al."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..checks import check_count
from .nearest import Nearest, as_distances, as_own_distances
from .set_tests import LabelShuffle, SetTest


def copying_test(
    generated_real: ArrayLike,
    real_real: ArrayLike,
    y_true: ArrayLike,
    *,
    groups: Sequence[Hashable] | ArrayLike | None = None,
    cells: int = 1,
    min_generated: int = 20,
    n_permutations: int = 999,
    confidence: float = 0.95,
    random_state: int | np.random.Generator | None = 0,
) -> SetTest:
    """Test whether generated images lie closer to the used images than unused images do.

    Parameters
    ----------
    generated_real : array-like of shape (n_generated, n_reals)
        Distances of the generated images to the real ones, used and unused. Any unit.
    real_real : array-like of shape (n_reals, n_reals)
        Distances between the real images.
    y_true : array-like of shape (n_reals,)
        1 (or True) for used, 0 (or False) for unused.
    groups : sequence of shape (n_reals,), default=None
        The patients. All images of one must have one label. None treats every image as its own patient.
    cells : int, default=1
        Number of parts of the image space that are compared one by one; copying in one part is not hidden by another.
    min_generated : int, default=20
        Cells with fewer generated images are left out.
    n_permutations : int, default=999
        Number of shuffles of the labels, by patient.
    confidence : float, default=0.95
        Coverage of the null's band, and 1 minus the error rate at which copying counts as detected.
    random_state : int, Generator or None, default=0
        Seed of the shuffles and of the cells.

    Returns
    -------
    SetTest
        Its value is Stouffer's sum over the cells, far below 0 for copying. Parts: "C_T" is the paper's average (the
        same for one cell), "cells" the number of cells compared, and "coverage" the share of unused images in them: a
        generator that leaves out whole kinds of images covers less than all, and nothing is said about the rest.

    Raises
    ------
    ValueError
        When a patient has used and unused images: these hide copying, as slices of one patient are as close to each
        other as copies are. When no cell holds enough generated and unused images.

    Notes
    -----
    In each cell, ``Z = (U - m n / 2) / sqrt(variance)``, where U counts the pairs of m generated and n unused images
    in which the generated one is farther from its nearest used image; ties count one half and reduce the variance. Z of
    one cell, without patients, is standard normal when the generated images follow the distribution of the real ones.
    Stouffer's sum ``sum(w Z) / sqrt(sum(w**2))``, with w the share of unused images in a cell, keeps that scale. The
    average ``sum(w Z) / sum(w)`` does not.

    Real generators draw worse images than that, and slices of one patient go together. So the p-value compares with
    shuffles of who was used, by patient, where the same generated images are as bad. It is exact where chance decided
    which patients were used.

    The cells are k-means clusters of the real images, used and unused alike, described by their distances to all real
    images. The paper clusters the used images and looks for neighbours within a cell; here labels play no part in the
    cells, and neighbours come from everywhere.

    On flat images all distances are equal, the value is 0 and p is 1.

    References
    ----------
    Meehan, Chaudhuri, Dasgupta, A non-parametric test to detect data-copying in generative models, AISTATS 2020.
    Stouffer et al., The American soldier, Princeton University Press 1949.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> reals = rng.normal(size=(60, 8))
    >>> y = np.repeat([1, 0], 30)
    >>> copies = reals[:30] + 0.1 * rng.normal(size=(30, 8))
    >>> from scipy.spatial.distance import cdist
    >>> result = copying_test(cdist(copies, reals), cdist(reals, reals), y)
    >>> round(result.value, 2), result.conclusion
    (-6.65, 'detected: below what chance gives (p = 0.001)')
    """
    check_count("copying_test", 1, cells=cells, min_generated=min_generated)
    shuffle = LabelShuffle("copying_test", y_true, groups, n_permutations, confidence, random_state)
    to_reals = as_distances(generated_real, "generated_real", (None, len(shuffle)))
    reals = as_own_distances(real_real, "real_real", len(shuffle))
    statistic = _CopyingStatistic(to_reals, reals, *_cells(reals, to_reals, cells, shuffle.rng), min_generated)
    seen = statistic.compare(shuffle.used)
    if not len(seen.z):
        raise ValueError(
            f"no cell holds unused images and min_generated = {min_generated} generated ones: lower cells or "
            f"min_generated. There are {len(to_reals)} generated images in {cells} cell{'' if cells == 1 else 's'}"
        )
    parts = {"C_T": seen.average, "cells": len(seen.z), "coverage": seen.weights.sum()}
    return shuffle.test("copying test", lambda used: statistic.compare(used).stouffer, "below", parts)


@dataclass
class _Cells:
    """Z of the cells compared, and the share of unused images in each."""

    z: NDArray[np.float64]
    weights: NDArray[np.float64]

    @property
    def stouffer(self) -> float:
        return float(self.z @ self.weights / np.sqrt(self.weights @ self.weights)) if len(self.z) else 0.0

    @property
    def average(self) -> float:
        return float(self.z @ self.weights / self.weights.sum())


class _CopyingStatistic:
    """Z in every cell, for one choice of used images after another."""

    def __init__(self, to_reals, reals, cell_of_generated, cell_of_real, min_generated):
        self.generated, self.reals = Nearest(to_reals), Nearest(reals)
        sizes = np.bincount(cell_of_generated)
        self.cells = np.flatnonzero(sizes >= min_generated)
        self.cell_of_generated, self.cell_of_real = cell_of_generated, cell_of_real

    def compare(self, used):
        to_used, from_unused = self.generated.among(used)[1], self.reals.among(used)[1]
        z, weights = [], []
        for cell in self.cells:
            unused = ~used & (self.cell_of_real == cell)
            if unused.any():
                z.append(rank_z(to_used[self.cell_of_generated == cell], from_unused[unused]))
                weights.append(unused.sum() / (~used).sum())
        return _Cells(np.array(z), np.array(weights))


def rank_z(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Return the standardized Mann-Whitney U of two samples, positive where `a` is the larger; 0 when all are equal."""
    m, n = len(a), len(b)
    # once for every shuffle: scipy's rankdata and np.unique take far longer to start
    both = np.concatenate([a, b])
    order = np.argsort(both)
    both = both[order]
    last = np.flatnonzero(np.append(both[1:] != both[:-1], True))
    counts = np.diff(last, prepend=-1)
    ranks = np.repeat(last + 1 - (counts - 1) / 2, counts)
    u = ranks[order < m].sum() - m * (m + 1) / 2
    ties = (counts**3 - counts).sum() / ((m + n) * (m + n - 1))
    variance = m * n / 12 * (m + n + 1 - ties)
    return float((u - m * n / 2) / np.sqrt(variance)) if variance > 0 else 0.0


def _cells(reals, to_reals, cells, rng):
    """Return the cell of each generated and of each real image."""
    if cells == 1:
        return np.zeros(len(to_reals), dtype=np.intp), np.zeros(len(reals), dtype=np.intp)
    if cells > len(np.unique(reals, axis=0)):
        raise ValueError(f"copying_test cannot part {len(reals)} real images into {cells} cells: lower cells")
    from sklearn.cluster import KMeans

    order = np.argsort(reals.sum(axis=1), kind="stable")  # so that the order of the images plays no part
    model = KMeans(cells, n_init=5, random_state=int(rng.integers(2**31))).fit(reals[np.ix_(order, order)])
    cell_of_real = np.empty(len(reals), dtype=np.intp)
    cell_of_real[order] = model.labels_
    return model.predict(to_reals[:, order]), cell_of_real
