"""Entropy of the grey levels around every pixel, by histograms that slide along."""

import numpy as np

from ...compiled import njit


@njit(nogil=True, cache=True)
def local_entropy(bins, n_bins, terms):
    """Return the entropy in the square window around every pixel.

    Parameters
    ----------
    bins : ndarray of shape (h + side - 1, w + side - 1) and dtype uint8
        The number of each pixel's bin, continued beyond the border by half a window.
    n_bins : int
    terms : ndarray of shape (side**2 + 1,) and dtype float32
        What a bin with so many pixels adds; 0 for none.

    Returns
    -------
    ndarray of shape (h, w) and dtype float32
    """
    side = int(np.sqrt(terms.size - 1))
    entropy = np.empty((bins.shape[0] - side + 1, bins.shape[1] - side + 1), dtype=np.float32)
    columns = np.zeros((bins.shape[1], n_bins), dtype=np.int16)  # counts in as many rows as a window has
    for y in range(side - 1):
        for x in range(bins.shape[1]):
            columns[x, bins[y, x]] += 1
    window = np.empty(n_bins, dtype=np.int16)
    for y in range(entropy.shape[0]):
        for x in range(bins.shape[1]):
            columns[x, bins[y + side - 1, x]] += 1
        window[:] = 0
        for x in range(side - 1):
            window += columns[x]
        for x in range(entropy.shape[1]):
            window += columns[x + side - 1]
            total = np.float32(0)
            for grey in range(n_bins):
                total += terms[window[grey]]
            entropy[y, x] = total
            window -= columns[x]
        for x in range(bins.shape[1]):
            columns[x, bins[y, x]] -= 1
    return entropy
