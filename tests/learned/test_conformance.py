"""A trained network passes the suite that all extractors pass, up to the rounding of sums that depend on the batch."""

import numpy as np
import pytest

from fingerprint_features.learned import NetClassifier
from fingerprint_features.testing import parametrize_with_extractor_checks

pytest.importorskip("torch")


class Labelled(NetClassifier):
    """A NetClassifier that makes up labels, because the suite fits without any."""

    def fit(self, X, y=None):
        return super().fit(X, np.arange(len(X)) % 2 if y is None else y)


@pytest.mark.slow
@parametrize_with_extractor_checks([Labelled(image_size=16, epochs=1, device="cpu")], tolerance=1e-4)
def test_conformance(extractor, check):
    check(extractor)
