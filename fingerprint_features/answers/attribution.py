"""attribute: which subset of the real images does each generated image stem from?"""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..images import as_image_set
from ..images.errors import printable
from ..images.labels import is_missing
from ..images.sizes import check_one_size
from ..recipes.kinds import Cache, Images, Preset
from ..recipes.parts import forget_places
from ..recipes.saving import FittedRecipe
from .assessing import assess_attributor, assess_loaded
from .choice import ATTRIBUTES, check_preset, find_loaded, find_recipe, refuse_learnt
from .errors import ArgumentError
from .findings import copies, known_labels, notes, unusable
from .guards import check_alike, exact_copies, refuse_contradictions, refuse_same_files, refuse_shared
from .inputs import Inputs
from .learning import Lesson
from .likely import doubts, look_for_patients
from .nearest import LOOKS, nearest
from .patients import Patients, with_patients
from .reading import (
    check_settings,
    extractors_in,
    good,
    needs_one_size,
    read_all,
    refuse_bad,
    rows_kept,
)
from .results import Attribution, spread

_LABELS = {"real": "real_y", "labelled_generated": "labelled_y"}


def attribute(
    generated: Images,
    *,
    real: Images | None = None,
    real_y: ArrayLike | None = None,
    labelled_generated: Images | None = None,
    labelled_y: ArrayLike | None = None,
    recipe: str = ATTRIBUTES,
    preset: Preset = "published",
    fitted: FittedRecipe | None = None,
    patients: Patients = None,
    cache: Cache = None,
    progress: bool = False,
    on_error: str = "raise",
    n_permutations: int = 99,
    random_state: int = 0,
    **overrides: Any,
) -> Attribution:
    """Find out which subset of the real images each generated image stems from, and how far to trust that.

    Parameters
    ----------
    generated : ImageSet, or anything an ImageSet is made of
        Generated images to attribute.
    real, real_y : ImageSet, or anything an ImageSet is made of, and array-like of shape (n_real,), default=None
        Real images, and the subset of each.
    labelled_generated, labelled_y : as `real` and `real_y`, default=None
        Generated images of known subset, and the subset of each. Give these, the real images, or both.
    recipe : str, default="textures-svm"
        One of `recipes.names` that attributes. Its ``trained_on`` says which of the labelled sets it learns from.
    preset : {"published", "fast"}, default="published"
        How a recipe that trains a network does so, as in `recipes.make`.
    fitted : FittedRecipe, default=None
        A recipe that has learnt before: `Attribution.fitted`, or what `recipes.load` returns. It learns nothing more.
        Labelled generated images, others than it learnt from, may be given to judge it; real ones to look for copies.
    patients : mapping, callable, str or None, default=None
        The patient of each real image, as in `detect`.
    cache : path-like or FeatureCache, default=None
        Keeps rows for the next call.
    progress : bool, default=False
        Whether to show a progress bar.
    on_error : {"raise", "nan"}, default="raise"
        What an image that cannot be used does, as in `detect`.
    n_permutations : int, default=99
        How often labels are shuffled for the test against chance; a recipe that learns from labels learns again in
        every shuffle, unless it trains a network.
    random_state : int, default=0
        Seed of folds, shuffles and intervals.
    **overrides
        What the recipe offers to change: ``recipes.info(name).overrides``.

    Returns
    -------
    Attribution
        The answers, and an assessment with a verdict.

    Raises
    ------
    ArgumentError
        For arguments that do not fit together, before any image is read.
    ValueError
        For images that both labelled sets share, for one image with two subsets, and for a file that is in two sets.
    ImageReadError
        With ``on_error="raise"``: naming every image that cannot be used.

    See Also
    --------
    detect : Which real images were used at all?

    Notes
    -----
    A recipe that learns from real images is judged twice: on the real images, cross-validated by patient, and, where
    there are some, on the labelled generated ones. Generated images differ from real ones, so the second accuracy is
    usually lower, and it is the one that counts. A recipe that trains a network is trained at most twice: it is judged
    on a third of the images that it learns from, held out by patient, or on the labelled generated ones where it learns
    from real ones alone.

    A recipe may learn from both sets at once: from pairs of their images, or with the real images as one more class.

    A real image with exactly the pixels of a generated one is a finding: the answer is its subset. Flat images, of one
    value everywhere, do not count as copies.

    Examples
    --------
    >>> from fingerprint_features import attribute, make_attribution_task
    >>> task = make_attribution_task(2, 16, 8, memorization=1, shift=4, image_size=48, random_state=0)
    >>> found = attribute(task.X, real=task.reference, real_y=task.reference_y, n_permutations=19)
    >>> found.subsets.shape, found.assessment.trials[0].how
    ((16,), 'cross-validated on the real images')
    """
    given = {"generated": generated, "real": real, "labelled_generated": labelled_generated}
    sets = {name: as_image_set(images) for name, images in given.items() if images is not None}
    labels = _labels(sets, fitted, real_y=real_y, labelled_y=labelled_y)
    check_settings(on_error, n_permutations, random_state)
    check_preset(preset)
    making = {"preset": preset, "overrides": overrides}
    if fitted is None:
        about = find_recipe(recipe, subtask=2)
        model = Lesson(about, {name: sets[name] for name in labels}, labels, making).model(sets["generated"])
    else:
        about = find_loaded(fitted, 2, overrides, recipe=recipe != ATTRIBUTES, preset=preset != "published")
        model = fitted.model
    needed = extractors_in(model)
    _guard(sets, labels)
    if needs_one_size(model):
        check_one_size({f"{name}=": images for name, images in sets.items()}, about.name)
    known, unit = with_patients({"real": sets["real"]} if "real" in sets else {}, patients)
    sets |= known
    settings = {"n_permutations": n_permutations, "random_state": random_state, "progress": progress}
    cache_given = cache
    choices = {"n_permutations": n_permutations, "random_state": random_state, "on_error": on_error, "preset": preset}
    inputs = Inputs(sets, labels, unit, choices, overrides)
    with rows_kept(cache) as cache:
        failures = read_all(sets, [LOOKS, *needed], cache, progress)
        if on_error == "raise":
            refuse_bad(failures)
        images = sets["generated"]
        masks = {name: good(some, failures.get(name, ())) for name, some in sets.items()}
        sets = {name: some[masks[name]] for name, some in sets.items()}
        labels = {name: y[masks[name]] for name, y in labels.items()}
        learns_from = {name: sets[name] for name in labels}
        guess = None
        if "real" in sets and unit != "patient":
            guess = look_for_patients([sets["real"]], cache, folders=np.unique(labels["real"]).astype(str))
        if fitted is None:
            lesson = Lesson(about, learns_from, labels, making | {"cache": cache, "progress": progress})
            model = lesson.fit(sets["generated"])
            assessment = assess_attributor(lesson, model, unit, guess, settings)
            answers = model.predict(sets["generated"])  # while it has the rows at hand
            fitted = _kept(about, model, learns_from, forget=cache_given is None)
        else:
            known = {name: sets[name] for name in ("labelled_generated",) if name in sets}
            refuse_learnt(fitted, known)
            y = labels.get("labelled_generated")
            assessment = assess_loaded(about, fitted.model, known.get("labelled_generated"), y)
            answers = fitted.model.predict(sets["generated"])
        answers = answers.astype(object)
        others = sets.get("real", sets.get("labelled_generated", sets["generated"][:0]))
        near = nearest(sets["generated"], others, cache)
    if "real" in sets:
        for i, j in exact_copies(sets["generated"], sets["real"]):
            answers[i] = labels["real"][j]  # an exact copy is proof
    found = (*_findings(sets, labels, failures), *doubts(unit, guess))
    mask = masks["generated"]
    return Attribution(
        recipe=about.name,
        ids=images.ids,
        subsets=spread(answers, mask, None),
        nearest=spread(near.ids, mask, ""),
        distances=spread(near.distances.astype(np.float64), mask, np.nan),
        notes=notes(found, "generated", images.ids),
        assessment=assessment,
        findings=found,
        fitted=fitted,
        inputs=inputs,
    )


def _kept(about, model, sets, forget):
    """Return the recipe for later use; `forget` says that its cache was one for this call alone."""
    if forget:
        forget_places(model)
    return FittedRecipe(about.name, model, tuple(d.hex() for images in sets.values() for d in images.digests))


def _labels(sets, fitted, **given):
    """Return the labels of each labelled set."""
    labels = {}
    for name, word in _LABELS.items():
        if (name in sets) != (given[word] is not None):
            raise ArgumentError(f"{name}= and {word}= go together: the images, and the subset of each")
        if name not in sets:
            continue
        y = labels[name] = np.asarray(given[word])
        if y.shape != (len(sets[name]),):
            raise ArgumentError(
                f"{word}= must have one subset for each of {len(sets[name])} images. Got shape {y.shape}"
            )
        bare = [str(id) for id, subset in zip(sets[name].ids, y, strict=True) if is_missing(subset)]
        if bare:
            raise ArgumentError(f"{word}= has no subset for {printable(bare[0])}: add one for every image of {name}=")
        if len(np.unique(y)) < 2:
            raise ArgumentError(f"{name}= needs images of two subsets or more. Got only {y[0]}")
    if not labels and fitted is None:
        raise ArgumentError("give real= or labelled_generated=, or both: subsets are learnt from them")
    return labels


def _guard(sets, labels):
    """Raise for sets that overlap, or that say two things of one image."""
    check_alike(sets)
    for name, y in labels.items():
        refuse_contradictions(name, sets[name], y)
    made = {name: sets[name] for name in ("generated", "labelled_generated") if name in sets}
    real = {name: sets[name] for name in ("real",) if name in sets}
    refuse_same_files(made, real, "no image is both real and generated")
    rest = {name: sets[name] for name in ("labelled_generated",) if name in sets}
    refuse_same_files({"generated": sets["generated"]}, rest, "an image to attribute has no known subset")
    refuse_shared(rest, real, "no image is both real and generated")


def _findings(sets, labels, failures):
    yield from copies(sets, "generated", "real")
    yield from known_labels(sets, "generated", "labelled_generated", labels.get("labelled_generated", ()))
    yield from unusable(failures)
