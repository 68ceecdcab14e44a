"""Images and settings that the benchmarks share. Nothing here runs at import."""

import os
import tempfile
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

# Small sizes first: the smoke test runs every benchmark at its first parameters.
SIZES = [64, 256]
COUNT = int(os.environ.get("FINGERPRINT_BENCH_IMAGES", "64"))


@cache
def slices(size: int = 256, count: int = COUNT) -> NDArray[np.uint8]:
    """Return CT-like slices, shape (count, size, size), uint8."""
    from fingerprint_features import make_membership_task

    task = make_membership_task(n_used=count, n_unused=1, n_generated=1, image_size=size, random_state=0)
    return task.X[:count].decode()


def write_png(folder: str | Path, images: Iterable[NDArray]) -> list[Path]:
    """Write images as PNG files and return their paths."""
    import cv2

    paths = []
    for i, image in enumerate(images):
        path = Path(folder) / f"slice{i:05d}.png"
        path.write_bytes(cv2.imencode(".png", image)[1].tobytes())
        paths.append(str(path))
    return paths


class PngFolder:
    """Base of benchmarks that read files: `self.paths` in a folder of their own, removed afterwards."""

    def setup(self, size: int) -> None:
        """Write the files."""
        import cv2

        cv2.setNumThreads(1)
        self.folder = tempfile.TemporaryDirectory()
        self.paths = write_png(self.folder.name, slices(size))

    def teardown(self, size: int) -> None:
        """Remove the files."""
        self.folder.cleanup()


def four() -> list:
    """Return the four extractors of the headline figure."""
    from fingerprint_features import GLCM, LBP, Gabor, PHash

    return [LBP(), GLCM(), Gabor(), PHash()]


# Extractors that learn need settings that a few small images can bear.
SETTINGS = {"sift_words": {"n_words": 4}}


def checksum(rows: NDArray) -> float:
    """Return one number that moves when any value does."""
    rows = np.asarray(rows, dtype=np.float64)
    return float(np.abs(rows).sum() + (rows * np.arange(1, rows.shape[1] + 1)).sum() / rows.shape[1])
