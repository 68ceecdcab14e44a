"""Three good extractors: stateless and grey, stateful, and in colour."""

import numpy as np

from fingerprint_features import BaseExtractor
from fingerprint_features.checks import check_int, check_real
from fingerprint_features.images import to_levels


class Bands(BaseExtractor):
    """Mean level of n rows spread over the image, times a factor."""

    def __init__(self, n=2, factor=1.0):
        self.n = n
        self.factor = factor

    def _check_params(self):
        check_int(self, "n", 1, 32)
        check_real(self, "factor", 0, closed=False)

    def _column_names(self):
        return [f"band{i}of{self.n}_x{self.factor:g}" for i in range(self.n)]

    def _extract_one(self, image):
        levels = to_levels(image)
        return self.factor * levels[[i * len(levels) // self.n for i in range(self.n)]].mean(axis=1)


class Learner(Bands):
    """Bands minus those of the images seen in fit."""

    _stateful = True

    def _fit(self, images, y):
        self.middle_ = self._middle(images)

    def _middle(self, images):
        return np.mean([Bands._extract_one(self, grey(image)) for image in images], axis=0)

    def _value_state(self):
        return getattr(self, "middle_", None)

    def _extract_one(self, image):
        return super()._extract_one(image) - self.middle_


class Colour(BaseExtractor):
    """Mean level of each channel."""

    _mode = "rgb"

    def _column_names(self):
        return ["red", "green", "blue"]

    def _extract_one(self, image):
        return to_levels(image).mean(axis=(0, 1))


def grey(image):
    return image if image.ndim == 2 else image[..., 0]
