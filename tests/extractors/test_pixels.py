"""Pixels: the intensities, on one scale, and one size for all images."""

import numpy as np
import pytest
import skimage.data
from sklearn.exceptions import NotFittedError

from fingerprint_features import DecodeOptions, ImageReadError, ImageSet, Pixels
from fingerprint_features.cache import extractor_token

from ..helpers import random_images


def test_hand_counted_image_row_by_row():
    image = np.arange(16, dtype=np.uint8).reshape(1, 4, 4)
    pixels = Pixels().fit(image)
    np.testing.assert_array_equal(pixels.transform(image), [np.arange(16)])
    assert pixels.get_feature_names_out()[6] == "pixel_y1_x2"  # 6 = 1 * 4 + 2
    assert pixels.image_shape_ == (4, 4)


def test_photographs_come_back_unchanged():
    image = skimage.data.coins()
    np.testing.assert_array_equal(Pixels().fit_transform([image])[0].reshape(image.shape), image)


def test_the_three_depths_agree():
    image = random_images(1)
    want = Pixels().fit_transform(image)
    np.testing.assert_allclose(Pixels().fit_transform(image.astype(np.uint16) * 257), want, rtol=1e-6)
    floats = ImageSet(image / 255, options=DecodeOptions(value_range=(0, 1)))
    np.testing.assert_allclose(Pixels().fit_transform(floats), want, rtol=1e-5)


def test_deeper_images_are_not_rounded():
    row = Pixels().fit_transform(np.array([[[0, 100, 257]]], dtype=np.uint16))
    np.testing.assert_allclose(row, [[0, 100 / 257, 1]], rtol=1e-6)


def test_colour_becomes_grey():
    red = np.zeros((1, 1, 2, 3), dtype=np.uint8)
    red[0, 0, 0, 0] = 255  # Rec. 601: 0.299 * 255 = 76.2
    np.testing.assert_array_equal(Pixels().fit_transform(red), [[76, 0]])


def test_an_image_of_another_size_is_named_with_the_cure():
    pixels = Pixels().fit(random_images(2, size=8))
    images = ImageSet([*random_images(1, size=8), *random_images(1, size=6)], ids=["good", "small"])
    with pytest.raises(ImageReadError, match=r"small: Pixels: .* 6 x 6, .* 8 x 8: .*size=\(8, 8\)") as error:
        pixels.transform(images)
    assert [(failure.id, failure.kind) for failure in error.value.failures] == [("small", "unsuitable")]


def test_resizing_by_the_image_set_decides_the_width():
    images = ImageSet([*random_images(1, size=8), *random_images(1, size=6)], size=(4, 5))
    assert Pixels().fit_transform(images).shape == (2, 20)


def test_images_of_any_size_are_averaged_to_the_size_asked_for():
    images = [random_images(1, size=8)[0], random_images(1, size=4)[0]]
    rows = Pixels(size=(2, 4)).transform(images)
    means = [image.reshape(2, len(image) // 2, 4, len(image) // 4).mean(axis=(1, 3)).ravel() for image in images]
    np.testing.assert_allclose(rows, means, rtol=1e-5)
    assert Pixels(size=(2, 4)).get_feature_names_out()[5] == "pixel_y1_x1"
    assert Pixels(size=(2, 4)).n_columns() == 8
    with pytest.raises(ValueError, match=r"'size' parameter of Pixels must be a pair of ints >= 1\. Got 64 instead"):
        Pixels(size=64).transform(images)


def test_the_size_must_be_learnt_first():
    with pytest.raises(NotFittedError, match="Pixels learns from images: call fit"):
        Pixels().transform(random_images(1))
    with pytest.raises(NotFittedError, match="call fit"):
        Pixels().get_feature_names_out()


def test_fitting_on_nothing_is_refused():
    with pytest.raises(ValueError, match="first image, and there is none"):
        Pixels().fit([])


def test_the_size_is_part_of_the_token():
    wide, tall = Pixels().fit(np.zeros((1, 2, 8), dtype=np.uint8)), Pixels().fit(np.zeros((1, 8, 2), dtype=np.uint8))
    assert extractor_token(wide) != extractor_token(tall)
    assert extractor_token(wide) == extractor_token(Pixels().fit(np.ones((3, 2, 8), dtype=np.uint8)))
