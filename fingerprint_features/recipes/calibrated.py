"""Our own: how near the generated images are, measured against how near real images that were not used are."""

from sklearn.pipeline import make_pipeline

from ..decide import ThresholdClassifier
from ..extractors import PHash
from ..reference import ReferenceSimilarity
from .parts import cached
from .registry import recipe


@recipe(
    "calibrated-log-ratio",
    method="own",
    team="fingerprint_features",
    year=None,
    subtask=1,
    metric="kappa",
    exact=False,
    why=(
        "ours: the density ratio of van Breugel et al., AISTATS 2023, by nearest neighbours among perceptual hashes, "
        "which see the anatomy and hardly the scanner"
    ),
    trained_on="labelled real images",
    needs_labels=True,
)
def log_ratio(reference, holdout=None, cache=None, *, features=None, metric="hamming", k=1, threshold="auto"):
    """Used when nearer to the generated images than to real images that the generator did not see.

    An image of a common kind is near to much, generated or real: the ratio of both distances tells memory from that.
    Without a `holdout` the images labelled 0 in `fit` serve, each fold of a cross-validation with its own; they
    then should come from the same scanners as the used ones. The cut has the best kappa on the labels.

    `features` is a transformer of images, with a cache of its own, in place of perceptual hashes of 256 bits, and
    `metric` says how its rows are compared. Distances go to the `k`-th nearest.
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
