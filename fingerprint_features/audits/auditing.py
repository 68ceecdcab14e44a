"""audit: does a generated set give away the images that it was trained on?"""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from ..answers import ArgumentError, Inputs, rows_kept
from ..answers.choice import check_both, check_preset
from ..answers.guards import check_alike, refuse_same_files
from ..answers.nearest import LOOKS
from ..answers.patients import Patients, with_patients
from ..answers.reading import check_settings, extractors_in, good, read_all, refuse_bad
from ..images import ImageSet, as_image_set
from ..recipes.blocks import textures
from ..recipes.kinds import Cache, Images, Preset
from .case import Case
from .distances import DETAILS
from .labelled import audit_labelled
from .lint import lint, unreadable
from .methods import Method, Methods, find_methods
from .patients import infer_patients
from .results import AuditResult
from .settings import Settings
from .unlabelled import audit_unlabelled

_REAL = ("used", "unused", "candidates")


def audit(
    methods: Methods,
    *,
    used: Images | None = None,
    unused: Images | None = None,
    candidates: Images | None = None,
    generated: Images,
    groups: Patients = None,
    randomized_split: bool | None = None,
    cv: int = 5,
    n_permutations: int = 999,
    random_state: int = 0,
    foreign: Images | None = None,
    preset: Preset = "published",
    cache: Cache = None,
    progress: bool = False,
    on_error: str = "raise",
) -> AuditResult:
    """Find out whether a generated set gives away the images that its generator was trained on.

    Parameters
    ----------
    methods : str, callable, or list of these
        What to try: names of recipes, or functions ``f(reference, holdout)`` that return an unfitted classifier of
        images. `reference` are the generated images, and `holdout` is ``"unused"``, which
        ``ReferenceSimilarity(..., holdout=holdout)`` takes for the unused images of each fold; without labels it is
        None. ``recipes.names()`` tries all that can be tried.
    used, unused : ImageSet, or anything an ImageSet is made of, default=None
        Real images known to be used for training and known not to be used. Give both, or `candidates`.
    candidates : ImageSet, or anything an ImageSet is made of, default=None
        Real images of which nobody knows whether they were used.
    generated : ImageSet, or anything an ImageSet is made of
        The generated set.
    groups : mapping, callable, str or None, default=None
        The patient of each real image, as `patients` of `detect`: a mapping or a function from id to patient, a regular
        expression, or ``"none"`` if each image is a patient of its own. ``"auto"`` guesses patients from names and near
        duplicates, and the result says so. None takes the groups of the ImageSets.
    randomized_split : bool or None, default=None
        Whether chance chose the used among all patients. Unless it is True, "detected" becomes "exploratory".
    cv : int, default=5
        Folds of the cross-validation.
    n_permutations : int, default=999
        How often it is shuffled who was used, at most: tests stop early where nothing is found.
    random_state : int, default=0
        Seed of folds, shuffles and intervals.
    foreign : ImageSet, or anything an ImageSet is made of, default=None
        Images of a generator that never saw these patients, for one more control. Only with labels.
    preset : {"published", "fast"}, default="published"
        How a recipe that trains a network does so, as in `recipes.make`.
    cache : path-like or FeatureCache, default=None
        Keeps rows for the next call.
    progress : bool, default=False
        Whether long steps show a progress bar.
    on_error : {"raise", "nan"}, default="raise"
        What an image that cannot be used does: ``"raise"`` names all of them in one error, ``"nan"`` leaves them out
        and says so.

    Returns
    -------
    AuditResult
        With a verdict of five: "detected", "not above the blind control", "not detected", "not assessable" or
        "exploratory".

    Raises
    ------
    ArgumentError
        For arguments that do not fit together, before any image is read.
    ValueError
        For a file that is both real and generated, and where the only method cannot be fitted on these images. Of
        several methods, one that cannot be fitted is left out, and `AuditResult.left_out` says why.
    ImageReadError
        With ``on_error="raise"``: naming every image that cannot be used.

    See Also
    --------
    detect : Which of these images were used? One method, and an answer for each image.

    Notes
    -----
    **Rules**, methods that train no network, are tested together: each is learnt again in every shuffle of who was
    used, by patient, and the p-values are corrected for all of them (maxT). **Networks** are trained once on two
    thirds of the patients and tested together on the others. The **set level** compares the whole generated set with
    the used and the unused images, by the bits in which perceptual hashes differ (`copying_test` in one and three
    cells, `authenticity_gap`, `dcr_share`, `privacy_loss` and `dataset_inference`) and by their details, images less
    their Gaussian (`dcr_share`, and `dataset_inference` on plain and on whitened details). Hashes find copies of whole
    pictures; details show what many images left behind, each too weakly to be found. The p-value of the audit is the
    smallest corrected one times the number of these families.

    **Controls** ask what should be answered by "nothing". The blind ones see no generated image: a classifier of
    textures, and all rules with the images of a random third of the patients in the place of the generated ones. If
    one of them, or a `foreign` generator, raises an alarm, the verdict is "not above the blind control". Among the used
    images alone, two halves made by chance must look the same ("members only").

    Without labels nothing is said about accuracy. An image stands out when it is closer to a generated one than
    images of other patients are to each other, with the share of false alarms controlled (`image_risk`).

    An image that is in two roles, or a patient that is both used and unused, would make every number wrong. Such an
    error of the lint leaves only what can be computed without labels, and the verdict is "not assessable".

    The bound of epsilon comes from the scores of the method with the smallest p-value; its threshold is chosen on one
    half of the patients and measured on the other.

    The order of images and of methods changes nothing but the order.

    **How often it is wrong** is measured by ``make calibrate``: chance splits the patients of generated sets without
    memory into used and unused ones, so there is nothing to find. With 120 patients and two methods the p-value was at
    most 0.05 in 3.7 % of 433 audits (standard error 0.9 %). Of the 95 % intervals 96 % held an AUC of 0.5, 98 % a kappa
    of 0 and 99.7 % an accuracy of 0.5, so the last two are wider than they say. With 30 patients of ten slices each,
    7 of 100 audits had such a p-value (2.6 %), where a rank test that takes slices for independent had it in 31; the
    intervals held 97, 99.5 and 99.5 %. In 100 audits without labels no image was flagged.
    ``python -m benchmarks.audits --power`` measures what is found where there is something.

    A rule is fitted some hundred times. Rules that compare images with the generated ones look their distances up and
    take a second or two in all; a forest on many columns takes many minutes. ``joblib.parallel_config(n_jobs=2)`` uses
    two cores. What has been extracted lies in the `cache`, and an audit that was interrupted goes on from there.

    Examples
    --------
    >>> from fingerprint_features import audit, make_membership_task
    >>> task = make_membership_task(16, 16, 60, memorization=1, image_size=32, random_state=0)
    >>> used, unused = task.X[task.y == 1], task.X[task.y == 0]
    >>> result = audit(
    ...     "calibrated-log-ratio", used=used, unused=unused, generated=task.reference, randomized_split=True,
    ...     n_permutations=99,
    ... )
    >>> result.verdict.kind
    'detected'

    Without labels it takes more images, as 32 candidates are few for 60 generated ones:

    >>> audit("vcmi-2023-threshold-max", candidates=task.X, generated=task.reference).verdict.kind
    'not assessable'
    """
    given = {"used": used, "unused": unused, "candidates": candidates, "generated": generated, "foreign": foreign}
    sets = {name: as_image_set(images) for name, images in given.items() if images is not None}
    labelled = _check_sets(sets)
    settings = _check(cv, n_permutations, random_state, progress, on_error, randomized_split, preset)
    found, left_out = find_methods(methods, sets["generated"], labelled, preset)
    settings.check_permutations(found)
    sets, unit = _with_groups(sets, groups)
    check_alike(sets)
    real = {name: sets[name] for name in _REAL if name in sets}
    made = {name: images for name, images in sets.items() if name not in real}
    refuse_same_files(made, real, "no image is both real and generated")
    inputs = Inputs(sets, unit=unit, settings=settings.shown(preset, on_error, groups))
    with rows_kept(cache) as cache:
        found, unready = _ready(found, sets)
        sets, findings = _read(sets, found, cache, progress, on_error)
        if isinstance(groups, str) and groups == "auto":
            guessed, finding = infer_patients({name: sets[name] for name in real}, cache)
            sets, unit, findings = sets | guessed, "patient", (finding, *findings)
        inputs = replace(inputs, sets=sets, unit=unit)  # without images that cannot be used, with guessed patients
        findings = (*findings, *lint(sets, unit, cache))
        ids = sets["used" if labelled else "candidates"].ids
        sets = {name: _by_content(images) for name, images in sets.items()}
        case = Case(sets, unit, findings, found, left_out | unready, cache, settings, inputs)
        result = audit_labelled(case) if labelled else audit_unlabelled(case)
    return replace(result, risk=result.risk.like(ids))


def _check_sets(sets):
    """Return whether labels are known; raise where sets are missing, or too many."""
    check_both("used" in sets, "unused" in sets)
    labelled = "used" in sets
    if labelled == ("candidates" in sets):
        raise ArgumentError("give used= and unused=, or candidates= where nobody knows who was used: one of the two")
    if "foreign" in sets and not labelled:
        raise ArgumentError("foreign= is a control of methods that are judged: give used= and unused= too")
    return labelled


def _check(cv, n_permutations, random_state, progress, on_error, randomized_split, preset):
    check_settings(on_error, n_permutations, random_state)
    check_preset(preset)
    if isinstance(cv, bool) or not isinstance(cv, (int, np.integer)) or cv < 2:
        raise ArgumentError(f"cv= must be an int >= 2. Got {cv!r} instead.")
    if not (randomized_split is None or isinstance(randomized_split, (bool, np.bool_))):
        raise ArgumentError(f"randomized_split= must be True, False or None. Got {randomized_split!r} instead.")
    return Settings(int(cv), int(n_permutations), int(random_state), randomized_split, progress)


def _with_groups(sets, groups):
    """Return the sets with patients, and the unit that is kept whole; of guessed patients nothing is known yet."""
    real = {name: sets[name] for name in _REAL if name in sets}
    guess = isinstance(groups, str) and groups == "auto"
    known, unit = with_patients(real, None if guess else groups)
    return (sets if guess else sets | known), (None if guess else unit)


def _by_content(images):
    """Return a set in an order that its content decides, so that the order of files changes nothing."""
    return images[np.lexsort([images.ids, np.unique(images.digests, return_inverse=True)[1]])]


def _ready(methods: list[Method], sets: Mapping[str, ImageSet]) -> tuple[list[Method], dict[str, str]]:
    """Return the methods whose parts are all here, and what the others lack."""
    ready, missing, blank = [], {}, np.zeros((1, 64, 64), dtype=np.uint8)
    for method in methods:
        try:
            model = method.make(sets["generated"], sets["generated"], None)
            for extractor in extractors_in(model):
                extractor.fit_transform(blank)
        except (ImportError, OSError) as error:
            missing[method.name] = str(error)
        else:
            ready.append(method)
    return ready, missing


def _read(sets, methods: list[Method], cache, progress, on_error) -> tuple[dict[str, ImageSet], tuple[Any, ...]]:
    """Read every image once; return the sets without bad ones, and a finding that names these."""
    models = [method.make(sets["generated"], sets["generated"], cache) for method in methods]
    needed = [extractor for model in models for extractor in extractors_in(model)]
    failures = read_all(sets, [LOOKS, DETAILS, *textures(), *needed], cache, progress)
    if on_error == "raise":
        refuse_bad(failures)
    findings = tuple(unreadable(failures, {name: len(images) for name, images in sets.items()}))
    return sets | {name: sets[name][good(sets[name], some)] for name, some in failures.items()}, findings
