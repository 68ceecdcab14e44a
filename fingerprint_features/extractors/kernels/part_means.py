"""Means of the equal parts of sorted values, by a radix sort: linear in time, and exact for any spread of values."""

import numpy as np

from ...compiled import njit

_BITS = 11  # three passes over 32 bits, and counters that stay in the fastest cache
_N_PASSES = 3


@njit(nogil=True, cache=True)
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
    ordered = _sorted(values)
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


@njit(nogil=True, cache=True)
def _sorted(values):
    sign, rest = np.uint32(1 << 31), np.uint32((1 << 31) - 1)
    mask = np.uint32((1 << _BITS) - 1)
    bits, keys, spare = values.view(np.uint32), np.empty(values.size, np.uint32), np.empty(values.size, np.uint32)
    starts = np.zeros((_N_PASSES, 1 << _BITS), dtype=np.int64)
    for i in range(bits.size):
        # unsigned numbers in the order of the floats: negative ones grow with their magnitude, so are turned round
        key = bits[i] ^ sign if bits[i] <= rest else ~bits[i]
        keys[i] = key
        for digit in range(_N_PASSES):
            starts[digit, (key >> np.uint32(digit * _BITS)) & mask] += 1
    for digit in range(_N_PASSES):
        shift, start = np.uint32(digit * _BITS), starts[digit]
        if start[(keys[0] >> shift) & mask] == keys.size:
            continue  # all alike, as the lowest digits of whole numbers are
        before = 0
        for k in range(start.size):
            before, start[k] = before + start[k], before
        for i in range(keys.size):
            k = (keys[i] >> shift) & mask
            spare[start[k]] = keys[i]
            start[k] += 1
        keys, spare = spare, keys
    for i in range(keys.size):
        keys[i] = keys[i] ^ sign if keys[i] > rest else ~keys[i]
    return keys.view(np.float32)
