"""Pieces that several recipes are built of."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..extractors import GLCM, LBP, BaseExtractor, CNNEmbedding, ImageStats
from ..pipeline import FeaturePipeline
from ..reference import ReferenceSimilarity
from ..similarity import METRICS
from .kinds import Cache, Images, Network, Weights

# What the `why` of a recipe says of a frozen network that is shown images as most teams did.
SQUASHED = " The whole image is squashed to the network's size; ImageNet weights V1 of torchvision."


def similarity(reference: Images, cache: Cache, **params: Any) -> ReferenceSimilarity:
    """Return a ReferenceSimilarity of whole images by SSIM, which keeps its rows in the cache."""
    return ReferenceSimilarity(reference, metric="ssim", cache=cache, **params)


def cached(cache: Cache, *extractors: BaseExtractor) -> FeaturePipeline:
    """Return a FeaturePipeline that keeps its rows in the cache."""
    return FeaturePipeline(list(extractors), cache=cache)


def textures() -> list[BaseExtractor]:
    """Return what scanners and reconstructions leave in an image."""
    return [LBP(), GLCM(), ImageStats()]


def embedding(cache: Cache, backbone: Network, weights: Weights, resize: str, **params: Any) -> FeaturePipeline:
    """Return the FeaturePipeline of a frozen network."""
    return cached(cache, CNNEmbedding(backbone, weights, resize=resize, **params))


def refuse_changed_reference(model: Any) -> None:
    """Raise if a fitted model has been given another reference since, which it has not compared anything with."""
    if model.reference is not model.reference_:
        raise ValueError(f"{type(model).__name__} was fitted with another reference than it has now: call fit again")


class ByContent:
    """Fits on the rows of a table in an order that their values decide, not their place in a folder."""

    def fit(self, X: ArrayLike, y: ArrayLike | None) -> Any:
        """Sort the rows, then fit."""
        if y is not None:
            order = np.lexsort([np.unique(y, return_inverse=True)[1], *np.transpose(X)])
            X, y = np.asarray(X)[order], np.asarray(y)[order]
        return super().fit(X, y)


def combined_margin(columns: ArrayLike) -> NDArray[np.float64]:
    """Return the margin of (rank or threshold) and hits as one column: positive when both hold.

    Parameters
    ----------
    columns : array-like of shape (n, 3)
        ``"rank"``, ``"max"`` less its cut, and ``"hits"``.
    """
    rank, above, hits = np.asarray(columns).T
    return np.minimum(np.maximum(rank - 0.5, above), hits - 0.5)[:, None]


def similarity_where_found(columns: ArrayLike) -> NDArray[np.float64]:
    """Return the largest cosine to an image that found this one as one column; -1 where none did.

    Parameters
    ----------
    columns : array-like of shape (n, 2)
        ``"hits"`` and ``"hit_max"``.
    """
    hits, hit_max = np.asarray(columns).T
    return np.where(hits > 0, hit_max, -1.0)[:, None]


def above_median(rows: NDArray[Any]) -> NDArray[np.bool_]:
    """Return which values of each row lie above the row's median."""
    return rows > np.median(rows, axis=1, keepdims=True)


def strongest(rows: NDArray[Any], share: float) -> NDArray[np.bool_]:
    """Return which values of each row are among its largest, up to `share` of the row."""
    return rows > np.quantile(rows, 1 - share, axis=1, keepdims=True)


def in_float64(rows: NDArray[Any]) -> NDArray[np.float64]:
    """Return rows in float64: in float32 the last digits of a product depend on how many rows there are."""
    return np.asarray(rows, dtype=np.float64)


def details(rows: NDArray[Any], sigma: float) -> NDArray[np.float64]:
    """Return square images less their Gaussian, row by row.

    Parameters
    ----------
    rows : ndarray of shape (n, side * side)
        Grey images.
    sigma : float
        Standard deviation in pixels.

    Returns
    -------
    ndarray of shape (n, side * side) and dtype float64
        0 for a flat image, up to rounding.
    """
    import cv2

    side = int(np.sqrt(np.shape(rows)[1]))
    images = np.asarray(rows, dtype=np.float64).reshape(-1, side, side)
    return np.stack([image - cv2.GaussianBlur(image, (0, 0), sigma) for image in images]).reshape(len(images), -1)


def ssim_of_rows(A: ArrayLike, B: ArrayLike) -> NDArray[np.float64]:
    """Return the structural similarity of rows, each pair as one window with a data range of 1.

    Parameters
    ----------
    A : array-like of shape (n, d)
    B : array-like of shape (m, d)

    Returns
    -------
    ndarray of shape (n, m) and dtype float64
        1 for equal rows, flat ones too.
    """
    A, B = (np.asarray(rows, dtype=np.float64) for rows in (A, B))
    (mean_a, var_a), (mean_b, var_b) = ((rows.mean(axis=1), rows.var(axis=1)) for rows in (A, B))
    means = mean_a[:, None] * mean_b
    covariances = A @ B.T / A.shape[1] - means
    c1, c2 = 0.01**2, 0.03**2  # the usual constants
    lightness = (2 * means + c1) / (mean_a[:, None] ** 2 + mean_b**2 + c1)
    return lightness * (2 * covariances + c2) / (var_a[:, None] + var_b + c2)


def of_first_halves(A: ArrayLike, B: ArrayLike) -> NDArray[np.float64]:
    """Return minus the mean squared differences of the first halves of rows.

    Parameters
    ----------
    A : array-like of shape (n, d)
    B : array-like of shape (m, d)

    Returns
    -------
    ndarray of shape (n, m) and dtype float64
    """
    return METRICS["mse"](*(np.hsplit(np.asarray(rows, dtype=np.float64), 2)[0] for rows in (A, B)))
