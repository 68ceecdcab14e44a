"""The ROC curve of one set of scores, with a band: every cut's two rates and their intervals."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..checks import check_share
from .checks import as_binary, as_scores, check_lengths, group_codes
from .intervals import proportion_interval

_MOST_CUTS = 200


@dataclass(frozen=True, eq=False)
class RocBand:
    """True-alarm and false-alarm rates at every cut, from no image called used to all of them.

    Attributes
    ----------
    thresholds : ndarray of shape (n_cuts,)
        ``score > threshold`` calls an image used; falling. The last one is minus infinity and calls all of them used.
    tpr, fpr : ndarray of shape (n_cuts,)
        The rates; both rise.
    tpr_low, tpr_high, fpr_low, fpr_high : ndarray of shape (n_cuts,)
        Their intervals. At one cut both hold in at least `confidence` of all samples.
    confidence : float
    n_unused : int
        Unused images, or their patients.
    """

    thresholds: NDArray[np.float64]
    tpr: NDArray[np.float64]
    fpr: NDArray[np.float64]
    tpr_low: NDArray[np.float64]
    tpr_high: NDArray[np.float64]
    fpr_low: NDArray[np.float64]
    fpr_high: NDArray[np.float64]
    confidence: float
    n_unused: int


def roc_band(
    y_true: ArrayLike,
    scores: ArrayLike,
    *,
    groups: Sequence[Hashable] | ArrayLike | None = None,
    confidence: float = 0.95,
) -> RocBand:
    """Return the ROC curve of scores with a band.

    Parameters
    ----------
    y_true : array-like of shape (n_images,)
        1 for used and 0 for not used.
    scores : array-like of shape (n_images,)
        Larger = more likely used.
    groups : sequence of shape (n_images,), default=None
        The patients. With them the intervals count patients instead of images.
    confidence : float, default=0.95
        Share of samples in which both rates of a cut lie in their intervals, at least.

    Returns
    -------
    RocBand

    Notes
    -----
    Images of one score are never split. Each interval is that of `tpr_at_fpr`, Clopper-Pearson's or with groups Korn
    and Graubard's, at half the error, so that both hold together. The band is about each cut alone, not about all
    cuts at once. Of more than 200 cuts, 200 are taken, most of them where false alarms are rare.

    Examples
    --------
    >>> band = roc_band([1, 1, 0, 0], [0.9, 0.3, 0.3, 0.1])
    >>> band.tpr.tolist(), band.fpr.tolist()
    ([0.0, 0.5, 1.0, 1.0], [0.0, 0.0, 0.5, 1.0])
    """
    y_true, scores = as_binary(y_true, "y_true"), as_scores(scores)
    check_lengths(y_true=y_true, scores=scores)
    check_share("roc_band", confidence=confidence)
    if y_true.min() == y_true.max():
        raise ValueError("a ROC curve needs used and unused images; y_true holds one class only")
    codes = group_codes(groups, len(y_true))
    thresholds = _thresholds(scores)
    each = (1 + confidence) / 2
    tpr = _rates(scores[y_true == 1], codes[y_true == 1], thresholds, each)
    fpr = _rates(scores[y_true == 0], codes[y_true == 0], thresholds, each)
    return RocBand(thresholds, tpr[0], fpr[0], *tpr[1:], *fpr[1:], confidence, len(np.unique(codes[y_true == 0])))


def _thresholds(scores):
    levels = np.unique(scores)[::-1]
    if len(levels) > _MOST_CUTS:
        steps = np.geomspace(1, len(levels), _MOST_CUTS).astype(int)
        levels = levels[np.unique(steps) - 1]
    return np.append(levels, -np.inf)


def _rates(scores, codes, thresholds, confidence):
    """Return the share of scores above each threshold, and both ends of its interval: (3, n_thresholds)."""
    _, codes = np.unique(codes, return_inverse=True)
    sizes = np.bincount(codes)
    rates = []
    for called in (*(scores > threshold for threshold in thresholds[:-1]), np.ones(len(scores), dtype=bool)):
        hits = np.bincount(codes, weights=called, minlength=len(sizes))
        rates.append((called.mean(), *proportion_interval(hits, sizes, confidence)))
    return np.array(rates).T
