"""Which recipe answers, and whether it has the sets that it needs."""

from collections.abc import Collection, Mapping
from typing import Any

from .. import recipes
from ..checks import did_you_mean
from ..images import ImageSet
from ..recipes.registry import PRESETS, RecipeInfo
from ..recipes.saving import FittedRecipe
from .errors import ArgumentError
from .reading import show_progress

DETECTS = "details-and-hashes"
ATTRIBUTES = "textures-svm"
_ANSWERS = {1: "detects which real images were used", 2: "attributes generated images to subsets"}


def find_recipe(name: str, subtask: int | None = None) -> RecipeInfo:
    """Return what a recipe is; raise for an unknown one and for one that answers another question than `subtask`."""
    if name not in recipes.names():
        hint = did_you_mean(name, recipes.names())
        raise ArgumentError(f"recipe={name!r} is unknown: {hint}known are {', '.join(recipes.names())}")
    about = recipes.info(name)
    if subtask is not None and about.subtask != subtask:
        others = ", ".join(other.name for other in _all(subtask))
        raise ArgumentError(f"recipe={name!r} {_ANSWERS[about.subtask]}: choose one of {others}")
    return about


def find_detector(name: str | None, given: Collection[str]) -> RecipeInfo:
    """Return the recipe that detects with these sets, by its name or by default; raise for sets that do not fit."""
    labelled = "used" in given
    check_both(labelled, "unused" in given)
    about = find_recipe(name or DETECTS, subtask=1)
    if about.needs_labels and not labelled:
        free = ", ".join(other.name for other in _all(1) if not other.needs_labels)
        raise ArgumentError(f"{about.name} learns from labels: give used= and unused=, or choose one of {free}")
    if "known_generated" in given and not labelled:
        raise ArgumentError("known_generated= belongs to images with known labels: give used= and unused= too")
    if "known_generated" in given and not about.needs_reference:
        raise ArgumentError(f"{about.name} compares with no generated images: leave out known_generated=")
    return about


def check_both(used: bool, unused: bool) -> None:
    """Raise where one of the two sets is given without the other."""
    if used != unused:
        raise ArgumentError("used= and unused= go together: give both or none")


def find_loaded(fitted: FittedRecipe, subtask: int, overrides: Mapping[str, Any], **is_given: bool) -> RecipeInfo:
    """Return what a fitted recipe is; raise for anything given that only an unfitted one has a use for."""
    needless = [*overrides, *(name for name, given in is_given.items() if given)]
    if needless:
        raise ArgumentError(f"fitted= has learnt already: leave out {needless[0]}=")
    return find_recipe(fitted.recipe, subtask)


def refuse_learnt(fitted: FittedRecipe, sets: Mapping[str, ImageSet]) -> None:
    """Raise if a fitted recipe has learnt from images that it would be judged on."""
    learnt = set(fitted.learnt_from)
    for name, images in sets.items():
        count = sum(digest.hex() in learnt for digest in images.digests)
        if count:
            raise ArgumentError(
                f"fitted= has learnt from {count} of {len(images)} images of {name}=, and would be judged on what it "
                "knows: give others"
            )


def make_detector(
    about: RecipeInfo,
    sets: Mapping[str, ImageSet],
    reference: str,
    unlabelled: ImageSet | None = None,
    **settings: Any,
) -> Any:
    """Return the recipe for these sets, unfitted; raise for a set or an override that it cannot use.

    `unlabelled` are the images that it will be asked about, for a recipe that learns from them too.
    """
    given = {"reference": sets[reference]} if about.needs_reference else {}
    given |= {name: sets[name] for name in ("pool", "holdout") if name in sets}
    if not about.needs_labels and "holdout" not in about.takes:
        given.pop("holdout", None)  # it says how often chance brings a score
    if "unlabelled" in about.takes:
        given["unlabelled"] = unlabelled
    return _made(about, given, **settings)


def with_other_reference(model: Any, generated: ImageSet) -> Any:
    """Return a fitted recipe that compares with another generator's images; raise where it cannot."""
    try:
        return recipes.with_reference(model, generated)
    except TypeError as error:
        raise ArgumentError(f"this recipe cannot be asked about another generator: {error}") from error


def make_attributor(about: RecipeInfo, sets: Mapping[str, Any], **settings: Any) -> Any:
    """Return the recipe that attributes, unfitted; raise for an override that it does not have."""
    return _made(about, sets, **settings)


def check_preset(preset: str) -> None:
    """Raise for an unknown preset."""
    if preset not in PRESETS:
        raise ArgumentError(f"preset= must be one of {', '.join(map(repr, PRESETS))}. Got {preset!r} instead.")


def _made(about, sets, preset, overrides, cache=None, progress=False):
    try:
        model = recipes.make(about.name, preset=preset, **sets, cache=cache, **overrides)
    except TypeError as error:
        raise ArgumentError(str(error)) from error
    show_progress(model, progress)
    return model


def _all(subtask):
    return [about for about in map(recipes.info, recipes.names()) if about.subtask == subtask]
