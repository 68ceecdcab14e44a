"""Means of the equal parts of sorted values."""

import numpy as np

from ...compiled import njit


def part_means(values, n_parts):
    """Sort the values, cut them into parts, and return each part's mean.

    Parameters
    ----------
    values : ndarray of shape (n,) and dtype float32
        Finite, contiguous.
    n_parts : int
        Parts of ``n / n_parts`` values each; a value at a cut counts for both sides in proportion.

    Returns
    -------
    ndarray of shape (n_parts,) and dtype float64
    """
    return _means(np.sort(values), n_parts)


@njit(nogil=True, cache=True)
def _means(ordered, n_parts):
    means = np.empty(n_parts)
    place, left = 0, n_parts  # a value weighs n_parts, a part n: whole numbers
    for part in range(n_parts):
        total, missing = 0.0, ordered.size
        while missing > 0:
            weight = min(missing, left)
            total += weight * ordered[place]
            missing -= weight
            left -= weight
            if left == 0:
                place, left = place + 1, n_parts
        means[part] = total / ordered.size
    return means
