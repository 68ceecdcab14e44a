"""Small extractors and images that several test files share."""

import os

import numpy as np

from fingerprint_features import BaseExtractor


class Mean(BaseExtractor):
    """Mean intensity times a factor; writes one line to `log` for every image it really extracts."""

    _runtime_params = ("log",)

    def __init__(self, factor=1.0, log=None):
        self.factor = factor
        self.log = log

    def _column_names(self):
        return [f"mean_x{self.factor:g}"]

    def _extract_one(self, image):
        if self.log is not None:
            # one write call in append mode: whole lines, from any process
            with open(self.log, "a") as file:
                file.write(f"{self.factor:g} {os.getpid()} {image.sum()}\n")
        return [image.mean() * self.factor]


class Centre(BaseExtractor):
    """A stateful extractor: mean intensity minus that of the images seen in fit."""

    _stateful = True

    def _fit(self, images, y):
        self.level_ = np.float64(np.mean([image.mean() for image in images]))

    def _value_state(self):
        return getattr(self, "level_", None)

    def _column_names(self):
        return ["centred"]

    def _extract_one(self, image):
        return [image.mean() - self.level_]


def random_images(n=12, size=16, seed=0):
    """Return (n, size, size) random 8-bit images."""
    return np.random.default_rng(seed).integers(0, 256, (n, size, size), dtype=np.uint8)


def write_images(folder, images, names=None):
    """Write images as PNG files; return their paths."""
    import cv2

    folder.mkdir(exist_ok=True, parents=True)
    paths = [folder / (names[i] if names else f"image{i}.png") for i in range(len(images))]
    for path, image in zip(paths, images, strict=True):
        path.write_bytes(cv2.imencode(".png", image)[1].tobytes())
    return [str(path) for path in paths]


def count_lines(log):
    """Return how many extractions a Mean with this log has made."""
    return len(log.read_text().splitlines()) if log.exists() else 0


class Fatal(Mean):
    """Mean intensity that ends the process at an image whose first pixel is 255; other images never have that."""

    def _extract_one(self, image):
        if image[0, 0] == 255:
            os._exit(3)
        return super()._extract_one(image)


class Opened(Mean):
    """Mean intensity; writes one line to `log` each time that it is unpickled."""

    def __setstate__(self, state):
        super().__setstate__(state)
        with open(self.log, "a") as file:
            file.write(f"{os.getpid()}\n")

    def _extract_one(self, image):
        return [image.mean()]


def images_of_which_one_is_fatal(n=24, place=13):
    """Return random images; that at `place` ends the process of `Fatal`."""
    images = random_images(n)
    images[:, 0, 0] = 7
    images[place, 0, 0] = 255
    return images
