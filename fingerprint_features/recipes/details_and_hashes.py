"""Our own: details and perceptual hashes together, less what textures explain; the default of `detect`."""

from functools import partial

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator
from sklearn.decomposition import PCA
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from ..decide import ThresholdClassifier
from ..extractors import PHash
from ..reference import ReferenceSimilarity
from ..similarity import METRICS, Whiten
from .blocks import cached, in_float64, textures
from .kinds import Cache, Images, Threshold
from .registry import recipe
from .unexplained import Unexplained
from .whitened import SHRINKAGE, plain_details

_BITS = 256
_SPREAD = 0.12  # standard deviation of the cosine of two hashes of different real images


@recipe(
    "details-and-hashes",
    method="own",
    team="fingerprint_features",
    year=None,
    subtask=1,
    metric="kappa",
    exact=False,
    why=(
        "Ours: `whitened-details` with perceptual hashes, one of some 200 combinations that were tried on a small VAE, "
        "small diffusion models of chest slices and planted copies. A GAN and photographs played no part in the choice."
    ),
    trained_on="real images without labels",
    needs_labels=False,
    transductive=True,
)
def details_and_hashes(
    reference: Images,
    cache: Cache,
    *,
    shrinkage: float = SHRINKAGE,
    weight: float = 0.5,
    threshold: Threshold = "prior",
    prior: float = 0.5,
) -> BaseEstimator:
    """Used when some generated image is near both in whitened details and by its perceptual hash.

    Details, as in ``whitened-details``, find what a generator half remembers; hashes find copies of the whole picture.
    A pair of a real and a generated image scores by the sum of both similarities, each on the scale of unrelated
    images, so that one image has to be near in both. `weight` is that of the hash. The score of a real image is its
    largest, less what the first principal axis of its textures explains of it: images of one scanner are nearer to the
    generated ones than those of another, without any memory. Much of that is taken away, not all.

    The share `prior` of the images of `fit` is called used, those with the highest scores, whether or not anything was
    used. ``threshold="auto"`` learns the cut from labels instead. All is learnt from the images of `fit`, so these
    should be all images that are to be judged.
    """
    details = make_pipeline(*plain_details(cache), Whiten(shrinkage))
    pairs = FeatureUnion([("details", details), ("hash", cached(cache, PHash()))])
    near = ReferenceSimilarity(reference, features=pairs, metric=partial(near_in_both, weight=weight), reduce="max")
    rows = cached(cache, *textures())
    look = make_pipeline(rows, FunctionTransformer(in_float64), StandardScaler(), PCA(1, svd_solver="full"))
    columns = FeatureUnion([("near", near), ("look", look)])
    return make_pipeline(columns, Unexplained(), ThresholdClassifier(threshold, metric="kappa", prior=prior))


def near_in_both(A: ArrayLike, B: ArrayLike, weight: float) -> NDArray[np.float64]:
    """Return the cosine of details plus `weight` times that of hashes, each over its deviation among unrelated images.

    Parameters
    ----------
    A : array-like of shape (n, d + 256)
        Whitened details, and the bits of a hash.
    B : array-like of shape (m, d + 256)

    Returns
    -------
    ndarray of shape (n, m) and dtype float64
    """
    (of_a, bits_a), (of_b, bits_b) = (np.hsplit(np.asarray(rows, dtype=np.float64), [-_BITS]) for rows in (A, B))
    hashes = METRICS["cosine"](2 * bits_a - 1, 2 * bits_b - 1)
    return np.sqrt(of_a.shape[1]) * METRICS["cosine"](of_a, of_b) + weight / _SPREAD * hashes
