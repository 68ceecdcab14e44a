"""ZOQ 2025: filtered images compared pixel by pixel."""

from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from ..decide import ThresholdClassifier
from ..extractors import Filtered, ImageStats, Pixels
from ..extractors.wrapper import Views
from ..images import as_image_set
from ..reference import ReferenceSimilarity
from .parts import above_median, cached, similarity
from .registry import recipe

_ZOQ = {
    "method": "M38",
    "team": "ZOQ",
    "year": 2025,
    "subtask": 1,
    "metric": "kappa",
    "exact": False,
    "trained_on": "labelled real images",
    "needs_labels": True,
}


@recipe(
    "zoq-2025-pixels-ssim",
    runs=(1355,),
    score=-0.032,
    why=(
        "features of a network were compared too: this is the images themselves. Filters have the common parameters; "
        "the cut is learnt, for the best kappa"
    ),
    **_ZOQ,
)
def pixels_ssim(reference, cache, *, filter="gaussian", threshold="auto", metric="kappa"):
    """Used when structurally similar to some generated image, both filtered.

    `filter` is one of `Filtered`: it is applied to the reference when the recipe is made, so another filter is
    another recipe. `threshold` is in standard deviations above the mean similarity of real images to each other;
    ``"auto"`` learns it from labels, for the best `metric`, and 2.0 needs none.
    """
    rule = similarity(filtered(reference, filter), cache, reduce="max", standardize="zscore")
    own = FunctionTransformer(filtered, kw_args={"filter": filter})
    return make_pipeline(own, rule, ThresholdClassifier(threshold, metric=metric))


@recipe(
    "zoq-2025-pixels-jaccard",
    why=(
        "tried, not submitted with the images themselves: they are 1 above their median here, and the cut is learnt, "
        "for the best kappa"
    ),
    **_ZOQ,
)
def pixels_jaccard(reference, cache, *, filter="gaussian", threshold="auto", metric="kappa"):
    """Used when the bright half of the filtered image overlaps with that of some generated image.

    `threshold` as of the recipe with SSIM. All images are in memory at once, as 8 bytes a pixel: give the ImageSets
    a smaller ``size`` for thousands.
    """
    # not cached: reading a row of pixels back takes longer than filtering the image
    bits = make_pipeline(cached(None, Filtered(Pixels(), filter)), FunctionTransformer(above_median))
    rule = ReferenceSimilarity(reference, features=bits, metric="jaccard", standardize="zscore")
    return make_pipeline(rule, ThresholdClassifier(threshold, metric=metric))


def filtered(images, filter):
    """Return the set of filtered images, each made when it is asked for."""
    wrapper = Filtered(ImageStats(), filter)  # of whatever: only the views are wanted
    wrapper.check_ready()
    return Views(as_image_set(images), wrapper)
