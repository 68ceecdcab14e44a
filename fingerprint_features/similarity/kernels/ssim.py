"""Structural similarity, a band of windows at a time.

Over a window of weight 49 (7 x 7 pixels), with ``s`` the sum of an image and ``v = 49 * sum of squares - s * s``, all
means and variances of the definition are whole numbers up to a common factor, so nothing is rounded before the
last operations: bright flat images are as safe as dark ones, and the two images can change places. Gaussian windows
have weight 1 and take float64 in the place of whole numbers.

Types do the choosing: `kind`, the type of the work lines, is int32 for 8-bit images, float64 for 16-bit ones
(which holds their sums exactly) and for Gaussian windows. The casts matter: without them numba computes in 64 bits.

The rows of a band lie behind each other and are gone through as one long line; a window that begins in the last
columns runs into the next row. Such windows have infinite `spreads`, which makes their similarity 0.
"""

import numpy as np

from ...compiled import njit

SIDE = 7
BAND = 8  # rows; the work lines of 256 columns fit the first cache
BEYOND = 16  # entries of a work line behind the band, which the last windows reach into
_REAL = np.float32  # of the last operations
_PART = 512  # windows summed in it; rounding errors of equal windows have one sign, so those of longer sums add up


@njit(nogil=True, cache=True)
def moments(images, ones, taps, weight, lines, means, spreads):
    """Fill `means` and `spreads` (windows of each image, and of its square less the squared mean)."""
    kind = lines.dtype.type
    columns, partial = lines[0], lines[1]
    width = images.shape[2]
    for i in range(images.shape[0]):
        for y in range(0, means.shape[1] // width, BAND):
            mean, spread = means[i, y * width : (y + BAND) * width], spreads[i, y * width : (y + BAND) * width]
            _fill(images[i], ones, y, taps, mean.size, columns, partial)
            for x in range(mean.size):
                mean[x] = _window(columns, partial, x, taps)
        for y in range(0, means.shape[1] // width, BAND):
            mean, spread = means[i, y * width : (y + BAND) * width], spreads[i, y * width : (y + BAND) * width]
            _fill(images[i], images[i], y, taps, mean.size, columns, partial)
            for x in range(mean.size):
                product = kind(kind(mean[x]) * kind(mean[x]))
                spread[x] = _REAL(kind(kind(weight * _window(columns, partial, x, taps)) - product))


@njit(nogil=True, cache=True)
def compare(images, means, spreads, others, other_means, other_spreads, taps, weight, c1, c2, lines, out):
    """Fill `out` with the sum over all windows of the similarity of every image and every other one."""
    columns, partial = lines[0], lines[1]
    width, size = images.shape[2], means.shape[1]
    for i in range(images.shape[0]):
        for j in range(others.shape[0]):
            total = 0.0
            for y in range(0, size // width, BAND):
                start, end = y * width, min((y + BAND) * width, size)
                _fill(images[i], others[j], y, taps, end - start, columns, partial)
                for part in range(start, end, _PART):
                    stop = min(part + _PART, end)
                    total += _score(
                        columns[part - start :],
                        partial[part - start :],
                        taps,
                        means[i, part:stop],
                        other_means[j, part:stop],
                        spreads[i, part:stop],
                        other_spreads[j, part:stop],
                        weight,
                        c1,
                        c2,
                    )
            out[i, j] = total


@njit(nogil=True, cache=True)
def _fill(a, b, y, taps, size, columns, partial):
    """Sum the product of two images down the columns, from top row `y`, and some way along; call it band by band."""
    if taps is None:
        _sums(a, b, y, size, columns, partial)
    else:
        _weighted_sums(a, b, y, taps, size, columns, partial)


@njit(nogil=True, cache=True)
def _window(columns, partial, x, taps):
    """Return the sum of a window."""
    if taps is None:
        kind = columns.dtype.type
        return kind(kind(partial[x] + partial[x + 2]) + kind(partial[x + 4] + columns[x + 6]))
    return partial[x]


@njit(nogil=True, cache=True)
def _sums(a, b, y, size, columns, pairs):
    kind = columns.dtype.type
    width = a.shape[1]
    before = columns[(BAND - 1) * width : BAND * width]  # the last row of the band before
    for start in range(0, size, width):
        column = columns[start : start + width]
        if y == 0:
            column[:] = 0
            for j in range(SIDE):
                _add(a[j], b[j], column)
        else:
            _shift(a[y + SIDE - 1], b[y + SIDE - 1], a[y - 1], b[y - 1], before, column)
        before = column
        y += 1
    for x in range(size + SIDE - 3):
        pairs[x] = kind(columns[x] + columns[x + 1])


@njit(nogil=True, cache=True)
def _add(a, b, column):
    kind = column.dtype.type
    for x in range(column.size):
        column[x] = kind(column[x] + kind(kind(a[x]) * kind(b[x])))


@njit(nogil=True, cache=True)
def _shift(a, b, old_a, old_b, before, column):
    kind = column.dtype.type
    for x in range(column.size):
        change = kind(kind(a[x]) * kind(b[x])) - kind(kind(old_a[x]) * kind(old_b[x]))
        column[x] = kind(before[x] + change)


@njit(nogil=True, cache=True)
def _weighted_sums(a, b, y, taps, size, columns, windows):
    kind = columns.dtype.type
    width = a.shape[1]
    for start in range(0, size, width):
        column = columns[start : start + width]
        column[:] = 0
        for j in range(taps.size):
            row, other, tap = a[y + j], b[y + j], taps[j]
            for x in range(width):
                column[x] += tap * (kind(row[x]) * kind(other[x]))
        y += 1
    windows[:size] = 0
    for j in range(taps.size):
        shifted, tap = columns[j:], taps[j]
        for x in range(size):
            windows[x] += tap * shifted[x]


@njit(nogil=True, cache=True, fastmath={"reassoc"})  # of the sum alone: it lets the loop go several pixels at a time
def _score(columns, partial, taps, mean, other_mean, spread, other_spread, weight, c1, c2):
    kind = columns.dtype.type
    total = _REAL(0)
    for x in range(mean.size):
        window = _window(columns, partial, x, taps)
        total += _similarity(window, kind(mean[x]), kind(other_mean[x]), spread[x], other_spread[x], weight, c1, c2)
    return total


@njit(nogil=True, cache=True, error_model="numpy")  # a test for a zero divisor would stop the loop from vectorising
def _similarity(window, mean, other_mean, spread, other_spread, weight, c1, c2):
    """Return the similarity of two windows: exactly 1 for equal ones, the same when they change places."""
    kind = type(window)
    product = kind(mean * other_mean)
    covariance = _REAL(kind(kind(weight * window) - product))
    a, b = _REAL(mean), _REAL(other_mean)
    above = (_REAL(2) * _REAL(product) + c1) * (_REAL(2) * covariance + c2)
    return above / ((a * a + b * b + c1) * (spread + other_spread + c2))
