"""Histograms of local binary patterns: what scikit-image's methods make of a code, counted in each cell."""

from functools import lru_cache

import numpy as np

from ...compiled import njit

_LANES = 4  # counters a code has, taken in turn: equal neighbours need not wait for one another


def pattern_shares(codes, n_points, method, row_edges, column_edges):
    """Return how often each pattern occurs in each cell of an image of codes, as a share of the cell's pixels.

    Parameters
    ----------
    codes : ndarray of shape (h, w) and dtype uint8 or uint32
    n_points : int
    method : {"default", "ror", "uniform", "nri_uniform"}
    row_edges, column_edges : ndarray of int
        Where the cells begin, and where the last one ends.

    Returns
    -------
    ndarray of shape (cell rows, cell columns, patterns) and dtype float64
    """
    n_patterns = len(pattern_values(n_points, method))
    table = pattern_table(n_points, method) if n_points <= 8 or method in ("default", "ror") else None
    if table is None:  # long codes have more values than an image has pixels
        codes, table = codes.copy(), np.arange(n_patterns)
        _number_uniform(codes, n_points, method == "nri_uniform")
    return _share(codes, table, n_patterns, row_edges, column_edges)


@lru_cache(maxsize=64)
def pattern_values(n_points, method):
    """Return the values that scikit-image's image of patterns can take, ascending."""
    if method == "ror":
        return np.unique(_least_rotations(n_points))
    counts = {"default": 2**n_points, "uniform": n_points + 2, "nri_uniform": n_points * (n_points - 1) + 3}
    return np.arange(counts[method])


@lru_cache(maxsize=64)
def pattern_table(n_points, method):
    """Return the number of the pattern of every code."""
    if method == "ror":
        return np.searchsorted(pattern_values(n_points, method), _least_rotations(n_points))
    numbers = np.arange(2**n_points, dtype=np.uint32)[None]  # an image, as the other codes to be numbered
    if method != "default":
        _number_uniform(numbers, n_points, method == "nri_uniform")
    return numbers[0].astype(np.int64)


def _least_rotations(n_points):
    least = turned = np.arange(2**n_points)
    for _ in range(n_points - 1):
        turned = (turned >> 1) | ((turned & 1) << (n_points - 1))
        least = np.minimum(least, turned)
    return least


@njit(nogil=True, cache=True)
def _number_uniform(codes, n_points, keep_rotation):
    """Replace every code by the number of its pattern; those with more than two changes are all the last one."""
    last = n_points * (n_points - 1) + 2 if keep_rotation else n_points + 1
    flat = codes.ravel()
    for x in range(flat.size):
        code = np.int64(flat[x])
        ones = _count_ones(code)
        if _count_ones(code ^ ((code >> 1) | ((code & 1) << (n_points - 1)))) > 2:
            flat[x] = last
        elif not keep_rotation or ones == 0:
            flat[x] = ones
        elif ones == n_points:
            flat[x] = last - 1
        elif code & 1:  # turned right until all ones are the lowest bits: once for each one at the other end
            flat[x] = 1 + (ones - 1) * n_points + ones - _count_ones(code & ~(code + 1))
        else:
            flat[x] = 1 + (ones - 1) * n_points + n_points - _count_ones(~code & (code - 1))


@njit(nogil=True, cache=True)
def _count_ones(code):
    code -= (code >> 1) & 0x55555555
    code = (code & 0x33333333) + ((code >> 2) & 0x33333333)
    code = (code + (code >> 4)) & 0x0F0F0F0F
    return (code * 0x01010101 & 0xFFFFFFFF) >> 24


@njit(nogil=True, cache=True)
def _share(codes, numbers, n_patterns, row_edges, column_edges):
    """Count codes cell by cell, then add up those that have one number."""
    shares = np.zeros((row_edges.size - 1, column_edges.size - 1, n_patterns))
    lanes = np.empty((_LANES, numbers.size), dtype=np.uint32)
    for i in range(row_edges.size - 1):
        for j in range(column_edges.size - 1):
            lanes[:] = 0
            for y in range(row_edges[i], row_edges[i + 1]):
                part = codes[y, column_edges[j] : column_edges[j + 1]]
                for x in range(part.size):
                    lanes[x % _LANES, part[x]] += 1
            share = shares[i, j]
            for code in range(numbers.size):
                for lane in range(_LANES):
                    share[numbers[code]] += lanes[lane, code]
            share /= (row_edges[i + 1] - row_edges[i]) * (column_edges[j + 1] - column_edges[j])
    return shares
