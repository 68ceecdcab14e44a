"""Subsets of generated images, learnt together with real images as one class more."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from ..extractors.base import takes_images
from ..images import as_image_set
from ..learned.labels import class_codes
from ..learned.validation import joined
from .kinds import Images


class RealsAsClass(ClassifierMixin, BaseEstimator):
    """Fit a classifier on labelled generated images, with all real images as a class of their own.

    The class of the real images is learnt and never the answer: of the others, the most probable one is.

    Parameters
    ----------
    estimator : classifier of images with predict_proba
        A clone of it is fitted, on the classes 0, the real images, and 1, 2 and so on, the subsets in sorted order.
    reference : ImageSet, or anything an ImageSet is made of, default=None
        The real images. Without them there is no class 0.

    Attributes
    ----------
    classes_ : ndarray of shape (n_subsets,)
        The subsets.
    estimator_ : classifier
    """

    def __init__(self, estimator: Any, reference: Images | None = None) -> None:
        self.estimator = estimator
        self.reference = reference

    def fit(self, X: Images, y: ArrayLike | None = None) -> Self:
        """Learn from generated images X, their subsets y, and the real images."""
        images = as_image_set(X)
        self.classes_, codes = class_codes(self, y, len(images))
        labels = codes + 1
        if self.reference is not None:
            real = as_image_set(self.reference)
            images, labels = joined([images, real]), np.append(labels, np.zeros(len(real), dtype=labels.dtype))
        self.estimator_ = clone(self.estimator).fit(images, labels)
        return self

    def predict_proba(self, X: Images) -> NDArray[np.float64]:
        """Return the probability of each subset, (n_images, n_subsets), of an image that is not real."""
        check_is_fitted(self)
        of_subsets = self.estimator_.predict_proba(X)[:, self.estimator_.classes_ > 0]
        total = of_subsets.sum(axis=1, keepdims=True)
        equal = np.full_like(of_subsets, 1 / len(self.classes_))
        return np.divide(of_subsets, total, out=equal, where=total > 0)

    def predict(self, X: Images) -> NDArray[Any]:
        """Return the most probable subset of each image; the first of `classes_` among equals."""
        codes = self.predict_proba(X).argmax(axis=1)
        return self.classes_[codes]

    def __sklearn_tags__(self) -> Tags:
        return takes_images(super().__sklearn_tags__())
