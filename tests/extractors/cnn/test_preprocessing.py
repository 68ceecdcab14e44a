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


@pytest.mark.parametrize("shape", [(1, 1), (1, 2), (5, 1), (1, 100_000), (3_000_000, 1)])
def test_strips_are_cut_before_they_are_resized(shape):
    image = np.full(shape, 51, dtype=np.uint8)
    assert (Preprocessing().pixels(image) == 51).all()


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
