"""Comparisons of rows of bits, 64 columns at a time."""

import numpy as np
from numpy.typing import NDArray

from ...compiled import njit

_WORDS = 4  # compared at a time; the bytes that count their bits must not overflow

_1 = np.uint64(1)
_2 = np.uint64(2)
_4 = np.uint64(4)
_8 = np.uint64(8)
_16 = np.uint64(16)
_32 = np.uint64(32)
_EVERY_2ND = np.uint64(0x5555555555555555)
_PAIRS = np.uint64(0x3333333333333333)
_NIBBLES = np.uint64(0x0F0F0F0F0F0F0F0F)
_LOW_16 = np.uint64(0x00FF00FF00FF00FF)
_LOW_32 = np.uint64(0x0000FFFF0000FFFF)
_LOW_64 = np.uint64(0x00000000FFFFFFFF)


def packed(rows: NDArray) -> NDArray[np.uint64]:
    """Return rows of 0 and 1 as words of 64 bits, in groups filled up with zeros: shape (n, n_words)."""
    words = np.zeros((len(rows), -(-rows.shape[1] // (64 * _WORDS)) * _WORDS), dtype=np.uint64)
    bytes_ = np.packbits(rows != 0, axis=1)
    words.view(np.uint8)[:, : bytes_.shape[1]] = bytes_
    return words


@njit(nogil=True, cache=True)
def counts_of_unequal_bits(A, B, out):
    """Fill `out` (n_A, n_B), int64, with the number of bits that differ; B has the words of a row in a column."""
    for i in range(A.shape[0]):
        row = out[i]
        row[:] = 0
        for k in range(0, A.shape[1], _WORDS):
            a0, a1, a2, a3 = A[i, k], A[i, k + 1], A[i, k + 2], A[i, k + 3]
            b0, b1, b2, b3 = B[k], B[k + 1], B[k + 2], B[k + 3]
            for j in range(row.size):
                in_bytes = (_by_byte(a0 ^ b0[j]) + _by_byte(a1 ^ b1[j])) + (_by_byte(a2 ^ b2[j]) + _by_byte(a3 ^ b3[j]))
                pairs = (in_bytes & _LOW_16) + ((in_bytes >> _8) & _LOW_16)
                fours = (pairs & _LOW_32) + ((pairs >> _16) & _LOW_32)
                row[j] += np.int64((fours & _LOW_64) + (fours >> _32))


@njit(nogil=True, cache=True)
def _by_byte(x):
    """Count the bits of each of the eight bytes, at their places."""
    x = (x & _EVERY_2ND) + ((x >> _1) & _EVERY_2ND)
    x = (x & _PAIRS) + ((x >> _2) & _PAIRS)
    return (x & _NIBBLES) + ((x >> _4) & _NIBBLES)
