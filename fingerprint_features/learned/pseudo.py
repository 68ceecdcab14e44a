"""PseudoLabelClassifier: learning from images whose labels are guesses."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin, MetaEstimatorMixin, clone
from sklearn.utils import Tags
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, has_fit_parameter

from ..extractors.base import takes_images
from ..images import ImagesLike, as_image_set
from .labels import class_codes
from .validation import joined


def _has(name):
    return lambda self: hasattr(getattr(self, "estimator_", self.estimator), name)


class PseudoLabelClassifier(ClassifierMixin, MetaEstimatorMixin, BaseEstimator):
    """Fit a classifier, let it label further images, and fit it again on all of them.

    Every guess is taken, however unsure, and counts as much as a label. An estimator that holds images out to judge
    itself never holds out those with guessed labels, if its `fit` takes `train_only`, as that of NetClassifier does.

    Parameters
    ----------
    estimator : classifier of images
        Two clones of it are fitted, one after the other.
    unlabelled : ImageSet, or list, array or Series of paths or images, default=None
        The images to label: usually those that are to be judged afterwards. None fits `estimator` and does no more.

    Attributes
    ----------
    estimator_ : classifier
        Fitted on the labelled and the unlabelled images.
    pseudo_labels_ : ndarray of shape (n_unlabelled,)
        The labels that the first fit gave to the unlabelled images.
    classes_ : ndarray of shape (n_classes,)

    See Also
    --------
    sklearn.semi_supervised.SelfTrainingClassifier : For tables: takes the labels of which it is sure, round by round.

    Notes
    -----
    What is wrong in the first answers is learnt as if it were right [1]_. Copies of labelled images among the
    unlabelled ones stay in.

    References
    ----------
    .. [1] Lee, Pseudo-Label: The Simple and Efficient Semi-Supervised Learning Method for Deep Neural Networks, ICML
       2013 workshop.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> from sklearn.pipeline import make_pipeline
    >>> from fingerprint_features import FeaturePipeline, ImageStats
    >>> dark, bright = (np.full((1, 8, 8), value, dtype=np.uint8) for value in (10, 200))
    >>> model = make_pipeline(FeaturePipeline([ImageStats()]), KNeighborsClassifier(1))
    >>> learner = PseudoLabelClassifier(model, unlabelled=np.concatenate([dark + 40, bright - 40]))
    >>> learner.fit(np.concatenate([dark, bright]), ["dark", "bright"]).pseudo_labels_
    array(['dark', 'bright'], dtype='<U6')
    >>> learner.predict(dark + 60)
    array(['dark'], dtype='<U6')
    """

    estimator_: Any
    pseudo_labels_: NDArray[Any]
    classes_: NDArray[Any]

    def __init__(self, estimator: Any, unlabelled: ImagesLike | None = None) -> None:
        self.estimator = estimator
        self.unlabelled = unlabelled

    def fit(self, X: ImagesLike, y: ArrayLike | None = None) -> Self:
        """Learn from labelled images, then from these and the unlabelled ones.

        Parameters
        ----------
        X : ImageSet, or list, array or Series of paths or images
        y : array-like of shape (n_images,)
            The class of each image.

        Returns
        -------
        self
        """
        images = as_image_set(X)
        self.classes_ = class_codes(self, y, len(images))[0]
        known = np.asarray(y)
        self.estimator_ = clone(self.estimator).fit(images, known)
        self.pseudo_labels_ = known[:0]
        if self.unlabelled is None:
            return self
        further = as_image_set(self.unlabelled)
        self.pseudo_labels_ = self.estimator_.predict(further)
        guessed = np.arange(len(images) + len(further)) >= len(images)
        marked = {"train_only": guessed} if has_fit_parameter(self.estimator, "train_only") else {}
        labels = np.concatenate([known, self.pseudo_labels_])
        self.estimator_ = clone(self.estimator).fit(joined([images, further]), labels, **marked)
        return self

    def predict(self, X: ImagesLike) -> NDArray[Any]:
        """Return the class of each image.

        Parameters
        ----------
        X : ImageSet, or list, array or Series of paths or images

        Returns
        -------
        ndarray of shape (n_images,)
        """
        check_is_fitted(self)
        return self.estimator_.predict(X)

    @available_if(_has("predict_proba"))
    def predict_proba(self, X: ImagesLike) -> NDArray[np.float64]:
        """Return the probability of each class, where `estimator` knows it.

        Parameters
        ----------
        X : ImageSet, or list, array or Series of paths or images

        Returns
        -------
        ndarray of shape (n_images, n_classes)
            In the order of `classes_`.
        """
        check_is_fitted(self)
        return self.estimator_.predict_proba(X)

    @available_if(_has("decision_function"))
    def decision_function(self, X: ImagesLike) -> NDArray[np.float64]:
        """Return the decisions of `estimator`, where it has them.

        Parameters
        ----------
        X : ImageSet, or list, array or Series of paths or images

        Returns
        -------
        ndarray of shape (n_images,) or (n_images, n_classes)
        """
        check_is_fitted(self)
        return self.estimator_.decision_function(X)

    def __sklearn_tags__(self) -> Tags:
        return takes_images(super().__sklearn_tags__())
