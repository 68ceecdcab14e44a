"""One level of a wavelet decomposition: the approximation, and how much energy each band has.

Coefficient i of a row is the sum of ``filter[j] * row[2 * i + 1 - j]``, the row being mirrored at its ends; columns go
first. Details are squared and added up as they are made, never stored.
"""

import numpy as np

from ...compiled import njit


@njit(nogil=True, cache=True, fastmath={"reassoc"})
def haar_level(image):
    """Take sums and differences of the 2 x 2 pixels; an odd row or column is followed by itself.

    Parameters
    ----------
    image : ndarray of shape (h, w)
        int32, exact while four pixels fit into 32 bits, or float64.

    Returns
    -------
    ndarray of shape ((h + 1) // 2, (w + 1) // 2)
        Twice the approximation.
    ndarray of shape (4,)
        Sums of squares of the approximation, the horizontal, vertical and diagonal details, each doubled.
    """
    height, width = image.shape
    sums = np.empty(((height + 1) // 2, (width + 1) // 2), dtype=image.dtype)
    energies = np.zeros(4)
    for y in range(sums.shape[0]):
        upper, lower, out = image[2 * y], image[min(2 * y + 1, height - 1)], sums[y]
        a = h = v = d = 0.0
        for x in range(width // 2):
            left, right = upper[2 * x] + lower[2 * x], upper[2 * x + 1] + lower[2 * x + 1]
            gap_left, gap_right = upper[2 * x] - lower[2 * x], upper[2 * x + 1] - lower[2 * x + 1]
            out[x] = left + right
            a += np.float64(left + right) ** 2
            h += np.float64(gap_left + gap_right) ** 2
            v += np.float64(left - right) ** 2
            d += np.float64(gap_left - gap_right) ** 2
        if width % 2:
            out[width // 2] = 2 * (upper[width - 1] + lower[width - 1])
            a += np.float64(out[width // 2]) ** 2
            h += np.float64(2 * (upper[width - 1] - lower[width - 1])) ** 2
        energies += np.array([a, h, v, d])
    return sums, energies


@njit(nogil=True, cache=True)
def filter_level(image, low, high):
    """Filter by any wavelet.

    Parameters
    ----------
    image : ndarray of shape (h, w) and dtype float64
    low, high : ndarray of shape (n_taps,) and dtype float64
        The filters of the decomposition, reversed; an even number of taps.

    Returns
    -------
    ndarray of shape ((h + n_taps - 1) // 2, (w + n_taps - 1) // 2)
        The approximation.
    ndarray of shape (4,)
        Sums of squares of the approximation, the horizontal, vertical and diagonal details.
    """
    height, width = image.shape
    n_taps = low.size
    n = (width + n_taps - 1) // 2
    approximation = np.empty(((height + n_taps - 1) // 2, n))
    row_low, row_high = np.empty(width), np.empty(width)
    even, odd = np.empty(n + n_taps // 2), np.empty(n + n_taps // 2)
    detail, other = np.empty(n), np.empty(n)
    energies = np.zeros(4)
    for y in range(approximation.shape[0]):
        row_low[:] = 0
        row_high[:] = 0
        for t in range(0, n_taps, 2):
            first = image[_mirrored(2 * y + t + 2 - n_taps, height)]
            second = image[_mirrored(2 * y + t + 3 - n_taps, height)]
            for x in range(width):
                row_low[x] += low[t] * first[x] + low[t + 1] * second[x]
                row_high[x] += high[t] * first[x] + high[t + 1] * second[x]
        _split(row_low, even, odd, n_taps)
        _across(even, odd, low, high, approximation[y], detail)
        energies[0] += _energy(approximation[y])
        energies[2] += _energy(detail)
        _split(row_high, even, odd, n_taps)
        _across(even, odd, low, high, other, detail)
        energies[1] += _energy(other)
        energies[3] += _energy(detail)
    return approximation, energies


@njit(nogil=True, cache=True)
def _mirrored(k, n):
    """Return the place in a row of n whose value stands at k when the row and its mirror image are repeated."""
    k %= 2 * n
    return k if k < n else 2 * n - 1 - k


@njit(nogil=True, cache=True)
def _split(row, even, odd, n_taps):
    """Mirror the row at its ends and part the places, so that a filter meets neighbours in memory."""
    start, width = 2 - n_taps, row.size
    for i in range(even.size):
        k = 2 * i + start
        if k >= 0 and k + 1 < width:
            even[i], odd[i] = row[k], row[k + 1]
        else:
            even[i], odd[i] = row[_mirrored(k, width)], row[_mirrored(k + 1, width)]


@njit(nogil=True, cache=True)
def _across(even, odd, low, high, out_low, out_high):
    out_low[:] = 0
    out_high[:] = 0
    for t in range(0, low.size, 2):
        first, second = even[t // 2 :], odd[t // 2 :]
        for i in range(out_low.size):
            out_low[i] += low[t] * first[i] + low[t + 1] * second[i]
            out_high[i] += high[t] * first[i] + high[t + 1] * second[i]


@njit(nogil=True, cache=True, fastmath={"reassoc"})
def _energy(band):
    total = 0.0
    for i in range(band.size):
        total += band[i] * band[i]
    return total
