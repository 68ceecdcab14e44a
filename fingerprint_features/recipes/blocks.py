"""Pieces that several recipes are built of."""

import numpy as np

from ..extractors import CNNEmbedding
from ..pipeline import FeaturePipeline
from ..reference import ReferenceSimilarity

# What the `why` of a recipe says of a frozen network that is shown images as most teams did.
SQUASHED = " The whole image is squashed to the network's size; ImageNet weights V1 of torchvision."


def similarity(reference, cache, **params):
    """Return a ReferenceSimilarity of whole images by SSIM, which keeps its rows in the cache."""
    return ReferenceSimilarity(reference, metric="ssim", cache=cache, **params)


def cached(cache, *extractors):
    """Return a FeaturePipeline that keeps its rows in the cache."""
    return FeaturePipeline(list(extractors), cache=cache)


def embedding(cache, backbone, weights, resize, **params):
    """Return the FeaturePipeline of a frozen network."""
    return cached(cache, CNNEmbedding(backbone, weights, resize=resize, **params))


def refuse_changed_reference(model):
    """Raise if a fitted model has been given another reference since, which it has not compared anything with."""
    if model.reference is not model.reference_:
        raise ValueError(f"{type(model).__name__} was fitted with another reference than it has now: call fit again")


class ByContent:
    """Fits on the rows of a table in an order that their values decide, not their place in a folder."""

    def fit(self, X, y):
        """Sort the rows, then fit."""
        if y is not None:
            order = np.lexsort([np.unique(y, return_inverse=True)[1], *np.transpose(X)])
            X, y = np.asarray(X)[order], np.asarray(y)[order]
        return super().fit(X, y)


def combined_margin(columns):
    """Return the margin of (rank or threshold) and hits as one column: positive when both hold.

    Parameters
    ----------
    columns : array-like of shape (n, 3)
        ``"rank"``, ``"max"`` less its cut, and ``"hits"``.
    """
    rank, above, hits = np.asarray(columns).T
    return np.minimum(np.maximum(rank - 0.5, above), hits - 0.5)[:, None]


def similarity_where_found(columns):
    """Return the largest cosine to an image that found this one as one column; -1 where none did.

    Parameters
    ----------
    columns : array-like of shape (n, 2)
        ``"hits"`` and ``"hit_max"``.
    """
    hits, hit_max = np.asarray(columns).T
    return np.where(hits > 0, hit_max, -1.0)[:, None]


def above_median(rows):
    """Return which values of each row lie above the row's median."""
    return rows > np.median(rows, axis=1, keepdims=True)
