"""Do two images stem from the same subset? How well similarities of pairs answer that."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from ..checks import check_count, check_share
from .auc import auc, weighted_auc
from .checks import as_scores, group_codes
from .intervals import blocks, bounds
from .scores import Score


@dataclass(frozen=True)
class PairScores:
    """How well the similarity of a pair says whether both images are of one subset.

    Attributes
    ----------
    auc : Score
        Share of (same, different) pairs of pairs in which the former is the more similar; 0.5 is chance.
    accuracy : Score
        Right answers at `threshold`, as if half of all pairs were of one subset; 0.5 is chance.
    threshold : float
        More similar pairs are taken to be of one subset.
    n_same, n_different : int
        Number of pairs of either kind.
    confidence : float
        Coverage of the intervals.
    """

    auc: Score
    accuracy: Score
    threshold: float
    n_same: int
    n_different: int
    confidence: float

    def __str__(self) -> str:
        return (
            f"{self.n_same} pairs of one subset, {self.n_different} of two: AUC {self.auc}, accuracy {self.accuracy} "
            f"at similarity > {self.threshold:.4g}"
        )


def pair_verification(
    similarity: ArrayLike,
    y: ArrayLike,
    reference_y: ArrayLike,
    *,
    threshold: float | None = None,
    groups: ArrayLike | None = None,
    reference_groups: ArrayLike | None = None,
    n_bootstrap: int = 1000,
    confidence: float = 0.95,
    random_state: int | np.random.Generator | None = 0,
) -> PairScores:
    """Score the similarity of image pairs as an answer to: do both stem from the same subset?

    Parameters
    ----------
    similarity : array-like of shape (n, n_reference)
        Larger for more similar: what ``ReferenceSimilarity(..., reduce=None)`` returns, or minus any distance.
    y : array-like of shape (n,)
        Subset of each row's image, e.g. a generated one.
    reference_y : array-like of shape (n_reference,)
        Subset of each column's image, e.g. a real one.
    threshold : float, default=None
        Pairs that are more similar are taken to be of one subset. None takes the threshold with the best accuracy on
        these very pairs, which is optimistic: learn it on some images and pass it for others.
    groups, reference_groups : array-like of shape (n,) and (n_reference,), default=None
        Images that belong together, as those of one patient. None takes every image for itself.
    n_bootstrap : int, default=1000
        Number of resamples.
    confidence : float, default=0.95
        Coverage of the intervals.
    random_state : int, Generator or None, default=0
        Seed of the resamples.

    Returns
    -------
    PairScores

    Raises
    ------
    ValueError
        If shapes do not fit, or all pairs are of one kind.

    Notes
    -----
    There are more pairs of two subsets than of one, so a plain accuracy would reward the answer "different". Both
    kinds count one half here, as in the batches of the Siamese network for which pairs were verified [1]_.

    Pairs share images. So the intervals resample the images of both sides, by group, and every pair gets the product
    of its two weights; a phantom group keeps them honest where all answers are right, as in `membership_scores`. The
    threshold stays fixed.

    References
    ----------
    .. [1] Andrei et al., AI Multimedia Lab at ImageCLEFmedical GANs 2025, CLEF 2025.

    See Also
    --------
    attribution_scores : Which subset does each image stem from?

    Examples
    --------
    >>> found = pair_verification([[0.9, 0.2], [0.8, 0.7]], ["t1", "t2"], ["t1", "t2"])
    >>> found.auc.value, found.accuracy.value
    (0.75, 0.75)
    """
    check_count("pair_verification", 1, n_bootstrap=n_bootstrap)
    check_share("pair_verification", confidence=confidence)
    y, reference_y = np.asarray(y), np.asarray(reference_y)
    shape = np.shape(similarity)
    if shape != (len(y), len(reference_y)):
        raise ValueError(f"similarity must be of shape {(len(y), len(reference_y))}, one entry a pair. Got {shape}.")
    same = (y[:, None] == reference_y[None, :]).ravel().astype(np.int64)
    n_same, n_different = int(same.sum()), int(len(same) - same.sum())
    if not n_same or not n_different:
        only = "two subsets" if not n_same else "one subset"
        raise ValueError(f"all {len(same)} pairs are of {only}: nothing can be verified without pairs of both kinds")
    scores = as_scores(np.ravel(similarity), "similarity")
    threshold = _best_threshold(same, scores) if threshold is None else float(threshold)
    right = (scores > threshold) == same
    codes = group_codes(groups, len(y)), group_codes(reference_groups, len(reference_y), "reference_groups")
    n_groups = 1 + min(side.max() for side in codes)
    samples = _resampled(same, scores, right, codes, n_groups, n_bootstrap, np.random.default_rng(random_state))
    values = auc(same, scores), float(right[same == 1].mean() + right[same == 0].mean()) / 2
    found = [Score(v, *bounds(v, s, n_groups, confidence)) for v, s in zip(values, samples, strict=True)]
    return PairScores(*found, threshold, n_same, n_different, confidence)


def _best_threshold(same, scores):
    """Return the threshold with the best accuracy, midway between two similarities; the lowest of equally good ones."""
    levels, which = np.unique(scores, return_inverse=True)
    below_same = np.cumsum(np.bincount(which, weights=same)) / same.sum()
    below_different = np.cumsum(np.bincount(which, weights=1 - same)) / (1 - same).sum()
    best = int(np.argmax(below_different - below_same))
    if best == len(levels) - 1:
        return float(levels[-1])
    return float(levels[best] + (levels[best + 1] - levels[best]) / 2)


def _resampled(same, scores, right, codes, n_groups, n_bootstrap, rng):
    """Return the AUC and the accuracy under random weights of the images, (2, n_bootstrap)."""
    order = np.argsort(scores, kind="stable")
    same, scores, right = same[order], scores[order], right[order]
    level_starts = np.flatnonzero(np.r_[True, scores[1:] != scores[:-1]])
    samples = np.empty((2, n_bootstrap))
    for block in blocks(n_bootstrap, len(same)):
        n = len(samples[0, block])
        rows, columns = (rng.standard_exponential((n, side.max() + 1))[:, side] for side in codes)
        weights = (rows[:, :, None] * columns[:, None, :]).reshape(n, -1)[:, order]
        levels, shares = [], []
        for kind in (same, 1 - same):
            of_kind = weights * kind
            low, high, hit, miss = kind.sum() / n_groups * rng.standard_gamma([[0.25], [0.25], [0.5], [0.5]], (4, n))
            levels.append(np.column_stack([low, np.add.reduceat(of_kind, level_starts, axis=1), high]))
            hits = (of_kind * right).sum(axis=1) + hit
            shares.append(hits / (of_kind.sum(axis=1) + hit + miss))
        samples[0, block], samples[1, block] = weighted_auc(*levels), np.mean(shares, axis=0)
    return samples
