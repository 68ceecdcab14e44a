"""The subset of labelled images that an image is most similar to."""

from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial.distance import cdist
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.preprocessing import normalize
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data

from ..checks import check_option


class NearestSubset(ClassifierMixin, BaseEstimator):
    """Attribute each row to the subset whose rows are the most similar to it, on average.

    Parameters
    ----------
    metric : {"cosine", "euclidean"}, default="cosine"
        Of similarity; distances are negated.

    Attributes
    ----------
    classes_ : ndarray of shape (n_subsets,)
        The subsets.
    rows_ : list of ndarray of shape (n_rows, n_features)
        What is compared with, for each subset: its rows. For cosines one row is enough, the mean of its rows after each
        was divided by its norm.

    Notes
    -----
    A row of zeros has cosine 0 with everything. Of equally similar subsets the first in `classes_` is taken.

    Examples
    --------
    >>> NearestSubset().fit([[1, 0], [1, 1], [0, 2]], ["t1", "t1", "t2"]).predict([[9, 1], [1, 9]])
    array(['t1', 't2'], dtype='<U2')
    """

    def __init__(self, metric: Literal["cosine", "euclidean"] = "cosine") -> None:
        self.metric = metric

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Learn the rows of each subset.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
        y : array-like of shape (n,)
            Subsets, two or more.

        Returns
        -------
        self
        """
        check_option(self, "metric", ("cosine", "euclidean"))
        X, y = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(y)
        self.classes_ = np.unique(y)
        if len(self.classes_) < 2:
            raise ValueError(
                f"{type(self).__name__} needs two subsets or more: there is only 1 class, {self.classes_[0]!r}"
            )
        self.rows_ = [X[y == subset] for subset in self.classes_]
        if self.metric == "cosine":
            self.rows_ = [normalize(rows).mean(axis=0, keepdims=True) for rows in self.rows_]
        return self

    def similarity(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the mean similarity of each row to the rows of each subset.

        Parameters
        ----------
        X : array-like of shape (n, n_features)

        Returns
        -------
        ndarray of shape (n, n_subsets) and dtype float64
        """
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=np.float64)
        if self.metric == "cosine":
            return normalize(X) @ np.vstack(self.rows_).T
        return -np.column_stack([cdist(X, rows).mean(axis=1) for rows in self.rows_])

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the most similar subset of each row.

        Parameters
        ----------
        X : array-like of shape (n, n_features)

        Returns
        -------
        ndarray of shape (n,)
        """
        nearest = self.similarity(X).argmax(axis=1)
        return self.classes_[nearest]
