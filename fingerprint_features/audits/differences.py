"""What the files of two sets say of themselves, and whether that alone tells the sets apart."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..evaluate import permutation_test
from ..evaluate.checks import group_codes
from .headers import Header
from .lint_findings import LintFinding

_SHUFFLES = 999
_RARE = 0.01  # p-value below which two sets are said to differ
_NAMED = 3  # values of a set that a text names
_COMPARED = (("used", "unused"), ("used", "generated"), ("candidates", "generated"), ("foreign", "generated"))
_READ: dict[str, Callable[[Header], str]] = {
    "format": lambda header: header.format,
    "size": lambda header: f"{header.size[0]}x{header.size[1]}",
    "depth": lambda header: header.depth,
    "compression": lambda header: header.compression or header.format,
}
_MEASURED: dict[str, tuple[str, Callable[[Header], float]]] = {
    "size": ("pixels an image", lambda header: header.size[0] * header.size[1]),
    "compression": ("bytes a pixel", lambda header: header.weight),
}
_CURES = {
    "format": "Take images of one format in all sets; a JPEG that is saved as PNG keeps its traces.",
    "size": "Take images that had one size in all sets; resizing leaves traces.",
    "depth": "Take images of one depth in all sets, or open all with one DecodeOptions(value_range=(low, high)).",
    "compression": "Take images that were compressed in one way in all sets.",
}


def file_differences(
    headers: Mapping[str, Sequence[Header | None]], groups: Mapping[str, NDArray[Any]]
) -> Iterator[LintFinding]:
    """Yield what differs between the files of used and unused images, and between those of real and generated ones.

    Parameters
    ----------
    headers : mapping of str to sequence of Header or None
        By set; None for a file whose header is broken.
    groups : mapping of str to ndarray
        The patients of each image, for the sets where they are known: files are then compared patient by patient.
    """
    for role, other in _COMPARED:
        if role in headers and other in headers:
            parts = [[header for header in headers[name] if header is not None] for name in (role, other)]
            if all(parts):
                yield from _between(role, other, parts, _codes(headers, groups, role, other))


def _between(role, other, parts, codes):
    y = np.repeat([1, 0], [len(part) for part in parts])
    differing = False
    for kind, read in _READ.items():
        found = _by_values([[read(header) for header in part] for part in parts], y, codes)
        if not found and not differing and kind in _MEASURED and (role, other) == ("used", "unused"):
            name, measure = _MEASURED[kind]
            found = _by_ranks([[measure(header) for header in part] for part in parts], y, codes, name)
        if found:
            yield LintFinding(kind, "warning", (role, other), _text(kind, role, other, *found))
            differing = True
        if found and kind == "format":  # formats compress in ways of their own
            return


def _by_values(parts, y, codes):
    """Return what the values of two sets are and how sure it is that they differ, or nothing."""
    counts = [Counter(part) for part in parts]
    if len(counts[0] | counts[1]) == 1:
        return None
    shown = [_listed(count) for count in counts]
    if all(len(count) == 1 for count in counts):
        return *shown, "without exception"
    _, column = np.unique(np.concatenate(parts), return_inverse=True)
    p = permutation_test(
        y, column, statistic=_distance, groups=codes, n_permutations=_SHUFFLES, random_state=0
    ).p_corrected[0]
    return (*shown, f"p = {p:.3g}") if p <= _RARE else None


def _by_ranks(parts, y, codes, name):
    """Return the medians of two sets and how sure it is that they differ, or nothing."""
    values = np.concatenate(parts)
    if (values == values[0]).all():
        return None
    result = permutation_test(
        y,
        {"more": values, "less": -values},
        statistic="auc",
        groups=codes,
        n_permutations=_SHUFFLES,
        random_state=0,
    )
    p = result.p_corrected.min()
    shown = [f"{np.median(part):.3g} {name} in the median" for part in parts]
    return (*shown, f"AUC {result.values[0]:.3f}, p = {p:.3g}") if p <= _RARE else None


def _distance(y, column):
    """Return the share of images of a set that would have to change for both sets to hold the same values."""
    shares = [np.bincount(column[y == label], minlength=column.max() + 1) / (y == label).sum() for label in (0, 1)]
    return 0.5 * np.abs(shares[0] - shares[1]).sum()


def _codes(headers, groups, role, other):
    """Return the number of the patient of each image of two sets; of the image, where patients are not known."""
    names, start = [], 0
    for name in (role, other):
        good = [i for i, header in enumerate(headers[name]) if header is not None]
        known = groups.get(name)
        names += [start + i for i in good] if known is None else [str(known[i]) for i in good]
        start += len(headers[name])
    codes = group_codes(names, len(names))
    n_first = sum(header is not None for header in headers[role])
    if set(codes[:n_first]) & set(codes[n_first:]):  # a patient in both sets cannot be shuffled as a whole
        return np.arange(len(names))
    return codes


def _text(kind, role, other, mine, its, sure):
    if other == "unused":
        why = "This alone tells used from unused images, so a score may show it and nothing of the generator."
    elif role == "foreign":
        why = "The control is about another generator, not about other files."
    else:
        why = "This tells real from generated images, and may hide or feign likeness between them."
    return f"The files differ in {kind}: {role} have {mine}, {other} have {its} ({sure}). {why} {_CURES[kind]}"


def _listed(counts):
    named = ", ".join(f"{value} ({count:,})" for value, count in counts.most_common(_NAMED))
    return f"{named} and {len(counts) - _NAMED} more" if len(counts) > _NAMED else named
