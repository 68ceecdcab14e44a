"""Methods set up on one set of real images, asked by position: what does not change from fit to fit is kept."""

from collections.abc import Sequence
from copy import copy
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.pipeline import Pipeline
from tqdm.auto import tqdm

from ..answers.known_rows import with_known_rows
from ..decide import ThresholdClassifier
from ..decide.cuts import CRITERIA, best_cut
from ..evaluate.refits import decision_values
from ..images import ImageSet
from ..recipes.kinds import Cache
from ..reference.known import KnownSimilarity, known_similarity
from .known import Labelled
from .methods import Method

_PATIENCE = 2.0  # seconds before a progress bar appears


class Rule(ClassifierMixin, BaseEstimator):
    """A classifier that is asked by position. It is fitted hundreds of times, so that a clone must cost nothing."""

    def __sklearn_clone__(self) -> Self:
        return copy(self)

    def __sklearn_is_fitted__(self) -> bool:
        return True


class Fixed(Rule):
    """A rule without labels: its answers are the same in every fold.

    Parameters
    ----------
    answers, scores : ndarray of shape (n_images,)
    """

    def __init__(self, answers: NDArray[np.int64], scores: NDArray[np.float64]) -> None:
        self.answers = answers
        self.scores = scores

    def fit(self, X: NDArray[np.intp], y: NDArray[np.int64]) -> Self:
        """Learn nothing."""
        return self

    def predict(self, X: NDArray[np.intp]) -> NDArray[np.int64]:
        """Return the answers at these positions."""
        return self.answers[X]

    def decision_function(self, X: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return the scores at these positions."""
        return self.scores[X]


class Learning(Rule):
    """Any classifier of images.

    Parameters
    ----------
    model : classifier
    images : ImageSet or ndarray of shape (n_images, n_features)
    """

    def __init__(self, model: Any, images: ImageSet | NDArray[Any]) -> None:
        self.model = model
        self.images = images

    def fit(self, X: NDArray[np.intp], y: NDArray[np.int64]) -> Self:
        """Fit the classifier on the images at these positions."""
        self.model_ = clone(self.model).fit(self.images[X], y)
        return self

    def predict(self, X: NDArray[np.intp]) -> NDArray[np.int64]:
        """Return the answers to the images at these positions."""
        return self.model_.predict(self.images[X])

    def decision_function(self, X: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return their scores."""
        return decision_values(self.model_, self.images[X])


class Looked(Rule):
    """A ReferenceSimilarity and a classifier of its columns, where all images have been compared before.

    Parameters
    ----------
    known : KnownSimilarity
    classifier : classifier of tables
    """

    def __init__(self, known: KnownSimilarity, classifier: Any) -> None:
        self.known = known
        self.classifier = classifier

    def fit(self, X: NDArray[np.intp], y: NDArray[np.int64]) -> Self:
        """Take the unused images of this fold for the holdout, and fit the classifier."""
        self.unused_ = X[y == 0]
        self.model_ = clone(self.classifier).fit(self.known.columns(X, self.unused_), y)
        return self

    def predict(self, X: NDArray[np.intp]) -> NDArray[np.int64]:
        """Return the answers to the images at these positions."""
        return self.model_.predict(self.known.columns(X, self.unused_))

    def decision_function(self, X: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return their scores."""
        return decision_values(self.model_, self.known.columns(X, self.unused_))


class Cut(Looked):
    """The same with a cut that is learnt from one column: ThresholdClassifier without its checks of every table."""

    def fit(self, X: NDArray[np.intp], y: NDArray[np.int64]) -> Self:
        """Learn the cut."""
        self.unused_ = X[y == 0]
        self.cut_ = best_cut(self.known.columns(X, self.unused_)[:, 0], y, self.classifier.metric)[0]
        return self

    def predict(self, X: NDArray[np.intp]) -> NDArray[np.int64]:
        """Return the answers to the images at these positions."""
        return (self.decision_function(X) > 0).astype(np.int64)

    def decision_function(self, X: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return how far each score is above the cut."""
        return self.known.columns(X, self.unused_)[:, 0] - self.cut_


class Ridge(Rule):
    """Least squares on standardized columns, with a penalty: a linear classifier that is learnt in no time.

    Parameters
    ----------
    rows : ndarray of shape (n_images, n_columns)
    penalty : float, default=10.0
        Added to every eigenvalue of the inner products of the columns.
    """

    def __init__(self, rows: NDArray[np.floating], penalty: float = 10.0) -> None:
        self.rows = rows
        self.penalty = penalty

    def fit(self, X: NDArray[np.intp], y: NDArray[np.int64]) -> Self:
        """Learn the weights."""
        rows = np.asarray(self.rows[X], dtype=np.float64)
        self.mean_, spread = rows.mean(axis=0), rows.std(axis=0)
        self.spread_ = np.where(spread > 0, spread, 1.0)
        table = (rows - self.mean_) / self.spread_
        inner = table.T @ table
        inner[np.diag_indices_from(inner)] += self.penalty
        self.weights_ = solve(inner, table.T @ (y - y.mean()), assume_a="pos", check_finite=False)
        return self

    def predict(self, X: NDArray[np.intp]) -> NDArray[np.int64]:
        """Return the answers to the images at these positions."""
        return (self.decision_function(X) > 0).astype(np.int64)

    def decision_function(self, X: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return their scores."""
        return (self.rows[X] - self.mean_) / self.spread_ @ self.weights_


def set_up(
    methods: Sequence[Method], known: Labelled, generated: ImageSet, cache: Cache, progress: bool = False
) -> tuple[dict[str, Any], dict[str, str]]:
    """Make each method a rule that is asked by position, and fit it once to see whether it can be tried.

    Returns
    -------
    rules : dict of str to Rule
        Unfitted, by the name of their method.
    failed : dict of str to str
        The methods that cannot be fitted on these images, and why.
    """
    rules, failed = {}, {}
    for method in tqdm(methods, unit="method", desc="setting up", delay=_PATIENCE, disable=not progress):
        try:
            rule = _set_up(method, known.images, generated, cache)
            everything = np.arange(len(known.y))
            clone(rule).fit(everything, known.y).decision_function(everything)
        except ValueError as error:
            failed[method.name] = str(error)
        else:
            rules[method.name] = rule
    return rules, failed


def _set_up(method, images, generated, cache):
    model = method.make(generated, images, cache)
    if not method.needs_labels:
        model = with_known_rows(model, [images, generated]).fit(images)
        return Fixed(np.asarray(model.predict(images)).astype(np.int64), decision_values(model, images))
    if isinstance(model, Pipeline) and len(model) == 2:
        known = known_similarity(model[0], images)
        if known is not None:
            return (Cut if _learns_one_cut(model[1], known) else Looked)(known, model[1])
    return Learning(with_known_rows(model, [images, generated]), images)


def _learns_one_cut(classifier, known):
    plain = type(classifier) is ThresholdClassifier and classifier.threshold == "auto" and classifier.greater is True
    return plain and classifier.column == 0 and classifier.metric in CRITERIA
