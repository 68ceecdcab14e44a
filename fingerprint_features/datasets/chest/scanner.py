"""From CT numbers to the 8-bit picture on a scanner's console."""

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np
import scipy.fft


@dataclass(frozen=True)
class Scanner:
    """How the pictures of a site look.

    Attributes
    ----------
    sharpness : float
        Of the reconstruction kernel: 0 is soft, 1 is a lung kernel that lifts fine detail.
    noise : float
        Standard deviation in soft tissue at mid-chest, in HU.
    low, high : float
        CT numbers shown as black and as white.
    """

    sharpness: float = 0.4
    noise: float = 22.0
    low: float = -1000.0
    high: float = 400.0

    def moved(self, sharper=0.0, noisier=0.0, brighter=0.0):
        """Return a scanner like this one; a step of 1 is small compared with the differences from day to day."""
        return replace(
            self,
            sharpness=self.sharpness + 0.12 * sharper,
            noise=self.noise * math.exp(0.16 * noisier),
            high=self.high - 25 * brighter,
        )

    def on_the_day(self, rng):
        """Return this scanner as one patient meets it: kernel and dose vary from visit to visit."""
        sharper, noisier = rng.standard_normal(2)
        return self.moved(sharper, 1.4 * noisier)

    def scan(self, hu, field, rng):
        """Return the 8-bit picture of CT numbers (size, size) over a field of view in millimetres.

        The kernel blurs and sharpens; noise has the ramp spectrum of filtered back projection under the same
        kernel, is strongest where most tissue lies in the way, and drawn out sideways where that is wide.
        """
        size, sharpness = len(hu), min(max(self.sharpness, 0.0), 1.5)
        frequency = _frequencies(size) * np.float32(size / field)  # cycles per millimetre
        kernel = np.exp(-((frequency / (0.20 + 0.24 * sharpness)) ** 2))
        kernel *= 1 + (0.1 + 1.1 * sharpness) * (frequency / 0.28) ** 2
        white = rng.standard_normal(hu.shape, dtype=np.float32)
        grain = _unit(_filtered(white, np.sqrt(frequency) * kernel))
        streaks = cv2.resize(rng.standard_normal((size, max(size // 10, 2)), dtype=np.float32), (size, size))
        streaks = _unit(streaks - cv2.blur(streaks, (1, 5)))
        dense = (hu + 1000) * np.float32(1e-3)
        small = cv2.resize(dense, (32, 32), interpolation=cv2.INTER_AREA)
        path = cv2.resize(cv2.GaussianBlur(small, (0, 0), 4, borderType=cv2.BORDER_CONSTANT), (size, size))
        across = np.clip(dense.mean(axis=1, keepdims=True) - 0.5, 0, 1)
        spread = np.float32(self.noise) * np.exp(0.9 * (path - 0.7))
        image = _filtered(hu, kernel) + spread * (grain + (0.15 + 0.6 * across) * streaks)
        shown = (image - self.low) * (255 / (self.high - self.low))
        return np.clip(np.rint(shown), 0, 255).astype(np.uint8)


def _filtered(image, transfer):
    return scipy.fft.irfft2(scipy.fft.rfft2(image) * transfer, s=image.shape)


def _unit(noise):
    return noise / noise.std()


def _frequencies(size):
    fy = scipy.fft.fftfreq(size).astype(np.float32)
    return np.hypot(fy[:, None], scipy.fft.rfftfreq(size).astype(np.float32))
