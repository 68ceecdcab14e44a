"""The two windows of SSIM, and images made ready under them."""

from typing import NamedTuple

import numpy as np

from .kernels import ssim as kernels
from .stacks import read_only, to_16_bits

_K1, _K2 = 0.01, 0.03  # the constants of the definition
_SIGMA, _RADIUS = 1.5, 5


class Window(NamedTuple):
    """How much every pixel of a window counts."""

    side: int
    weight: int  # of all pixels together
    taps: np.ndarray | None  # along a row and along a column; None: 1 for all

    def constants(self, data_range):
        """Return what keeps the divisors from zero, in the units of `kernels`, for the sample covariance."""
        n = self.side**2
        c1, c2 = (_K1 * data_range * self.weight) ** 2, (_K2 * data_range * self.weight) ** 2 * (n - 1) / n
        return np.float32(c1), np.float32(c2)


def _gaussian():
    taps = np.exp(-0.5 * (np.arange(-_RADIUS, _RADIUS + 1) / _SIGMA) ** 2)
    return Window(len(taps), 1, taps / taps.sum())


UNIFORM = Window(kernels.SIDE, kernels.SIDE**2, None)
GAUSSIAN = _gaussian()


class Prepared(NamedTuple):
    """Images of 8 or 16 bits, with the means and variances of all their windows (times a power of the weight)."""

    images: np.ndarray
    means: np.ndarray
    spreads: np.ndarray

    @property
    def in_8_bits(self):
        """Whether the images are."""
        return self.images.dtype == np.uint8

    @property
    def nbytes(self):
        """What they take up in addition to the images."""
        return self.means.nbytes + self.spreads.nbytes


def prepare(stack, window, in_8_bits):
    """Compute the moments of a stack of images."""
    images = stack if in_8_bits else read_only(to_16_bits(stack))
    n, height, width = images.shape
    rows, columns = height - window.side + 1, width - window.side + 1
    sums = np.uint16 if in_8_bits else np.float32  # the smallest type that holds the sum of 49 levels
    means = np.empty((n, rows * width), dtype=sums if window.taps is None else np.float64)
    spreads = np.empty((n, rows * width), dtype=np.float32)
    lines = _work_lines(images, window)
    ones = read_only(np.ones((height, width), dtype=images.dtype))
    kernels.moments(images, ones, window.taps, lines.dtype.type(window.weight), lines, means, spreads)
    means.reshape(n, rows, width)[:, :, columns:] = 0
    spreads.reshape(n, rows, width)[:, :, columns:] = np.inf  # windows that would go beyond the edge count nothing
    return Prepared(images, read_only(means), read_only(spreads))


def compare(a, b, window, data_range):
    """Return the similarities (n_a, n_b) of two prepared stacks of one depth."""
    sums = np.empty((len(a.images), len(b.images)))
    lines = _work_lines(a.images, window)
    kernels.compare(*a, *b, window.taps, lines.dtype.type(window.weight), *window.constants(data_range), lines, sums)
    height, width = a.images.shape[1:]
    return (sums / ((height - window.side + 1) * (width - window.side + 1))).astype(np.float32)


def _work_lines(images, window):
    exact = np.int32 if window.taps is None and images.dtype == np.uint8 else np.float64
    return np.zeros((2, kernels.BAND * images.shape[2] + kernels.BEYOND), dtype=exact)
