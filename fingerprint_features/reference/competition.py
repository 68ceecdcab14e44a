"""The competition: real images that each reference image might resemble more than the image in question."""

from collections.abc import Callable
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ..similarity import hit_max, hits, margins, rank
from .comparer import Comparer
from .samples import Samples, same_content, same_content_or_patient


class Competition:
    """Images, each content once, and their similarities to the reference.

    Parameters
    ----------
    images : Samples
        In any order: content decides which of two equally similar images goes first.
    similarities : ndarray of shape (n_images, n_reference)
    no_hit : float, default=None
        The `hit_max` of an image without a hit, where it is below all that can have one; else another number is
        taken that is.

    Attributes
    ----------
    images : Samples
        In the order of their content.
    similarities : ndarray of shape (n_images, n_reference)
    no_hit : float
    """

    images: Samples
    similarities: NDArray[Any]
    no_hit: float

    def __init__(self, images: Samples, similarities: NDArray[Any], no_hit: float | None = None) -> None:
        order = np.unique(images.digests, return_index=True)[1]
        self.images, self.similarities = images.take(order), similarities[order]
        # an image with a hit is at least as similar to that reference image as some competitor is
        low, high = similarities.min(), similarities.max()
        if no_hit is None or no_hit >= low:
            no_hit = 2 * low - high if high > low else low - 1
        self.no_hit = float(no_hit)

    @classmethod
    def among(cls, images: Samples, reference: Samples, comparer: Comparer, no_hit: float | None = None) -> Self:
        """Return the competition of images for a reference."""
        parts = [comparer(part, reference) for part in comparer.blocks(images, len(reference))]
        return cls(images, np.vstack(parts), no_hit)

    def with_reference(self, reference: Samples, comparer: Comparer) -> Self:
        """Return the competition of the same images for another reference."""
        return self.among(self.images, reference, comparer, self.no_hit)

    def compared(self, x: Samples, reference: Samples, comparer: Comparer) -> NDArray[Any]:
        """Return the similarities of x to the reference; images that compete are not compared again."""
        place = np.minimum(self._positions(x), len(self.images) - 1)
        known = np.array([self.images.digests[p] == digest for p, digest in zip(place, x.digests, strict=True)])
        similarities = self.similarities[place]
        if not known.all():
            similarities[~known] = comparer(x.take(~known), reference)
        return similarities

    def rank(self, x: Samples, similarities: NDArray[Any]) -> NDArray[Any]:
        """Return the mean rank of the images of x, as `similarity.rank` does."""
        return rank(similarities, self.similarities, exclude=same_content(x, self.images))

    def hits(self, x: Samples, similarities: NDArray[Any], k: int) -> NDArray[Any]:
        """Return how often the images of x are among the k most similar, as `similarity.hits` does."""
        return hits(similarities, self.similarities, k, **self._rivals(x))

    def hit_max(self, x: Samples, similarities: NDArray[Any], k: int) -> NDArray[Any]:
        """Return the largest similarity of a hit, as `similarity.hit_max` does."""
        return hit_max(similarities, self.similarities, k, missing=self.no_hit, **self._rivals(x))

    def margins(
        self, x: Samples, similarities: NDArray[Any], distances: Callable[[NDArray[Any]], NDArray[Any]]
    ) -> NDArray[np.float64]:
        """Return the margins of the images of x over rivals of other patients, as `similarity.margins` does."""
        left_out = same_content_or_patient(x, self.images)
        return margins(distances(similarities), distances(self.similarities), exclude=left_out)

    def _rivals(self, x):
        return {"exclude": same_content(x, self.images), "position": self._positions(x)}

    def _positions(self, x):
        return np.searchsorted(self.images.digests, x.digests)
