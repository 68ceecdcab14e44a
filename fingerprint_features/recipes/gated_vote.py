"""A vote of those classifiers alone that did well on images held out."""

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from ..extractors.base import takes_images
from ..images import as_image_set
from ..learned.labels import check_mask, class_codes
from ..learned.validation import patients_of, validation_images
from .kinds import Images


class GatedVote(ClassifierMixin, BaseEstimator):
    """Fit several classifiers on one part of the images, judge them on the other, and let the good ones vote.

    Parameters
    ----------
    members : sequence of classifiers of images
        Clones of them are fitted.
    min_score : float, default=0.98
        The accuracy that a member must reach on the images held out. Where none does, the best one answers alone.
    validation : float, default=0.2
        Share of the images that are held out, in (0, 0.5]; patients and copies of one image are not parted.
    random_state : int, default=0
        Seed of the images held out.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
    scores_ : ndarray of shape (n_members,)
        The accuracy of each member on the images held out.
    members_ : list of classifiers
        Those that vote, fitted.
    """

    def __init__(
        self, members: Sequence[Any], min_score: float = 0.98, validation: float = 0.2, random_state: int = 0
    ) -> None:
        self.members = members
        self.min_score = min_score
        self.validation = validation
        self.random_state = random_state

    def fit(self, X: Images, y: ArrayLike | None = None, *, train_only: ArrayLike | None = None) -> Self:
        """Fit and judge the members; images marked in `train_only`, (n_images,) bool, are never held out."""
        images = as_image_set(X)
        self.classes_, codes = class_codes(self, y, len(images))
        train_only = check_mask(self, "train_only", train_only, len(images))
        held_out = validation_images(
            patients_of([images]), images.digests, codes, self.validation, self.random_state, train_only
        )
        fitted = [clone(member).fit(images[~held_out], codes[~held_out]) for member in self.members]
        self.scores_ = np.array([member.score(images[held_out], codes[held_out]) for member in fitted])
        good = np.flatnonzero(self.scores_ >= self.min_score)
        self.members_ = [fitted[number] for number in (good if len(good) else [self.scores_.argmax()])]
        return self

    def predict_proba(self, X: Images) -> NDArray[np.float64]:
        """Return the share of the votes for each class, (n_images, n_classes)."""
        check_is_fitted(self)
        votes = np.array([member.predict(X) for member in self.members_])
        return (votes[:, :, None] == np.arange(len(self.classes_))).mean(axis=0)

    def predict(self, X: Images) -> NDArray[Any]:
        """Return the class with most votes; the first of `classes_` among equals."""
        winners = self.predict_proba(X).argmax(axis=1)
        return self.classes_[winners]

    def __sklearn_tags__(self) -> Tags:
        return takes_images(super().__sklearn_tags__())
