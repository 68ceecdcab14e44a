"""The passes of Gabor filters, which come apart into one down and one across, and the sums of their responses.

Parameters are those of `response_sums`: `rows` and `columns` say where the pixels of the image with margins come from.
"""

import math

import numpy as np

from ...compiled import njit

GROUP = 4  # taps added up before an accumulator is written back
_BLOCK = 1024  # pixels of a block of rows; with what is made of them they stay in the nearest cache
# Images are finite; what is reordered and contracted depends on the width of the image alone.
_MATHS = {"contract", "reassoc", "nsz"}


@njit(nogil=True, cache=True, fastmath=_MATHS)
def filter_rows(levels, rows, columns, taps, reaches, slots, magnitude, sums):
    """Add the sums and the sums of squares of all responses to `sums`, a row of pixels at a time."""
    height, width = levels.shape
    margin = taps.shape[3] - 1
    flat, starts, places = levels.ravel(), rows * width, np.arange(columns.size)
    lines = np.empty((2, columns.size), dtype=np.float32)  # a row after the pass down, even and odd, with margins
    parts = np.empty((2, 2, width), dtype=np.float32)  # a row of responses: (even or odd down, even or odd across)
    for pair in range(len(slots)):
        down, across = reaches[pair]
        cos_down, sin_down = taps[pair, 0, 0, : down + 1], taps[pair, 0, 1, : down + 1]
        cos_across, sin_across = taps[pair, 1, 0, : across + 1], taps[pair, 1, 1, : across + 1]
        odd_down, odd_across = sin_down.any(), sin_across.any()  # at 0 and at 90 degrees one pass is a plain Gaussian
        parts[:] = 0
        for y in range(height):
            even, odd = lines[0, margin : margin + width], lines[1, margin : margin + width]
            _pass(flat, starts, y + margin, cos_down, sin_down, odd_down, even, odd)
            for part in range(1 + odd_down):
                line = lines[part]
                for x in range(margin - across, margin):
                    line[x] = line[margin + columns[x]]
                for x in range(margin + width, margin + width + across):
                    line[x] = line[margin + columns[x]]
                _pass(line, places, margin, cos_across, sin_across, odd_across, parts[part, 0], parts[part, 1])
            _add(parts[0, 0], parts[0, 1], parts[1, 0], parts[1, 1], slots[pair], magnitude, sums)


@njit(nogil=True, cache=True, fastmath=_MATHS)
def filter_blocks(levels, rows, columns, taps, reaches, slots, magnitude, sums):
    """Do what `filter_rows` does, several rows at a time: the loops along one narrow row would be short.

    A pass down takes a block of rows as one long row. Turned over, so that its columns are rows, the pass across is a
    pass down as well.
    """
    height, width = levels.shape
    margin = taps.shape[3] - 1
    most = min(height, max(1, _BLOCK // width))
    flat, starts, places = levels[rows].ravel(), np.arange(rows.size) * width, np.arange(columns.size)
    block = np.empty((2, most * width), dtype=np.float32)  # after the pass down, even and odd
    turned = np.empty((2, most * columns.size), dtype=np.float32)  # the same turned over, with margins
    parts = np.empty((2, 2, most * width), dtype=np.float32)
    for pair in range(len(slots)):
        down, across = reaches[pair]
        cos_down, sin_down = taps[pair, 0, 0, : down + 1], taps[pair, 0, 1, : down + 1]
        cos_across, sin_across = taps[pair, 1, 0, : across + 1], taps[pair, 1, 1, : across + 1]
        odd_down, odd_across = sin_down.any(), sin_across.any()
        parts[:] = 0
        for top in range(0, height, most):
            n = min(most, height - top)
            even, odd = block[0, : n * width], block[1, : n * width]
            _pass(flat, starts, margin + top, cos_down, sin_down, odd_down, even, odd)
            for part in range(1 + odd_down):
                _turn_over(block[part, : n * width], n, columns, margin, across, turned[part])
                even, odd = parts[part, 0, : n * width], parts[part, 1, : n * width]
                _pass(turned[part], n * places, margin, cos_across, sin_across, odd_across, even, odd)
            ee, eo = parts[0, 0, : n * width], parts[0, 1, : n * width]
            oe, oo = parts[1, 0, : n * width], parts[1, 1, : n * width]
            _add(ee, eo, oe, oo, slots[pair], magnitude, sums)


@njit(nogil=True, cache=True)
def _turn_over(block, n, columns, margin, across, turned):
    """Write a block of n rows to `turned` by columns, and mirror as many columns at its sides as the taps reach."""
    width = block.size // n
    for x in range(width):
        for y in range(n):
            turned[(margin + x) * n + y] = block[y * width + x]
    for x in range(across):
        for edge in (margin - 1 - x, margin + width + x):
            for y in range(n):
                turned[edge * n + y] = turned[(margin + columns[edge]) * n + y]


@njit(nogil=True, cache=True, fastmath=_MATHS)
def _pass(flat, starts, centre, cos, sin, want_odd, even, odd):
    """Weigh the lines of `flat` that begin at ``starts[centre - k]`` and ``starts[centre + k]``, every k together."""
    width = even.size
    line = flat[starts[centre] :]
    for x in range(width):
        even[x] = cos[0] * line[x]
    if want_odd:
        odd[:] = 0
    for k in range(1, cos.size, GROUP):
        a0, a1 = flat[starts[centre + k] :], flat[starts[centre + k + 1] :]
        a2, a3 = flat[starts[centre + k + 2] :], flat[starts[centre + k + 3] :]
        b0, b1 = flat[starts[centre - k] :], flat[starts[centre - k - 1] :]
        b2, b3 = flat[starts[centre - k - 2] :], flat[starts[centre - k - 3] :]
        c0, c1, c2, c3 = cos[k], cos[k + 1], cos[k + 2], cos[k + 3]
        s0, s1, s2, s3 = sin[k], sin[k + 1], sin[k + 2], sin[k + 3]
        if want_odd:
            for x in range(width):
                even[x] += c0 * (a0[x] + b0[x]) + c1 * (a1[x] + b1[x]) + c2 * (a2[x] + b2[x]) + c3 * (a3[x] + b3[x])
                odd[x] += s0 * (a0[x] - b0[x]) + s1 * (a1[x] - b1[x]) + s2 * (a2[x] - b2[x]) + s3 * (a3[x] - b3[x])
        else:
            for x in range(width):
                even[x] += c0 * (a0[x] + b0[x]) + c1 * (a1[x] + b1[x]) + c2 * (a2[x] + b2[x]) + c3 * (a3[x] + b3[x])


@njit(nogil=True, cache=True, fastmath=_MATHS)
def _add(ee, eo, oe, oo, slots, magnitude, sums):
    """Add up the responses of the filter at t and of that at 180 - t, where they are asked for."""
    for mirrored in range(2):
        if slots[mirrored] >= 0:
            total, squares = _sum_up(ee, eo, oe, oo, np.float32(1 - 2 * mirrored), magnitude)
            sums[slots[mirrored], 0] += total
            sums[slots[mirrored], 1] += squares


@njit(nogil=True, cache=True, fastmath=_MATHS)
def _sum_up(ee, eo, oe, oo, sign, magnitude):
    total, squares = 0.0, 0.0  # float64: nearly flat responses leave little of the squares
    for x in range(ee.size):
        real = ee[x] - sign * oo[x]
        imaginary = eo[x] + sign * oe[x]
        value = np.float64(math.sqrt(real * real + imaginary * imaginary) if magnitude else real)
        total += value
        squares += value * value
    return total, squares
