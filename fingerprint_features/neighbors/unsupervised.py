"""FaissNearestNeighbors: who is near whom."""

from numbers import Real
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_matrix
from sklearn.utils.validation import check_is_fitted

from ..checks import fail
from .base import FaissNeighbors, GraphMode, IndexName, MetricName, check_mode
from .distances import DISTANCES


class FaissNearestNeighbors(FaissNeighbors):
    """Find nearest neighbours with FAISS, by the contract of scikit-learn's NearestNeighbors.

    Parameters
    ----------
    n_neighbors : int, default=5
        Neighbours of a query.
    radius : float, default=1.0
        The largest distance of a neighbour in `radius_neighbors`.
    metric : {"euclidean", "cosine", "hamming"}, default="euclidean"
        "cosine" is 1 - similarity, "hamming" the share of columns that differ, for tables of 0 and 1.
    index : {"flat", "ivf", "hnsw", "pq", "auto"}, default="flat"
        "flat" is exact, and fast enough up to about a million rows. "ivf" searches the nearest of many lists, "hnsw"
        walks a graph, "pq" compares codes of a few bytes; these three may miss neighbours. "hamming" has "flat" only.
        "auto" takes "flat", or "ivf" where that is faster: on many rows in clusters.
    index_params : dict or None, default=None
        For "ivf": ``n_lists`` (default: about 4 times the root of the number of rows), and ``n_probes`` or ``recall``
        (0.95): `fit` takes as many lists as hold this share of the ten nearest neighbours of 256 of its rows, and
        at least the root of twice the lists. For "auto": ``recall``. For "hnsw": ``m`` (16), ``ef_construction``
        (128), ``ef_search`` (96). For "pq": ``n_bytes`` a row (one per eight columns).
    random_state : int, default=0
        Seed for training "ivf" and "pq". Never changes the results of "flat" and "hnsw".
    n_jobs : int or None, default=None
        Threads of a search; None is 1 outside a `joblib.parallel_config`. Never changes results.

    Attributes
    ----------
    n_samples_fit_ : int
        Number of indexed rows.
    n_features_in_ : int
        Number of columns seen in `fit`.

    Notes
    -----
    FAISS ranks in float32. The rows it finds are ranked again by float64 differences, and rows at equal distance come
    in the order of their indices. Distances are accurate to about 1e-12, an exact copy is at exactly 0, and results
    depend neither on the batch nor on the number of threads. Where float32 cannot decide whether a neighbour of "flat"
    is missing, as among many copies, the query is compared with more rows, at worst with all. Approximate indexes that
    find too few neighbours are completed in the same way, so no index of -1 ever appears.

    The rows given to `fit` are kept as well, for the exact distances; "pq" therefore saves at most half the memory,
    and no time. For speed take "hnsw". Queries far from every row, as generated images may be, are the hardest: raise
    ``ef_search`` or ``n_probes`` for them.

    A row of zeros is at cosine distance 1 from every row, as in scikit-learn.

    An index is built on one thread, so that it is the same everywhere. The thread setting of FAISS is changed for the
    calling thread only, and restored. After a search with several threads, do not fork and search in the child:
    FAISS's OpenMP would hang there (start workers by "spawn" or "forkserver", or use joblib).

    See Also
    --------
    FaissKNeighborsClassifier : Let the neighbours vote.
    FaissKNeighborsTransformer : Hand the graph of neighbours on to another estimator.
    retrieve : Neighbours by image id, as a frame.

    References
    ----------
    Douze et al., The Faiss library, arXiv:2401.08281, 2024.

    Examples
    --------
    The nearest row of a query, the nearest other row of each row, and all rows within a radius:

    >>> index = FaissNearestNeighbors(n_neighbors=1).fit([[0.0, 0.0], [3.0, 4.0]])
    >>> index.kneighbors([[3.0, 0.0]])
    (array([[3.]]), array([[0]]))
    >>> index.kneighbors()
    (array([[5.],
           [5.]]), array([[1],
           [0]]))
    >>> index.radius_neighbors([[3.0, 0.0]], radius=4.5, return_distance=False)[0]
    array([0, 1])

    Not every index takes every metric:

    >>> FaissNearestNeighbors(metric="hamming", index="hnsw").fit([[0, 1]])
    Traceback (most recent call last):
    ValueError: FaissNearestNeighbors has no index='hnsw' for metric='hamming': use index='flat'
    """

    def __init__(
        self,
        n_neighbors: int = 5,
        *,
        radius: float = 1.0,
        metric: MetricName = "euclidean",
        index: IndexName = "flat",
        index_params: dict[str, int | float] | None = None,
        random_state: int = 0,
        n_jobs: int | None = None,
    ) -> None:
        super().__init__(
            n_neighbors,
            metric=metric,
            index=index,
            index_params=index_params,
            random_state=random_state,
            n_jobs=n_jobs,
        )
        self.radius = radius

    @overload
    def radius_neighbors(
        self,
        X: ArrayLike | None = None,
        radius: float | None = None,
        return_distance: Literal[True] = True,
        sort_results: bool = False,
    ) -> tuple[NDArray[np.object_], NDArray[np.object_]]: ...

    @overload
    def radius_neighbors(
        self, X: ArrayLike | None = None, radius: float | None = None, *, return_distance: Literal[False]
    ) -> NDArray[np.object_]: ...

    def radius_neighbors(
        self,
        X: ArrayLike | None = None,
        radius: float | None = None,
        return_distance: bool = True,
        sort_results: bool = False,
    ) -> tuple[NDArray[np.object_], NDArray[np.object_]] | NDArray[np.object_]:
        """Find the indexed rows within a radius of each query.

        Parameters
        ----------
        X : array-like of shape (n_queries, n_features), default=None
            The queries. None takes the indexed rows; no row is then its own neighbour, but its exact copies are.
        radius : float, default=None
            Rows at exactly this distance count. None takes the parameter of the constructor.
        return_distance : bool, default=True
            Whether to return distances too.
        sort_results : bool, default=False
            For scikit-learn's contract: results are always sorted. Needs ``return_distance``.

        Returns
        -------
        distances : ndarray of shape (n_queries,) of float64 arrays
            Smallest first; rows at one distance in the order of their indices. Only with ``return_distance``.
        indices : ndarray of shape (n_queries,) of int arrays
            Positions in the rows given to `fit`.

        Raises
        ------
        ValueError
            With ``index="hnsw"`` and ``"pq"``, which cannot promise any row. ``"ivf"`` may miss rows.
        """
        check_is_fitted(self)
        if sort_results and not return_distance:
            raise ValueError("return_distance must be True if sort_results is True.")
        found = self._within(X, self.radius if radius is None else radius)
        distances, indices = (_objects(arrays) for arrays in found)
        return (distances, indices) if return_distance else indices

    def radius_neighbors_graph(
        self,
        X: ArrayLike | None = None,
        radius: float | None = None,
        mode: GraphMode = "connectivity",
        sort_results: bool = False,
    ) -> csr_matrix:
        """Return the neighbours within a radius as a sparse matrix.

        Parameters
        ----------
        X, radius
            As in `radius_neighbors`.
        mode : {"connectivity", "distance"}, default="connectivity"
            Ones, or distances.
        sort_results : bool, default=False
            For scikit-learn's contract: rows are always sorted, nearest first.

        Returns
        -------
        csr_matrix of shape (n_queries, n_samples_fit)
        """
        check_is_fitted(self)
        check_mode(mode)
        distances, indices = self._within(X, self.radius if radius is None else radius)
        starts = np.concatenate([[0], np.cumsum([len(row) for row in indices])])
        columns, values = np.concatenate(indices), np.concatenate(distances)
        values = values if mode == "distance" else np.ones_like(values)
        return csr_matrix((values, columns, starts), shape=(len(indices), self.n_samples_fit_))

    def _within(self, X: ArrayLike | None, radius: Any) -> tuple[list[NDArray[Any]], list[NDArray[Any]]]:
        if not _is_radius(radius):
            raise ValueError(f"Expected radius >= 0. Got {radius!r}")
        search = self._search
        if search.index.kind not in ("flat", "ivf"):
            raise ValueError(
                f"radius_neighbors needs index='flat' or 'ivf', and this {type(self).__name__} was fitted with "
                f"index={search.index.kind!r}: FAISS finds too few rows within a radius there"
            )
        queries = search.rows if X is None else DISTANCES[search.metric].pack(self._table(X, reset=False))
        distances, indices = search.within(queries, float(radius), self.n_features_in_, self._n_threads())
        if X is None:
            others = [row != i for i, row in enumerate(indices)]
            distances = [row[other] for row, other in zip(distances, others, strict=True)]
            indices = [row[other] for row, other in zip(indices, others, strict=True)]
        return distances, indices

    def _check_params(self):
        super()._check_params()
        if not _is_radius(self.radius):
            fail(self, "radius", "a float >= 0")


def _is_radius(value):
    return isinstance(value, Real) and not isinstance(value, bool) and value >= 0


def _objects(arrays):
    """Return arrays of different lengths as the elements of one."""
    found = np.empty(len(arrays), dtype=object)
    for i, array in enumerate(arrays):
        found[i] = array
    return found
