"""Trying a recipe on images with known labels, by patient, and a blind control on the same images."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.base import clone

from ..evaluate import independent_groups, judge_fixed, judge_learnt
from ..evaluate.patients import LikelyPatients
from ..evaluate.refits import decision_values
from ..images import ImageSet
from ..pipeline import FeaturePipeline
from ..recipes.kinds import Cache
from ..recipes.registry import RecipeInfo
from .assessment import UNJUDGED, Assessment, Trial, conclude
from .blind import NAME, blind_classifier, textures
from .known import labelled
from .known_rows import with_known_rows

_UNKNOWN = (
    "The patients are unknown. Slices of one patient on both sides of a split give perfect scores where there is "
    "nothing to find: give patients=, or patients='none' if each image is a patient of its own."
)
_ONE_DOMAIN = (
    "This is about real images. The accuracy is usually lower on generated ones, because generated images differ from "
    "real ones: labelled_generated= measures it."
)


def assess_detector(
    about: RecipeInfo,
    model: Any,
    sets: Mapping[str, ImageSet],
    unit: str | None,
    guess: LikelyPatients | None,
    cache: Cache,
    settings: Mapping[str, Any],
) -> Assessment:
    """Try a recipe that detects on the used and unused images, and the blind control next to it.

    `settings` are those of `judge_learnt`.
    """
    if "used" not in sets:
        return Assessment(UNJUDGED, "There are no images with known labels: give used= and unused=.")
    if unit is None:
        return Assessment(UNJUDGED, f"{_UNKNOWN} {guess}")
    images, y = labelled(sets)
    groups = independent_groups(images.groups, images.digests)
    few = _too_few(y, groups, unit)
    if few:
        return Assessment(UNJUDGED, few)
    if about.needs_labels:
        quick = with_known_rows(model, sets.values())
        judged = judge_learnt(quick, images, y, groups=groups, **settings)
        trial = Trial(about.name, f"cross-validated, by {unit}", y, judged)
    else:
        fitted = clone(model).fit(images)
        judged = judge_fixed(y, fitted.predict(images), scores=decision_values(fitted, images), groups=groups)
        trial = Trial(about.name, f"judged without their labels, by {unit}", y, judged)
    rows = FeaturePipeline(textures(), cache=cache).fit_transform(images)
    blind = Trial(NAME, "cross-validated", y, judge_learnt(blind_classifier(), rows, y, groups=groups, **settings))
    return conclude((trial,), blind)


def assess_attributor(
    about: RecipeInfo,
    model: Any,
    domain: str,
    sets: Mapping[str, ImageSet],
    labels: Mapping[str, NDArray[Any]],
    unit: str | None,
    guess: LikelyPatients | None,
    settings: Mapping[str, Any],
) -> Assessment:
    """Try a recipe that attributes on the set it learns from, and on other generated images if there are some."""
    images, y = sets[domain], labels[domain]
    trials, refused = [], f"{_UNKNOWN} {guess}" if domain == "real" and unit is None else ""
    if not refused:
        groups = independent_groups(images.groups, images.digests)
        refused = _too_few(y, groups, unit or "image")
    if not refused:
        how = f"cross-validated on the {domain.replace('_', ' ')} images"
        quick = with_known_rows(model, [images])
        trials.append(Trial(about.name, how, y, judge_learnt(quick, images, y, groups=groups, **settings)))
    if domain == "real" and "labelled_generated" in sets:
        trials.append(_across_domains(about, model, sets, labels))
        return conclude(tuple(trials))
    if not trials:
        return Assessment(UNJUDGED, refused)
    return conclude(tuple(trials), note=_ONE_DOMAIN if domain == "real" else "")


def _across_domains(about, model, sets, labels):
    images, y = sets["labelled_generated"], labels["labelled_generated"]
    answers = clone(model).fit(sets["real"], labels["real"]).predict(images)
    how = "learnt from the real images and asked about the labelled generated ones"
    return Trial(about.name, how, y, judge_fixed(y, answers, groups=independent_groups(None, images.digests)))


def _too_few(y, groups, unit):
    """Return why there are too few patients to split, or nothing."""
    counts = {label: len(np.unique(groups[y == label])) for label in np.unique(y).tolist()}
    if len(counts) > 1 and min(counts.values()) > 1:
        return ""
    listed = ", ".join(f"{count} for {label}" for label, count in counts.items())
    return f"Cross-validation needs two {unit}s or more for each of two labels, and there are {listed}."
