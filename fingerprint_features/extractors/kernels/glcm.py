"""Grey-level co-occurrence, counted and summed up offset by offset without making the matrices.

Pairs are counted at (difference, lower level). A row of the table is one difference, so that contrast, dissimilarity
and homogeneity take one product per row; a symmetric matrix is half as large; and the pairs of neighbouring pixels,
which differ little, stay close together in memory. Sums are of integers, and of logarithms in fixed point where counts
are small.
"""

import numpy as np

from ...compiled import njit

_FEW_LEVELS = 32
_LANES = 2  # tables for few levels, taken in turn: equal pairs need not wait for one counter; more crowd the cache
LOG_UNIT = 2.0**-30
LOGS = np.rint(np.arange(4096) * np.log(np.maximum(np.arange(4096), 1)) / LOG_UNIT).astype(np.int64)


@njit(nogil=True, cache=True)
def cooccurrence_sums(levels, row_offsets, column_offsets, n_levels, symmetric):
    """Count pairs of levels at each offset, and sum up what the properties are made of.

    Parameters
    ----------
    levels : ndarray of shape (h, w) and dtype uint8
        Below `n_levels`.
    row_offsets, column_offsets : ndarray of int
        From the first pixel of a pair to the second.
    n_levels : int
        Up to 256.
    symmetric : bool
        Whether (i, j) and (j, i) are the same.

    Returns
    -------
    ndarray of shape (n_offsets, 12) and dtype float64
        Over the pairs (i, j): their number, that of equal ones, the sums of |i - j|, (i - j)**2 and
        1 / (1 + (i - j)**2). Over the counts m of each pair: the sums of m**2, of m**2 of the equal ones, and of
        m * log(m). Over the pairs again: the sums of i, i**2, j and j**2.
    """
    height, width = levels.shape
    few = n_levels <= _FEW_LEVELS
    stride = 32 if few else 256
    size = stride * stride
    table = np.zeros((_LANES if few else 1, size if symmetric else 2 * size), dtype=np.uint32)
    cells = np.empty(width, dtype=np.uint32)
    row_moments = _row_moments(levels)
    sums = np.zeros((row_offsets.size, 12))
    for o in range(row_offsets.size):
        down, right = row_offsets[o], column_offsets[o]
        n = width - abs(right)
        if n <= 0 or abs(down) >= height:
            continue
        top, left = max(0, -down), max(0, -right)
        for y in range(top, top + height - abs(down)):
            first, second = levels[y, left : left + n], levels[y + down, left + right : left + right + n]
            if few:
                for x in range(n):
                    low = first[x] if first[x] < second[x] else second[x]
                    high = second[x] if first[x] < second[x] else first[x]
                    cells[x] = (np.int64(high) << 5) - (np.int64(low) << 5) + low
            else:
                for x in range(n):
                    low = first[x] if first[x] < second[x] else second[x]
                    high = second[x] if first[x] < second[x] else first[x]
                    cells[x] = (np.int64(high) << 8) - (np.int64(low) << 8) + low
            if not symmetric:
                for x in range(n):
                    cells[x] += size if first[x] > second[x] else 0
            if few:
                for x in range(n):
                    table[x % _LANES, cells[x]] += 1
            else:
                for x in range(n):
                    table[0, cells[x]] += 1
        for half in range(0, table.shape[1], size):
            _sum_up(table[:, half : half + size], stride, n_levels, sums[o])
        rows = height - abs(down)
        _add_moments(levels, row_moments, top, rows, left, n, sums[o, 8:10])
        _add_moments(levels, row_moments, top + down, rows, left + right, n, sums[o, 10:])
    return sums


@njit(nogil=True, cache=True)
def _sum_up(table, stride, n_levels, sums):
    """Add the first eight sums over a table of counts to `sums`, and clear it."""
    pairs = distances = contrast = squares = logs = 0
    homogeneity = logs_of_large = 0.0
    sum_of_lanes = table[0]
    for lane in range(1, len(table)):
        counts = table[lane]
        for cell in range(counts.size):
            sum_of_lanes[cell] += counts[cell]
        counts[:] = 0
    for difference in range(n_levels):
        start, end = difference * stride, difference * stride + n_levels - difference
        counts = sum_of_lanes[start:end]
        n = n_squares = 0
        for low in range(counts.size):
            m = np.int64(counts[low])
            n += m
            n_squares += m * m
        if n == 0:
            continue
        if n_squares < LOGS.size**2:  # so are all counts
            for low in range(counts.size):
                logs += LOGS[counts[low]]
        else:
            for low in range(counts.size):
                m = max(np.int64(counts[low]), 1)
                if m < LOGS.size:
                    logs += LOGS[m]
                else:  # in fixed point, those of an image of 450 million pixels would not fit into 64 bits
                    logs_of_large += m * np.log(m)
        counts[:] = 0
        if difference == 0:
            sums[1] += n
            sums[6] += n_squares
        pairs += n
        distances += n * difference
        contrast += n * difference * difference
        homogeneity += n / (1 + difference * difference)
        squares += n_squares
    sums[0] += pairs
    sums[2] += distances
    sums[3] += contrast
    sums[4] += homogeneity
    sums[5] += squares
    sums[7] += logs * LOG_UNIT + logs_of_large


@njit(nogil=True, cache=True)
def _row_moments(levels):
    """Return the sum and the sum of squares of every row."""
    moments = np.zeros((len(levels), 2), dtype=np.int64)
    for y in range(len(levels)):
        row = levels[y]
        total = squares = 0
        for x in range(row.size):
            total += np.int64(row[x])
            squares += np.int64(row[x]) * row[x]
        moments[y, 0], moments[y, 1] = total, squares
    return moments


@njit(nogil=True, cache=True)
def _add_moments(levels, row_moments, top, height, left, width, sums):
    """Add the sum and the sum of squares of a rectangle that leaves out little of the image."""
    total = squares = 0
    for y in range(top, top + height):
        total += row_moments[y, 0]
        squares += row_moments[y, 1]
        for x in range(levels.shape[1] - width):
            level = np.int64(levels[y, x if x < left else x + width])
            total -= level
            squares -= level * level
    sums[0] += total
    sums[1] += squares
