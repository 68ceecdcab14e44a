"""Unexplained: a score less what other columns explain of it."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.linear_model import LinearRegression
from sklearn.utils.validation import check_is_fitted, validate_data


class Unexplained(TransformerMixin, BaseEstimator):
    """The first column less its linear regression on the others.

    Scores that differ between scanners say nothing of memory. Fit it on all images that are to be compared; it needs no
    labels.

    Attributes
    ----------
    regression_ : LinearRegression
    n_features_in_ : int

    Examples
    --------
    >>> scanner, memory = np.repeat([-1.0, 1.0], 2), np.tile([0.0, 1.0], 2)
    >>> Unexplained().fit_transform(np.column_stack([3 * scanner + memory, scanner])).ravel().round(3)
    array([-0.5,  0.5, -0.5,  0.5])
    """

    regression_: LinearRegression

    def fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Learn the regression.

        Parameters
        ----------
        X : array-like of shape (n, d)
            The score, and at least one column that may explain it.
        y : Ignored

        Returns
        -------
        self
        """
        X = validate_data(self, X, dtype=np.float64, ensure_min_features=2)
        self.regression_ = LinearRegression().fit(X[:, 1:], X[:, 0])
        return self

    def transform(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the score less what is explained.

        Parameters
        ----------
        X : array-like of shape (n, d)

        Returns
        -------
        ndarray of shape (n, 1)
        """
        check_is_fitted(self)
        X = validate_data(self, X, dtype=np.float64, reset=False)
        return (X[:, 0] - self.regression_.predict(X[:, 1:]))[:, None]
