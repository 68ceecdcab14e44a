"""Images that come twice: equal pixels, and pictures that look alike, within a set and across sets."""

from collections.abc import Iterator, Mapping
from itertools import combinations_with_replacement
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..answers.guards import exact_copies
from ..answers.likely import usual_distance
from ..images import ImageSet
from ..images.digest import examine
from ..neighbors import FaissNearestNeighbors
from .lint_findings import LintFinding, Pair

_NEAR = 0.3  # of the typical distance between two real images
_MOST = 200  # pairs in a finding
_BLOCK = 256  # images whose pairs are in memory at the same time
_REAL = ("used", "unused", "candidates")


class Looks(NamedTuple):
    """Numbers by which images are compared.

    Attributes
    ----------
    name : str
        What they are, in words.
    metric : {"hamming", "cosine"}
    rows : dict of str to ndarray of shape (n_images, n_columns)
        By set.
    """

    name: str
    metric: Literal["hamming", "cosine"]
    rows: Mapping[str, NDArray[np.float32]]


def exact_duplicates(sets: Mapping[str, ImageSet]) -> Iterator[LintFinding]:
    """Yield the images that are in two sets, or twice in one, pixel by pixel; flat images are left out."""
    for role, other in combinations_with_replacement(sets, 2):
        images, rest = sets[role], sets[other]
        found = _repeated(images) if role == other else exact_copies(images, rest)
        if found:
            severity, text = _exact(role, other, len({i for i, _ in found}), len(images))
            pairs = [Pair(role, str(images.ids[i]), other, str(rest.ids[j]), 0.0) for i, j in found[:_MOST]]
            yield LintFinding("exact-duplicate", severity, _roles(role, other), text, tuple(pairs))


def near_duplicates(sets: Mapping[str, ImageSet], looks: Looks, unit: str | None) -> Iterator[LintFinding]:
    """Yield the images of two sets, or of one, that look alike without being equal; flat images are left out.

    `unit` is "patient" where the patients of the real images are known: within one set, two images of one patient do
    not count then.
    """
    radius = _NEAR * _typical(looks)
    marks = {role: _marks(images, role in _REAL and unit == "patient") for role, images in sets.items()}
    for role, other in combinations_with_replacement(sets, 2):
        n_pairs, n_images, pairs = _search(looks, role, other, marks[role], marks[other], radius)
        if not n_pairs:
            continue
        severity, meaning = _near(role, other, unit == "patient")
        text = (
            f"{_have(n_images, len(sets[role]), role)} a near duplicate in {other}: {n_pairs} "
            f"{'pair differs' if n_pairs == 1 else 'pairs differ'} by at most {_shown(radius, looks)} ({looks.name}), "
            f"where two images usually differ by {_shown(radius / _NEAR, looks)}. {meaning}"
        )
        ids, others, scale = sets[role].ids, sets[other].ids, _scale(looks)
        named = [Pair(role, str(ids[i]), other, str(others[j]), distance * scale) for i, j, distance in pairs]
        yield LintFinding("near-duplicate", severity, _roles(role, other), text, tuple(named))


class _Marks(NamedTuple):
    """What keeps two images from being a pair: the same pixels, the same patient, or that they are flat."""

    contents: NDArray[np.object_]
    patients: NDArray[np.str_] | None
    flat: NDArray[np.bool_]


def _marks(images, known):
    patients = np.array([str(group) for group in images.groups]) if known else None
    return _Marks(images.digests, patients, np.array([record.flat for record in examine(images)], dtype=bool))


def _repeated(images):
    """Return the positions of each image that came before in its set, and of where it came first."""
    flat = [record.flat for record in examine(images)]
    first, found = {}, []
    for i, digest in enumerate(images.digests):
        j = first.setdefault(digest, i)
        if i != j and not flat[i]:
            found.append((i, j))
    return found


def _typical(looks):
    """Return the usual distance of two real images; of any two where there are no real ones."""
    real = [rows for role, rows in looks.rows.items() if role in _REAL]
    return usual_distance(np.vstack(real or list(looks.rows.values())), looks.metric)


def _search(looks, role, other, marks, other_marks, radius):
    """Return the number of near pairs, of the images of the first set in one, and the nearest pairs."""
    rows, rest = looks.rows[role], looks.rows[other]
    left, right = (np.flatnonzero(~one.flat) for one in (marks, other_marks))
    n_pairs, images, pairs = 0, set(), []
    if not len(left) or not len(right):
        return 0, 0, []
    search = FaissNearestNeighbors(1, radius=radius, metric=looks.metric).fit(rest[right])
    for start in range(0, len(left), _BLOCK):
        block = left[start : start + _BLOCK]
        distances, found = search.radius_neighbors(rows[block])
        i = np.repeat(block, [len(row) for row in found])
        j, distance = right[np.concatenate(found)], np.concatenate(distances)
        keep = marks.contents[i] != other_marks.contents[j]
        if role == other and marks.patients is not None:
            keep &= marks.patients[i] != marks.patients[j]
        images.update(i[keep].tolist())
        if role == other:
            keep &= i < j
        n_pairs += int(keep.sum())
        i, j, distance = i[keep], j[keep], distance[keep]
        first = np.lexsort([j, i, distance])[:_MOST]
        pairs += zip(i[first].tolist(), j[first].tolist(), distance[first].tolist(), strict=True)
        pairs = sorted(pairs, key=lambda pair: (pair[2], pair[0], pair[1]))[:_MOST]
    return n_pairs, len(images), pairs


def _exact(role, other, n_images, total):
    """Return the severity and the text of exact duplicates."""
    having = _have(n_images, total, role)
    if role == other and role in _REAL:
        return "note", (
            f"{having} the same pixels as another one of {role}. Copies stay together in every split, so no score is "
            "too good; leave them out if each picture should count once."
        )
    if role == other:
        return "note", f"{having} the same pixels as another one of {role}: the generator has repeated itself."
    having += f" an exact copy in {other}"
    if (role, other) == ("used", "unused"):
        return "error", f"{having}. An image was used or it was not: take these out of one of the two sets."
    if (role, other) == ("unused", "generated"):
        return "warning", f"{having}, and yet they were not used: check the folders."
    if other == "foreign":
        return "warning", (
            f"{having}. Foreign images are a control only if their generator never saw these patients: check the "
            "folders, or take these out."
        )
    return "note", f"{having}. This is evidence of copying, unless files were put into the wrong folder."


def _near(role, other, known):
    """Return the severity of near duplicates, and what they mean; `known` says whether patients are known."""
    if (role, other) == ("used", "unused"):
        return "warning", (
            "If such a pair shows one patient, that patient is in both sets, and copying is hidden: look at the pairs, "
            "and correct groups=."
        )
    if role == other and role in _REAL and known:
        return "warning", (
            "Pairs of one patient are left out, so these show different patients: look at them, and correct groups= "
            "if they do not."
        )
    if role == other and role in _REAL:
        return "warning", "They may be slices of one patient: give the patients by groups=."
    if role == other:
        return "note", "The generator repeats itself, so there are fewer different images than files."
    if other == "generated" and role != "unused":
        return "note", "Look at them: each may be a copy. The tests say how many are more than chance brings."
    if other == "generated":
        return "note", "These images were not used: so many look alike without any copying."
    return "note", "Look at them, if the two sets should have nothing in common."


def _have(n_images, total, role):
    what = role if role == "candidates" else f"{role} images"
    return f"{n_images} of {total} {what} {'has' if n_images == 1 else 'have'}"


def _shown(distance, looks):
    """Return a distance in words: for bits, in how many of them two images differ."""
    scale = _scale(looks)
    return f"{distance:.2g} in cosine distance" if scale == 1 else f"{int(distance * scale)} of {scale} bits"


def _scale(looks):
    return next(iter(looks.rows.values())).shape[1] if looks.metric == "hamming" else 1


def _roles(role, other):
    return (role,) if role == other else (role, other)
