"""The patient of each real image, as the caller states it."""

import re
from collections.abc import Callable, Mapping

import numpy as np

from ..images import ImageSet
from ..images.errors import printable
from ..images.labels import is_missing
from .errors import ArgumentError

Patients = Mapping[str, object] | Callable[[str], object] | str | None


def with_patients(sets: Mapping[str, ImageSet], patients: Patients) -> tuple[dict[str, ImageSet], str | None]:
    """Return the sets with a patient for every image, and the unit that is split, shuffled and resampled.

    Parameters
    ----------
    sets : mapping of str to ImageSet
        Real images, by the name of their argument.
    patients : mapping, callable, str or None
        The patient by id, a function from id to patient, a regular expression that finds the patient in an id, or
        "none", where each image is a patient of its own. None keeps the groups of the sets.

    Returns
    -------
    sets : dict of str to ImageSet
        Views with `groups`. Where patients are not known, equal images share a group and no others do.
    unit : "patient", "image" or None
        None where patients are unknown, so that no score can be trusted.
    """
    if patients is None:
        known = {name: images.groups is not None for name, images in sets.items()}
        parts = {name: images if known[name] else _by_content(images) for name, images in sets.items()}
        return parts, "patient" if all(known.values()) else None
    if isinstance(patients, str) and patients == "none":
        return {name: _by_content(images) for name, images in sets.items()}, "image"
    find = _finder(patients)
    return {name: _grouped(images, [_found(find, id) for id in images.ids]) for name, images in sets.items()}, "patient"


def _found(find, id):
    patient = find(id)
    if is_missing(patient):
        raise ArgumentError(f"patients= has no patient for {printable(id)}: add one for every real image")
    return patient


def _finder(patients):
    """Return the function from an image's id to its patient."""
    if callable(patients):
        return patients
    if isinstance(patients, str):
        return _by_pattern(patients)
    if hasattr(patients, "to_dict"):  # a Series of pandas, with ids as its index
        patients = patients.to_dict()
    if isinstance(patients, Mapping):
        return patients.get
    raise ArgumentError(
        "patients= must be a mapping from id to patient, a function, a regular expression, 'none' or None. "
        f"Got {type(patients).__name__} instead."
    )


def _by_pattern(pattern):
    try:
        pattern = re.compile(pattern)
    except re.error as error:
        raise ArgumentError(f"patients={pattern!r} is not a regular expression: {error}") from None

    def find(id):
        found = pattern.search(id)
        patient = found and (found.group(1) if pattern.groups else found.group())
        if not patient:
            raise ArgumentError(f"patients={pattern.pattern!r} finds no patient in {printable(id)}")
        return patient

    return find


def _by_content(images):
    return _grouped(images, [digest.hex() for digest in images.digests])


def _grouped(images, groups):
    view = images[:]
    view.groups = np.array([str(group) for group in groups], dtype=str)
    return view
