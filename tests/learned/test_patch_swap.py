"""PatchSwapError: errors that can be counted by hand, and those of an auto-encoder that is called by hand."""

import copy

import numpy as np
import pytest
from PIL import Image

from fingerprint_features import FeaturePipeline, ImageSet, Pixels, ReferenceSimilarity
from fingerprint_features.learned import Autoencoder, PatchSwapError

pytest.importorskip("torch")
RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (6, 16, 16), dtype=np.uint8)


@pytest.fixture(scope="module")
def fitted():
    return Autoencoder(latent=4, image_size=16, epochs=2, lr=1e-3, device="cpu").fit(IMAGES)


def rows(images):
    return np.reshape(images, (len(images), -1)).astype(np.float32)


def test_a_perfect_autoencoder_leaves_the_difference_of_the_patches(monkeypatch):
    model = Autoencoder(image_size=8)
    monkeypatch.setattr(model, "reconstruct", lambda images: np.asarray(images, dtype=np.float32) / 255, raising=False)
    black, white, left = np.zeros((8, 8)), np.full((8, 8), 255), np.tile([255] * 4 + [0] * 4, (8, 1))
    # the patch is 4 x 4 of 8 x 8 pixels: rows 4 to 7 and columns 2 to 5, half of them in the left half
    found = PatchSwapError(model)(rows([black, white]), rows([black, white, left]))
    np.testing.assert_allclose(found, [[0, -16 / 64, -8 / 64], [-16 / 64, 0, -8 / 64]])
    top = PatchSwapError(model, patch=(0, 0.25, 0, 1))(rows([black]), rows([left]))
    np.testing.assert_allclose(top, [[-8 / 64]])


def test_the_error_is_that_of_the_image_as_it_was(fitted):
    found = PatchSwapError(fitted)(rows(IMAGES[:3]), rows(IMAGES))
    pasted = IMAGES[1].copy()
    pasted[8:16, 4:12] = IMAGES[4][8:16, 4:12]
    back = fitted.reconstruct(pasted[None])[0]
    assert found[1, 4] == pytest.approx(-((back - IMAGES[1] / 255) ** 2).mean(), rel=1e-5)
    np.testing.assert_allclose(np.diag(found), fitted.score_samples(IMAGES[:3]), rtol=1e-5)


def test_images_are_shown_at_the_networks_size(fitted):
    large = RNG.integers(0, 256, (3, 24, 24), dtype=np.uint8)
    small = [np.asarray(Image.fromarray(image).resize((16, 16), Image.Resampling.BILINEAR)) for image in large]
    metric = PatchSwapError(fitted)
    np.testing.assert_allclose(metric(rows(large), rows(large)), metric(rows(small), rows(small)), rtol=1e-6)


def test_it_is_a_metric_of_the_reference_room_and_can_be_copied(fitted):
    X, reference = ImageSet(IMAGES[:4], groups=range(4)), ImageSet(IMAGES[4:])
    model = ReferenceSimilarity(reference, FeaturePipeline([Pixels()]), PatchSwapError(fitted), standardize="zscore")
    found = copy.deepcopy(model).fit(X).transform(X)[:, 0]
    metric = PatchSwapError(fitted)
    null = metric(rows(IMAGES[:4]), rows(IMAGES[:4]))[~np.eye(4, dtype=bool)]
    expected = (metric(rows(IMAGES[:4]), rows(IMAGES[4:])).max(axis=1) - null.mean()) / null.std()
    np.testing.assert_allclose(found, expected, rtol=1e-4)


def test_patches_and_rows_that_cannot_be_are_refused(fitted):
    with pytest.raises(ValueError, match="patch must be"):
        PatchSwapError(fitted, patch=(0.5, 0.5, 0, 1))
    with pytest.raises(ValueError, match="rows of 128 pixels"):
        PatchSwapError(fitted)(np.zeros((2, 128)), np.zeros((2, 128)))
