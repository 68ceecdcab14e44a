"""The codes of local binary patterns, those of scikit-image bit for bit, a row of pixels at a time.

A neighbour between pixels is interpolated from four of them, first along the row, then across. Where the result
equals the centre, rounding decides the bit; so every sum is done as scikit-image does it: in float64, with fractions
taken from the neighbour's own coordinate. What is saved is doing the sums along a row once, for all neighbours and
rows that need them. Nothing is fused, so every machine gives the codes that scikit-image gives on x86-64.
"""

import math
from functools import lru_cache

import numpy as np

from ...compiled import njit
from .lbp_3x3 import LARGEST_3X3, encode_3x3


def binary_patterns(image, n_points, radius):
    """Return the code of every pixel: bit i is set where neighbour i is no darker; outside the image all is 0.

    Parameters
    ----------
    image : ndarray of shape (h, w) and dtype uint8 or uint16
    n_points : int
        Neighbours, anticlockwise from the right.
    radius : float

    Returns
    -------
    ndarray of shape (h, w)
        uint8 for up to 8 neighbours, uint32 for more.
    """
    rows, columns, margin = circle(n_points, radius)
    height, width = image.shape
    padded = np.zeros((height + 2 * margin, width + 2 * margin), dtype=image.dtype)
    padded[margin : margin + height, margin : margin + width] = image
    codes = np.zeros(image.shape, dtype=np.uint8 if n_points <= 8 else np.uint32)
    if n_points == 8 and radius == 1 and image.dtype == np.uint8 and max(image.shape) <= LARGEST_3X3:
        encode_3x3(padded, codes)
    else:
        _encode(padded, margin, rows, columns, codes)
    return codes


@lru_cache(maxsize=64)
def circle(n_points, radius):
    """Return the row and column offsets of the neighbours, rounded to five decimals, and the margin they need."""
    angles = 2 * np.pi * np.arange(n_points, dtype=np.float64) / n_points
    radius = float(np.float32(radius))  # in scikit-image it is a C float
    rows, columns = np.round(-radius * np.sin(angles), 5), np.round(radius * np.cos(angles), 5)
    return rows, columns, int(np.ceil(max(np.abs(rows).max(), np.abs(columns).max())))


@njit(nogil=True, cache=True)
def _encode(padded, margin, rows, columns, codes):
    width = codes.shape[1]
    one, none = codes.dtype.type(1), codes.dtype.type(0)
    between, shared = _columns_between(rows, columns)
    fractions = np.empty((shared.size, width))
    for k in range(shared.size):
        for x in range(width):
            fractions[k, x] = x + shared[k] - math.floor(x + shared[k])
    depth = 2 * margin + 1  # rows kept: those that one row of centres needs
    line = np.empty(padded.shape[1])
    centres = np.empty((depth, width))
    along = np.empty((shared.size, depth, width))

    for last in range(padded.shape[0]):
        slot = last % depth
        pixels = padded[last]
        for x in range(line.size):
            line[x] = pixels[x]
        centres[slot] = line[margin : margin + width]
        for k in range(shared.size):
            fraction, result = fractions[k], along[k, slot]
            start = margin + math.floor(shared[k])
            left = line[start : start + width]
            start = margin + math.ceil(shared[k])
            right = line[start : start + width]
            for x in range(width):
                result[x] = (1 - fraction[x]) * left[x] + fraction[x] * right[x]

        middle = last - margin
        y = middle - margin
        if y < 0:
            continue
        code = codes[y]
        centre, wide_centre = padded[middle, margin : margin + width], centres[middle % depth]
        for i in range(rows.size):
            bit = one << i
            upper, lower = middle + math.floor(rows[i]), middle + math.ceil(rows[i])
            if between[i] < 0:
                start = margin + int(columns[i])
                neighbour = padded[upper, start : start + width]
                for x in range(width):
                    code[x] |= bit if neighbour[x] >= centre[x] else none
            else:
                above, below = along[between[i], upper % depth], along[between[i], lower % depth]
                fraction_down = y + rows[i] - math.floor(y + rows[i])
                rest = 1 - fraction_down
                for x in range(width):
                    code[x] |= bit if rest * above[x] + fraction_down * below[x] >= wide_centre[x] else none


@njit(nogil=True, cache=True)
def _columns_between(rows, columns):
    """Return which column offset each neighbour off the pixel grid shares, -1 for others; and these offsets."""
    between = np.full(rows.size, -1)
    shared = np.empty(rows.size)
    n = 0
    for i in range(rows.size):
        if rows[i] != math.floor(rows[i]) or columns[i] != math.floor(columns[i]):
            k = 0
            while k < n and shared[k] != columns[i]:
                k += 1
            shared[k] = columns[i]
            n = max(n, k + 1)
            between[i] = k
    return between, shared[:n]
