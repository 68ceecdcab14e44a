"""LBP, GLCM, Gabor and SSIM on a graphics card, or by the same code on the CPU where there is none.

``python -m benchmarks.bench_device`` prints rows, and pairs of SSIM, a second. With a card these are of 4,096 images of
256 x 256 in memory; all else is left out, so that what one core decodes (some 2,000 images a second) is not in them.
"""

import os
from collections.abc import Callable
from importlib.util import find_spec

import numpy as np

from fingerprint_features import GLCM, LBP, Gabor
from fingerprint_features.similarity import ssim_matrix

from .bench_cnn import rate
from .common import slices

EXTRACTORS = {
    "LBP(8, 1)": LBP,
    "LBP(16, 2)": lambda device: LBP(16, 2, device=device),
    "GLCM, 32 levels": GLCM,
    "GLCM, 256 levels": lambda device: GLCM(levels=256, device=device),
    "Gabor, 16 filters": Gabor,
}


def find_device() -> str:
    """Return the device to measure: that of FINGERPRINT_DEVICE, else a card, else the CPU."""
    import torch

    return os.environ.get("FINGERPRINT_DEVICE") or ("cuda" if torch.cuda.is_available() else "cpu")


def work(name: str, size: int, device: str | None) -> tuple[Callable[[], object], int]:
    """Return a call, and how many rows or pairs it computes."""
    images = slices(size)
    on_card = device is not None and device.startswith("cuda")
    if name == "SSIM, all pairs":
        images = np.concatenate([images] * (8 if on_card else 1))
        return lambda: ssim_matrix(images, images, device=device), len(images) ** 2
    images = np.concatenate([images] * (64 if on_card else 1))
    extractor = EXTRACTORS[name](device=device)
    return lambda: extractor.transform(images), len(images)


class OnDevice:
    """Images in memory."""

    params = ([*EXTRACTORS, "SSIM, all pairs"], [64, 256])
    param_names = ("work", "size")

    def setup(self, name, size):
        if find_spec("torch") is None:
            raise NotImplementedError("a device needs PyTorch: see asv.cnn.conf.json")
        self.device = find_device()
        self.work, self.count = work(name, size, self.device)
        self.work()  # compiled and loaded before anything is timed

    def time_all(self, name, size):
        self.work()

    def track_a_second(self, name, size):
        return rate(self.work, self.count)

    def track_times_as_fast_as_the_kernels(self, name, size):
        kernels, count = work(name, size, None)
        kernels()
        return rate(self.work, self.count) / rate(kernels, count)


def main() -> None:
    """Measure and print."""
    print(f"rows or pairs a second, images of 256 x 256, 8 bits; {find_device()} against the kernels on one core\n")
    for name in [*EXTRACTORS, "SSIM, all pairs"]:
        case = OnDevice()
        case.setup(name, 256)
        speed, ratio = case.track_a_second(name, 256), case.track_times_as_fast_as_the_kernels(name, 256)
        print(f"{name:<20}{speed:>12,.0f}{ratio:>8.2f}x", flush=True)


if __name__ == "__main__":
    main()
