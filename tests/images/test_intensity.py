"""Grey, colour and depth: exact integer rules, checked against Pillow and by hand."""

import numpy as np
import pytest
from PIL import Image

from fingerprint_features.images.intensity import to_gray, to_levels, to_rgb, to_uint8

RANDOM = np.random.default_rng(0).integers(0, 256, (200, 300, 3), dtype=np.uint8)
EVERY_LEVEL = np.arange(256, dtype=np.uint8).reshape(16, 16)


def test_grey_of_8_bit_colour_is_pillows():
    np.testing.assert_array_equal(to_gray(RANDOM), np.asarray(Image.fromarray(RANDOM).convert("L")))


def test_grey_of_the_pure_colours():
    pure = np.uint8([[[255, 0, 0], [0, 255, 0], [0, 0, 255], [255, 255, 255]]])
    # 0.299, 0.587 and 0.114 of 255 are 76.2, 149.7 and 29.1
    np.testing.assert_array_equal(to_gray(pure), np.uint8([[76, 150, 29, 255]]))


@pytest.mark.parametrize(
    "grey",
    [
        EVERY_LEVEL,
        np.arange(65536, dtype=np.uint16).reshape(256, 256),
        np.random.default_rng(0).random((100, 100), dtype=np.float32),
    ],
    ids=["uint8", "uint16", "float32"],
)
def test_grey_stays_grey_exactly(grey):
    assert to_gray(grey) is grey
    rgb = to_rgb(grey)
    assert rgb.shape == (*grey.shape, 3)
    assert rgb.flags.c_contiguous
    again = to_gray(rgb)
    assert again.dtype == grey.dtype
    np.testing.assert_array_equal(again, grey)


def test_colour_stays_colour():
    assert to_rgb(RANDOM) is RANDOM


def test_grey_does_not_depend_on_memory_layout():
    np.testing.assert_array_equal(to_gray(np.asfortranarray(RANDOM)), to_gray(RANDOM))
    np.testing.assert_array_equal(to_gray(RANDOM[::2, ::3]), to_gray(RANDOM)[::2, ::3])


def test_grey_of_the_16_bit_form_is_the_grey_of_the_8_bit_form():
    deep = to_gray(RANDOM.astype(np.uint16) * np.uint16(257))
    assert deep.dtype == np.uint16
    np.testing.assert_array_equal(to_uint8(deep), to_gray(RANDOM))


def test_grey_of_the_float_form_is_within_a_level_of_the_8_bit_form():
    grey = to_uint8(to_gray(RANDOM.astype(np.float32) / np.float32(255)))
    assert abs(grey.astype(int) - to_gray(RANDOM)).max() <= 1
    assert (grey == to_gray(RANDOM)).mean() > 0.999  # they part only where the rounding is a tie


def test_depths_of_every_level_agree():
    deep = EVERY_LEVEL.astype(np.uint16) * np.uint16(257)
    floats = EVERY_LEVEL.astype(np.float32) / np.float32(255)
    for form in (EVERY_LEVEL, deep, floats):
        np.testing.assert_array_equal(to_uint8(form), EVERY_LEVEL)
        levels = to_levels(form)
        assert levels.dtype == np.float32
        np.testing.assert_allclose(levels, EVERY_LEVEL, rtol=1e-6)


def test_deep_levels_are_rounded_to_the_nearest():
    # half a level is 128.5: 128 falls to 0, 129 rises to 1; likewise below the top, 65535 = 255 * 257
    np.testing.assert_array_equal(to_uint8(np.uint16([[0, 128, 129, 65406, 65407]])), np.uint8([[0, 0, 1, 254, 255]]))
    np.testing.assert_array_equal(to_uint8(np.float32([[0, 0.4 / 255, 0.6 / 255, 1]])), np.uint8([[0, 0, 1, 255]]))
    np.testing.assert_allclose(to_levels(np.uint16([[100]])), 100 / 257, rtol=1e-6)
