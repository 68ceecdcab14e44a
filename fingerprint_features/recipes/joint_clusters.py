"""Clusters of real and generated images together."""

from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from ..decide import ClusterClassifier
from ..extractors.base import takes_images
from .blocks import refuse_changed_reference
from .kinds import Images


class JointClusters(ClassifierMixin, BaseEstimator):
    """Cluster real and generated images together, then call each cluster used or unused.

    Parameters
    ----------
    reference : ImageSet, or anything an ImageSet is made of
        The generated images.
    features : transformer
        Turns images into rows; a clone is fitted on the real images.
    clusterer : clusterer
        Clusters the rows of both sets; a clone is fitted. A reduction that both sets shape goes in front of it, in a
        Pipeline.
    mapping : {"reference_share", "majority"}, default="reference_share"
        Used are the real images in clusters with more generated images than average, or in clusters where most
        labelled real images are used.

    Attributes
    ----------
    features_ : transformer
    clusters_ : ClusterClassifier
    classes_ : ndarray
    """

    def __init__(
        self,
        reference: Images,
        features: BaseEstimator,
        clusterer: BaseEstimator,
        mapping: Literal["reference_share", "majority"] = "reference_share",
    ) -> None:
        self.reference = reference
        self.features = features
        self.clusterer = clusterer
        self.mapping = mapping

    def fit(self, X: Images, y: ArrayLike | None = None) -> Self:
        """Cluster the real images X and the generated ones; only ``mapping="majority"`` needs labels."""
        self.features_ = clone(self.features).fit(X, y)
        real, generated = (self.features_.transform(images) for images in (X, self.reference))
        order = _by_value(real)  # clusterers depend on the order of rows, and that of files means nothing
        self.clusters_ = ClusterClassifier(
            self.clusterer, mapping=self.mapping, reference=generated[_by_value(generated)]
        ).fit(real[order], None if y is None else np.asarray(y)[order])
        self.classes_, self.reference_ = self.clusters_.classes_, self.reference
        return self

    def predict(self, X: Images) -> NDArray[Any]:
        """Return the class of each image's cluster."""
        check_is_fitted(self)
        refuse_changed_reference(self)
        return self.clusters_.predict(self.features_.transform(X))

    def __sklearn_tags__(self) -> Tags:
        tags = takes_images(super().__sklearn_tags__())
        tags.target_tags.required = self.mapping == "majority"
        return tags


def _by_value(rows):
    return np.lexsort(rows.T)
