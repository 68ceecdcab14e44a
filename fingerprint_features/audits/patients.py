"""Patients: one in two sets spoils every number, and unknown ones can only be guessed."""

from collections.abc import Iterator, Mapping

import numpy as np

from ..answers.likely import look_for_patients
from ..images import ImageSet
from ..images.errors import printable
from ..recipes.kinds import Cache
from .lint_findings import LintFinding

_NAMED = 5
_REAL = ("used", "unused", "candidates")


def shared_patients(sets: Mapping[str, ImageSet], unit: str | None) -> Iterator[LintFinding]:
    """Yield the patients that have images both among the used and among the unused ones."""
    if unit != "patient" or "used" not in sets or "unused" not in sets:
        return
    mine, its = ({str(group) for group in sets[role].groups} for role in ("used", "unused"))
    both = sorted(mine & its)
    if not both:
        return
    named = ", ".join(map(printable, both[:_NAMED])) + (f" and {len(both) - _NAMED} more" if both[_NAMED:] else "")
    text = (
        f"{len(both)} of {len(mine | its)} patients {'has' if len(both) == 1 else 'have'} images in used and in unused "
        f"({named}). Images of one patient look alike, so copying is hidden and scores are wrong: put all images of a "
        "patient into one set, or leave them out."
    )
    yield LintFinding("shared-patient", "error", ("used", "unused"), text)


def doubtful_patients(sets: Mapping[str, ImageSet], unit: str | None, cache: Cache) -> Iterator[LintFinding]:
    """Yield a finding where patients are unknown, or each image is said to be one and does not look like it."""
    real = _real(sets)
    if unit == "patient" or not real:
        return
    guess = look_for_patients(list(real.values()), cache)
    if unit is None:
        text = (
            "The patients are unknown. Images of one patient on both sides of a split give perfect scores where there "
            f"is nothing to find: give groups=, or groups='none' if each image is a patient of its own. {guess}"
        )
    elif guess.found:
        text = (
            f"Each image is said to be a patient of its own, but {guess} If so, p-values are too small: give groups=."
        )
    else:
        return
    yield LintFinding("patients", "warning", tuple(real), text)


def infer_patients(sets: Mapping[str, ImageSet], cache: Cache = None) -> tuple[dict[str, ImageSet], LintFinding]:
    """Guess the patients of real images from their names and from how much they look alike.

    Parameters
    ----------
    sets : mapping of str to ImageSet
        Real images, by role.
    cache : path-like or FeatureCache, default=None
        Keeps the perceptual hashes.

    Returns
    -------
    sets : dict of str to ImageSet
        Views with the guessed patients as `groups`.
    finding : LintFinding
        That patients were guessed, and from what.
    """
    guess = look_for_patients(list(sets.values()), cache)
    ends = np.cumsum([len(images) for images in sets.values()])[:-1]
    grouped = {}
    for (role, images), labels in zip(sets.items(), np.split(guess.labels, ends), strict=True):
        grouped[role] = images[:]
        grouped[role].groups = np.array([f"patient {label + 1}" for label in labels.tolist()], dtype=str)
    text = (
        f"The patients are a guess. {guess} Where the guess misses slices of one patient, p-values are too small: give "
        "the patients by groups= if they are known."
    )
    return grouped, LintFinding("patients", "warning", tuple(sets), text)


def _real(sets):
    return {role: sets[role] for role in _REAL if role in sets}
