"""Every possible cut of a column of scores, and how good each is."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

CRITERIA = ("f1", "kappa", "youden")


def best_cut(scores: NDArray[Any], used: NDArray[Any], metric: str) -> tuple[float, float]:
    """Return the cut with the highest metric when ``score > cut`` means used, and that metric.

    Among equally good cuts the one in the widest gap wins, then the lowest. "All used" and "none used" are cuts too,
    half the widest gap outside the scores; they win only if no cut between scores is as good.
    """
    order = np.argsort(scores)
    scores, hits = scores[order], used[order].cumsum()
    last = np.flatnonzero(np.append(scores[1:] != scores[:-1], True))  # of each level; np.unique takes far longer
    levels = scores[last]
    # cut i lies below levels[i]; the last lies above all
    tp = hits[-1] - np.append(0, hits[last])
    called = len(scores) - np.append(0, last + 1)
    values = evaluate(tp, called, hits[-1], len(scores), metric)
    gaps = np.diff(levels)
    widths = np.concatenate([[-1], gaps, [-1]])
    best = np.flatnonzero(values >= values.max() - 1e-12)  # 2/3 may be computed in two ways
    chosen = best[np.argmax(widths[best])]
    return _place(levels, gaps, chosen), float(values[chosen])


def prior_cut(scores: NDArray[Any], prior: float) -> float:
    """Return the cut above which a share `prior` of the scores lies, or less where scores around it are equal."""
    levels = np.sort(scores)
    n_below = len(levels) - round(prior * len(levels))
    if n_below == 0:
        return float(np.nextafter(levels[0], -np.inf))
    if n_below == len(levels):
        return float(levels[-1])
    return _midway(levels[n_below - 1], levels[n_below])


def evaluate(tp: ArrayLike, called: ArrayLike, positives: int, n: int, metric: str) -> NDArray[np.float64]:
    """Return F1, Cohen's kappa or Youden's J from the counts of true positives and of rows called used.

    0 where the metric is not defined.
    """
    tp, called = np.asarray(tp, dtype=float), np.asarray(called, dtype=float)
    fp, negatives = called - tp, n - positives
    if metric == "f1":
        return _ratio(2 * tp, called + positives)
    if metric == "kappa":
        # (accuracy - chance) / (1 - chance), both times n * n
        chance = called * positives + (n - called) * negatives
        return _ratio(n * (tp + negatives - fp) - chance, n * n - chance)
    return _ratio(tp, positives) - _ratio(fp, negatives)


def _place(levels, gaps, chosen):
    """Return a number midway between the two scores around a cut, never equal to the upper one."""
    margin = gaps.max() / 2 if len(gaps) else 0.5 * max(1.0, abs(levels[0]))
    if chosen == 0:
        return float(min(levels[0] - margin, np.nextafter(levels[0], -np.inf)))
    if chosen == len(levels):
        return float(levels[-1] + margin)
    return _midway(levels[chosen - 1], levels[chosen])


def _midway(low, high):
    """Return the middle of two scores, never the upper one."""
    middle = low + (high - low) / 2
    return float(middle if middle < high else low)


def _ratio(numerator, denominator):
    denominator = np.broadcast_to(np.asarray(denominator, dtype=float), np.shape(numerator))
    return np.divide(numerator, denominator, out=np.zeros(np.shape(numerator)), where=denominator != 0)
