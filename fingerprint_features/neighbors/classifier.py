"""FaissKNeighborsClassifier: the neighbours vote."""

import warnings
from collections.abc import Callable
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import ClassifierMixin
from sklearn.exceptions import DataConversionWarning
from sklearn.utils import Tags
from sklearn.utils.multiclass import check_classification_targets

from ..checks import fail
from .base import FaissNeighbors, IndexName, MetricName


class FaissKNeighborsClassifier(ClassifierMixin, FaissNeighbors):
    """Classify by the votes of the nearest rows, by the contract of scikit-learn's KNeighborsClassifier.

    Parameters
    ----------
    n_neighbors : int, default=5
        Neighbours that vote.
    weights : {"uniform", "distance"}, callable or None, default="uniform"
        One vote each (None too), or 1 / distance; neighbours at distance 0 then decide alone. A callable takes the
        distances, of shape (n_queries, n_neighbors), and returns as many weights.
    metric, index, index_params, random_state, n_jobs
        As in FaissNearestNeighbors.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,), or list of such arrays
        The classes, sorted. The first wins a tie. A list with one entry per output when y has several columns.
    outputs_2d_ : bool
        Whether y had several columns.
    n_samples_fit_ : int
        Number of indexed rows.
    n_features_in_ : int
        Number of columns seen in `fit`.

    See Also
    --------
    FaissNearestNeighbors : The parameters, and what is promised of distances.

    Examples
    --------
    The three nearest of four rows of bits vote:

    >>> vote = FaissKNeighborsClassifier(n_neighbors=3, metric="hamming")
    >>> vote = vote.fit([[0, 0, 0], [0, 0, 1], [0, 1, 1], [1, 1, 1]], ["a", "a", "b", "b"])
    >>> vote.predict([[0, 0, 0]]), vote.predict_proba([[0, 0, 0]]).round(2)
    (array(['a'], dtype='<U1'), array([[0.67, 0.33]]))
    """

    classes_: Any
    outputs_2d_: bool

    def __init__(
        self,
        n_neighbors: int = 5,
        *,
        weights: Literal["uniform", "distance"] | Callable[[NDArray[Any]], NDArray[Any]] | None = "uniform",
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
        self.weights = weights

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Index the rows of X and keep their classes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)

        Returns
        -------
        self
        """
        self._check_params()
        X, y = self._table(X, reset=True, y=y, multi_output=True)
        check_classification_targets(y)
        if y.ndim == 2 and y.shape[1] == 1:
            warnings.warn(
                "A column-vector y was passed when a 1d array was expected. Please change the shape of y to "
                "(n_samples,), for example using ravel().",
                DataConversionWarning,
                stacklevel=2,
            )
            y = y.ravel()
        self.outputs_2d_ = y.ndim == 2
        found = [np.unique(column, return_inverse=True) for column in y.reshape(len(y), -1).T]
        classes = [names for names, _ in found]
        self.classes_ = classes if self.outputs_2d_ else classes[0]
        self._codes = np.column_stack([codes.ravel() for _, codes in found])
        return self._index(X)

    def predict_proba(self, X: ArrayLike | None) -> Any:
        """Return each class's share of the votes.

        Parameters
        ----------
        X : array-like of shape (n_queries, n_features), or None
            None: the rows given to `fit`, each without its own vote.

        Returns
        -------
        ndarray of shape (n_queries, n_classes)
            A list of these, one per output, when y had several columns.
        """
        distances, indices = self.kneighbors(X)
        votes = self._votes(distances)
        shares = [self._shares(votes, codes[indices], len(names)) for codes, names in self._outputs()]
        return shares if self.outputs_2d_ else shares[0]

    def predict(self, X: ArrayLike | None) -> NDArray[Any]:
        """Return the class with most votes.

        Parameters
        ----------
        X : array-like of shape (n_queries, n_features), or None
            None: the rows given to `fit`, each without its own vote.

        Returns
        -------
        ndarray of shape (n_queries,) or (n_queries, n_outputs)
        """
        shares = self.predict_proba(X)
        if not self.outputs_2d_:
            return self.classes_[shares.argmax(axis=1)]
        return np.column_stack([names[each.argmax(axis=1)] for names, each in zip(self.classes_, shares, strict=True)])

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags

    def _outputs(self):
        return zip(self._codes.T, self.classes_ if self.outputs_2d_ else [self.classes_], strict=True)

    def _votes(self, distances):
        if self.weights in (None, "uniform"):
            return np.ones_like(distances)
        if not callable(self.weights):
            return _inverse(distances)
        votes = np.asarray(self.weights(distances), dtype=np.float64)
        if votes.shape != distances.shape:
            raise ValueError(
                f"the 'weights' function must return one weight per distance, {distances.shape}, and returned the "
                f"shape {votes.shape}"
            )
        if (votes == 0).all(axis=1).any():
            raise ValueError(
                "All neighbors of some sample is getting zero weights. Please modify 'weights' to avoid this case if "
                "you are using a user-defined function."
            )
        return votes

    @staticmethod
    def _shares(votes, codes, n_classes):
        """Return the shares of the classes, one row a query, from the votes and classes of its neighbours."""
        n = len(codes)
        cells = np.arange(n)[:, None] * n_classes + codes
        shares = np.bincount(cells.ravel(), votes.ravel(), minlength=n * n_classes).reshape(n, n_classes)
        return shares / shares.sum(axis=1, keepdims=True)

    def _check_params(self):
        super()._check_params()
        named = self.weights is None or (isinstance(self.weights, str) and self.weights in ("uniform", "distance"))
        if not named and not callable(self.weights):
            fail(self, "weights", "one of 'uniform', 'distance', a callable or None")


def _inverse(distances):
    with np.errstate(divide="ignore", over="ignore"):
        votes = 1 / distances
    endless = np.isinf(votes)
    return np.where(endless.any(axis=1, keepdims=True), endless, votes)
