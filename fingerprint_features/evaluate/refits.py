"""Answers of a learnt rule to images that it has not seen, fold by fold."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone
from sklearn.pipeline import Pipeline

Folds = Sequence[tuple[NDArray[np.intp], NDArray[np.intp]]]


@dataclass(frozen=True)
class HeldOut:
    """The answers to all images, each of a rule that has not seen the image, and the fold that each image was in.

    Attributes
    ----------
    answers : ndarray of shape (n_images,)
    decisions : ndarray of shape (n_images,) or None
        Larger for the second of two classes, comparable within a fold only; None where there are more classes.
    folds : ndarray of shape (n_images,), int
    """

    answers: NDArray[Any]
    decisions: NDArray[np.float64] | None
    folds: NDArray[np.intp]


def held_out(estimator: Any, X: Any, y: NDArray[Any], folds: Folds) -> HeldOut:
    """Fit a clone of the estimator in every fold and ask it about the images left out."""
    binary = len(np.unique(y)) == 2
    answers, decisions = np.empty_like(y), np.empty(len(y)) if binary else None
    numbers = np.empty(len(y), dtype=np.intp)
    for i, (model, (_, test)) in enumerate(zip(_fitted(estimator, X, y, folds), folds, strict=True)):
        left_out = take(X, test)
        numbers[test] = i
        if binary:
            answers[test], decisions[test] = answers_and_decisions(model, left_out)
        else:
            answers[test] = model.predict(left_out)
    return HeldOut(answers, decisions, numbers)


def held_out_decisions(estimator: Any, X: Any, y: NDArray[Any], folds: Folds) -> list[NDArray[np.float64]]:
    """Return the decisions of `held_out` of each fold, where nobody wants to know the answers."""
    return [
        decision_values(model, take(X, test))
        for model, (_, test) in zip(_fitted(estimator, X, y, folds), folds, strict=True)
    ]


def _fitted(estimator, X, y, folds):
    """Yield a fitted clone for every fold."""
    for train, _ in folds:
        yield clone(estimator).fit(take(X, train), y[train])


def decision_values(model: Any, X: Any) -> NDArray[np.float64]:
    """Return one number an image from a fitted binary classifier, larger for its second class."""
    if hasattr(model, "decision_function"):
        return model.decision_function(X)
    if hasattr(model, "predict_proba"):
        return model.predict_proba(X)[:, 1]
    return (model.predict(X) == model.classes_[1]).astype(np.float64)


def answers_and_decisions(model: Any, X: Any) -> tuple[NDArray[Any], NDArray[np.float64]]:
    """Return the answers and the decision values of a fitted binary classifier; a pipeline makes its features once."""
    if type(model) is Pipeline and len(model) > 1:
        X, model = model[:-1].transform(X), model[-1]
    return model.predict(X), decision_values(model, X)


def take(X: Any, rows: NDArray[np.intp]) -> Any:
    """Return some rows of an ImageSet, an array, a sparse matrix, a frame or a list."""
    if hasattr(X, "iloc"):
        return X.iloc[rows]
    return [X[row] for row in rows] if isinstance(X, (list, tuple)) else X[rows]
