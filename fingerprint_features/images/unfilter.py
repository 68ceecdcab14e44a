"""The filters of PNG undone: each byte of a row was stored as its difference from neighbours already known."""

import numpy as np
from numpy.typing import NDArray

from ..compiled import njit


@njit(cache=True, nogil=True)
def unfilter(stored: NDArray[np.uint8], rows: NDArray[np.uint8], step: int) -> bool:
    """Fill in the bytes of a picture.

    Parameters
    ----------
    stored : ndarray of shape (height * (1 + width),) and dtype uint8
        For each row the number of its filter, and the row as it was stored.
    rows : ndarray of shape (height, width) and dtype uint8
        Is written to; width in bytes.
    step : int
        Bytes of a pixel; at most `width`.

    Returns
    -------
    bool
        False if a row names a filter that there is not.
    """
    height, width = rows.shape
    for y in range(height):
        start = y * (1 + width) + 1
        kind = stored[start - 1]
        if kind > 4:
            return False
        for x in range(width):  # what was stored; the filter adds to it
            rows[y, x] = stored[start + x]
        if kind == 1 or (kind == 4 and y == 0):
            _sub(rows, y, step)
        elif kind == 2 and y > 0:
            for x in range(width):
                rows[y, x] += rows[y - 1, x]
        elif kind == 3:
            _average(rows, y, step)
        elif kind == 4:
            _paeth(rows, y, step)
    return True


@njit()
def _sub(rows, y, step):
    if step > 1:
        for x in range(step, rows.shape[1]):
            rows[y, x] += rows[y, x - step]
        return
    left = np.uint8(0)  # what was written last stays in a register
    for x in range(rows.shape[1]):
        left = np.uint8(left + rows[y, x])
        rows[y, x] = left


@njit()
def _average(rows, y, step):
    for x in range(rows.shape[1]):
        left = np.int32(rows[y, x - step]) if x >= step else np.int32(0)
        up = np.int32(rows[y - 1, x]) if y > 0 else np.int32(0)
        rows[y, x] += np.uint8((left + up) >> 1)


@njit()
def _paeth(rows, y, step):
    """Add whichever of left, above and corner is nearest to left + above - corner; on ties the first of them."""
    for x in range(step):
        rows[y, x] += rows[y - 1, x]
    left = np.int32(rows[y, 0])
    for x in range(step, rows.shape[1]):
        if step > 1:
            left = np.int32(rows[y, x - step])
        up, corner = np.int32(rows[y - 1, x]), np.int32(rows[y - 1, x - step])
        low, high = min(left, up), max(left, up)
        turn = 3 * corner - left - up
        near = low if high <= turn else corner
        near = high if turn <= low else near
        left = (np.int32(rows[y, x]) + near) & 255
        rows[y, x] = left
