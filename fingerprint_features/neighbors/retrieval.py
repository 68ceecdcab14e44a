"""retrieve: for each query image, the reference images most like it."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from sklearn.base import BaseEstimator, clone

from ..extras import imported
from .unsupervised import FaissNearestNeighbors

if TYPE_CHECKING:
    import pandas as pd


def retrieve(
    query: Any,
    reference: Any,
    features: Any = None,
    k: int = 5,
    *,
    neighbors: BaseEstimator | None = None,
    exclude: tuple[Sequence[Any], Sequence[Any]] | None = None,
) -> "pd.DataFrame":
    """Find the k reference images nearest to each query image.

    Parameters
    ----------
    query, reference : ImageSet, another input of `features`, or a table
        Usually generated images, and the real images they may stem from. If both are the same object, no image is
        its own neighbour.
    features : transformer or Pipeline, default=None
        A clone is fitted on the reference and applied to both. None if both are tables already.
    k : int, default=5
        Neighbours of each query.
    neighbors : estimator, default=None
        The index; a clone is fitted. None means ``FaissNearestNeighbors()``. For PHash take
        ``FaissNearestNeighbors(metric="hamming")``.
    exclude : pair of sequences, default=None
        One label per query and one per reference image; images with equal labels are no neighbours. With patients as
        labels, no slice finds its own patient; with digests, no image finds its copies.

    Returns
    -------
    pandas.DataFrame
        Columns ``id``, ``neighbour_id``, ``rank`` (1 is the nearest) and ``distance``; k rows per query, in the order
        of the queries. Ids are those of an ImageSet, the index of a frame, or positions.

    See Also
    --------
    FaissNearestNeighbors : The same by position, for tables.

    Examples
    --------
    The two nearest of three rows:

    >>> retrieve([[0.9]], [[0.0], [1.0], [3.0]], k=2).round(1)
       id  neighbour_id  rank  distance
    0   0             1     1       0.1
    1   0             0     2       0.9
    """
    pd = imported("pandas", "frames", "retrieve gives a pandas frame")
    ids, reference_ids = _ids(query), _ids(reference)
    same = query is reference
    rows, reference_rows = query, reference
    if features is not None:
        features = clone(features).fit(reference)
        reference_rows = features.transform(reference)
        rows = None if same else features.transform(query)
    search = clone(FaissNearestNeighbors() if neighbors is None else neighbors).fit(reference_rows)
    distances, indices = _nearest(search, None if same else rows, k, exclude, len(reference_ids), len(ids))
    return pd.DataFrame(
        {
            "id": np.repeat(ids, k),
            "neighbour_id": reference_ids[indices.ravel()],
            "rank": np.tile(np.arange(1, k + 1), len(ids)),
            "distance": distances.ravel(),
        }
    )


def _nearest(search, rows, k, exclude, n_reference, n_query):
    """Search k rows, and where some are excluded as many more as could be in their way."""
    if exclude is None:
        return search.kneighbors(rows, k)
    labels, reference_labels = (np.asarray(list(column), dtype=object) for column in exclude)
    if (len(labels), len(reference_labels)) != (n_query, n_reference):
        raise ValueError(
            f"exclude holds {len(labels)} and {len(reference_labels)} labels for {n_query} query and {n_reference} "
            "reference images"
        )
    _, counts = np.unique(reference_labels.astype(str), return_counts=True)
    width = min(k + counts.max(), n_reference - (rows is None))
    distances, indices = search.kneighbors(rows, width)
    allowed = reference_labels[indices] != labels[:, None]
    left = allowed.sum(axis=1)
    if left.min() < k:
        raise ValueError(f"k={k}, but query {int(left.argmin())} has {left.min()} reference images that exclude leaves")
    kept = allowed & (allowed.cumsum(axis=1) <= k)
    return distances[kept].reshape(-1, k), indices[kept].reshape(-1, k)


def _ids(images):
    if hasattr(images, "iloc"):  # a frame or Series
        return images.index.to_numpy()
    return np.asarray(getattr(images, "ids", np.arange(len(images))))
