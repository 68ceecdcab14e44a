"""ZOQ 2025: filtered images compared pixel by pixel."""

from copy import copy
from typing import Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from ..decide import ThresholdClassifier
from ..extractors import Filtered, Pixels
from ..extractors.base import takes_images
from ..extractors.filtered import filtered_images
from ..reference import ReferenceSimilarity
from .blocks import above_median, cached, refuse_changed_reference, similarity
from .kinds import Cache, Images, Threshold
from .papers import OVERVIEW_2025
from .registry import recipe

_ZOQ = {
    "method": "M38",
    "team": "ZOQ",
    "year": 2025,
    "subtask": 1,
    "metric": "kappa",
    "paper": OVERVIEW_2025,
    "part": "filter and similarity, without the network",
    "exact": False,
    "trained_on": "labelled real images",
    "needs_labels": True,
}


@recipe(
    "zoq-2025-pixels-ssim",
    runs=(1355,),
    why=(
        "The run compared what a small network made of the images, as zoq-2025-cnn does; here the images themselves "
        "are compared. Filters have common parameters and the threshold is learnt for the best kappa: neither is "
        "described."
    ),
    **_ZOQ,
)
def pixels_ssim(
    reference: Images, cache: Cache, *, filter: str = "gaussian", threshold: Threshold = "auto", metric: str = "kappa"
) -> BaseEstimator:
    """Used when structurally similar to some generated image, both filtered.

    `filter` is one of those of `Filtered`. `threshold` is in standard deviations above the mean similarity of real
    images to each other; ``"auto"`` learns it from labels, for the best `metric`, and 2.0 needs none.
    """
    return make_pipeline(FilteredSSIM(reference, filter, cache), ThresholdClassifier(threshold, metric=metric))


@recipe(
    "zoq-2025-pixels-jaccard",
    why=(
        "No run is known of the images themselves: the team compared features. A pixel counts as 1 above the image's "
        "median. Filters have common parameters and the threshold is learnt for the best kappa: none of it is "
        "described."
    ),
    **_ZOQ,
)
def pixels_jaccard(
    reference: Images, cache: Cache, *, filter: str = "gaussian", threshold: Threshold = "auto", metric: str = "kappa"
) -> BaseEstimator:
    """Used when the bright half of the filtered image overlaps with that of some generated image.

    `threshold` as in the recipe with SSIM. All images are in memory at once, 8 bytes a pixel: give the ImageSets a
    smaller ``size`` for thousands.
    """
    # not cached: reading a row of pixels back takes longer than filtering the image
    bits = make_pipeline(cached(None, Filtered(Pixels(), filter)), FunctionTransformer(above_median))
    rule = ReferenceSimilarity(reference, features=bits, metric="jaccard", standardize="zscore")
    return make_pipeline(rule, ThresholdClassifier(threshold, metric=metric))


class FilteredSSIM(TransformerMixin, BaseEstimator):
    """Largest structural similarity of each filtered image to the filtered reference, in standard deviations.

    Parameters
    ----------
    reference : ImageSet, or anything an ImageSet is made of
        The generated images, unfiltered.
    filter : str, default="gaussian"
        One of those of `Filtered`.
    cache : path-like or FeatureCache, default=None
        Keeps the similarities.
    progress : bool, default=False
        Whether to show a progress bar.
    """

    _one_size = True

    def __init__(
        self, reference: Images, filter: str = "gaussian", cache: Cache = None, *, progress: bool = False
    ) -> None:
        self.reference = reference
        self.filter = filter
        self.cache = cache
        self.progress = progress

    def fit(self, X: Images, y: ArrayLike | None = None) -> Self:
        """Measure how similar the filtered real images are to each other."""
        reference = filtered_images(self.reference, self.filter)
        self.rule_ = similarity(reference, self.cache, standardize="zscore", progress=self.progress)
        self.rule_.fit(filtered_images(X, self.filter), y)
        self.reference_ = self.reference
        return self

    def transform(self, X: Images) -> NDArray[np.float64]:
        """Return one column, larger for more similar."""
        check_is_fitted(self)
        refuse_changed_reference(self)
        return self.rule_.transform(filtered_images(X, self.filter))

    def with_reference(self, reference: Images) -> Self:
        """Return a fitted copy that compares with another generator's images."""
        check_is_fitted(self)
        refuse_changed_reference(self)
        other = copy(self)
        other.reference = other.reference_ = reference
        other.rule_ = self.rule_.with_reference(filtered_images(reference, self.filter))
        return other

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> NDArray[np.object_]:
        """Return the name of the column."""
        check_is_fitted(self)
        return self.rule_.get_feature_names_out()

    def __sklearn_tags__(self) -> Tags:
        return takes_images(super().__sklearn_tags__())
