"""Images are shown to a network as torchvision's own transforms show them, to the last bit."""

import numpy as np
import pytest
from PIL import Image

from fingerprint_features import ImageSet
from fingerprint_features.extractors import Preprocessing

from .nets import need_torch, photographs

torch = need_torch()
from torchvision.transforms._presets import ImageClassification, InterpolationMode  # noqa: E402


def shown(image, **params):
    how = Preprocessing(**params)
    return how.scale(torch.from_numpy(how.pixels(image)[None].copy()))[0]


@pytest.mark.parametrize("method", ["bilinear", "bicubic"])
@pytest.mark.parametrize(("resize", "crop"), [(256, 224), (232, 224), (342, 299), (224, 224), (64, 33)])
def test_the_input_is_torchvisions(method, resize, crop):
    small = [image[100:160, 200:241] for image in photographs()]
    odd = [np.random.default_rng(0).integers(0, 256, (257, 259, 3), dtype=np.uint8)]
    preset = ImageClassification(crop_size=crop, resize_size=resize, interpolation=InterpolationMode(method))
    for image in [*photographs(), *small, *odd]:
        expected = preset(Image.fromarray(image).convert("RGB"))
        assert torch.equal(shown(image, resize=resize, crop=crop, interpolation=method), expected)


def test_equal_channels_are_seen_as_grey():
    gray = photographs()[1]
    assert torch.equal(shown(gray), shown(np.repeat(gray[..., None], 3, axis=2)))


@pytest.mark.parametrize("resize", ["preset", "squash"])
@pytest.mark.parametrize("shape", [(1, 1), (1, 2), (5, 1), (1, 100_000), (3_000_000, 1)])
def test_strips_of_any_length_can_be_shown(shape, resize):
    image = np.full(shape, 51, dtype=np.uint8)
    assert (Preprocessing().pixels(image, resize) == 51).all()


@pytest.mark.parametrize("method", ["bilinear", "bicubic"])
@pytest.mark.parametrize("shape", [(30, 700), (641, 37), (23, 5000), (9, 1), (300, 2917)])
def test_strips_are_shown_as_torchvision_shows_them(shape, method):
    image = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    preset = ImageClassification(crop_size=224, resize_size=256, interpolation=InterpolationMode(method))
    assert torch.equal(shown(image, interpolation=method), preset(Image.fromarray(image)))


@pytest.mark.parametrize("method", ["bilinear", "bicubic", "lanczos"])
@pytest.mark.parametrize("shape", [(3000, 211), (211, 3000), (23, 900), (900, 23)])
def test_a_strip_that_is_cut_first_differs_by_the_rounding_of_few_pixels(shape, method, monkeypatch):
    image = np.random.default_rng(0).integers(0, 256, (*shape, 3), dtype=np.uint8)
    how = Preprocessing(interpolation=method)
    whole = how.pixels(image).astype(int)
    monkeypatch.setattr("fingerprint_features.extractors.cnn.preprocessing._MOST_PIXELS", 0)
    difference = np.abs(how.pixels(image) - whole)
    assert difference.max() <= 1
    assert difference.mean() < 0.01


@pytest.mark.parametrize("method", ["bilinear", "bicubic"])
def test_squash_shows_the_whole_image(method):
    for image in photographs():
        expected = np.asarray(Image.fromarray(image).convert("RGB").resize((33, 33), Image.Resampling[method.upper()]))
        seen = Preprocessing(crop=33, resize=40, interpolation=method).pixels(image, "squash")
        np.testing.assert_array_equal(seen, expected)


def test_squash_of_a_long_strip_is_that_of_its_rows(monkeypatch):
    image = np.random.default_rng(0).integers(0, 256, (2000, 20), dtype=np.uint8)
    exact = Preprocessing().pixels(image, "squash").astype(int)
    monkeypatch.setattr("fingerprint_features.extractors.cnn.preprocessing._MOST_PIXELS", 0)
    assert np.abs(Preprocessing().pixels(image, "squash") - exact).max() <= 1


def test_one_mean_makes_a_grey_input():
    image = np.full((8, 8, 3), (255, 0, 0), dtype=np.uint8)
    seen = shown(image, crop=4, resize=4, mean=(0.0,), std=(1.0,))
    assert seen.shape == (1, 4, 4)
    assert seen.unique().item() == pytest.approx(76 / 255)  # Rec. 601


def test_senseless_settings_are_refused():
    with pytest.raises(ValueError, match=r"crop must be in \[1, resize=200\]"):
        Preprocessing(crop=224, resize=200)
    with pytest.raises(ValueError, match="three for RGB"):
        Preprocessing(mean=(0.5, 0.5))


def test_depths_are_one_picture():
    image = photographs()[0]
    deep = ImageSet([image.astype(np.uint16) * 257])[0]
    fraction = image.astype(np.float32) / np.float32(255)
    for other in (deep, fraction):
        assert np.array_equal(Preprocessing().pixels(other), Preprocessing().pixels(image))
