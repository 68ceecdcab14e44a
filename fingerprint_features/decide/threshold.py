"""One score, one cut: used or not used."""

from numbers import Real
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted, validate_data

from ..checks import check_int, check_option, check_real, fail
from .cuts import CRITERIA, best_cut, evaluate, prior_cut
from .labels import encode


class ThresholdClassifier(ClassifierMixin, BaseEstimator):
    """Call a row used if one of its columns is above a threshold.

    Parameters
    ----------
    threshold : {"auto", "prior"} or float, default="auto"
        "auto" needs labels and learns the cut with the best `metric` on the rows given to `fit`. "prior" and a number
        need no labels: "prior" calls the stated share of the rows given to `fit` used, those with the highest scores.
    metric : {"f1", "kappa", "youden"}, default="f1"
        What "auto" maximises: F1 of the used class, Cohen's kappa, or sensitivity + specificity - 1.
    greater : bool, default=True
        Whether large scores mean used (similarities) or small ones (distances).
    column : int, default=0
        The column of X that holds the score. All others are ignored.
    prior : float, default=0.5
        For ``threshold="prior"``: the share of used rows among those of `fit`, as far as you know beforehand, between 0
        and 1. The default cuts at the median.

    Attributes
    ----------
    threshold_ : float
        The cut.
    score_ : float
        The metric on the rows given to `fit`; NaN without labels or with labels of one class only.
    classes_ : ndarray
        The classes; the last one means used. [0, 1] without labels. If all labels are equal, that class is always
        predicted.
    n_features_in_ : int
        Number of columns seen in `fit`.

    Notes
    -----
    The cut is strict: ``score > threshold``, or ``score < threshold`` with ``greater=False``. It is midway between two
    neighbouring training scores. Among equally good cuts the one in the widest gap is taken, then the one that calls
    more rows used. If it is best to call all rows used, or none, the cut is half the widest gap outside the scores.
    Write a rule "similarity of t or more" as a threshold just below t.

    The scores that chance brings often grow with the number of generated images, and a fixed number then calls too many
    rows used. Their order does not grow, so "prior" gives the same answers whatever the scale. It is an assumption and
    no finding: as many rows are called used where nothing was used at all. Fewer are where scores around the cut are
    equal, since equal scores get one answer.

    Learning takes one sort of the column. Adding a constant to all scores adds it to the threshold.

    See Also
    --------
    sklearn.model_selection.TunedThresholdClassifierCV : Choose the cut by cross-validation, for any scorer.
    sklearn.model_selection.FixedThresholdClassifier : A fixed cut on probabilities.
    ClusterClassifier : Labels without a score.

    Examples
    --------
    A learnt cut, a given cut, and the error without labels:

    >>> scores = [[0.1], [0.4], [0.6], [0.9]]
    >>> ThresholdClassifier().fit(scores, [0, 0, 1, 1]).threshold_
    0.5
    >>> ThresholdClassifier(0.4).fit(scores).predict(scores)
    array([0, 0, 1, 1])
    >>> ThresholdClassifier("prior", prior=0.25).fit(scores).predict(scores)
    array([0, 0, 0, 1])
    >>> ThresholdClassifier().fit(scores)
    Traceback (most recent call last):
    ValueError: ThresholdClassifier(threshold='auto') learns its cut from labels: it requires y to be passed, but the
    target y is None. Give labels, a number as threshold, or 'prior'.
    """

    classes_: NDArray[Any]
    threshold_: float
    score_: float

    def __init__(
        self,
        threshold: float | Literal["auto", "prior"] = "auto",
        *,
        metric: Literal["f1", "kappa", "youden"] = "f1",
        greater: bool = True,
        column: int = 0,
        prior: float = 0.5,
    ) -> None:
        self.threshold = threshold
        self.metric = metric
        self.greater = greater
        self.column = column
        self.prior = prior

    def fit(self, X: ArrayLike, y: ArrayLike | None = None) -> Self:
        """Learn the threshold, or take the given one.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
        y : array-like of shape (n_samples,), default=None
            Two classes; the one that sorts last means used. Only ``threshold="auto"`` needs them.

        Returns
        -------
        self
        """
        self._check_params()
        if y is None and self._learns():
            raise ValueError(
                f"{type(self).__name__}(threshold='auto') learns its cut from labels: it requires y to be passed, but "
                "the target y is None. Give labels, a number as threshold, or 'prior'."
            )
        if y is None:
            X, codes, self.classes_ = validate_data(self, X), None, np.array([0, 1])
        else:
            X, y = validate_data(self, X, y)
            self.classes_, codes = encode(y, binary=True)
        scores = self._oriented(X)
        if self._learns() and len(self.classes_) == 2:
            cut, self.score_ = best_cut(scores, codes, self.metric)
        else:
            # labels of one class leave nothing to choose: any cut will do, for that class is always predicted
            cut = float(np.median(scores)) if self._learns() else self._given(scores)
            self.score_ = np.nan if codes is None or len(self.classes_) < 2 else self._score_at(scores > cut, codes)
        self.threshold_ = self._sign() * cut
        return self

    def decision_function(self, X: ArrayLike) -> NDArray[np.float64]:
        """Return the distance of each score from the threshold; positive if the row is called used.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        check_is_fitted(self)
        return self._oriented(validate_data(self, X, reset=False)) - self._sign() * self.threshold_

    def predict(self, X: ArrayLike) -> NDArray[Any]:
        """Return the class of each row.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)

        Returns
        -------
        ndarray of shape (n_samples,)
        """
        used = self.decision_function(X) > 0
        return self.classes_[used.astype(int) if len(self.classes_) == 2 else np.zeros(len(used), dtype=int)]

    def _learns(self):
        return isinstance(self.threshold, str) and self.threshold == "auto"

    def _given(self, scores):
        """Return the cut that labels play no part in."""
        by_prior = isinstance(self.threshold, str)
        return prior_cut(scores, self.prior) if by_prior else self._sign() * float(self.threshold)

    def _sign(self):
        return 1 if self.greater else -1

    def _oriented(self, X):
        if self.column >= X.shape[1]:
            fail(self, "column", f"below the number of columns, {X.shape[1]}")
        return self._sign() * X[:, self.column].astype(np.float64)

    def _score_at(self, called, codes):
        return float(evaluate((called * codes).sum(), called.sum(), codes.sum(), len(codes), self.metric))

    def _check_params(self):
        number = isinstance(self.threshold, Real) and not isinstance(self.threshold, bool)
        word = isinstance(self.threshold, str) and self.threshold in ("auto", "prior")
        if not (number and np.isfinite(self.threshold)) and not word:
            fail(self, "threshold", "'auto', 'prior' or a finite float")
        check_option(self, "metric", CRITERIA)
        if not isinstance(self.greater, (bool, np.bool_)):
            fail(self, "greater", "True or False")
        check_int(self, "column", 0)
        check_real(self, "prior", 0, 1, closed=False)

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        tags.classifier_tags.poor_score = True  # it looks at one column
        tags.target_tags.required = self._learns()
        return tags
