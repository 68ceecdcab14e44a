"""ReferenceModel: any model of the generated set, and how well each image fits it."""

from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin, clone, is_classifier, is_clusterer
from sklearn.utils import Tags, get_tags

from ..checks import check_option, check_real, fail
from ..images import ImageSet
from .base import ReferenceEstimator
from .opening import extract, samples_of_parameter
from .samples import Samples, by_content, joined

# output -> the method of the estimator that it calls
_METHODS = {
    "score_samples": "score_samples",
    "decision_function": "decision_function",
    "predict_proba": "predict_proba",
    "transform": "transform",
    "min_transform": "transform",
    "mahalanobis": "mahalanobis",
}


class ReferenceModel(TransformerMixin, ReferenceEstimator):
    """Fit an estimator on the reference set, usually the generated one, and apply it to X; larger means closer.

    Parameters
    ----------
    estimator : estimator
        Learns the reference: an outlier detector, a mixture, a clusterer, a covariance. With `contrast`, a classifier.
        Or an estimator of images, such as an Autoencoder, without `features`. A clone is fitted.
    reference : ImageSet or array-like of shape (n_reference, d), default=None
        What the estimator learns. None takes the X seen in `fit`.
    contrast : ImageSet or array-like of shape (n_contrast, d), default=None
        A second set, such as images of another generator, or real images known to be unused. The estimator, a
        classifier, learns to separate the reference (1) from the contrast (0).
    features : transformer, default=None
        Turns all sets into tables; a clone is fitted on X. None passes the sets on as they are.
    output : {"score_samples", "decision_function", "transform", "min_transform", "mahalanobis", "predict_proba"}, \
default="score_samples"
        The method of the estimator that gives the columns. ``"min_transform"`` is the minimum of `transform` (distance
        to the nearest centre), ``"predict_proba"`` the probability of the reference. Distances (``"mahalanobis"``,
        ``"min_transform"``, and ``"transform"`` of a clusterer) are negated. Only ``"transform"`` has several columns.
    standardize : {"zscore"}, default=None
        Subtract the mean of the values of the reference, and divide by their standard deviation. Both are measured on
        a part of the reference that the estimator does not learn.
    held_out : float, default=0.05
        The share of the reference in that part, at least two images; content decides which. Only for `standardize`.

    Attributes
    ----------
    estimator_ : estimator
        The fitted clone.
    features_ : transformer or None
        The fitted features.
    reference_ : Samples
        The reference, sorted by content, for internal use.
    n_columns_ : int
        Number of columns.
    mean_, std_ : ndarray of shape (n_columns,) or None
        Mean and standard deviation for `standardize`.

    See Also
    --------
    ReferenceSimilarity : Compare image by image, without a model.

    Notes
    -----
    With a reference, the estimator sees X only through the fitted `features`: cross-validation splits X and leaves the
    reference whole. No row depends on other rows of the same call, or on the order of the reference, which is sorted
    by content before the estimator is fitted.

    `with_reference` keeps the features and the contrast, and fits the estimator on the other reference. The contrast
    must not hold images of the other generator.

    Examples
    --------
    Minus the distance of two images to the nearest of two centres:

    >>> import numpy as np
    >>> from sklearn.cluster import KMeans
    >>> generated = np.array([[0.0], [0.0], [8.0], [8.0]])
    >>> model = ReferenceModel(KMeans(2, n_init=1, random_state=0), generated, output="min_transform")
    >>> model.fit_transform([[1.0], [5.0]])
    array([[-1.],
           [-3.]])
    """

    estimator_: Any
    n_columns_: int
    mean_: NDArray[np.float64] | None
    std_: NDArray[np.float64] | None

    _set_names = ("reference", "contrast")

    def __init__(
        self,
        estimator: BaseEstimator,
        reference: ImageSet | ArrayLike | None = None,
        contrast: ImageSet | ArrayLike | None = None,
        features: BaseEstimator | None = None,
        output: Literal[
            "score_samples", "decision_function", "transform", "min_transform", "mahalanobis", "predict_proba"
        ] = "score_samples",
        *,
        standardize: Literal["zscore"] | None = None,
        held_out: float = 0.05,
    ) -> None:
        self.estimator = estimator
        self.reference = reference
        self.contrast = contrast
        self.features = features
        self.output = output
        self.standardize = standardize
        self.held_out = held_out

    def fit(self, X: ImageSet | ArrayLike, y: ArrayLike | None = None) -> Self:
        """Fit the features on X and the estimator on the reference.

        Parameters
        ----------
        X : ImageSet or array-like of shape (n, d)
        y : array-like of shape (n,), default=None
            Passed on to `features` only.

        Returns
        -------
        self
        """
        self._check_params()
        x, reference, contrast = self._open_sets(X).values()
        self._fit_features(x, reference, y)
        self._learn(reference, contrast)
        self._changed_sets = ()
        return self

    def transform(self, X: ImageSet | ArrayLike) -> NDArray[np.float64]:
        """Return the output of the estimator for each image; larger means closer to the reference.

        Parameters
        ----------
        X : ImageSet or array-like of shape (n, d)

        Returns
        -------
        ndarray of shape (n, n_columns) and dtype float64
        """
        x = self._open(X)
        values = self._values(self._prepared(x))
        return values if self.mean_ is None else (values - self.mean_) / self.std_

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        takes_images = self.features is not None or get_tags(self.estimator).input_tags.three_d_array
        tags.input_tags.three_d_array = tags.input_tags.string = takes_images
        tags.transformer_tags.preserves_dtype = []
        return tags

    def _column_names(self):
        name = f"{type(self.estimator).__name__.lower()}_{self.output}"
        return [f"{name}_{i}" for i in range(self.n_columns_)] if self.output == "transform" else [name]

    def _check_params(self):
        check_option(self, "output", tuple(_METHODS))
        check_option(self, "standardize", (None, "zscore"))
        check_real(self, "held_out", 0, 1, closed=False)
        if self.contrast is not None and not is_classifier(self.estimator):
            fail(self, "estimator", "a classifier, when there is a contrast to separate the reference from")
        if self.output == "predict_proba" and self.contrast is None:
            fail(self, "output", "another one without a contrast: 'predict_proba' separates the reference from it")

    def _exchange(self, reference):
        if self.output == "transform":
            raise ValueError(
                "ReferenceModel(output='transform') has columns that belong to the estimator learnt on the reference "
                "of fit, and those of another one mean something else: choose an output of one column, e.g. "
                "'min_transform'"
            )
        self._learn(reference, None if self.contrast is None else samples_of_parameter(self.contrast, "contrast"))

    def _learn(self, reference, contrast):
        """Fit the estimator, and measure what `standardize` uses."""
        # k-means and its like depend on the order of the rows, and that of files means nothing
        reference, contrast = by_content(reference), contrast and by_content(contrast)
        known, apart = (reference, None) if self.standardize is None else self._split(reference)
        data = self._prepared(known)
        if contrast is None:
            self.estimator_ = clone(self.estimator).fit(data)
        else:
            labels = np.repeat([1, 0], [len(known), len(contrast)])
            both = joined(Samples(data), Samples(self._prepared(contrast))).data
            self.estimator_ = clone(self.estimator).fit(both, labels)
        self.reference_ = reference
        self.n_columns_ = self._values(data[:1]).shape[1]
        self.mean_ = self.std_ = None
        if apart is not None:
            values = self._values(self._prepared(apart))
            std = values.std(axis=0)
            self.mean_, self.std_ = values.mean(axis=0), np.where(std > 0, std, 1.0)

    def _split(self, reference):
        """Return the members that the estimator learns, and those kept for measuring its values: content decides."""
        n = max(2, round(self.held_out * len(reference)))
        if n >= len(reference):
            raise ValueError(
                f"standardize={self.standardize!r} keeps {n} of the reference for measuring, and n_samples = "
                f"{len(reference)} leaves none to learn from"
            )
        return reference.take(slice(n, None)), reference.take(slice(n))

    def _prepared(self, samples):
        """Return what the estimator is fitted on or applied to: features, or the set as it is."""
        return samples.data if self.features_ is None else extract(self.features_, samples.data)

    def _values(self, data):
        name = _METHODS[self.output]
        if not hasattr(self.estimator_, name):
            has = [output for output, method in _METHODS.items() if hasattr(self.estimator_, method)]
            raise TypeError(
                f"output={self.output!r} needs {name}, which {type(self.estimator_).__name__} does not have: "
                f"choose one of {has}"
            )
        values = np.asarray(getattr(self.estimator_, name)(data), dtype=np.float64)
        if self.output == "predict_proba":
            values = values[:, list(self.estimator_.classes_).index(1)]
        elif self.output == "min_transform":
            values = -values.min(axis=1)
        elif self.output == "mahalanobis" or (self.output == "transform" and is_clusterer(self.estimator_)):
            values = -values
        return values.reshape(len(values), -1)
