"""VCMI, who won in 2023: rules on the structural similarity (SSIM) of real and generated images, without labels.

All compare whole grey images as scikit-image does by default: windows of 7 x 7, sample covariances. The cuts come
from the similarities of the real images with each other, where an image's similarity to itself is replaced by the
mean of its row, as published (``diag="row_mean"``).
"""

from sklearn.base import BaseEstimator
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from ..decide import ThresholdClassifier
from .blocks import combined_margin, similarity
from .kinds import Cache, Images
from .papers import OVERVIEW_2023
from .registry import recipe

_VCMI = {
    "team": "VCMI",
    "year": 2023,
    "subtask": 1,
    "metric": "f1",
    "paper": OVERVIEW_2023,
    "trained_on": "real images without labels",
    "needs_labels": False,
    "transductive": True,
}
_TRUE_RANKS = (
    "The published code takes one argsort for ranks, so its answers depend on the order of the files. Here ranks are "
    "true ranks, and the threshold is the middle rank."
)


@recipe("vcmi-2023-threshold-max", method="M01", runs=(2,), score=0.802, **_VCMI)
def threshold_max(reference: Images, cache: Cache, *, threshold: float = 0.0) -> BaseEstimator:
    """Used when more similar to some generated image than any two real images are to each other.

    `threshold` is what the similarity must exceed theirs by.
    """
    rule = similarity(reference, cache, reduce="max", standardize="max", diag="row_mean")
    return make_pipeline(rule, ThresholdClassifier(threshold))


@recipe("vcmi-2023-threshold-avg", method="M02", **_VCMI)
def threshold_avg(reference: Images, cache: Cache, *, threshold: float = 3.0) -> BaseEstimator:
    """Used when more similar to some generated image than real images are to each other, by standard deviations.

    `threshold` is how many above the mean: 3 as wired up in the published code, which has 2 and 0 too.
    """
    rule = similarity(reference, cache, reduce="max", standardize="zscore", diag="row_mean")
    return make_pipeline(rule, ThresholdClassifier(threshold))


@recipe("vcmi-2023-retrieval", method="M03", runs=(3,), score=0.707, **_VCMI)
def retrieval(reference: Images, cache: Cache, *, k: int = 1, threshold: float = 0.5) -> BaseEstimator:
    """Used when some generated image finds it the most similar of all real images.

    `k` is how many each generated image finds; an image must be found more than `threshold` times.
    """
    return make_pipeline(similarity(reference, cache, reduce="hits", k=k), ThresholdClassifier(threshold))


@recipe("vcmi-2023-ranking", method="M04", exact=False, why=_TRUE_RANKS, **_VCMI)
def ranking(reference: Images, cache: Cache, *, threshold: float = 0.5) -> BaseEstimator:
    """Used when its rank among the real images, by similarity to the generated images, is on average above the middle.

    `threshold` is the share of other real images that must be less similar.
    """
    return make_pipeline(similarity(reference, cache, reduce="rank"), ThresholdClassifier(threshold))


@recipe(
    "vcmi-2023-clustering",
    method="M05",
    exact=False,
    why=(
        "How similar generated images are to each other is measured on at most 1,000 of them, and weighted as all of "
        "them are."
    ),
    **_VCMI,
)
def clustering(reference: Images, cache: Cache, *, threshold: float = 3.0) -> BaseEstimator:
    """Used when similar to any other image, real or generated; the others are outliers.

    What counts is `threshold` standard deviations above the mean of all similarities, of both sets to both. This is
    DBSCAN with ``min_samples=2``, whose noise is not used. Slices of one patient are neighbours without any
    memorisation, so `groups` matter here.
    """
    rule = similarity(
        reference, cache, reduce="max", against="both", null="both", standardize="zscore", diag="row_mean"
    )
    return make_pipeline(rule, ThresholdClassifier(threshold))


@recipe("vcmi-2023-ensemble", method="M06", runs=(1,), score=0.731, exact=False, why=_TRUE_RANKS, **_VCMI)
def ensemble(reference: Images, cache: Cache) -> BaseEstimator:
    """Used when the ranking or the threshold-max says so, and the retrieval too.

    The answers are those of a majority vote in which the retrieval has two votes and a draw means not used. The
    images are compared once, and no labels are needed. The score is the margin of the rule that decides.
    """
    rules = similarity(reference, cache, reduce=["rank", "max", "hits"], standardize="max", diag="row_mean")
    return make_pipeline(rules, FunctionTransformer(combined_margin), ThresholdClassifier(0.0))
