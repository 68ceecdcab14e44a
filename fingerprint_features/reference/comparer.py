"""The comparer: similarities of images by the metric of an estimator, without those that do not count."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .measure import distance, image_similarity, similarity
from .opening import extract
from .samples import Samples, same_content_or_patient

_CELLS = 2**22  # similarities held at a time: 32 MB


@dataclass
class Comparer:
    """Compares two sets by a metric.

    Attributes
    ----------
    owner : str
        The name of the estimator, for errors.
    metric : str or callable
        As in ReferenceSimilarity.
    features : fitted transformer or None
    n_needed : int
        How many an image must be compared with at least.
    cache, n_jobs, progress
        As in ReferenceSimilarity.
    """

    owner: str
    metric: str | Callable[[Any, Any], ArrayLike]
    features: Any = None
    n_needed: int = 1
    cache: Any = None
    n_jobs: int | None = None
    progress: bool = False

    def __call__(self, a: Samples, b: Samples) -> NDArray[np.float64]:
        """Return the similarities, of shape (len(a), len(b))."""
        if self.metric == "ssim":
            return image_similarity(a.data, b.data, self.cache, self.n_jobs, self.progress)
        return similarity(self.metric, self.prepared(a).values, self.prepared(b).values, self.n_jobs)

    def prepared(self, members: Samples) -> Samples:
        """Return the set with its features extracted, all at once: they have workers and batches of their own."""
        if members.values is None and self.metric != "ssim":
            members.values = extract(self.features, members.data)
        return members

    def without_own(self, x: Samples, others: Samples) -> NDArray[np.float64]:
        """Return the similarities, NaN where a member of others has the image's own content or patient."""
        similarities = self(x, others)
        similarities[same_content_or_patient(x, others)] = np.nan
        return self.enough(x, similarities)

    def enough(self, x: Samples, similarities: NDArray[Any]) -> NDArray[Any]:
        """Return the similarities, or raise where an image has too few that count."""
        counts = np.isfinite(similarities).sum(axis=1)
        if (counts < self.n_needed).any():
            where = int(counts.argmin())
            raise ValueError(
                f"{self.owner} found {counts[where]} to compare {x.ids[where]} with among n_samples = "
                f"{similarities.shape[1]}, without its own content and patient, where k={self.n_needed} asks for "
                f"{self.n_needed}: give more images of other patients"
            )
        return similarities

    def distances(self, similarities: NDArray[Any]) -> NDArray[Any]:
        """Return the distances behind similarities."""
        return distance(self.metric, similarities)

    def blocks(self, x: Samples, n_others: int) -> Iterator[Samples]:
        """Yield x in parts whose similarities to n_others images fit into memory."""
        self.prepared(x)
        step = max(1, _CELLS // n_others)
        for start in range(0, len(x), step):
            yield x.take(slice(start, start + step))
