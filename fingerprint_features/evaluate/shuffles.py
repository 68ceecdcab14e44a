"""Shuffling the labels of groups, and in how many ways that can be done.

Labels move only between groups of similar size. A statistic that counts images depends on the sizes of the used groups:
if the used patients are the large ones, a shuffle that calls small patients used has another spread than the truth has,
and the p-value is wrong in either direction.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .checks import group_names


def group_labels(y_true: NDArray[Any], codes: NDArray[np.intp], groups: object) -> NDArray[Any]:
    """Return the one label of every group."""
    _, first = np.unique(codes, return_index=True)
    labels = y_true[first]
    mixed = np.unique(codes[labels[codes] != y_true])
    if len(mixed):
        names = [group_names(groups)[i] for i in first[mixed[:5]]]
        raise ValueError(
            f"{len(mixed)} {'group holds' if len(mixed) == 1 else 'groups hold'} images of several labels "
            f"({', '.join(map(repr, names))}{', ...' if len(mixed) > 5 else ''}), "
            "so no label can be shuffled as a whole: leave such patients out, or keep their images of one label"
        )
    if (labels == labels[0]).all():
        raise ValueError("all images have the same label: there is nothing to shuffle")
    return labels


def size_strata(codes: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    """Return the groups of each stratum of similar size: 1, 2, 3, 4, 5-6, 7-9, 10-13, 14-19 ... images."""
    step = np.round(2 * np.log2(np.bincount(codes)))
    return [np.flatnonzero(step == value) for value in np.unique(step)]


def shuffled(
    labels: NDArray[Any], strata: list[NDArray[np.intp]], n_shuffles: int, rng: np.random.Generator
) -> NDArray[Any]:
    """Return (n_shuffles, n_groups) labels, shuffled within every stratum."""
    rows = np.tile(labels, (n_shuffles, 1))
    for stratum in strata:
        rows[:, stratum] = rng.permuted(rows[:, stratum], axis=1)
    return rows


def count_shuffles(labels: NDArray[Any], strata: list[NDArray[np.intp]]) -> int:
    """Count the different ways in which the labels can be shuffled."""
    ways = 1
    for stratum in strata:
        left = len(stratum)
        for count in np.unique(labels[stratum], return_counts=True)[1].tolist():
            ways *= math.comb(left, count)
            left -= count
    return ways
