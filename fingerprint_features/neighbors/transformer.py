"""FaissKNeighborsTransformer: the graph of neighbours, for estimators that take precomputed ones."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.sparse import csr_matrix
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from ..checks import check_option
from .base import FaissNeighbors, GraphMode, IndexName, MetricName


class FaissKNeighborsTransformer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, FaissNeighbors):
    """Turn rows into the sparse graph of their neighbours, by the contract of scikit-learn's KNeighborsTransformer.

    Parameters
    ----------
    mode : {"distance", "connectivity"}, default="distance"
        Distances, or ones.
    n_neighbors : int, default=5
        Neighbours of a row. Distance mode keeps one more, since a row given to `fit` is its own nearest neighbour.
    metric, index, index_params, random_state, n_jobs
        As in FaissNearestNeighbors.

    Attributes
    ----------
    n_samples_fit_ : int
        Number of indexed rows, and of columns of the graph.
    n_features_in_ : int
        Number of columns seen in `fit`.

    Notes
    -----
    The graph is a CSR matrix with the nearest first in each row, as estimators with ``metric="precomputed"`` expect.
    `fit_transform` always keeps each row's own entry, in distance mode an explicit 0 on the diagonal, even if the row
    has more copies than neighbours are asked for. In all other cases it equals ``fit(X).transform(X)``.

    See Also
    --------
    FaissNearestNeighbors : The parameters, and what is promised of distances.

    Examples
    --------
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from sklearn.pipeline import make_pipeline
    >>> vote = KNeighborsClassifier(1, metric="precomputed")
    >>> model = make_pipeline(FaissKNeighborsTransformer(n_neighbors=1), vote).fit([[0.0], [1.0]], ["a", "b"])
    >>> model.predict([[0.8]])
    array(['b'], dtype='<U1')
    """

    def __init__(
        self,
        *,
        mode: GraphMode = "distance",
        n_neighbors: int = 5,
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
        self.mode = mode

    def transform(self, X: ArrayLike) -> csr_matrix:
        """Return the graph from the rows of X to those given to `fit`.

        Parameters
        ----------
        X : array-like of shape (n_queries, n_features)

        Returns
        -------
        csr_matrix of shape (n_queries, n_samples_fit)
        """
        check_is_fitted(self)
        return self._entries(*self.kneighbors(X, self._count()))

    def fit_transform(self, X: ArrayLike, y: Any = None) -> csr_matrix:
        """Index the rows of X and return their graph, each row's own entry included.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : Ignored

        Returns
        -------
        csr_matrix of shape (n_samples, n_samples)
        """
        distances, indices = self.fit(X).kneighbors(X, self._count())
        # copies of lower index may have taken all places: their distance is the row's own, 0
        missing = np.flatnonzero(~(indices == np.arange(len(indices))[:, None]).any(axis=1))
        indices[missing, -1] = missing
        return self._entries(distances, indices)

    def _count(self):
        return self.n_neighbors + (self.mode == "distance")

    def _entries(self, distances, indices):
        return self._graph(distances if self.mode == "distance" else np.ones_like(distances), indices)

    @property
    def _n_features_out(self):
        return self.n_samples_fit_

    def _check_params(self):
        super()._check_params()
        check_option(self, "mode", ("distance", "connectivity"))
