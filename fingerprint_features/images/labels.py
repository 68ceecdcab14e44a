"""Ids and patients: one label for each image, from a sequence or a dict."""

from collections import Counter
from collections.abc import Mapping, Set
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import printable

_NAMED = 3


def as_ids(ids: object, n_images: int) -> NDArray[np.str_]:
    """Return unique text ids, one for each image."""
    ids = _in_order(ids, n_images, "ids", "a list in the order of the images")
    missing = [str(position) for position, id in enumerate(ids) if is_missing(id)]
    if missing:
        raise ValueError(f"ids has no id at position {_few(missing)}: give every image a name of its own")
    ids = _as_array(ids, n_images, "ids").astype(str)
    name, count = Counter(ids.tolist()).most_common(1)[0] if n_images else ("", 1)
    if count > 1:
        raise ValueError(f"ids must be unique, {printable(name)!r} occurs {count} times")
    return ids


def as_groups(groups: object, ids: NDArray[np.str_]) -> NDArray[Any]:
    """Return one patient for each image; a dict gives the patient of each id."""
    if isinstance(groups, Mapping):
        patients = {str(id): patient for id, patient in groups.items()}
        groups = [patients.get(id) for id in ids.tolist()]
    groups = _in_order(groups, len(ids), "groups", "a list in the order of the images, or a dict {id: patient}")
    missing = [printable(id) for id, patient in zip(ids, groups, strict=False) if is_missing(patient)]
    if missing:
        raise ValueError(
            f"groups has no patient for {len(missing)} of {len(ids)} images ({_few(missing)}): leave them out, or give "
            "each a label of its own, such as its id, if no other image is of the same patient"
        )
    return _as_array(groups, len(ids), "groups")


def is_missing(value: object) -> bool:
    """Return whether a cell of a table is empty: None, NaN, or what pandas has instead."""
    not_a_number = isinstance(value, float) and value != value
    return value is None or not_a_number or type(value).__name__ in ("NAType", "NaTType")


def _in_order(labels, n_images, what, cure):
    if isinstance(labels, (Set, Mapping)):
        raise TypeError(f"{what} is a {type(labels).__name__}, in which images have no position: pass {cure}")
    if isinstance(labels, str):
        raise TypeError(f"{what} must hold one label for each of the {n_images} images, got the text {labels!r}")
    return labels if isinstance(labels, np.ndarray) else list(labels)


def _as_array(labels, n_images, what):
    labels = np.asarray(labels)
    if labels.shape != (n_images,):
        raise ValueError(
            f"{what} must hold one label for each of the {n_images} images, got an array of shape {labels.shape}"
        )
    return labels


def _few(names):
    return ", ".join(names[:_NAMED]) + (", ..." if len(names) > _NAMED else "")
