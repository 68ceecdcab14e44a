"""Our own: how near the generated images are, measured against how near real images that were not used are."""

from sklearn.base import BaseEstimator
from sklearn.pipeline import make_pipeline

from ..decide import ThresholdClassifier
from ..extractors import PHash
from ..reference import ReferenceSimilarity
from .blocks import cached
from .kinds import Cache, Images, Threshold
from .papers import VAN_BREUGEL_2023
from .registry import recipe


@recipe(
    "calibrated-log-ratio",
    method="own",
    team="fingerprint_features",
    year=None,
    subtask=1,
    metric="kappa",
    paper=VAN_BREUGEL_2023,
    exact=False,
    why=(
        "Ours: the published density ratio, by nearest neighbours among perceptual hashes, which see the anatomy and "
        "hardly the scanner."
    ),
    trained_on="labelled real images",
    needs_labels=True,
)
def log_ratio(
    reference: Images,
    holdout: Images | None = None,
    cache: Cache = None,
    *,
    features: BaseEstimator | None = None,
    metric: str = "hamming",
    k: int = 1,
    threshold: Threshold = "auto",
) -> BaseEstimator:
    """Used when nearer to the generated images than to real images that the generator did not see.

    An image of a common kind is near many others, generated or real. The ratio of both distances corrects for that.
    Without a `holdout` the images labelled 0 in `fit` serve as one, in each fold of a cross-validation its own; they
    should come from the same scanners as the used ones: otherwise the ratio finds the scanner, without any memory, and
    a classifier that sees no generated image finds it too. `detect` runs such a blind control and says so. The
    threshold has the best kappa on the labels.

    `features` is a transformer of images, with its own cache, that replaces perceptual hashes of 256 bits. `metric`
    compares its rows. Distances are those to the `k`-th nearest image.
    """
    rule = ReferenceSimilarity(
        reference,
        features=cached(cache, PHash()) if features is None else features,
        metric=metric,
        reduce="log_ratio",
        holdout="unused" if holdout is None else holdout,
        k=k,
    )
    return make_pipeline(rule, ThresholdClassifier(threshold, metric="kappa"))
