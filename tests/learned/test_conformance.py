"""A trained network passes the suite that all extractors pass, up to the rounding of sums that depend on the batch."""

import numpy as np
import pytest

from fingerprint_features.images import as_image_set
from fingerprint_features.learned import Autoencoder, MetricEmbedder, NetClassifier, PairNetwork
from fingerprint_features.testing import parametrize_with_extractor_checks

pytest.importorskip("torch")


def generated():
    return np.random.default_rng(0).integers(0, 256, (4, 16, 16), dtype=np.uint8)


class Labelled:
    """Makes up labels, and copies of images where there are few, because the suite fits without labels and on one."""

    least = 2

    def fit(self, X, y=None):
        images = as_image_set(X)
        places = np.arange(max(self.least, len(images))) % len(images)
        return super().fit(images[places], np.arange(len(places)) % 2 if y is None else np.asarray(y)[places])


class LabelledClassifier(Labelled, NetClassifier):
    pass


class SelfTaught(Labelled, Autoencoder):
    pass


class LabelledPairs(Labelled, PairNetwork):
    pass


class LabelledEmbedder(Labelled, MetricEmbedder):
    least = 4  # two pairs


@parametrize_with_extractor_checks([LabelledClassifier(image_size=16, epochs=1, device="cpu")], tolerance=1e-4)
def test_conformance(extractor, check):
    check(extractor)


@pytest.mark.slow
@parametrize_with_extractor_checks([LabelledEmbedder(image_size=16, epochs=1, device="cpu")], tolerance=1e-4)
def test_conformance_of_the_embedder(extractor, check):
    check(extractor)


@pytest.mark.slow
@parametrize_with_extractor_checks(
    [SelfTaught(latent=4, image_size=16, epochs=1, output="both", device="cpu")], tolerance=1e-4
)
def test_conformance_of_the_autoencoder(extractor, check):
    check(extractor)


@pytest.mark.slow
@parametrize_with_extractor_checks(
    [LabelledPairs(reference=generated(), dim=8, n_pairs=3, image_size=16, epochs=1, device="cpu")], tolerance=1e-4
)
def test_conformance_of_the_network_of_pairs(extractor, check):
    check(extractor)
