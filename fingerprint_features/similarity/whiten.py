"""Whiten: rows in which no direction outweighs the others."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted, validate_data

from ..checks import check_real


class Whiten(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Scale the principal axes of a table to nearly equal variances; small variances are raised a little first.

    The few directions in which all images differ much, such as size and position of the body, hide in a distance what
    tells one image from the next. Whitening gives every direction its say. Fit it on real images whose use is unknown,
    such as the candidates: it needs no labels.

    Parameters
    ----------
    shrinkage : float, default=0.1
        Added to every variance, as a share of their mean. At 0 the directions of least variance, mostly noise, count as
        much as the others.

    Attributes
    ----------
    mean_ : ndarray of shape (d,)
    components_ : ndarray of shape (n_components, d)
        The principal axes, of length 1, largest variance first: those in which the rows of `fit` differ, at most
        n_samples - 1. The largest entry of each is positive.
    variances_ : ndarray of shape (n_components,)
        The variances of the rows of `fit` along them.
    n_features_in_ : int
    feature_names_in_ : ndarray of str
        Where X had column names.

    See Also
    --------
    sklearn.decomposition.PCA : With ``whiten=True`` what ``shrinkage=0`` gives.

    Notes
    -----
    A row t becomes ``(t - mean) @ components.T / sqrt(variances + shrinkage * mean(variances))``. With more columns
    than rows, such as pixels, the axes come from the n x n matrix of inner products. A row equal to the mean becomes
    zeros.

    Examples
    --------
    >>> table = [[0.0, 0.0], [0.0, 2.0], [20.0, 0.0], [20.0, 2.0]]
    >>> Whiten(shrinkage=0).fit_transform(table).round(3)
    array([[-0.866, -0.866],
           [-0.866,  0.866],
           [ 0.866, -0.866],
           [ 0.866,  0.866]])
    """

    mean_: NDArray[Any]
    components_: NDArray[Any]
    variances_: NDArray[np.float64]

    def __init__(self, shrinkage: float = 0.1) -> None:
        self.shrinkage = shrinkage

    def fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Learn mean, axes and variances.

        Parameters
        ----------
        X : array-like of shape (n, d)
            At least two different rows.
        y : Ignored

        Returns
        -------
        self
        """
        check_real(self, "shrinkage", 0)
        X = validate_data(self, X, dtype=[np.float64, np.float32], ensure_min_samples=2)
        self.mean_ = X.mean(axis=0, dtype=np.float64).astype(X.dtype)
        centred = np.asarray(X - self.mean_, dtype=np.float64)
        variances, axes = _principal_axes(centred)
        if not len(variances):
            raise ValueError(f"Whiten: all n_samples = {len(X)} rows are equal, so no direction can be scaled")
        axes *= np.sign(axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)])[:, None]
        self.variances_, self.components_ = variances, axes.astype(X.dtype)
        return self

    def transform(self, X: ArrayLike) -> NDArray[Any]:
        """Return the coordinates along the axes, scaled.

        Parameters
        ----------
        X : array-like of shape (n, d)

        Returns
        -------
        ndarray of shape (n, n_components)
            float32 for a float32 X, else float64.
        """
        check_is_fitted(self)
        X = validate_data(self, X, dtype=[np.float64, np.float32], reset=False)
        scale = np.sqrt(self.variances_ + self.shrinkage * self.variances_.mean())
        return ((X - self.mean_) @ self.components_.T / scale).astype(X.dtype)

    @property
    def _n_features_out(self):
        return len(self.components_)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags


def _principal_axes(centred):
    """Return the variances above rounding, largest first, and the axes of length 1 (n_components, d)."""
    n, d = centred.shape
    few_rows = n <= d
    products = centred @ centred.T if few_rows else centred.T @ centred
    values, vectors = np.linalg.eigh(products)
    keep = values > values.max() * max(n, d) * np.finfo(np.float64).eps
    values, vectors = values[keep][::-1], vectors[:, keep][:, ::-1].T
    axes = vectors @ centred / np.sqrt(values)[:, None] if few_rows else vectors
    return values / (n - 1), axes
