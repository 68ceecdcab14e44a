"""FaissKNeighborsClassifier: the neighbours vote."""

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils.multiclass import check_classification_targets

from ..checks import check_option
from .base import FaissNeighbors


class FaissKNeighborsClassifier(ClassifierMixin, FaissNeighbors):
    """Classify by the votes of the nearest rows, by the contract of scikit-learn's KNeighborsClassifier.

    Parameters
    ----------
    n_neighbors : int, default=5
        Neighbours that vote.
    weights : {"uniform", "distance"}, default="uniform"
        One vote each, or 1 / distance; neighbours at distance 0 then decide alone.
    metric, index, index_params, random_state, n_jobs
        As in FaissNearestNeighbors.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The classes, sorted. The first wins a tie.
    n_samples_fit_ : int
        Number of indexed rows.
    n_features_in_ : int
        Number of columns seen in `fit`.

    See Also
    --------
    FaissNearestNeighbors : The parameters, and what is promised of distances.

    Examples
    --------
    >>> vote = FaissKNeighborsClassifier(n_neighbors=3, metric="hamming")
    >>> vote = vote.fit([[0, 0, 0], [0, 0, 1], [0, 1, 1], [1, 1, 1]], ["a", "a", "b", "b"])
    >>> vote.predict([[0, 0, 0]]), vote.predict_proba([[0, 0, 0]]).round(2)
    (array(['a'], dtype='<U1'), array([[0.67, 0.33]]))
    """

    def __init__(
        self,
        n_neighbors=5,
        *,
        weights="uniform",
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
        self.weights = weights

    def fit(self, X, y):
        """Index the rows of X and keep their classes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,)

        Returns
        -------
        self
        """
        self._check_params()
        X, y = self._table(X, reset=True, y=y)
        check_classification_targets(y)
        self.classes_, codes = np.unique(y, return_inverse=True)
        self._codes = codes.ravel()
        return self._index(X)

    def predict_proba(self, X):
        """Return each class's share of the votes.

        Parameters
        ----------
        X : array-like of shape (n_queries, n_features), or None
            None: the rows given to `fit`, each without its own vote.

        Returns
        -------
        ndarray of shape (n_queries, n_classes)
        """
        distances, indices = self.kneighbors(X)
        votes = np.ones_like(distances) if self.weights == "uniform" else _inverse(distances)
        n, n_classes = len(indices), len(self.classes_)
        cells = np.arange(n)[:, None] * n_classes + self._codes[indices]
        shares = np.bincount(cells.ravel(), votes.ravel(), minlength=n * n_classes).reshape(n, n_classes)
        return shares / shares.sum(axis=1, keepdims=True)

    def predict(self, X):
        """Return the class with most votes.

        Parameters
        ----------
        X : array-like of shape (n_queries, n_features), or None
            None: the rows given to `fit`, each without its own vote.

        Returns
        -------
        ndarray of shape (n_queries,)
        """
        best = self.predict_proba(X).argmax(axis=1)
        return self.classes_[best]

    def _check_params(self):
        super()._check_params()
        check_option(self, "weights", ("uniform", "distance"))


def _inverse(distances):
    with np.errstate(divide="ignore", over="ignore"):
        votes = 1 / distances
    endless = np.isinf(votes)
    return np.where(endless.any(axis=1, keepdims=True), endless, votes)
