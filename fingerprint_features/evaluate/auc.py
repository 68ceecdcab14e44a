"""The area under the ROC curve: its value, its resampled values, and what random scores would give."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from .intervals import blocks
from .refits import HeldOut


def auc(y_true: NDArray[Any], scores: NDArray[np.float64]) -> float:
    """Share of (used, unused) pairs ranked the right way, ties counting one half; 0.5 without pairs."""
    used = y_true.sum()
    pairs = used * (len(y_true) - used)
    if not pairs:
        return 0.5
    return float((rankdata(scores)[y_true == 1].sum() - used * (used + 1) / 2) / pairs)


def resample_auc(
    y_true: NDArray[Any],
    scores: NDArray[np.float64],
    codes: NDArray[np.intp],
    n_bootstrap: int,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """Return the AUC under exponential group weights, with a quarter of a phantom group at either end of either class.

    A quarter, not the half that rates get: an image at the far end contradicts every image of the other class, not
    one answer. In simulations half covers an AUC of 0.99 less often (88 % for 97 %) with wider intervals.
    """
    order = np.argsort(scores, kind="stable")
    y, codes, scores = y_true[order], codes[order], scores[order]
    level_starts = np.flatnonzero(np.r_[True, scores[1:] != scores[:-1]])
    n_groups = codes.max() + 1
    group_size = len(y) / n_groups
    samples = np.empty(n_bootstrap)
    for block in blocks(n_bootstrap, len(y)):
        weights = rng.standard_exponential((len(samples[block]), n_groups))[:, codes]
        phantom = group_size * rng.standard_gamma(0.25, (4, len(weights), 1))
        used = np.add.reduceat(weights * y, level_starts, axis=1)
        unused = np.add.reduceat(weights * (1 - y), level_starts, axis=1)
        samples[block] = weighted_auc(
            np.hstack([phantom[0], used, phantom[1]]), np.hstack([phantom[2], unused, phantom[3]])
        )
    return samples


class PairWins:
    """How often each group's used images beat each group's unused ones, over the folds of several cross-validations.

    Only images of one fold are compared: the decision values of two folds come from two rules, on two scales.
    """

    def __init__(self, y_true: NDArray[Any], codes: NDArray[np.intp], repeats: Sequence[HeldOut]) -> None:
        n_groups = codes.max() + 1
        self.wins, self.met = np.zeros((2, n_groups, n_groups))
        for result in repeats:
            for fold in np.unique(result.folds):
                used = np.flatnonzero((result.folds == fold) & (y_true == 1))
                unused = np.flatnonzero((result.folds == fold) & (y_true == 0))
                pairs = np.ix_(codes[used], codes[unused])
                a, b = result.decisions[used][:, None], result.decisions[unused]
                np.add.at(self.wins, pairs, (a > b) + 0.5 * (a == b))
                np.add.at(self.met, pairs, 1.0)
        self.used, self.unused = np.bincount(codes, weights=y_true), np.bincount(codes, weights=1 - y_true)

    def value(self) -> float:
        """Return the share of pairs ranked the right way."""
        return float(self.wins.sum() / self.met.sum())

    def resample(self, n_bootstrap: int, rng: np.random.Generator) -> NDArray[np.float64]:
        """Return resampled values, weighted and with phantom groups as in `resample_auc`."""
        samples, scale = np.empty(n_bootstrap), self.used.sum() * self.unused.sum() / self.met.sum()
        group_size = (self.used.sum() + self.unused.sum()) / len(self.used)
        for block in blocks(n_bootstrap, len(self.used)):
            weights = rng.standard_exponential((len(samples[block]), len(self.used)))
            low_used, high_used, low_unused, high_unused = group_size * rng.standard_gamma(0.25, (4, len(weights)))
            used, unused = weights @ self.used, weights @ self.unused
            won = scale * ((weights @ self.wins) * weights).sum(axis=1)
            met = scale * ((weights @ self.met) * weights).sum(axis=1)
            won += high_used * (unused + low_unused + high_unused / 2) + low_used * low_unused / 2 + used * low_unused
            met += (low_used + high_used) * (unused + low_unused + high_unused) + used * (low_unused + high_unused)
            samples[block] = won / met
        return samples


def random_auc(
    y_true: NDArray[Any], codes: NDArray[np.intp], n_draws: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return the AUC of scores drawn at random, one a group."""
    used = np.bincount(codes, weights=y_true)
    unused = np.bincount(codes, weights=1 - y_true)
    if not used.sum() or not unused.sum():
        return np.full(n_draws, 0.5)
    samples = np.empty(n_draws)
    for block in blocks(n_draws, len(used)):
        order = rng.random((len(samples[block]), len(used))).argsort(axis=1)
        samples[block] = weighted_auc(used[order], unused[order])
    return samples


def weighted_auc(used: NDArray[np.float64], unused: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the AUC of each row of weights (n, n_levels) of both classes, by rising score."""
    below = unused.cumsum(axis=1) - unused / 2
    return (used * below).sum(axis=1) / (used.sum(axis=1) * unused.sum(axis=1))
