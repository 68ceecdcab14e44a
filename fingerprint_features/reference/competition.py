"""The competition: real images that each reference image might resemble more than the image in question."""

from collections.abc import Callable
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ..similarity.competitors import FirstCompetitors, mean_ranks, row_blocks, twice_ranks
from ..similarity.margins import margins_over
from .comparer import Comparer
from .samples import Samples, left_out

_KEPT = 2**25  # similarities of all images that are kept: 256 MB; of more, only those of the nearest images are


class Competition:
    """Images, each content once, and their similarities to the reference.

    Parameters
    ----------
    images : Samples
        In any order: content decides which of two equally similar images goes first.
    reference : Samples
    comparer : Comparer
    k : int, default=1
        Up to which place hits are counted.
    no_hit : float, default=None
        The `hit_max` of an image without a hit, where it is below all that can have one; else another number is
        taken that is.

    Attributes
    ----------
    images : Samples
        In the order of their content.
    similarities : ndarray of shape (n_images, n_reference) or None
        None where there are too many.
    first : FirstCompetitors
        The images that are most similar to each reference image.
    k : int
    no_hit : float
    """

    images: Samples
    similarities: NDArray[Any] | None
    first: FirstCompetitors
    k: int
    no_hit: float

    def __init__(
        self, images: Samples, reference: Samples, comparer: Comparer, k: int = 1, no_hit: float | None = None
    ) -> None:
        self.images = images.take(np.unique(images.digests, return_index=True)[1])
        self.k = k
        n, most = len(self.images), left_out(self.images, self.images, patients=True).most
        self.first = FirstCompetitors(len(reference), min(n, most + 1 + k))  # + 1: its content, at another patient's
        kept, low, high = [], np.inf, -np.inf
        for part in comparer.blocks(self.images, len(reference)):
            similarities = comparer(part, reference)
            self.first.add(similarities)
            low, high = min(low, similarities.min()), max(high, similarities.max())
            if n * len(reference) <= _KEPT:
                kept.append(similarities)
        self.similarities = np.vstack(kept) if kept else None
        # an image with a hit is at least as similar to that reference image as some competitor is
        if no_hit is None or no_hit >= low:
            no_hit = 2 * low - high if high > low else low - 1
        self.no_hit = float(no_hit)

    def with_reference(self, reference: Samples, comparer: Comparer) -> Self:
        """Return the competition of the same images for another reference."""
        return type(self)(self.images, reference, comparer, self.k, self.no_hit)

    def compared(self, x: Samples, reference: Samples, comparer: Comparer) -> NDArray[Any]:
        """Return the similarities of x to the reference; those that are kept are not compared again."""
        if self.similarities is None:
            return comparer(x, reference)
        place = np.minimum(self._positions(x), len(self.images) - 1)
        known = np.array([self.images.digests[p] == digest for p, digest in zip(place, x.digests, strict=True)])
        similarities = self.similarities[place]
        if not known.all():
            similarities[~known] = comparer(x.take(~known), reference)
        return similarities

    def rank(self, x: Samples, similarities: NDArray[Any]) -> NDArray[Any]:
        """Return the mean rank of the images of x, as `similarity.rank` does, where all similarities are kept."""
        lists = left_out(x, self.images)
        return mean_ranks(twice_ranks(similarities, self.similarities, lists), lists, *self.similarities.shape)

    def ranks(self, x: Samples, reference: Samples, comparer: Comparer) -> NDArray[np.float64]:
        """Return what `rank` does where similarities are not kept, comparing all images with parts of the reference."""
        x, lists = comparer.prepared(x), left_out(x, self.images)
        twice = np.zeros(len(x), dtype=np.int64)
        for some in comparer.blocks(reference, len(self.images)):
            competitors = comparer(self.images, some)
            for rows in row_blocks(len(x), len(some)):
                twice[rows] += twice_ranks(comparer(x.take(rows), some), competitors, lists.rows(rows))
        return mean_ranks(twice, lists, len(self.images), len(reference))

    def hits(self, x: Samples, similarities: NDArray[Any]) -> NDArray[Any]:
        """Return how often the images of x are among the k most similar, as `similarity.hits` does."""
        return self._hits(x, similarities)[0]

    def hit_max(self, x: Samples, similarities: NDArray[Any]) -> NDArray[Any]:
        """Return the largest similarity of a hit, as `similarity.hit_max` does."""
        return np.maximum(self._hits(x, similarities)[1], self.no_hit)

    def margins(
        self, x: Samples, similarities: NDArray[Any], distances: Callable[[NDArray[Any]], NDArray[Any]]
    ) -> NDArray[np.float64]:
        """Return the margins of the images of x over rivals of other patients, as `similarity.margins` does."""
        lists = left_out(x, self.images, patients=True)
        return margins_over(distances(similarities), distances(self.first.values), self.first, lists)

    def _hits(self, x, similarities):
        return self.first.hits(similarities, self.k, left_out(x, self.images), self._positions(x))

    def _positions(self, x):
        return np.searchsorted(self.images.digests, x.digests)
