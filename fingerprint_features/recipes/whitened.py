"""Our own: how near the generated images are, in the details of an image and with no direction outweighing others."""

from sklearn.base import BaseEstimator
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from ..decide import ThresholdClassifier
from ..extractors import Pixels
from ..pipeline import FeaturePipeline
from ..reference import ReferenceSimilarity
from ..similarity import Whiten
from .blocks import cached, details
from .kinds import Cache, Images, Threshold
from .registry import recipe

SIDE = 64  # pixels
SHRINKAGE = 0.3


@recipe(
    "whitened-details",
    method="own",
    team="fingerprint_features",
    year=None,
    subtask=1,
    metric="kappa",
    exact=False,
    why=(
        "Ours: one of some 300 variants that were tried on a small VAE and a small diffusion model of chest slices. A "
        "GAN and photographs, which played no part in the choice, confirm it."
    ),
    trained_on="real images without labels",
    needs_labels=False,
    transductive=True,
)
def whitened_details(
    reference: Images,
    cache: Cache,
    *,
    sigma: float = 1.0,
    shrinkage: float = SHRINKAGE,
    reduce: str = "max",
    threshold: Threshold = "prior",
    prior: float = 0.5,
) -> BaseEstimator:
    """Used when nearer to some generated image than half of the real images are, in whitened details.

    Images of 64 x 64 less their Gaussian with a standard deviation of `sigma` pixels are whitened: what all real images
    share counts less, and what tells one from the next counts more. `shrinkage` is that of `Whiten`, which learns from
    the images of `fit`, so these should be all images that are to be judged. The score is the largest cosine to a
    generated image. ``reduce="margin"`` and ``"credit"`` have the real images compete for each generated one, which
    finds more in plain images and less in whitened ones.

    The share `prior` of the images of `fit` is called used, those with the highest scores, whether or not anything was
    used: the order is found, the cut is assumed. ``threshold="auto"`` learns the cut from labels instead.
    """
    rows = make_pipeline(*plain_details(cache, sigma), Whiten(shrinkage))
    rule = ReferenceSimilarity(reference, features=rows, metric="cosine", reduce=reduce)
    return make_pipeline(rule, ThresholdClassifier(threshold, metric="kappa", prior=prior))


def plain_details(cache: Cache, sigma: float = 1.0) -> tuple[FeaturePipeline, FunctionTransformer]:
    """Return the steps from images to their details, which are not whitened yet."""
    return cached(cache, Pixels((SIDE, SIDE))), FunctionTransformer(details, kw_args={"sigma": sigma})
