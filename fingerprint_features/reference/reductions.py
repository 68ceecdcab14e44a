"""Reductions: from one row of similarities per image to one number per column."""

from dataclasses import dataclass

import numpy as np

from ..similarity import hit_max, hits, rank

_FLOOR = 1e-9  # distances below count as this: the logarithm of an exact copy stays finite


@dataclass
class Comparison:
    """What some images are compared with: matrices of one row per image.

    Attributes
    ----------
    pool : ndarray
        Similarities to the pool; NaN for what is left out.
    holdout : ndarray or None
        Similarities to the holdout; NaN for what is left out.
    rivals : dict or None
        The competitors' similarities to the pool, and which of them an image does not meet, as the functions of
        `similarity` take them.
    k : int
    distance : callable
        From similarities to distances.
    sentinel : float or None
        The `hit_max` of an image without a hit.
    radius : float or None
        How near a neighbour is for `monte_carlo`.
    """

    pool: np.ndarray
    holdout: np.ndarray | None
    rivals: dict | None
    k: int
    distance: object
    sentinel: float | None
    radius: float | None


def largest(similarities, k):
    """Return the k largest of each row, NaN left aside, in no order but with the k-th in the last column."""
    return -np.partition(-similarities, k - 1, axis=1)[:, :k]


def _log_ratio(c):
    there, here = (c.distance(largest(s, c.k)[:, -1]) for s in (c.holdout, c.pool))
    return np.log(np.maximum(there, _FLOOR)) - np.log(np.maximum(here, _FLOOR))


def _dpi(c):
    """Share of the pool among the k nearest of both, as if both sets were equally large."""
    both = np.hstack([c.pool, c.holdout])
    near = both >= largest(both, c.k)[:, -1:]
    n = c.pool.shape[1]
    here, there = (
        near[:, part].sum(axis=1) / np.maximum(np.isfinite(both[:, part]).sum(axis=1), 1)
        for part in (slice(None, n), slice(n, None))
    )
    return here / (here + there)


def _rank(c):
    return rank(c.pool, c.rivals["competitors"], exclude=c.rivals["exclude"])


def _monte_carlo(c):
    near = c.distance(c.pool) < c.radius  # never, for what is left out
    return near.sum(axis=1) / np.isfinite(c.pool).sum(axis=1)


# name -> (function, what standardising does to it: "shift" and divide, "scale" only, or nothing)
REDUCTIONS = {
    "max": (lambda c: np.nanmax(c.pool, axis=1), "shift"),
    "mean": (lambda c: np.nanmean(c.pool, axis=1), "shift"),
    "topk": (lambda c: largest(c.pool, c.k).mean(axis=1), "shift"),
    "std": (lambda c: np.nanstd(c.pool, axis=1), "scale"),
    "min": (lambda c: np.nanmin(c.pool, axis=1), "shift"),
    "rank": (_rank, None),
    "hits": (lambda c: hits(c.pool, k=c.k, **c.rivals), None),
    "hit_max": (lambda c: hit_max(c.pool, k=c.k, missing=c.sentinel, **c.rivals), "shift"),
    "log_ratio": (_log_ratio, None),
    "diff": (lambda c: largest(c.pool, c.k)[:, -1] - largest(c.holdout, c.k)[:, -1], "scale"),
    "dpi": (_dpi, None),
    "monte_carlo": (_monte_carlo, None),
}
PLAIN = {"max", "mean", "topk", "std", "min"}  # need the similarities to the pool alone
COMPETING = {"rank", "hits", "hit_max"}
CALIBRATED = {"log_ratio", "diff", "dpi"}
USES_K = {"topk", "hits", "hit_max", "log_ratio", "diff", "dpi"}
