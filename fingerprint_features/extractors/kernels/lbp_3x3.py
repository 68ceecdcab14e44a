"""Local binary patterns of 8 neighbours at radius 1 in small 8-bit images, several times faster than the general way.

With all levels relative to the centre, a diagonal neighbour is 0.70711 * (0.70711 * corner + 0.29289 * both sides).
It is no darker than the centre when corner + slope * sides >= 0. For 8-bit levels this is either 0 or at least 0.001
away from it, which float32 can represent. When it is 0, a tie, scikit-image's rounding in float64 decides. It keeps all
ties in rows and columns 2 to 511, where the fraction of every coordinate is cut to the same number; in the two rows
and columns before, ties are decided one by one with the same sums.
"""

import math

import numpy as np

from ...compiled import njit

LARGEST_3X3 = 512  # pixels along either side

_SIDE = 0.70711  # rounded as all coordinates are
_SLOPE = np.float32(0.29289 / 0.70711)


@njit(nogil=True, cache=True)
def encode_3x3(padded, codes):
    """Write the codes of an image with a margin of one black pixel."""
    height, width = codes.shape
    none = np.uint8(0)
    for y in range(height):
        north_west, north, north_east = padded[y, :width], padded[y, 1 : width + 1], padded[y, 2:]
        west, centre, east = padded[y + 1, :width], padded[y + 1, 1 : width + 1], padded[y + 1, 2:]
        south_west, south, south_east = padded[y + 2, :width], padded[y + 2, 1 : width + 1], padded[y + 2, 2:]
        code = codes[y]
        for x in range(width):
            c = np.float32(centre[x])
            e, n, w, s = east[x] - c, north[x] - c, west[x] - c, south[x] - c
            bits = np.uint8(1) if e >= 0 else none
            bits |= np.uint8(2) if north_east[x] - c + _SLOPE * (n + e) >= 0 else none
            bits |= np.uint8(4) if n >= 0 else none
            bits |= np.uint8(8) if north_west[x] - c + _SLOPE * (n + w) >= 0 else none
            bits |= np.uint8(16) if w >= 0 else none
            bits |= np.uint8(32) if south_west[x] - c + _SLOPE * (s + w) >= 0 else none
            bits |= np.uint8(64) if s >= 0 else none
            bits |= np.uint8(128) if south_east[x] - c + _SLOPE * (s + e) >= 0 else none
            code[x] = bits
    _round_ties(padded, codes)


@njit(nogil=True, cache=True)
def _round_ties(padded, codes):
    """Take back the bits of ties in the first two rows and columns that are rounded to less.

    Apart from the loops above, which a call inside would slow down: their slices would have to be counted.
    """
    height, width = codes.shape
    for y in range(height):
        for x in range(width if y < 2 else min(width, 2)):
            centre, north, south = padded[y + 1, x + 1], padded[y, x + 1], padded[y + 2, x + 1]
            west, east = padded[y + 1, x], padded[y + 1, x + 2]
            if not _keeps_tie(padded[y, x + 2], north, east, centre, y, x, -1, 1):
                codes[y, x] &= ~2
            if not _keeps_tie(padded[y, x], north, west, centre, y, x, -1, -1):
                codes[y, x] &= ~8
            if not _keeps_tie(padded[y + 2, x], south, west, centre, y, x, 1, -1):
                codes[y, x] &= ~32
            if not _keeps_tie(padded[y + 2, x + 2], south, east, centre, y, x, 1, 1):
                codes[y, x] &= ~128


@njit(nogil=True, cache=True)
def _keeps_tie(corner, upright, level, centre, y, x, down, right):
    """Return whether a diagonal neighbour that equals the centre is not rounded to less; True if it is no tie."""
    if corner != centre or np.int64(upright) + level != 2 * np.int64(centre):
        return True
    near_row, far_row = _weights(y, down)
    near_column, far_column = _weights(x, right)
    here = near_column * centre + far_column * level
    there = near_column * upright + far_column * centre
    return near_row * here + far_row * there >= centre


@njit(nogil=True, cache=True)
def _weights(position, step):
    """Return the weights of the centre's row or column, and of the next one in the direction of the step."""
    fraction = position + step * _SIDE - math.floor(position + step * _SIDE)
    return (1 - fraction, fraction) if step > 0 else (fraction, 1 - fraction)
