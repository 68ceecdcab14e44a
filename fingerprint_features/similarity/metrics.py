"""The table of metrics: how close two rows are, always as a similarity, larger = closer."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..checks import did_you_mean
from ..threads import count_threads, in_threads
from .kernels import bits, vectors
from .ssim import ssim_matrix

_TILE = 2**16  # entries of B compared at a time: they stay in the processor's cache
_ROWS = 256  # of A at a time

MetricName: TypeAlias = Literal["cosine", "euclidean", "mse", "hamming", "jaccard", "wasserstein", "ssim"]
Similarity: TypeAlias = Callable[[Any, Any], ArrayLike]  # of two tables of n and m rows: (n, m) similarities


@dataclass(frozen=True)
class Metric:
    """One metric; call it as ``metric(A, B, n_jobs=None)``.

    Attributes
    ----------
    name : str
    caption : str
        The similarity in words.
    function : callable
        Takes A and B, returns the similarities (n_A, n_B).
    minimum : float or None
        The lower bound of similarities; None if there is none.
    maximum : float
        The similarity of equal rows.
    of : {"rows", "bits", "images"}
        What is compared: rows of numbers, rows of 0 and 1, or grey images.
    """

    name: str
    caption: str
    function: Callable[..., NDArray[Any]]
    minimum: float | None
    maximum: float
    of: Literal["rows", "bits", "images"] = "rows"

    def __call__(self, A: ArrayLike, B: ArrayLike, *, n_jobs: int | None = None) -> NDArray[Any]:
        """Return the similarities (n_A, n_B)."""
        return self.function(A, B, n_jobs=n_jobs)

    @property
    def floor(self) -> float:
        """A finite number below every similarity, for "none at all", where scikit-learn would refuse -inf."""
        return -1e30 if self.minimum is None else self.minimum - 1


def pairwise_similarity(
    A: ArrayLike, B: ArrayLike, metric: MetricName | Metric | Similarity = "euclidean", *, n_jobs: int | None = None
) -> NDArray[Any]:
    """Compute the similarity of every row of A to every row of B.

    Parameters
    ----------
    A, B : array-like of shape (n_A, n_columns) and (n_B, n_columns)
        Features without NaN; for ``"ssim"``, grey images, as `ssim_matrix` takes them.
    metric : str or callable, default="euclidean"
        A name of `METRICS`: ``"cosine"``, ``"euclidean"``, ``"mse"``, ``"hamming"``, ``"jaccard"``,
        ``"wasserstein"``, ``"ssim"``. Distances are negated. A callable takes A and B and returns similarities.
    n_jobs : int or None, default=None
        Threads. Never changes the values.

    Returns
    -------
    ndarray of shape (n_A, n_B)
        float64; float32 for ``"ssim"``.

    Notes
    -----
    Every pair is computed from differences in float64, not by a matrix product: equal rows are at distance exactly 0,
    small distances are precise, and the value of a pair does not depend on other rows. About 0.3 microseconds for a
    pair of 1,280 columns.

    Examples
    --------
    Minus the distances to two rows, and the error for a misspelt metric:

    >>> pairwise_similarity([[0, 3]], [[0, 3], [4, 0]])
    array([[ 0., -5.]])
    >>> pairwise_similarity([[0, 3]], [[4, 0]], "euclidian")
    Traceback (most recent call last):
    ValueError: the metric 'euclidian' is unknown: did you mean 'euclidean'? Known are cosine, euclidean, ...
    """
    if not callable(metric):
        return find_metric(metric)(A, B, n_jobs=n_jobs)
    if isinstance(metric, Metric):
        return metric(A, B, n_jobs=n_jobs)
    S = np.asarray(metric(A, B))
    if S.shape != (len(A), len(B)):
        raise ValueError(f"the metric must return one similarity per pair, {(len(A), len(B))}; it returned {S.shape}")
    return S


def find_metric(name: str) -> Metric:
    """Return the metric with this name."""
    if name in METRICS:
        return METRICS[name]
    hint = did_you_mean(name, METRICS)
    raise ValueError(f"the metric {name!r} is unknown: {hint}Known are {', '.join(METRICS)}, or a callable")


def _of_rows(kernel, finish, prepare=lambda rows: rows):
    """Make a metric's function out of a kernel and what is done before and after it, block by block."""

    def similarity(A, B, *, n_jobs=None):
        A, B = _tables(A, B)
        S = np.empty((len(A), len(B)))
        few, many = max(1, _TILE // A.shape[1]), max(1, min(_ROWS, -(-len(A) // count_threads(n_jobs))))

        def fill(i):
            a = prepare(_wide(A[i : i + many]))
            for j in range(0, len(B), few):
                b = prepare(_wide(B[j : j + few]))
                block = np.empty((len(a), len(b)))
                kernel(a, b, block)
                S[i : i + many, j : j + few] = finish(block, a, b)

        in_threads(fill, range(0, len(A), many), n_jobs)
        return S

    return similarity


def _of_bits(finish, otherwise):
    """Make a metric's function out of how many bits differ, and of another function for tables that are not all bits.

    `finish` takes these counts and the numbers of 1s of the rows of A and B.
    """

    def similarity(A, B, *, n_jobs=None):
        A, B = _tables(A, B)
        if not (_are_bits(A) and _are_bits(B)):
            return otherwise(A, B, n_jobs=n_jobs)
        S = np.empty((len(A), len(B)))
        a, b = bits.packed(A), bits.packed(B).T.copy()
        ones = [np.count_nonzero(rows, axis=1).astype(np.float64) for rows in (A, B)]
        few, many = max(1, _TILE // len(b)), max(1, min(_ROWS, -(-len(A) // count_threads(n_jobs))))

        def fill(i):
            for j in range(0, len(B), few):
                part = np.s_[i : i + many, j : j + few]
                counts = np.empty(S[part].shape, dtype=np.int64)
                bits.counts_of_unequal_bits(a[part[0]], b[:, part[1]], counts)
                S[part] = finish(counts, ones[0][part[0], None], ones[1][part[1]])

        in_threads(fill, range(0, len(A), many), n_jobs)
        return S

    return similarity


def _tables(A, B):
    A, B = _table(A, "A"), _table(B, "B")
    if A.shape[1] != B.shape[1]:
        raise ValueError(f"A has {A.shape[1]} columns and B has {B.shape[1]}: compare the same features")
    return A, B


def _are_bits(rows):
    return rows.dtype == bool or all(((part == 0) | (part == 1)).all() for part in _parts(rows))


def _parts(rows):
    step = max(1, 2**22 // rows.shape[1])
    return (rows[i : i + step] for i in range(0, len(rows), step))


def _table(rows, name):
    rows = np.asarray(rows)
    if rows.ndim != 2 or not rows.shape[1] or rows.dtype.kind not in "buif":
        raise ValueError(f"{name} must be a table of numbers (n, n_columns), got {rows.dtype} of shape {rows.shape}")
    if rows.dtype.kind == "f" and not np.isfinite(rows).all():
        bad = np.flatnonzero(~np.isfinite(rows).all(axis=1))
        raise ValueError(
            f"{len(bad)} rows of {name} hold NaN or infinity (the first is row {bad[0]}): "
            "leave them out first, drop_failed does"
        )
    return rows


def _wide(rows):
    return np.array(rows, dtype=np.float64, order="C")  # a copy, so that the kernels meet one kind of array


def _unit(rows):
    """Divide each row by its length; a row of zeros stays."""
    squares = np.empty((len(rows), 1))
    vectors.sums_of_squares(rows, np.zeros((1, rows.shape[1])), squares)
    return np.divide(rows, np.sqrt(squares), out=np.zeros_like(rows), where=squares > 0)


def _refuse(A, B, *, n_jobs=None):
    raise ValueError("jaccard compares rows of 0 and 1, and there are other values: make them bits first")


def _shares_in_common(unequal, ones_a, ones_b):
    """Return |a and b| / |a or b| of rows of bits; two empty rows have all in common."""
    either = (ones_a + ones_b + unequal) / 2
    return np.divide(either - unequal, either, out=np.ones_like(either), where=either > 0)


def _cosine(squares, a, b):
    """Return cosines from the squared distances of unit rows, which keep the digits of those close to 1."""
    cosine = np.maximum(1 - squares / 2, -1)
    cosine[~a.any(axis=1)] = 0
    cosine[:, ~b.any(axis=1)] = 0
    return cosine


# Distances are subtracted from 0, not negated: equal rows give 0.0, not -0.0.
_METRICS = (
    Metric(
        "cosine",
        "cosine of the angle between the rows; 0 for a row of zeros",
        _of_rows(vectors.sums_of_squares, _cosine, _unit),
        minimum=-1,
        maximum=1,
    ),
    Metric(
        "euclidean",
        "minus the Euclidean distance",
        _of_rows(vectors.sums_of_squares, lambda sums, a, b: 0 - np.sqrt(sums)),
        minimum=None,
        maximum=0,
    ),
    Metric(
        "mse",
        "minus the mean squared difference",
        _of_rows(vectors.sums_of_squares, lambda sums, a, b: 0 - sums / a.shape[1]),
        minimum=None,
        maximum=0,
    ),
    Metric(
        "hamming",
        "minus the number of columns that differ",
        _of_bits(
            lambda counts, ones_a, ones_b: 0 - counts,
            _of_rows(vectors.counts_of_unequal, lambda counts, a, b: 0 - counts),
        ),
        minimum=None,
        maximum=0,
    ),
    Metric(
        "jaccard",
        "share of the 1s of either row that both have; 1 for two rows of zeros",
        _of_bits(_shares_in_common, _refuse),
        minimum=0,
        maximum=1,
        of="bits",
    ),
    Metric(
        "wasserstein",
        "minus the mean absolute difference: the Wasserstein distance of distributions given by their quantiles",
        _of_rows(vectors.sums_of_differences, lambda sums, a, b: 0 - sums / a.shape[1]),
        minimum=None,
        maximum=0,
    ),
    Metric(
        "ssim",
        "structural similarity of grey images, see ssim_matrix",
        ssim_matrix,
        minimum=-1,
        maximum=1,
        of="images",
    ),
)

METRICS = {metric.name: metric for metric in _METRICS}
