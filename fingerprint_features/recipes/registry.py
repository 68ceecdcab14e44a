"""Which recipes there are, what each is and needs, and how it is made by name.

A recipe is one function below one `recipe` declaration, in any file of this folder or of yours.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal, TypeVar

from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator

from ..checks import did_you_mean
from .kinds import Cache, Images, Kind, Preset

Builder = TypeVar("Builder", bound=Callable[..., BaseEstimator])

_SETS = {
    "reference": "the generated images",
    "reference_y": "the subset of each image of reference=",
    "pool": "images of a second generator, trained on real images that the first did not see and nobody judges",
    "holdout": "real images known not to have been used",
    "unlabelled": "images to learn from without labels",
}
PRESETS = ("published", "fast")
_RECIPES: dict[str, tuple["RecipeInfo", Callable[..., BaseEstimator]]] = {}


@dataclass(frozen=True)
class RecipeInfo:
    """What a recipe is and needs.

    Attributes
    ----------
    name : str
    method : str
        Its number among the published methods, ``"M01"``; ``"other"`` for a published one without a number, ``"own"``
        for our own.
    team : str
    year : int or None
        Of the ImageCLEFmedical GANs challenge; None for our own.
    subtask : int
        1 detects which real images were used, 2 attributes generated images to subsets.
    part : str
        Which part of the published system this recipe is, as "stage 1 of 2"; empty for a whole system.
    paper : str
        The paper that describes the system; empty where there is none.
    runs : tuple of int
        The runs or submissions with this system; for a part, those of the whole.
    score : float or None
        The best score of these runs. None when none was submitted, and for a part, which was never scored alone.
    metric : str
        The official metric of the challenge, in which `score` is given: "f1" in 2023, "kappa" in 2025 for
        subtask 1, "accuracy" for subtask 2. Our own recipes name that of 2025.
    exact : bool
        Whether the system is fully described and reproduced; `why` says what is missing.
    why : str
        What is ours, and why; empty when nothing is.
    trained_on : str
        What the system learns from.
    fit_on : tuple of str
        What the images of `fit` are: "real" or "generated", or both where it can be either, the better one first.
        The `reference` images of a recipe that attributes are of the other kind.
    trains : bool
        Whether `fit` trains a network.
    needs_labels : bool
        Whether, with no overrides, `fit` needs y.
    takes : tuple of str
        The sets that `make` has a use for: of reference, reference_y, pool, holdout and unlabelled.
    needs_reference, needs_reference_labels, needs_pool : bool
        Which of them it needs.
    needs_weights : bool
        Whether it needs a network's pre-trained weights.
    transductive : bool
        Whether `fit` learns, without labels, from the images that are judged: ``fit(X).predict(X)``. The answer for
        one image then depends on the others.
    overrides : mapping of str to object
        The further keyword arguments of `make`, with their defaults: the published values.
    fast : mapping of str to object
        What ``preset="fast"`` changes of them. Empty where nothing is trained.
    """

    name: str
    method: str
    team: str
    year: int | None
    subtask: int
    part: str
    paper: str
    runs: tuple[int, ...]
    score: float | None
    metric: str
    exact: bool
    why: str
    trained_on: str
    fit_on: tuple[Kind, ...]
    trains: bool
    needs_labels: bool
    takes: tuple[str, ...]
    needs_reference: bool
    needs_reference_labels: bool
    needs_pool: bool
    needs_weights: bool
    transductive: bool
    overrides: Mapping[str, Any] = field(compare=False)
    fast: Mapping[str, Any] = field(compare=False)


def recipe(
    name: str,
    *,
    team: str,
    subtask: Literal[1, 2],
    metric: str,
    trained_on: str,
    needs_labels: bool,
    method: str = "own",
    year: int | None = None,
    part: str = "",
    paper: str = "",
    runs: tuple[int, ...] = (),
    score: float | None = None,
    exact: bool = True,
    why: str = "",
    fit_on: tuple[Kind, ...] = ("real",),
    needs_weights: bool = False,
    transductive: bool = False,
    fast: Mapping[str, Any] | None = None,
) -> Callable[[Builder], Builder]:
    """Declare the function below to be the builder of a recipe.

    Parameters
    ----------
    name : str
        How `make` calls it.
    team, subtask, metric, trained_on, needs_labels, method, year, part, paper, runs, score, exact, why, fit_on, \
needs_weights, transductive
        As in `RecipeInfo`.
    fast : mapping of str to object, default=None
        Given by a recipe that trains a network, and by no other: the overrides with which it runs in minutes on two
        cores. Such a recipe also offers the overrides `epochs`, `device` and `random_state`.

    Returns
    -------
    callable
        A decorator of the builder, which it leaves as it is. The builder returns an unfitted classifier of images.
        Its ordinary parameters are the sets that it needs, of `reference`, `reference_y`, `pool`, `holdout` and
        `unlabelled` (one with a default may be left out), and `cache`. Its keyword-only parameters are the overrides
        that users may give.

    Raises
    ------
    ValueError
        For a name that another recipe has, a score of a part, a builder with other parameters, and a `fast` value of
        no override.

    Examples
    --------
    >>> @recipe("my-cut", team="me", subtask=1, metric="kappa", trained_on="nothing", needs_labels=False)
    ... def my_cut(reference, *, k=1): ...
    Traceback (most recent call last):
    ValueError: the recipe 'my-cut' must take cache, and of reference, ..., unlabelled what it needs. Got reference.
    """
    if part and score is not None:
        raise ValueError(f"the recipe {name!r} is a part ({part}): the score of the whole is not its own")

    def declare(builder: Builder) -> Builder:
        parameters = inspect.signature(builder).parameters.values()
        ordinary = {p.name: p.default is p.empty for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD}
        if "cache" not in ordinary or not ordinary.keys() <= {*_SETS, "cache"}:
            raise ValueError(
                f"the recipe {name!r} must take cache, and of {', '.join(_SETS)} what it needs. Got "
                f"{', '.join(ordinary)}."
            )
        overrides = {p.name: p.default for p in parameters if p.kind is p.KEYWORD_ONLY}
        _check_fast(name, fast, overrides)
        place = builder.__module__, builder.__qualname__
        if name in _RECIPES and place != (_RECIPES[name][1].__module__, _RECIPES[name][1].__qualname__):
            raise ValueError(f"there is another recipe {name!r}, in {_RECIPES[name][1].__module__}: choose a new name")
        about = RecipeInfo(
            name=name,
            method=method,
            team=team,
            year=year,
            subtask=subtask,
            part=part,
            paper=paper,
            runs=runs,
            score=score,
            metric=metric,
            exact=exact,
            why=why,
            trained_on=trained_on,
            fit_on=fit_on,
            trains=fast is not None,
            needs_labels=needs_labels,
            takes=tuple(word for word in _SETS if word in ordinary),
            needs_reference=ordinary.get("reference", False),
            needs_reference_labels=ordinary.get("reference_y", False),
            needs_pool=ordinary.get("pool", False),
            needs_weights=needs_weights,
            transductive=transductive,
            overrides=overrides,
            fast=dict(fast or {}),
        )
        _RECIPES[name] = about, builder
        return builder

    return declare


def names() -> list[str]:
    """Return the names of all recipes, in the order of their methods, our own last.

    Returns
    -------
    list of str

    Examples
    --------
    >>> names()[:3]
    ['vcmi-2023-threshold-max', 'vcmi-2023-threshold-avg', 'vcmi-2023-retrieval']
    """
    return sorted(_recipes(), key=lambda name: (_recipes()[name][0].method, name))


def info(name: str) -> RecipeInfo:
    """Return what a recipe is and needs.

    Parameters
    ----------
    name : str
        One of `names`.

    Returns
    -------
    RecipeInfo

    Examples
    --------
    >>> winner = info("vcmi-2023-threshold-max")
    >>> winner.team, winner.score, winner.needs_labels, dict(winner.overrides)
    ('VCMI', 0.802, False, {'threshold': 0.0})
    """
    return _find(name)[0]


def make(
    name: str,
    *,
    preset: Preset = "published",
    reference: Images | None = None,
    reference_y: ArrayLike | None = None,
    pool: Images | None = None,
    holdout: Images | None = None,
    unlabelled: Images | None = None,
    cache: Cache = None,
    **overrides: Any,
) -> Any:
    """Make a published system by name.

    Parameters
    ----------
    name : str
        One of `names`.
    preset : {"published", "fast"}, default="published"
        ``"fast"`` trains networks with the values in ``info(name).fast``, in minutes on two cores: small images, few
        epochs. A recipe that trains no network is the same either way.
    reference : ImageSet, or anything an ImageSet is made of, default=None
        The generated images. For a recipe that attributes and learns from generated images, the real ones.
    reference_y : array-like of shape (n_reference,), default=None
        The subsets of the reference images, for a recipe that learns from pairs of both kinds.
    pool : ImageSet, or anything an ImageSet is made of, default=None
        A second set of generated images, from a generator trained on real images that the first one did not see.
    holdout : ImageSet, or anything an ImageSet is made of, default=None
        Real images known not to have been used.
    unlabelled : ImageSet, or anything an ImageSet is made of, default=None
        Images that the recipe also learns from, without labels: usually those to be judged.
    cache : path-like or FeatureCache, default=None
        Keeps features, and similarities, for the next fold, process and run.
    **overrides
        What the recipe offers to change: ``info(name).overrides``. They go before the preset.

    Returns
    -------
    estimator
        An unfitted scikit-learn classifier of images: `fit`, `predict`, and scores by `decision_function` or
        `predict_proba`.

    Raises
    ------
    ValueError
        For an unknown name, with the closest known one, and for an unknown preset.
    TypeError
        For a set that is missing or that the recipe has no use for, and for an unknown override.

    Notes
    -----
    The published systems know no patients. Recipes use the `groups` of ImageSets all the same: when real images are
    compared with each other, slices of one patient are left out. Where that decides, a recipe fitted without groups
    warns once.

    Examples
    --------
    >>> from fingerprint_features import make_membership_task
    >>> task = make_membership_task(n_used=6, n_unused=6, n_generated=12, image_size=32, random_state=0)
    >>> make("vcmi-2023-threshold-max", reference=task.reference).fit(task.X).predict(task.X).shape
    (12,)
    >>> make("vcmi-2023-threshold-max")
    Traceback (most recent call last):
    TypeError: the recipe 'vcmi-2023-threshold-max' needs reference=, the generated images
    """
    about, builder = _find(name)
    if preset not in PRESETS:
        raise ValueError(f"preset= must be one of {', '.join(map(repr, PRESETS))}. Got {preset!r}")
    given = {"reference": reference, "reference_y": reference_y, "pool": pool}
    given |= {"holdout": holdout, "unlabelled": unlabelled}
    sets = {word: value for word, value in given.items() if value is not None}
    _check_sets(about, builder, sets)
    unknown = [word for word in overrides if word not in about.overrides]
    if unknown:
        known = ", ".join(f"{word}={default!r}" for word, default in about.overrides.items())
        raise TypeError(f"the recipe {name!r} has no override {unknown[0]!r}: known are {known or 'none'}")
    if preset == "fast":
        overrides = {**about.fast, **overrides}
    return builder(**sets, cache=cache, **overrides)


def _check_fast(name, fast, overrides):
    """Raise unless the fast preset of a recipe, if it has one, changes what users can change too."""
    if fast is None:
        return
    strange = [word for word in fast if word not in overrides]
    if strange:
        raise ValueError(f"the recipe {name!r} has no override {strange[0]!r}, which its fast preset changes")
    missing = [word for word in ("epochs", "device", "random_state") if word not in overrides]
    if missing:
        raise ValueError(f"the recipe {name!r} trains a network and must have the override {missing[0]!r}")


def _check_sets(about, builder, sets):
    """Raise for a set that is missing, or that the recipe has no use for."""
    words = dict(_SETS)
    if about.subtask == 2 and about.fit_on == ("generated",):
        words["reference"] = "real images"
    parameters = inspect.signature(builder).parameters
    for word, what in words.items():
        if word not in about.takes and word in sets:
            raise TypeError(f"the recipe {about.name!r} has no use for {word}=, {what}: leave it out")
        if word in about.takes and word not in sets and parameters[word].default is inspect.Parameter.empty:
            raise TypeError(f"the recipe {about.name!r} needs {word}=, {what}")


def _find(name):
    if name in _recipes():
        return _recipes()[name]
    raise ValueError(f"no recipe is called {name!r}: {did_you_mean(name, _recipes())}known are {', '.join(names())}")


def _recipes():
    """Return the table, with what every file of this folder declares."""
    _load_folder()
    return _RECIPES


@lru_cache
def _load_folder():
    package = importlib.import_module(__package__)
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{__package__}.{module.name}")
