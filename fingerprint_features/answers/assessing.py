"""Trying a recipe on images with known labels, by patient, and a blind control on the same images."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..evaluate import independent_folds, independent_groups, judge_fixed, judge_learnt
from ..evaluate.learnt import is_membership
from ..evaluate.patients import LikelyPatients
from ..evaluate.refits import answers_and_decisions
from ..images import ImageSet
from ..pipeline import FeaturePipeline
from ..recipes.blocks import textures
from ..recipes.kinds import Cache
from ..recipes.registry import RecipeInfo
from .assessment import UNJUDGED, Assessment, Trial, conclude
from .blind import NAME, blind_classifier
from .known import known_reference, labelled
from .known_rows import with_known_rows
from .learning import Lesson

_THIRDS = 3
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
    make: Callable[[str, ImageSet], Any],
    sets: Mapping[str, ImageSet],
    unit: str | None,
    guess: LikelyPatients | None,
    cache: Cache,
    settings: Mapping[str, Any],
    ready: Any,
    loaded: bool = False,
) -> Assessment:
    """Try a recipe that detects on the used and unused images, and the blind control next to it.

    `make` returns the recipe unfitted, for one set of generated images and the images that it will be asked about.
    `settings` are those of `judge_learnt`. `ready` is the recipe that judges the candidates; `loaded` says that it has
    learnt from other images.
    """
    if "used" not in sets:
        return Assessment(UNJUDGED, "There are no images with known labels: give used= and unused=.")
    if unit is None:
        return Assessment(UNJUDGED, f"{_UNKNOWN} {guess}")
    images, y = labelled(sets)
    groups = independent_groups(images.groups, images.digests)
    few = _too_few(y, groups, unit, 3 if about.needs_labels and not loaded else 2)
    if few:
        return Assessment(UNJUDGED, few)
    name, reference = about.name, known_reference(sets)
    if loaded:
        judged = _judge_asked(ready, images, y, groups)
        trial = Trial(name, f"asked about images that it has not learnt from, by {unit}", y, judged)
    elif about.needs_labels and about.trains:

        def fit(asked, learn):
            return make(reference, asked).fit(images[learn], y[learn])

        trial = _held_out(name, fit, images, y, groups, f"{unit}s", settings)
    elif about.needs_labels:
        quick = with_known_rows(make(reference, sets["candidates"]), sets.values())
        judged = judge_learnt(quick, images, y, groups=groups, **settings)
        trial = Trial(name, f"cross-validated, by {unit}", y, judged, groups)
    else:
        fitted = make(reference, images).fit(images) if reference == "known_generated" else ready
        judged = _judge_asked(fitted, images, y, groups)
        how = "seen with all real images at once, " if about.transductive else ""
        trial = Trial(name, f"{how}judged without labels, by {unit}", y, judged, groups)
    rows = FeaturePipeline(textures(), cache=cache).fit_transform(images)
    judged = judge_learnt(blind_classifier(), rows, y, groups=groups, **settings)
    return conclude((trial,), Trial(NAME, "cross-validated", y, judged, groups))


def assess_attributor(
    lesson: Lesson, fitted: Any, unit: str | None, guess: LikelyPatients | None, settings: Mapping[str, Any]
) -> Assessment:
    """Try a recipe that attributes: on the set it learns from, and on other generated images if there are some.

    `fitted` is the recipe that has learnt from all. One that trains a network is not trained again for the second.
    """
    across = lesson.judged == "real" and "labelled_generated" in lesson.sets
    trials, refused = [], ""
    if not (across and lesson.about.trains):
        trials, refused = _within_domain(lesson, unit, guess, settings)
    if across:
        return conclude((*trials, _across_domains(lesson, fitted)))
    if not trials:
        return Assessment(UNJUDGED, refused)
    return conclude(trials, note=_ONE_DOMAIN if lesson.judged == "real" else "")


def assess_loaded(about: RecipeInfo, fitted: Any, images: ImageSet | None, y: NDArray[Any] | None) -> Assessment:
    """Try a recipe that attributes and has learnt before on labelled generated images, if there are some."""
    if images is None:
        return Assessment(UNJUDGED, "There are no generated images with known labels: give labelled_generated=.")
    judged = judge_fixed(y, fitted.predict(images), groups=independent_groups(None, images.digests))
    return conclude((Trial(about.name, "asked about generated images that it has not learnt from", y, judged),))


def _within_domain(lesson, unit, guess, settings):
    """Return the trial on the set that the recipe learns from, in a tuple, or why there is none."""
    name, judged = lesson.about.name, lesson.judged
    images, y = lesson.sets[judged], lesson.labels[judged]
    if judged == "real" and unit is None:
        return (), f"{_UNKNOWN} {guess}"
    groups = independent_groups(images.groups, images.digests)
    refused = _too_few(y, groups, unit or "image")
    if refused:
        return (), refused
    kind = judged.replace("_", " ")
    if lesson.about.trains or lesson.pairs:
        what = f"{unit or 'image'}s of the {kind} images" if judged == "real" else f"{kind} images"
        return (_held_out(name, lesson.fit, images, y, groups, what, settings),), ""
    quick = with_known_rows(lesson.model(images), [images])
    judgement = judge_learnt(quick, images, y, groups=groups, **settings)
    return (Trial(name, f"cross-validated on the {kind} images", y, judgement, groups),), ""


def _judge_asked(fitted, images, y, groups, **shuffles):
    """Judge what a rule, which is fixed, says of images with known labels."""
    if not is_membership(y):
        return judge_fixed(y, fitted.predict(images), groups=groups, **shuffles)
    answers, scores = answers_and_decisions(fitted, images)
    return judge_fixed(y, answers, scores=scores, groups=groups, **shuffles)


def _held_out(name, fit, images, y, groups, what, settings):
    """Train once and judge the rule, which is fixed then, on a third of the groups; `fit(asked, learn)` trains."""
    shuffles = {name: settings[name] for name in ("n_permutations", "random_state")}
    learn, rest = independent_folds(y, groups, n_splits=_THIRDS, random_state=settings["random_state"])[0]
    asked, y, own = images[rest], y[rest], groups[rest]
    fitted = fit(asked, learn)
    judged = _judge_asked(fitted, asked, y, own, **shuffles)
    how = f"judged on {len(np.unique(own))} of {len(np.unique(groups))} {what}, held out"
    return Trial(name, how, y, judged, own)


def _across_domains(lesson, fitted):
    images, y = lesson.sets["labelled_generated"], lesson.labels["labelled_generated"]
    how = "learnt from the real images and asked about the labelled generated ones"
    groups = independent_groups(None, images.digests)
    return Trial(lesson.about.name, how, y, judge_fixed(y, fitted.predict(images), groups=groups), groups)


def _too_few(y, groups, unit, fewest=2):
    """Return why there are too few patients to split, or nothing; a rule that compares them needs two in each part."""
    counts = {label: len(np.unique(groups[y == label])) for label in np.unique(y).tolist()}
    if len(counts) > 1 and min(counts.values()) >= fewest:
        return ""
    listed = ", ".join(f"{count} for {label}" for label, count in counts.items())
    words = {2: "two", 3: "three"}[fewest]
    return f"Cross-validation needs {words} {unit}s or more for each of two labels, and there are {listed}."
