"""Judging recipes: the answer to every labelled image, none of them learnt from that image's label or patient."""

import numpy as np
from sklearn.base import clone
from sklearn.model_selection import StratifiedGroupKFold


def held_out_answers(model, X, y, *, needs_labels, n_splits=5, random_state=0):
    """Return the answers and scores of a model for labelled images, each from a fit that has not seen its label.

    Parameters
    ----------
    model : classifier
        What `make` returns; clones of it are fitted.
    X : ImageSet of shape (n_images,)
    y : array of shape (n_images,)
        1 for used, 0 for unused.
    needs_labels : bool
        ``info(name).needs_labels``. Without, labels play no part: the model is fitted on all images, as the published
        systems were, and judges them. With labels it is cross-validated by patient.
    n_splits : int, default=5
        Folds; fewer where there are fewer patients of one class.
    random_state : int, default=0
        Which patients make up a fold.

    Returns
    -------
    answers : ndarray of shape (n_images,)
        Classes.
    scores : ndarray of shape (n_images,)
        Larger for used; the folds' own scales.
    """
    y = np.asarray(y)
    if not needs_labels:
        model = clone(model).fit(X)
        return model.predict(X), used_scores(model, X)
    answers, scores = np.empty_like(y), np.empty(len(y))
    for train, test in patient_folds(X, y, n_splits, random_state):
        fold = clone(model).fit(X[train], y[train])
        answers[test], scores[test] = fold.predict(X[test]), used_scores(fold, X[test])
    return answers, scores


def patient_folds(X, y, n_splits=5, random_state=0):
    """Return (train, test) positions that leave every patient whole; fewer folds where a label has few patients."""
    # copies of an image are one patient, where patients are not known
    groups = np.unique(X.digests, return_inverse=True)[1] if X.groups is None else np.asarray(X.groups)
    counts = {label: len(np.unique(groups[y == label])) for label in np.unique(y)}
    n_splits = min(n_splits, *counts.values())
    if n_splits < 2 or len(counts) < 2:
        told = ", ".join(f"{count} of {label}" for label, count in counts.items())
        raise ValueError(
            "cross-validation needs two patients or more (images, where patients are not known) of each of two labels: "
            f"there are {told}"
        )
    return list(StratifiedGroupKFold(n_splits, shuffle=True, random_state=random_state).split(y, y, groups))


def used_scores(model, X):
    """Return one number an image from a fitted model, larger for used; its bare answer where there is no more."""
    if hasattr(model, "decision_function"):
        return model.decision_function(X)
    if hasattr(model, "predict_proba"):
        return model.predict_proba(X)[:, 1]
    return (model.predict(X) == model.classes_[1]).astype(np.float64)
