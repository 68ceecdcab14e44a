"""How far all images are from each other, in measures that know no labels: bits of perceptual hashes, and details."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import make_pipeline

from ..answers.nearest import LOOKS
from ..extractors import Pixels
from ..images import ImageSet
from ..pipeline import FeaturePipeline
from ..recipes.kinds import Cache
from ..recipes.whitened import SHRINKAGE, SIDE, plain_details
from ..similarity import Whiten, pairwise_similarity

DETAILS = Pixels((SIDE, SIDE))
_SMALLEST = 0.5  # bits: a copy is nearer than anything that differs, and not infinitely so


@dataclass(frozen=True, eq=False)
class Distances:
    """Distances of all images, generated and real.

    Attributes
    ----------
    generated_real : ndarray of shape (n_generated, n_reals)
        Bits, of 256, in which the perceptual hashes differ.
    real_real : ndarray of shape (n_reals, n_reals)
        Likewise.
    generated_nearest : ndarray of shape (n_generated,)
        Of each generated image to the nearest other one.
    """

    generated_real: NDArray[np.float64]
    real_real: NDArray[np.float64]
    generated_nearest: NDArray[np.float64]

    def log_ratio(self, groups: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return how much nearer each real image is to the generated ones than to other patients, as a logarithm."""
        others = np.where(groups[:, None] == groups, np.inf, self.real_real).min(axis=1)
        nearest = self.generated_real.min(axis=0)
        return np.log(np.maximum(others, _SMALLEST)) - np.log(np.maximum(nearest, _SMALLEST))


def measure(real: ImageSet, generated: ImageSet, cache: Cache) -> Distances:
    """Return the distances of all images."""
    features = FeaturePipeline([LOOKS], cache=cache)
    made, reals = (features.fit_transform(images) for images in (generated, real))
    among = _bits(made, made)
    np.fill_diagonal(among, np.inf)
    nearest = among.min(axis=1) if len(made) > 1 else np.full(1, float(made.shape[1]))
    return Distances(_bits(made, reals), _bits(reals, reals), nearest)


def measure_details(real: ImageSet, generated: ImageSet, cache: Cache) -> dict[str, NDArray[np.float64]]:
    """Return how far the details of each generated image are from those of each real one, plain and whitened.

    Hashes see the whole picture, and say most of a copy. What a generator remembers less well shows in details.

    Returns
    -------
    dict of str to ndarray of shape (n_generated, n_reals)
        Cosine distances, of "details" and "whitened details".
    """
    reals, made = (make_pipeline(*plain_details(cache)).fit_transform(images) for images in (real, generated))
    found = {"details": 1 - pairwise_similarity(made, reals, "cosine")}
    if len(np.unique(reals, axis=0)) > 1:
        white = Whiten(SHRINKAGE).fit(reals)
        found["whitened details"] = 1 - pairwise_similarity(white.transform(made), white.transform(reals), "cosine")
    return found


def _bits(a, b):
    return -np.asarray(pairwise_similarity(a, b, "hamming"), dtype=np.float64)
