"""Comparisons of feature rows, every pair by its own differences.

A matrix product would be about twice as fast, but |a|^2 + |b|^2 - 2ab loses near copies to cancellation, and its last
digits depend on how many rows are asked for at once. Here equal rows are at distance 0 exactly, and a pair's value
depends on nothing else.
"""

from ...compiled import njit


@njit(nogil=True, cache=True)
def sums_of_squares(A, B, out):
    """Fill `out` with the sum of squared differences of every row of A and every row of B."""
    for i in range(A.shape[0]):
        for j in range(B.shape[0]):
            out[i, j] = _square(A[i], B[j])


@njit(nogil=True, cache=True)
def sums_of_differences(A, B, out):
    """Fill `out` with the sum of absolute differences."""
    for i in range(A.shape[0]):
        for j in range(B.shape[0]):
            out[i, j] = _absolute(A[i], B[j])


@njit(nogil=True, cache=True)
def counts_of_unequal(A, B, out):
    """Fill `out` with the number of entries that differ."""
    for i in range(A.shape[0]):
        for j in range(B.shape[0]):
            out[i, j] = _unequal(A[i], B[j])


# Regrouping the terms of a sum lets the loops go several at a time; the order still depends on the length alone.


@njit(nogil=True, cache=True, fastmath={"reassoc"})
def _square(a, b):
    total = 0.0
    for k in range(a.size):
        total += (a[k] - b[k]) * (a[k] - b[k])
    return total


@njit(nogil=True, cache=True, fastmath={"reassoc"})
def _absolute(a, b):
    total = 0.0
    for k in range(a.size):
        total += abs(a[k] - b[k])
    return total


@njit(nogil=True, cache=True)
def _unequal(a, b):
    total = 0
    for k in range(a.size):
        total += a[k] != b[k]
    return total
