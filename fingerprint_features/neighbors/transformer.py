"""FaissKNeighborsTransformer: the graph of neighbours, for estimators that take precomputed ones."""

import numpy as np
from sklearn.base import ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from ..checks import check_option
from .base import FaissNeighbors


class FaissKNeighborsTransformer(ClassNamePrefixFeaturesOutMixin, TransformerMixin, FaissNeighbors):
    """Turn rows into the sparse graph of their neighbours, by the contract of scikit-learn's KNeighborsTransformer.

    Parameters
    ----------
    mode : {"distance", "connectivity"}, default="distance"
        Distances, or ones.
    n_neighbors : int, default=5
        Neighbours of a row. In distance mode one more is kept, so that a row given to `fit` has this many besides
        itself.
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
    The graph is CSR, each row nearest first, so estimators with ``metric="precomputed"`` take it as it is.
    `fit_transform` keeps every row's own entry, an explicit 0 on the diagonal in distance mode, even where more copies
    of the row than neighbours exist; otherwise it equals ``fit(X).transform(X)``.

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
        mode="distance",
        n_neighbors=5,
        metric="euclidean",
        index="flat",
        index_params=None,
        random_state=0,
        n_jobs=None,
    ):
        super().__init__(
            n_neighbors,
            metric=metric,
            index=index,
            index_params=index_params,
            random_state=random_state,
            n_jobs=n_jobs,
        )
        self.mode = mode

    def transform(self, X):
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

    def fit_transform(self, X, y=None):
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
