"""Judging a recipe on the images whose labels are known, by patient, next to a control that cannot know anything."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, clone
from sklearn.metrics import accuracy_score

from ..evaluate import (
    attribution_scores,
    independent_folds,
    independent_groups,
    membership_scores,
    permutation_test,
)
from ..images import ImageSet
from ..pipeline import FeaturePipeline
from ..recipes.judge import used_scores
from ..recipes.registry import RecipeInfo
from .blind import NAME, blind_classifier, textures
from .judgement import UNJUDGED, Judgement, Trial, conclude
from .known import labelled

_UNKNOWN = (
    "Nobody said whose images these are. Slices of one patient on both sides of a split give perfect scores where "
    "there is nothing to find: give patients=, or patients='none' if each image is a patient of its own."
)
_ONE_DOMAIN = (
    "This is the accuracy on real images. It is usually lower on generated ones, because generated images differ from "
    "real ones: labelled_generated= measures it."
)


def judge_detector(
    about: RecipeInfo, model: BaseEstimator, sets: Mapping[str, ImageSet], unit: str | None, cache: object
) -> Judgement:
    """Judge a recipe that detects on the used and unused images."""
    if "used" not in sets:
        return Judgement(UNJUDGED, "There are no images with known labels: give used= and unused=.")
    if unit is None:
        return Judgement(UNJUDGED, _UNKNOWN)
    images, y = labelled(sets)
    groups = independent_groups(images.groups, images.digests)
    few = _too_few(y, groups, unit)
    if few:
        return Judgement(UNJUDGED, few)
    how = f"{'cross-validated' if about.needs_labels else 'judged without their labels'}, by {unit}"
    answers, scores = _held_out(model, images, y, groups) if about.needs_labels else _fresh(model, images)
    trial = _membership(about.name, how, y, answers, scores, groups, "kappa")
    rows = FeaturePipeline(textures(), cache=cache).fit_transform(images)
    blind = _membership(NAME, how, y, *_held_out(blind_classifier(), rows, y, groups), groups, "auc")
    return conclude((trial,), blind)


def judge_attributor(
    about: RecipeInfo,
    model: BaseEstimator,
    domain: str,
    sets: Mapping[str, ImageSet],
    labels: Mapping[str, NDArray],
    unit: str | None,
) -> Judgement:
    """Judge a recipe that attributes: on the set it learns from, cross-validated, and on generated images if it can."""
    trials, refused = [], ""
    images, y = sets[domain], labels[domain]
    if domain == "real" and unit is None:
        refused = _UNKNOWN
    else:
        groups = independent_groups(images.groups, images.digests)
        refused = _too_few(y, groups, unit or "image")
        if not refused:
            answers, _ = _held_out(model, images, y, groups)
            how = f"cross-validated on the {domain.replace('_', ' ')} images"
            trials.append(_attribution(about.name, how, y, answers, groups))
    if domain == "real" and "labelled_generated" in sets:
        images, truth = sets["labelled_generated"], labels["labelled_generated"]
        answers = clone(model).fit(sets[domain], y).predict(images)
        groups = independent_groups(None, images.digests)
        how = "learnt from the real images and asked about the labelled generated ones"
        trials.append(_attribution(about.name, how, truth, answers, groups))
    elif domain == "real" and trials:
        return conclude(tuple(trials), note=_ONE_DOMAIN)
    return conclude(tuple(trials)) if trials else Judgement(UNJUDGED, refused)


def _too_few(y, groups, unit):
    """Return why there are too few patients to split, or nothing."""
    counts = {label: len(np.unique(groups[y == label])) for label in np.unique(y).tolist()}
    if len(counts) > 1 and min(counts.values()) > 1:
        return ""
    told = ", ".join(f"{count} for {label}" for label, count in counts.items())
    return f"Cross-validation needs two {unit}s or more for each of two labels, and there are {told}."


def _held_out(model, X, y, groups):
    """Return the answers and scores of models that have not seen the label of any image of the same patient."""
    answers, scores = np.empty_like(y), np.empty(len(y))
    for train, test in independent_folds(y, groups):
        fold = clone(model).fit(X[train], y[train])
        answers[test] = fold.predict(X[test])
        scores[test] = used_scores(fold, X[test]) if len(fold.classes_) == 2 else np.nan
    return answers, scores


def _fresh(model, images):
    """Return the answers and scores of a rule that is given no labels."""
    fitted = clone(model).fit(images)
    return fitted.predict(images), used_scores(fitted, images)


def _membership(name, how, y, answers, scores, groups, statistic):
    found = membership_scores(y, answers, groups=groups, scores=scores)
    column = scores if statistic == "auc" else answers
    p_value = permutation_test(y, column, statistic=statistic, groups=groups).p_values[0]
    return Trial(name, how, y, answers, found, statistic, float(p_value))


def _attribution(name, how, y, answers, groups):
    found = attribution_scores(y, answers, groups=groups)
    p_value = permutation_test(y, answers, statistic=accuracy_score, groups=groups).p_values[0]
    return Trial(name, how, y, answers, found, "accuracy", float(p_value))
