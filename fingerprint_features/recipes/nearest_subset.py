"""The subset of labelled images that an image is most similar to."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.preprocessing import normalize
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted, validate_data


class NearestSubset(ClassifierMixin, BaseEstimator):
    """Attribute each row to the subset whose rows have the largest mean cosine with it.

    Attributes
    ----------
    classes_ : ndarray of shape (n_subsets,)
        The subsets.
    directions_ : ndarray of shape (n_subsets, n_features)
        The mean of each subset's rows, each divided by its norm before.

    Notes
    -----
    A row of zeros has cosine 0 with everything. Of equally similar subsets the first in `classes_` is taken.

    Examples
    --------
    >>> NearestSubset().fit([[1, 0], [1, 1], [0, 2]], ["t1", "t1", "t2"]).predict([[9, 1], [1, 9]])
    array(['t1', 't2'], dtype='<U2')
    """

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Learn the mean direction of each subset.

        Parameters
        ----------
        X : array-like of shape (n, n_features)
        y : array-like of shape (n,)
            Subsets, two or more.

        Returns
        -------
        self
        """
        X, y = validate_data(self, X, y, dtype=np.float64)
        check_classification_targets(y)
        self.classes_ = np.unique(y)
        if len(self.classes_) < 2:
            raise ValueError(
                f"{type(self).__name__} needs two subsets or more: there is only 1 class, {self.classes_[0]!r}"
            )
        directions = normalize(X)
        self.directions_ = np.stack([directions[y == subset].mean(axis=0) for subset in self.classes_])
        return self

    def similarity(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the mean cosine of each row with the rows of each subset.

        Parameters
        ----------
        X : array-like of shape (n, n_features)

        Returns
        -------
        ndarray of shape (n, n_subsets) and dtype float64
        """
        check_is_fitted(self)
        return normalize(validate_data(self, X, reset=False, dtype=np.float64)) @ self.directions_.T

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
