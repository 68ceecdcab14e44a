"""Pictures of one rule on images with known labels: scores with the cut, ROC curve, confusion matrix."""

import numpy as np
from numpy.typing import NDArray

from ..answers import Trial
from .pictures import plot
from .plots import draw_confusion
from .roc import draw_roc
from .scores import draw_scores
from .section import Picture


def pictures_of(trial: Trial) -> list[Picture]:
    """Return the pictures of a trial with used and unused images; only the last one where there are no scores."""
    names = np.where(trial.y == 1, "used", "unused")
    called = np.where(trial.judgement.answers == 1, "used", "unused")
    right = int((names == called).sum())
    alt = f"Confusion matrix of the images with known labels: {right} of {len(names)} answers are right."
    confusion = plot(draw_confusion(names, called, title="answers to images with known labels"), alt)
    scores = trial.judgement.comparable
    if scores is None:
        return [confusion]
    title = "scores of images with known labels"
    if trial.judgement.learnt:
        title = f"{title}, on the scale of their fold"
    auc = trial.judgement.scores["auc"].value
    return [
        plot(
            draw_scores(scores, names, cut=_cuts(trial.judgement), title=title),
            "Histograms of the scores of used and unused images.",
        ),
        plot(
            draw_roc(trial.y, scores, groups=trial.groups, title="images with known labels"),
            f"ROC curve of the images with known labels, area {auc:.3f}, with a logarithmic axis of false alarms.",
        ),
        confusion,
    ]


def _cuts(judgement):
    """Return the cut of a rule, or that of each fold of a rule that learns."""
    scores = judgement.comparable
    if judgement.folds is None:
        return cut_of(scores, judgement.answers)
    folds = [judgement.folds == fold for fold in np.unique(judgement.folds)]
    cuts = [cut_of(scores[fold], judgement.answers[fold]) for fold in folds]
    return [cut for cut in cuts if cut is not None] or None


def cut_of(scores: NDArray[np.float64], used: NDArray[np.integer]) -> float | None:
    """Return the score above which images are called used, midway between two; None where there is no such score."""
    high, low = scores[(used == 1) & np.isfinite(scores)], scores[(used == 0) & np.isfinite(scores)]
    if not len(high) or not len(low) or low.max() >= high.min():
        return None
    return float((low.max() + high.min()) / 2)
