"""Which recipe answers, and whether it has the sets that it needs."""

from collections.abc import Mapping

from sklearn.base import BaseEstimator

from .. import recipes
from ..checks import did_you_mean
from ..images import ImageSet
from ..recipes.registry import RecipeInfo
from .errors import ArgumentError

WITHOUT_LABELS = "vcmi-2023-threshold-max"
WITH_LABELS = "calibrated-log-ratio"
ATTRIBUTES = "textures-svm"
_ANSWERS = {1: "detects which real images were used", 2: "attributes generated images to subsets"}


def find_recipe(name: str, subtask: int) -> RecipeInfo:
    """Return what a recipe is; raise for an unknown one and for one that answers the other question."""
    if name not in recipes.names():
        hint = did_you_mean(name, recipes.names())
        raise ArgumentError(f"recipe={name!r} is unknown: {hint}known are {', '.join(recipes.names())}")
    about = recipes.info(name)
    if about.subtask != subtask:
        others = ", ".join(other.name for other in _all(subtask))
        raise ArgumentError(f"recipe={name!r} {_ANSWERS[about.subtask]}: choose one of {others}")
    return about


def find_detector(name: str | None, labelled: bool) -> RecipeInfo:
    """Return the recipe that detects, by its name or by default; raise if it needs labels and there are none."""
    about = find_recipe(name or (WITH_LABELS if labelled else WITHOUT_LABELS), subtask=1)
    if about.needs_labels and not labelled:
        free = ", ".join(other.name for other in _all(1) if not other.needs_labels)
        raise ArgumentError(f"{about.name} learns from labels: give used= and unused=, or choose one of {free}")
    return about


def make_detector(
    about: RecipeInfo, sets: Mapping[str, ImageSet], cache: object, overrides: Mapping[str, object]
) -> BaseEstimator:
    """Return the recipe for these sets, unfitted; raise for a set or an override that it cannot use."""
    given = {"reference": sets["generated"]} if about.needs_reference else {}
    given |= {name: sets[name] for name in ("pool", "holdout") if name in sets}
    return _made(about, given, cache, overrides)


def make_attributor(about: RecipeInfo, cache: object, overrides: Mapping[str, object]) -> BaseEstimator:
    """Return the recipe that attributes, unfitted; raise for an override that it does not have."""
    return _made(about, {}, cache, overrides)


def _made(about, sets, cache, overrides):
    try:
        return recipes.make(about.name, **sets, cache=cache, **overrides)
    except TypeError as error:
        raise ArgumentError(str(error)) from error


def _all(subtask):
    return [about for about in map(recipes.info, recipes.names()) if about.subtask == subtask]
