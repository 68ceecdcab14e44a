"""ReferenceSimilarity for images that have all been compared before: for rules that are fitted hundreds of times."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from ..images import ImageSet
from ..pipeline import FeaturePipeline
from .columns import COLUMNS, Comparison, make_columns, nearest_needed
from .comparer import Comparer
from .opening import samples_of_parameter
from .samples import Samples, same_content_or_patient
from .similarity import ReferenceSimilarity


@dataclass(frozen=True, eq=False)
class KnownSimilarity:
    """The columns of a ReferenceSimilarity, looked up.

    Attributes
    ----------
    rule : ReferenceSimilarity
        Unfitted.
    images : ImageSet
        All images, by whose positions they are asked about.
    to_reference : ndarray of shape (n_images, n_reference)
        Similarities.
    to_images : ndarray of shape (n_images, n_images)
        Likewise; NaN for an image's own content and patient. Empty where no holdout is needed.
    comparer : Comparer
    """

    rule: ReferenceSimilarity
    images: ImageSet
    to_reference: NDArray[np.float64]
    to_images: NDArray[np.float64]
    comparer: Comparer

    def columns(self, X: NDArray[np.intp], unused: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return what the rule makes of images, when it has learnt that others are unused.

        Parameters
        ----------
        X : ndarray of shape (n,), int
            Positions of images.
        unused : ndarray of shape (n_unused,), int
            Those of the images labelled 0 in `fit`.

        Returns
        -------
        ndarray of shape (n, n_reductions)
        """
        to_holdout = None
        if self.rule.holdout is not None:
            to_holdout = self.to_images[np.ix_(X, unused)]
            if (np.isfinite(to_holdout).sum(axis=1) < self.comparer.n_needed).any():
                self.comparer.enough(Samples(self.images[X]), to_holdout)
        distances = self.comparer.distances
        comparison = Comparison(None, self.to_reference[X], to_holdout, None, None, self.rule.k, distances, None)
        return make_columns(self.rule._names(), comparison, None, None, False)


def known_similarity(rule: Any, images: ImageSet) -> KnownSimilarity | None:
    """Compare all images once for a rule; return None where its columns depend on more than pairs of images.

    Parameters
    ----------
    rule : ReferenceSimilarity, unfitted
    images : ImageSet
        All images that it will be fitted on and asked about.
    """
    if not isinstance(rule, ReferenceSimilarity) or not _only_pairs(rule):
        return None
    features = None if rule.features is None else clone(rule.features).fit(images)
    needed = nearest_needed(rule._names(), rule.k)
    comparer = Comparer(type(rule).__name__, rule.metric, features, needed, rule.cache, rule.n_jobs)
    x, reference = Samples(images), samples_of_parameter(rule.reference, "reference")
    to_reference = comparer.enough(x, comparer(x, reference))
    to_images = np.empty((0, 0))
    if rule.holdout is not None:
        to_images = comparer(x, x)
        to_images[same_content_or_patient(x, x)] = np.nan
    return KnownSimilarity(rule, images, to_reference, to_images, comparer)


def _only_pairs(rule):
    """Return whether the columns of an image depend on nothing but its similarities to single other images."""
    names, features = rule._names(), rule.features
    known = all(name in COLUMNS and COLUMNS[name].needs in (None, "holdout") for name in names)
    own_holdout = rule.holdout is None or isinstance(rule.holdout, str)
    plain = rule.standardize is None and rule.null is None and rule.reference is not None
    stateless = features is None or (
        isinstance(features, FeaturePipeline)
        and not any(getattr(part, "_stateful", False) for part in features.get_params().values())
    )
    return bool(names) and known and own_holdout and plain and stateless and rule.against == "reference"
