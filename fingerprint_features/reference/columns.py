"""The columns of ReferenceSimilarity: one number an image, from what it was compared with."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ..similarity import REDUCTIONS, largest
from ..similarity.margins import SMALLEST, credit, largest_margin
from ..similarity.reductions import ReductionName
from .competition import Competition
from .null import Null
from .samples import Samples


@dataclass
class Comparison:
    """What some images were compared with: matrices of one row per image.

    Attributes
    ----------
    x : Samples
        The images.
    similarities : ndarray of shape (n_images, n_reference)
        To the reference; NaN for what is left out.
    to_holdout : ndarray of shape (n_images, n_holdout) or None
        To the holdout; NaN for what is left out.
    competition : Competition or None
    ranks : ndarray of shape (n_images,) or None
        Where they are known already.
    k : int
    distances : callable
        From similarities to distances.
    radius : float or None
        How near a neighbour is for `monte_carlo`.
    """

    x: Samples
    similarities: NDArray[Any]
    to_holdout: NDArray[Any] | None
    competition: Competition | None
    ranks: NDArray[Any] | None
    k: int
    distances: Callable[[NDArray[Any]], NDArray[Any]]
    radius: float | None


@dataclass(frozen=True)
class Column:
    """One row of the table.

    Attributes
    ----------
    function : callable
        From a Comparison to one number per image.
    standardized : {"shift", "scale"} or None
        Whether the null is subtracted and divided by, divided by only, or leaves the column alone.
    needs : {"holdout", "competition", "rivals", "radius"} or None
        What else is compared, in addition to the reference. Rivals are a competition without the image's own patient.
    uses_k : bool
    """

    function: Callable[[Comparison], NDArray[Any]]
    standardized: str | None
    needs: str | None = None
    uses_k: bool = False


def _nearest(similarities, k):
    return largest(similarities, k)[:, 0]  # the k-th: smallest first, and no row has fewer


def _log_ratio(c):
    there, here = (c.distances(_nearest(s, c.k)) for s in (c.to_holdout, c.similarities))
    return np.log(np.maximum(there, SMALLEST)) - np.log(np.maximum(here, SMALLEST))


def _diff(c):
    return _nearest(c.similarities, c.k) - _nearest(c.to_holdout, c.k)


def _dpi(c):
    """Return the share of the reference among the k nearest of both, as if both sets were equally large."""
    both = np.hstack([c.similarities, c.to_holdout])
    near = both >= _nearest(both, c.k)[:, None]
    n = c.similarities.shape[1]
    here, there = (
        near[:, part].sum(axis=1) / np.maximum(np.isfinite(both[:, part]).sum(axis=1), 1)
        for part in (slice(None, n), slice(n, None))
    )
    return here / (here + there)


def _monte_carlo(c):
    near = c.distances(c.similarities) < c.radius  # never, for what is left out
    return near.sum(axis=1) / np.isfinite(c.similarities).sum(axis=1)


def _reduction(name):
    return lambda c: REDUCTIONS[name](c.similarities, c.k)


def _rank(c):
    return c.competition.rank(c.x, c.similarities) if c.ranks is None else c.ranks


def _margins(c):
    return c.competition.margins(c.x, c.similarities, c.distances)


ColumnName: TypeAlias = (
    ReductionName | Literal["rank", "hits", "hit_max", "margin", "credit", "log_ratio", "diff", "dpi", "monte_carlo"]
)

COLUMNS: dict[str, Column] = {
    **{
        name: Column(_reduction(name), "scale" if name == "std" else "shift", uses_k=name == "topk")
        for name in REDUCTIONS
    },
    "rank": Column(_rank, None, "competition"),
    "hits": Column(lambda c: c.competition.hits(c.x, c.similarities), None, "competition", uses_k=True),
    "hit_max": Column(lambda c: c.competition.hit_max(c.x, c.similarities), "shift", "competition", uses_k=True),
    "margin": Column(lambda c: largest_margin(_margins(c)), None, "rivals"),
    "credit": Column(lambda c: credit(_margins(c)), None, "rivals"),
    "log_ratio": Column(_log_ratio, None, "holdout", uses_k=True),
    "diff": Column(_diff, "scale", "holdout", uses_k=True),
    "dpi": Column(_dpi, None, "holdout", uses_k=True),
    "monte_carlo": Column(_monte_carlo, None, "radius"),
}


def make_columns(
    names: Iterable[str], comparison: Comparison, null: Null | None, standardize: str | None, by_column: bool
) -> NDArray[np.float64]:
    """Return the columns, of shape (n_images, n_names), relative to a null where `standardize` asks for it.

    Parameters
    ----------
    names : iterable of str
    comparison : Comparison
    null : Null or None
    standardize : {"max", "mean", "zscore"} or None
    by_column : bool
        Whether the null has one entry a column.
    """
    columns = []
    for i, name in enumerate(names):
        column = COLUMNS[name]
        values = np.asarray(column.function(comparison), dtype=np.float64)
        if standardize is not None and column.standardized is not None:
            shift = column.standardized == "shift"
            values = null.standardized(values, standardize, shift=shift, column=i if by_column else None)
        columns.append(values)
    return np.column_stack(columns)


def need(names: Iterable[str], *what: str) -> list[str]:
    """Return the names of the columns that need one of these: a holdout, a competition, rivals, a radius."""
    return [name for name in names if COLUMNS[name].needs in what]


def nearest_needed(names: Iterable[str], k: int) -> int:
    """Return how many an image must be compared with at least; k counts competitors in hits."""
    return k if any(COLUMNS[name].uses_k and COLUMNS[name].needs != "competition" for name in names) else 1


def column_name(metric: Any, name: str, k: int) -> str:
    """Return the name of a column: metric, reduction and, above 1, k."""
    return f"{metric_name(metric)}_{name}" + (f"_k{k}" if k > 1 and COLUMNS[name].uses_k else "")


def metric_name(metric: Any) -> str:
    """Return the name of a metric; that of a callable is its own."""
    return metric if isinstance(metric, str) else getattr(metric, "__name__", "similarity")
