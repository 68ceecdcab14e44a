"""A classifier whose word counts for the candidates of another one only."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted

from ..extractors.base import takes_images
from .kinds import Images


class AmongCandidates(ClassifierMixin, BaseEstimator):
    """Used when one classifier takes an image for a candidate, and another one is sure enough of it.

    Parameters
    ----------
    candidates, judge : classifiers of images
        Clones of both are fitted on all images. The judge has `predict_proba`.
    threshold : float, default=0.5
        What the judge's probability must exceed.

    Attributes
    ----------
    classes_ : ndarray of shape (2,)
    candidates_, judge_ : classifiers
        The fitted clones.
    """

    def __init__(self, candidates: Any, judge: Any, threshold: float = 0.5) -> None:
        self.candidates = candidates
        self.judge = judge
        self.threshold = threshold

    def fit(self, X: Images, y: ArrayLike | None = None) -> Self:
        """Fit both classifiers."""
        self.candidates_ = clone(self.candidates).fit(X, y)
        self.judge_ = clone(self.judge).fit(X, y)
        self.classes_ = self.judge_.classes_
        return self

    def decision_function(self, X: Images) -> NDArray[np.float64]:
        """Return the probability less the threshold, (n_images,); of what is no candidate the probability is 0."""
        check_is_fitted(self)
        is_candidate = self.candidates_.predict(X) == self.classes_[1]
        return np.where(is_candidate, self.judge_.predict_proba(X)[:, 1], 0.0) - self.threshold

    def predict(self, X: Images) -> NDArray[Any]:
        """Return the second class where the decision is positive, else the first."""
        positive = self.decision_function(X) > 0
        return self.classes_[positive.astype(int)]

    def __sklearn_tags__(self) -> Tags:
        tags = takes_images(super().__sklearn_tags__())
        tags.target_tags.required = True
        tags.classifier_tags.multi_class = False
        return tags
