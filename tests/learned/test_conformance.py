"""A trained network passes the suite that all extractors pass, up to the rounding of sums that depend on the batch."""

import numpy as np
import pytest

from fingerprint_features.images import as_image_set
from fingerprint_features.learned import NetClassifier
from fingerprint_features.testing import parametrize_with_extractor_checks

pytest.importorskip("torch")


class Labelled(NetClassifier):
    """A NetClassifier that makes up labels, and a second image, because the suite fits without labels and on one."""

    def fit(self, X, y=None):
        images = as_image_set(X)
        images = images[[0, 0]] if len(images) == 1 else images
        return super().fit(images, np.arange(len(images)) % 2 if y is None else y)


@parametrize_with_extractor_checks([Labelled(image_size=16, epochs=1, device="cpu")], tolerance=1e-4)
def test_conformance(extractor, check):
    check(extractor)
