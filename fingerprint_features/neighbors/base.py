"""What the three estimators share: fit, kneighbors, the graph, and files without pickle."""

from numbers import Integral
from os import PathLike
from typing import Any, Literal, Self, TypeAlias, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse import csr_matrix
from sklearn.base import BaseEstimator
from sklearn.utils.validation import check_is_fitted, validate_data

from ..checks import fail
from ..threads import count_threads
from . import storage
from .distances import DISTANCES
from .indexes import check_index
from .search import Search

MetricName: TypeAlias = Literal["euclidean", "cosine", "hamming"]
IndexName: TypeAlias = Literal["flat", "ivf", "hnsw", "pq", "auto"]
GraphMode: TypeAlias = Literal["connectivity", "distance"]


class FaissNeighbors(BaseEstimator):
    """Base of the neighbour estimators: a subclass adds its parameters and its use of the neighbours."""

    n_samples_fit_: int
    n_features_in_: int

    def __init__(
        self,
        n_neighbors: int = 5,
        *,
        metric: MetricName = "euclidean",
        index: IndexName = "flat",
        index_params: dict[str, int | float] | None = None,
        random_state: int = 0,
        n_jobs: int | None = None,
    ) -> None:
        self.n_neighbors = n_neighbors
        self.metric = metric
        self.index = index
        self.index_params = index_params
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Index the rows of X.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            No NaN. Only 0 and 1 when ``metric="hamming"``.
        y : Ignored

        Returns
        -------
        self
        """
        self._check_params()
        return self._index(self._table(X, reset=True))

    @overload
    def kneighbors(
        self, X: ArrayLike | None = None, n_neighbors: int | None = None, return_distance: Literal[True] = True
    ) -> tuple[NDArray[np.float64], NDArray[np.intp]]: ...

    @overload
    def kneighbors(
        self, X: ArrayLike | None = None, n_neighbors: int | None = None, *, return_distance: Literal[False]
    ) -> NDArray[np.intp]: ...

    def kneighbors(
        self, X: ArrayLike | None = None, n_neighbors: int | None = None, return_distance: bool = True
    ) -> tuple[NDArray[np.float64], NDArray[np.intp]] | NDArray[np.intp]:
        """Find the nearest indexed rows of each query.

        Parameters
        ----------
        X : array-like of shape (n_queries, n_features), default=None
            The queries. None takes the indexed rows; no row is then its own neighbour, but its exact copies are.
        n_neighbors : int, default=None
            None takes the parameter of the constructor.
        return_distance : bool, default=True
            Whether to return distances too.

        Returns
        -------
        distances : ndarray of float64 of shape (n_queries, n_neighbors)
            Smallest first; rows at one distance in the order of their indices. Only with ``return_distance``.
        indices : ndarray of int of shape (n_queries, n_neighbors)
            Positions in the rows given to `fit`.
        """
        check_is_fitted(self)
        k = _check_count(self.n_neighbors if n_neighbors is None else n_neighbors)
        metric = DISTANCES[self._search.metric]
        queries = self._search.rows if X is None else metric.pack(self._table(X, reset=False))
        if k + (X is None) > self.n_samples_fit_:
            raise ValueError(
                f"Expected n_neighbors {'<' if X is None else '<='} n_samples_fit, but n_neighbors = {k}, "
                f"n_samples_fit = {self.n_samples_fit_}, n_samples = {len(queries)}"
            )
        values, found = self._search.nearest(queries, k + (X is None), self._n_threads())
        if X is None:
            values, found = _without_self(values, found)
        distances = metric.distance(values, self.n_features_in_)
        return (distances, found) if return_distance else found

    def kneighbors_graph(
        self, X: ArrayLike | None = None, n_neighbors: int | None = None, mode: GraphMode = "connectivity"
    ) -> csr_matrix:
        """Return the neighbours as a sparse matrix.

        Parameters
        ----------
        X : array-like of shape (n_queries, n_features), default=None
            As in `kneighbors`.
        n_neighbors : int, default=None
            As in `kneighbors`.
        mode : {"connectivity", "distance"}, default="connectivity"
            Ones, or distances.

        Returns
        -------
        csr_matrix of shape (n_queries, n_samples_fit)
            ``n_neighbors`` explicit entries a row, nearest first.
        """
        check_mode(mode)
        distances, indices = self.kneighbors(X, n_neighbors)
        return self._graph(distances if mode == "distance" else np.ones_like(distances), indices)

    def save(self, path: str | PathLike[str]) -> None:
        """Write the indexed rows and the parameters to one file, without pickle.

        Parameters
        ----------
        path : path-like
            The file. An existing file is replaced once the new one is complete.
        """
        check_is_fitted(self)
        storage.save(self, path)

    @classmethod
    def load(cls, path: str | PathLike[str]) -> Self:
        """Read what `save` wrote, and build the index again.

        Parameters
        ----------
        path : path-like

        Returns
        -------
        estimator
            Fitted.
        """
        return storage.load(cls, path)

    def _index(self, table):
        return self._index_packed(DISTANCES[self.metric].pack(table))

    def _index_packed(self, rows):
        self._search = Search(rows, self.metric, self.index, self.index_params, self.random_state)
        self.n_samples_fit_ = len(rows)
        return self

    def _table(self, X, reset, **labels):
        return validate_data(self, X, reset=reset, dtype=[np.float64, np.float32], order="C", **labels)

    def _graph(self, data, indices):
        starts = np.arange(0, indices.size + 1, indices.shape[1])
        return csr_matrix((data.ravel(), indices.ravel(), starts), shape=(len(indices), self.n_samples_fit_))

    def _n_threads(self):
        return count_threads(self.n_jobs)

    def _check_params(self):
        _check_count(self.n_neighbors)
        check_index(self)
        seed = self.random_state
        if not isinstance(seed, Integral) or isinstance(seed, bool) or not 0 <= seed < 2**31:
            fail(self, "random_state", "an int in [0, 2**31)")


def check_mode(mode: str) -> None:
    """Raise unless the mode is one that graphs of neighbours have."""
    if mode not in ("connectivity", "distance"):
        raise ValueError(f"mode must be 'connectivity' or 'distance'. Got {mode!r} instead.")


def _check_count(k):
    if not isinstance(k, Integral) or isinstance(k, bool):
        raise TypeError(f"n_neighbors does not take {type(k)} value, enter integer value")
    if k < 1:
        raise ValueError(f"Expected n_neighbors > 0. Got {k}")
    return int(k)


def _without_self(values, found):
    """Drop from each row its own index, or the last where that is not among them (many copies, or approximate)."""
    own = found == np.arange(len(found))[:, None]
    own[~own.any(axis=1), -1] = True
    shape = len(found), found.shape[1] - 1
    return values[~own].reshape(shape), found[~own].reshape(shape)
