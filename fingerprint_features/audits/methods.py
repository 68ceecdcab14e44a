"""What an audit was asked to try: names of recipes, functions, or a list of both."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sklearn.base import BaseEstimator
from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags

from ..answers import ArgumentError
from ..answers.choice import find_recipe, make_detector
from ..images import ImageSet
from ..learned.base import TrainedNetwork
from ..recipes.kinds import Cache, Preset
from ..recipes.parts import parts_of
from ..recipes.registry import RecipeInfo

Factory = Callable[[ImageSet, Any], Any]
Methods = str | Factory | Sequence[str | Factory]


@dataclass(frozen=True, eq=False)
class Method:
    """One rule to try.

    Attributes
    ----------
    name : str
    needs_labels : bool
        Whether it learns from labels.
    trains : bool
        Whether it trains a network.
    make : callable
        ``make(generated, asked, cache)`` returns it unfitted; `asked` are the images that it will be asked about.
    """

    name: str
    needs_labels: bool
    trains: bool
    make: Callable[[ImageSet, ImageSet, Cache], Any] = field(repr=False)


def find_methods(
    methods: Methods, generated: ImageSet, labelled: bool, preset: Preset
) -> tuple[list[Method], dict[str, str]]:
    """Return the methods to try, in the order of their names, and why others are left out.

    Parameters
    ----------
    methods : str, callable, or list of these
    generated : ImageSet
        A function is asked with it what it makes; nothing is read.
    labelled : bool
        Whether it is known which images were used.
    preset : {"published", "fast"}
        How networks are trained.

    Returns
    -------
    methods : list of Method
    left_out : dict of str to str
    """
    given = [methods] if isinstance(methods, str) or callable(methods) else list(methods)
    if not given:
        raise ArgumentError("methods= names no method: give a recipe's name or a function f(reference, holdout)")
    found, left_out = {}, {}
    for one in given:
        if isinstance(one, str):
            about = find_recipe(one)
            method, why = _recipe(about, preset), _unfit(about, labelled)
        elif callable(one):
            method = _function(one, generated, labelled)
            why = _LABELS if method.needs_labels and not labelled else ""
        else:
            raise ArgumentError(
                "methods= takes names of recipes and functions f(reference, holdout). "
                f"Got {type(one).__name__} instead."
            )
        if method.name in found or method.name in left_out:
            raise ArgumentError(f"methods= holds two methods called {method.name!r}: rename one")
        if why:
            left_out[method.name] = why
        else:
            found[method.name] = method
    return [found[name] for name in sorted(found)], left_out


_LABELS = "it learns from labels, and nobody knows which candidates were used"


def _unfit(about: RecipeInfo, labelled: bool) -> str:
    """Return why a recipe cannot be tried, or nothing."""
    if about.subtask != 1:
        return "it attributes generated images to subsets"
    if about.needs_pool:
        return "it needs images of a second generator"
    return _LABELS if about.needs_labels and not labelled else ""


def _recipe(about, preset):
    def make(generated, asked, cache):
        sets = {"generated": generated}
        return make_detector(about, sets, "generated", asked, preset=preset, overrides={}, cache=cache, progress=False)

    return Method(about.name, about.needs_labels, about.trains, make)


def _function(function, generated, labelled):
    """Return the method that a function makes; it is asked once what it makes."""
    name = getattr(function, "__name__", type(function).__name__)

    def make(reference, asked, cache):
        return function(reference, "unused" if labelled else None)

    try:
        model = make(generated, None, None)
    except Exception as error:
        raise ArgumentError(f"methods= holds {name}, which fails: {type(error).__name__}: {error}") from error
    if not (hasattr(model, "fit") and hasattr(model, "predict")):
        raise ArgumentError(f"methods= holds {name}, which returns {type(model).__name__} and no unfitted classifier")
    trains = any(isinstance(part, TrainedNetwork) for part in parts_of(model))
    return Method(name, _needs_labels(model), trains, make)


def _needs_labels(model):
    """Return whether a part of a model learns from labels; a pipeline does not say so itself."""
    parts = [model, *model.get_params().values()]
    return any(
        get_tags(part).target_tags.required
        for part in parts
        if isinstance(part, BaseEstimator) and not isinstance(part, Pipeline)
    )
