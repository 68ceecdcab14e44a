"""What several recipes are made of."""

import numpy as np

from ..pipeline import FeaturePipeline
from ..reference import ReferenceSimilarity


def similarity(reference, cache, **params):
    """Return a ReferenceSimilarity of whole images, by SSIM, that keeps its rows in the cache."""
    return ReferenceSimilarity(reference, metric="ssim", cache=cache, **params)


def cached(cache, *extractors):
    """Return a FeaturePipeline that keeps its rows in the cache."""
    return FeaturePipeline(list(extractors), cache=cache)


class ByContent:
    """Fits on the rows of a table in an order that they decide themselves, not their place in a folder."""

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


def above_median(rows):
    """Return which values of each row lie above the row's median."""
    return rows > np.median(rows, axis=1, keepdims=True)
