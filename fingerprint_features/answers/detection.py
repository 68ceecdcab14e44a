"""detect: which of these real images were used to train the generator?"""

from typing import Any

import numpy as np

from ..evaluate.refits import answers_and_decisions
from ..images import as_image_set
from ..images.sizes import check_one_size
from ..recipes.blocks import textures
from ..recipes.kinds import Cache, Images, Preset
from ..recipes.parts import forget_places
from ..recipes.saving import FittedRecipe
from .assessing import assess_detector
from .chance import chance
from .choice import (
    check_both,
    check_preset,
    find_detector,
    find_loaded,
    make_detector,
    refuse_learnt,
    with_other_reference,
)
from .errors import ArgumentError
from .findings import assumed_share, copies, few_candidates, known_labels, notes, unusable
from .guards import check_alike, refuse_same_files, refuse_shared
from .inputs import Inputs
from .known import competing, known_reference, labelled
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
from .results import Detection, spread

_REAL = ("candidates", "used", "unused", "holdout")
_MADE = ("generated", "known_generated", "pool")


def detect(
    candidates: Images,
    generated: Images,
    *,
    used: Images | None = None,
    unused: Images | None = None,
    known_generated: Images | None = None,
    holdout: Images | None = None,
    pool: Images | None = None,
    recipe: str | None = None,
    preset: Preset = "published",
    fitted: FittedRecipe | None = None,
    patients: Patients = None,
    cache: Cache = None,
    progress: bool = False,
    on_error: str = "raise",
    n_permutations: int = 99,
    random_state: int = 0,
    **overrides: Any,
) -> Detection:
    """Find out which real images were used to train a generator, and how far that answer can be trusted.

    Parameters
    ----------
    candidates : ImageSet, or anything an ImageSet is made of
        Real images to judge.
    generated : ImageSet, or anything an ImageSet is made of
        Images that the generator made.
    used, unused : ImageSet, or anything an ImageSet is made of, default=None
        Real images known to be used and known not to be used, both or none. The recipe is judged on them.
    known_generated : ImageSet, or anything an ImageSet is made of, default=None
        Images by another generator, which was trained on the `used` images. The recipe learns from the known images
        and these, and then judges the candidates by `generated`. None means that one generator made all.
    holdout : ImageSet, or anything an ImageSet is made of, default=None
        More real images known not to be used, from the scanners of the used ones. Recipes that calibrate their scores
        by unused images take these, so that `unused` may come from other scanners. Recipes without labels have
        p-values by them, where there are no `unused` images.
    pool : ImageSet, or anything an ImageSet is made of, default=None
        Images that a second generator made, for recipes that need them.
    recipe : str, default=None
        One of `recipes.names`. None takes ``"details-and-hashes"``, which learns from no labels.
    preset : {"published", "fast"}, default="published"
        How a recipe that trains a network does so, as in `recipes.make`.
    fitted : FittedRecipe, default=None
        A recipe that has learnt before: `Detection.fitted`, or what `recipes.load` returns. It learns nothing more, and
        compares with `generated`. Used and unused images, of others than it learnt from, may be given to judge it.
    patients : mapping, callable, str or None, default=None
        The patient of each real image: a mapping from id to patient, a function from id to patient, a regular
        expression that finds the patient in an id (its first group, or all that it matches), or ``"none"`` if each
        image is a patient of its own. None takes the groups of the ImageSets. Without patients no score is given.
    cache : path-like or FeatureCache, default=None
        Keeps rows for the next call.
    progress : bool, default=False
        Whether to show a progress bar.
    on_error : {"raise", "nan"}, default="raise"
        What an image that cannot be used does. ``"raise"`` names all of them in one error before anything is judged;
        ``"nan"`` leaves them out, without an answer.
    n_permutations : int, default=99
        How often labels are shuffled for the test against chance; a recipe that learns from labels learns again in
        every shuffle, unless it trains a network.
    random_state : int, default=0
        Seed of folds, shuffles and intervals.
    **overrides
        What the recipe offers to change: ``recipes.info(name).overrides``.

    Returns
    -------
    Detection
        The answers, and an assessment with a verdict: "better than chance", "cannot be told from chance", "differs
        without the generator", "cannot be judged" or "not judged".

    Raises
    ------
    ArgumentError
        For arguments that do not fit together, before any image is read.
    ValueError
        For an image that is both used and unused, or both in the holdout and in another set of real images, for a
        file that is both real and generated, and for images of several sizes where the recipe needs one.
    ImageReadError
        With ``on_error="raise"``: naming every image that cannot be used.

    See Also
    --------
    attribute : Which subset of the real images does each generated image stem from?
    recipes.make : The recipe alone, as a scikit-learn classifier.

    Notes
    -----
    A generated image with exactly the pixels of a candidate is a finding, not an error: the candidate counts as used,
    and its note names the copy. Flat images, of one value everywhere, do not count as copies: two of them are equal
    by chance.

    A recipe without labels looks at all real images at once, the known ones, the holdout and the candidates: their use
    is not asked for, and more images tell it better what is common. Labels then only judge it. Where unused images of
    known patients are given, each candidate has a p-value, how rarely unused images score as high, and a q-value, the
    same corrected for the number of candidates. They hold where unused images and candidates are alike. Where textures
    alone tell unused images from the used ones or from the candidates, there are none, and a finding says why.

    The assessment cross-validates recipes that learn from labels. One that trains a network is trained twice: on two
    thirds of the patients, to be judged on the others, and then on all for the answers. No patient, and no copy of an
    image, is on both sides of a split.

    A blind control always runs as well: it sees textures of the known images and no generated image. If it beats
    chance, used and unused images differ by themselves, and the verdict says so: a good score may then show another
    scanner. Unused images from the scanners of the used images avoid that.

    The nearest generated image is the one whose perceptual hash differs in the fewest bits.

    `joblib.parallel_config` says how many threads are used.

    Examples
    --------
    >>> from fingerprint_features import detect, make_membership_task
    >>> task = make_membership_task(20, 20, 80, memorization=1, image_size=32, random_state=0)
    >>> used, unused = task.X[task.y == 1], task.X[task.y == 0]
    >>> found = detect(task.X[:8], task.reference, used=used[4:], unused=unused[4:], n_permutations=19)
    >>> found.used.shape, found.verdict
    ((8,), 'better than chance')

    Without labelled images nothing can be judged:

    >>> detect(task.X, task.reference).verdict
    'not judged'
    """
    sets = _open(
        candidates=candidates,
        generated=generated,
        used=used,
        unused=unused,
        known_generated=known_generated,
        holdout=holdout,
        pool=pool,
    )
    check_settings(on_error, n_permutations, random_state)
    check_preset(preset)
    if fitted is None:
        about = find_detector(recipe, sets)
    else:
        rest = {name: name in sets for name in ("known_generated", "holdout", "pool")}
        about = find_loaded(fitted, 1, overrides, recipe=recipe is not None, preset=preset != "published", **rest)
        check_both("used" in sets, "unused" in sets)
    making = {"preset": preset, "overrides": overrides}
    model = fitted.model if fitted else make_detector(about, sets, "generated", sets["candidates"], **making)
    needed = extractors_in(model)
    _guard(sets)
    if needs_one_size(model):
        check_one_size({f"{name}=": images for name, images in sets.items()}, about.name)
    real, unit = with_patients({name: sets[name] for name in _REAL if name in sets}, patients)
    settings = {"n_permutations": n_permutations, "random_state": random_state, "progress": progress}
    cache_given = cache
    choices = {"n_permutations": n_permutations, "random_state": random_state, "on_error": on_error, "preset": preset}
    inputs = Inputs(sets | real, unit=unit, settings=choices, overrides=overrides)
    with rows_kept(cache) as cache:
        control = textures() if "unused" in sets or "holdout" in sets else []  # for the blind control and p-values
        made = {name: sets[name] for name in _MADE if name in sets}
        failures = read_all(made, [LOOKS, *needed], cache, progress)
        failures |= read_all(real, [LOOKS, *control, *needed], cache, progress)
        if on_error == "raise":
            refuse_bad(failures)
        masks = {name: good(images, failures.get(name, ())) for name, images in sets.items()}
        sets = {name: images[masks[name]] for name, images in (sets | real).items()}

        def make(reference, asked):
            return make_detector(about, sets, reference, asked, cache=cache, progress=progress, **making)

        ready = _loaded(about, fitted, sets) if fitted else _fitted(about, make, sets)
        answers, scores = answers_and_decisions(ready, sets["candidates"])
        guess = None
        if "used" in sets and unit != "patient":
            guess = look_for_patients([sets["used"], sets["unused"]], cache)
        assessment = assess_detector(about, make, sets, unit, guess, cache, settings, ready, loaded=fitted is not None)
        null = {} if unit is None or fitted else sets
        by_chance = chance(about, ready, null, scores, assessment, cache, random_state)
        near = nearest(sets["candidates"], sets["generated"], cache)
        found = (*_findings(about, ready, sets, failures), *by_chance.findings, *doubts(unit, guess))
        fitted = fitted or _kept(about, ready, sets, forget=cache_given is None)
    answers = np.asarray(answers).astype(np.int64)
    answers[list(near.copies)] = 1  # an exact copy is proof
    mask, images = masks["candidates"], real["candidates"]
    return Detection(
        recipe=about.name,
        ids=images.ids,
        used=spread(answers, mask, -1),
        scores=spread(scores, mask, np.nan),
        p_values=spread(by_chance.p_values, mask, np.nan),
        q_values=spread(by_chance.q_values, mask, np.nan),
        patients=images.groups if unit == "patient" else None,
        nearest=spread(near.ids, mask, ""),
        distances=spread(near.distances.astype(np.float64), mask, np.nan),
        notes=notes(found, "candidates", images.ids),
        assessment=assessment,
        findings=found,
        fitted=fitted,
        inputs=inputs,
    )


def _open(**given):
    return {name: as_image_set(images) for name, images in given.items() if images is not None}


def _guard(sets):
    """Raise for sets that overlap where they must not."""
    check_alike(sets)
    real, made = ({name: sets[name] for name in names if name in sets} for names in (_REAL, _MADE))
    refuse_same_files(made, real, "no image is both real and generated")
    if "used" in sets:
        refuse_shared({"used": sets["used"]}, {"unused": sets["unused"]}, "an image was used or it was not")
    if "holdout" in sets:
        others = {name: images for name, images in real.items() if name != "holdout"}
        refuse_shared({"holdout": sets["holdout"]}, others, "the holdout is no measure of images that it contains")


def _fitted(about, make, sets):
    """Return the recipe ready to judge the candidates.

    `make` returns it unfitted, for one set of generated images and the images that it will be asked about.
    """
    asked = sets["candidates"]
    if about.needs_labels:
        _check_unused(about, sets)
        model = make(known_reference(sets), asked).fit(*labelled(sets))
        return with_other_reference(model, sets["generated"]) if "known_generated" in sets else model
    real = competing(sets)
    try:
        return make("generated", asked).fit(real)
    except ValueError as error:
        if len(real) > 1:
            raise
        raise ArgumentError(
            f"{about.name} compares the real images with each other, and there is only one: give more, used or not"
        ) from error


def _check_unused(about, sets):
    """Raise where a recipe compares unused images with each other, and there is nothing to compare."""
    unused = sets["unused"]
    if "holdout" in about.takes and "holdout" not in sets and len(set(unused.groups.tolist())) < 2:
        raise ArgumentError(
            f"{about.name} compares unused images of different patients, and unused= has {len(unused)} of one: give "
            "two patients or more, or holdout="
        )


def _loaded(about, fitted, sets):
    """Return a recipe that has learnt before, ready to judge the candidates."""
    refuse_learnt(fitted, {name: sets[name] for name in ("used", "unused") if name in sets})
    same = not about.needs_reference or set(fitted.reference) == set(_hex(sets["generated"]))
    return fitted.model if same else with_other_reference(fitted.model, sets["generated"])


def _kept(about, model, sets, forget):
    """Return the recipe for later use; `forget` says that its cache was one for this call alone."""
    if forget:
        forget_places(model)
    known = _hex(labelled(sets)[0]) if about.needs_labels else ()
    return FittedRecipe(about.name, model, known, _hex(sets["generated"]) if about.needs_reference else ())


def _hex(images):
    return tuple(digest.hex() for digest in images.digests)


def _findings(about, model, sets, failures):
    for name in _REAL:
        yield from copies(sets, name, "generated")
    for name in ("used", "unused"):
        yield from copies(sets, name, "known_generated")
    for name in ("used", "unused"):
        yield from known_labels(sets, "candidates", name, [name] * len(sets.get(name, ())))
    yield from unusable(failures)
    yield from assumed_share(model)
    if about.transductive and "used" not in sets:
        yield from few_candidates(about.name, len(sets["candidates"]))
