"""Gabor filters as pairs of one-dimensional passes.

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

from .gabor_passes import GROUP, filter_blocks, filter_rows

_N_STDS = 3  # half-width of a kernel, in standard deviations
_NARROW = 144  # pixels along a row: below, blocks of rows are faster than single ones


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
    reaches = -(-exact // GROUP) * GROUP
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
    filter_pairs = filter_blocks if levels.shape[1] < _NARROW else filter_rows
    filter_pairs(levels, rows, columns, bank.taps, bank.reaches, bank.slots, magnitude, sums)
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
