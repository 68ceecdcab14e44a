"""Intervals by resampling whole groups (patients), that stay honest when there are few and when all answers agree.

The bootstrap here is the Bayesian one (Rubin, 1981): every group gets an exponential weight instead of being drawn
0, 1, 2... times. Two additions make it trustworthy on small samples:

- *a phantom group*, half an average group in every cell of a two by two confusion table. Plain resampling of 20 right
  answers says "1.000 [1.000, 1.000]", and covers a true 95 % in 4 samples of 10. With one image a group, the
  phantom turns the interval of a rate into Jeffreys' interval exactly.
- *wider tails for few groups*: the quantiles taken are those of Student's t instead of the normal distribution, as
  few groups underestimate their own spread.

An interval always contains the value it belongs to.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

_BLOCK = 1 << 21  # elements of one temporary: 16 MB


def tally(codes: NDArray[np.intp], cells: NDArray[np.integer], n_cells: int) -> NDArray[np.intp]:
    """Count the images of every group in every cell: (n_groups, n_cells)."""
    n_groups = codes.max() + 1
    return np.bincount(codes * n_cells + cells, minlength=n_groups * n_cells).reshape(n_groups, n_cells)


def resample_counts(
    table: NDArray[Any], phantom: ArrayLike, n_bootstrap: int, rng: np.random.Generator
) -> NDArray[np.float64]:
    """Return (n_bootstrap, n_cells) resampled totals of a group by cell table."""
    # Groups with equal rows share one gamma weight: the sum of their exponential weights.
    rows, multiplicity = np.unique(table, axis=0, return_counts=True)
    totals = np.zeros((n_bootstrap, table.shape[1]))
    for block in blocks(n_bootstrap, len(rows)):
        totals[block] = rng.standard_gamma(multiplicity, (len(totals[block]), len(rows))) @ rows
    group_size = table.sum() / len(table)
    return totals + group_size * rng.standard_gamma(phantom, totals.shape)


def blocks(n: int, width: int) -> Iterator[slice]:
    """Yield the slices of n rows that keep a temporary of `width` columns small."""
    step = max(1, _BLOCK // max(1, width))
    return (slice(start, min(start + step, n)) for start in range(0, n, step))


def bounds(
    value: float, samples: NDArray[np.float64], n_groups: int, confidence: float, widening: float = 1.0
) -> tuple[float, float]:
    """Return (low, high) around a value from its resampled values; `widening` multiplies the standard error."""
    reach = np.inf  # one group says nothing about the spread between groups
    if n_groups > 1:
        reach = np.sqrt(n_groups / (n_groups - 1)) * stats.t.isf((1 - confidence) / 2, n_groups - 1)
    tail = stats.norm.sf(widening * reach)
    low, high = np.quantile(samples, (tail, 1 - tail))
    return min(float(low), value), max(float(high), value)


def band(samples: NDArray[np.float64], confidence: float) -> tuple[float, float]:
    """Return (low, high) between which the given share of simulated values lies."""
    low, high = np.quantile(samples, ((1 - confidence) / 2, (1 + confidence) / 2))
    return float(low), float(high)


def proportion_interval(hits: NDArray[Any], sizes: NDArray[Any], confidence: float) -> tuple[float, float]:
    """Clopper-Pearson interval of a proportion whose trials come in groups (Korn and Graubard, 1998).

    Parameters
    ----------
    hits, sizes : ndarray of shape (n_groups,)
        Successes and trials of every group.
    confidence : float
        Coverage, at least.

    Returns
    -------
    (float, float)
        With one trial a group this is the Clopper-Pearson interval itself. Groups whose trials agree count as
        fewer: the number of trials is divided by the design effect.
    """
    n, n_groups = sizes.sum(), len(sizes)
    share = hits.sum() / n
    spread = np.sum((hits - share * sizes) ** 2) / n**2
    if n_groups < 2:
        effective = 1.0
    elif share in (0, 1):
        effective = float(n_groups)  # no spread to see: take every group for one trial
    else:
        tail = (1 - confidence) / 2
        few = (stats.t.isf(tail, n - 1) / stats.t.isf(tail, n_groups - 1)) ** 2
        effective = min(n, few * share * (1 - share) / spread) if spread > 0 else float(n)
    return clopper_pearson(share * effective, effective, confidence)


def clopper_pearson(hits: float, n: float, confidence: float) -> tuple[float, float]:
    """Exact binomial interval; hits and n need not be whole."""
    tail = (1 - confidence) / 2
    low = 0.0 if hits <= 0 else float(stats.beta.ppf(tail, hits, n - hits + 1))
    high = 1.0 if hits >= n else float(stats.beta.isf(tail, hits + 1, n - hits))
    return low, high
