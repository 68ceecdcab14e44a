"""Gabor filters as pairs of one-dimensional passes, a row at a time.

A Gabor kernel is a Gaussian times a wave. A wave in any direction is a wave down the columns times a wave along the
rows; so is the Gaussian when it is round or lies along the axes, and then the filter on its rectangle of taps is
*exactly* one complex pass down and one across. Even (cosine) and odd (sine) parts of a pass share their loads, as
taps on either side differ by a sign at most, and the filters at angles t and 180 - t share all but their last sum.
Elongated Gaussians between the axes do not come apart, and take the slower way through OpenCV.
"""

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from ...compiled import njit

_N_STDS = 3  # half-width of a kernel, in standard deviations
_GROUP = 4  # taps added up before an accumulator is written back
# Images are finite; what is reordered and contracted depends on the width of the image alone.
_MATHS = {"contract", "reassoc", "nsz"}


class Bank(NamedTuple):
    """Filters ready to run; `slots` and `oblique` hold numbers of filters, frequencies outermost."""

    n_filters: int
    taps: np.ndarray  # (pair, axis, cosine or sine, distance from the centre), float32; axis 0 is down
    reaches: np.ndarray  # (pair, axis), in whole groups
    slots: np.ndarray  # (pair, 2): the filter at t, the filter at 180 - t; -1 where it is not asked for
    oblique: tuple  # of (filter, complex kernel)


@lru_cache(maxsize=16)
def make_bank(frequencies, angles, bandwidth, sigma, gamma, kernel_size):
    """Return the Bank of all frequencies (cycles a pixel) at all angles (degrees)."""
    pairs, oblique = {}, []
    filters = [(frequency, angle) for frequency in frequencies for angle in angles]
    for slot, (frequency, angle) in enumerate(filters):
        spread = _sigma(frequency, bandwidth) if sigma is None else sigma
        if gamma == 1 or angle % 90 == 0:
            shape = frequency, min(angle, 180 - angle), spread, gamma
            pairs.setdefault(shape, [-1, -1])[angle > 90] = slot
        else:
            oblique.append((slot, _complex_kernel(frequency, angle, spread, gamma, kernel_size)))
    exact = np.array([_reaches(*shape, kernel_size) for shape in pairs], dtype=np.int64).reshape(-1, 2)
    reaches = -(-exact // _GROUP) * _GROUP
    taps = np.zeros((len(pairs), 2, 2, reaches.max(initial=0) + 1), dtype=np.float32)
    for pair, (shape, (down, across)) in enumerate(zip(pairs, exact, strict=True)):
        for axis, values in enumerate(
            (_gabor(np.arange(down + 1), 0, *shape), _gabor(0, np.arange(across + 1), *shape) / _gabor(0, 0, *shape))
        ):
            taps[pair, axis, :, : values.size] = values.real, values.imag
    slots = np.array(list(pairs.values()), dtype=np.int64).reshape(-1, 2)
    return Bank(len(filters), taps, reaches, slots, tuple(oblique))


def complex_kernels(frequencies, angles, bandwidth, sigma, gamma, kernel_size):
    """Return the kernels (down, across) of all filters, complex, frequencies outermost; as a list."""
    return [
        _complex_kernel(frequency, angle, _sigma(frequency, bandwidth) if sigma is None else sigma, gamma, kernel_size)
        for frequency in frequencies
        for angle in angles
    ]


def response_sums(levels, bank, magnitude):
    """Return the sum and the sum of squares of every filter's response (its real part, or its magnitude).

    Parameters
    ----------
    levels : ndarray of shape (height, width) and dtype float32
        Contiguous; mirrored at the borders, edge pixels repeated, as often as the kernels need.
    bank : Bank
    magnitude : bool

    Returns
    -------
    ndarray of shape (n_filters, 2)
    """
    sums = np.zeros((bank.n_filters, 2))
    margin = bank.taps.shape[-1] - 1
    rows, columns = (mirrored(n, margin) for n in levels.shape)
    _filter_pairs(levels, rows, columns, bank.taps, bank.reaches, bank.slots, magnitude, sums)
    for slot, kernel in bank.oblique:
        sums[slot] = _filter_oblique(levels.astype(np.float64), kernel, magnitude)
    return sums


def _sigma(frequency, bandwidth):
    """Return the standard deviation whose half-response bandwidth is this many octaves."""
    return math.sqrt(math.log(2) / 2) / math.pi * (2**bandwidth + 1) / (2**bandwidth - 1) / frequency


def _direction(angle):
    # an exact zero means that they have no odd part
    return (0.0 if angle == 90 else math.cos(math.radians(angle))), math.sin(math.radians(angle))


def _reaches(frequency, angle, sigma, gamma, kernel_size):
    """Return how far the taps reach down and across: the box around the turned ellipse's axes."""
    if kernel_size is not None:
        return kernel_size // 2, kernel_size // 2
    cos, sin = _direction(angle)
    along, aside = _N_STDS * sigma, _N_STDS * (sigma / gamma)
    down = max(aside * abs(cos), along * abs(sin), 1)
    across = max(along * abs(cos), aside * abs(sin), 1)
    return math.ceil(down), math.ceil(across)


def _complex_kernel(frequency, angle, sigma, gamma, kernel_size):
    down, across = (np.arange(-n, n + 1) for n in _reaches(frequency, angle, sigma, gamma, kernel_size))
    return _gabor(down[:, None], across, frequency, angle, sigma, gamma)


def _gabor(y, x, frequency, angle, sigma, gamma):
    cos, sin = _direction(angle)
    along, aside = x * cos + y * sin, y * cos - x * sin
    envelope = np.exp(-(along**2 + (gamma * aside) ** 2) / (2 * sigma**2)) * gamma / (2 * np.pi * sigma**2)
    return envelope * np.exp(2j * np.pi * frequency * along)


def mirrored(n, margin):
    """Return which of n pixels each of ``margin + n + margin`` is: ``... 1 0 | 0 1 ... n-1 | n-1 n-2 ...``."""
    places = np.arange(-margin, n + margin) % (2 * n)
    return np.minimum(places, 2 * n - 1 - places)


def _filter_oblique(levels, kernel, magnitude):
    import cv2

    # in double precision, as OpenCV goes through a Fourier transform here
    response = cv2.filter2D(levels, cv2.CV_64F, kernel.real.copy(), borderType=cv2.BORDER_REFLECT)
    if magnitude:
        response = np.hypot(
            response, cv2.filter2D(levels, cv2.CV_64F, kernel.imag.copy(), borderType=cv2.BORDER_REFLECT)
        )
    return response.sum(), np.square(response).sum()


@njit(nogil=True, cache=True, fastmath=_MATHS)
def _filter_pairs(levels, rows, columns, taps, reaches, slots, magnitude, sums):
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
            for mirrored in range(2):
                slot = slots[pair, mirrored]
                if slot >= 0:
                    sign = np.float32(1 - 2 * mirrored)
                    total, squares = _sum_up(parts[0, 0], parts[0, 1], parts[1, 0], parts[1, 1], sign, magnitude)
                    sums[slot, 0] += total
                    sums[slot, 1] += squares


@njit(nogil=True, cache=True, fastmath=_MATHS)
def _pass(flat, starts, centre, cos, sin, want_odd, even, odd):
    """Weigh the lines of `flat` that begin at ``starts[centre - k]`` and ``starts[centre + k]``, every k together."""
    width = even.size
    line = flat[starts[centre] :]
    for x in range(width):
        even[x] = cos[0] * line[x]
    if want_odd:
        odd[:] = 0
    for k in range(1, cos.size, _GROUP):
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
def _sum_up(ee, eo, oe, oo, sign, magnitude):
    total, squares = 0.0, 0.0  # float64: nearly flat responses leave little of the squares
    for x in range(ee.size):
        real = ee[x] - sign * oo[x]
        imaginary = eo[x] + sign * oe[x]
        value = np.float64(math.sqrt(real * real + imaginary * imaginary) if magnitude else real)
        total += value
        squares += value * value
    return total, squares
