"""PHash gives imagehash's bits, every one of them."""

import imagehash
import numpy as np
import PIL
import pytest
import skimage.data
from PIL import Image

from fingerprint_features import DecodeOptions, ImageSet, PHash
from fingerprint_features.extractors.kernels.phash import resize_lanczos

PILLOW_13 = int(PIL.__version__.split(".")[0]) >= 13
Y, X = np.mgrid[:100, :90]
DRAWN = {
    "ramp to the right": X,
    "ramp down": Y,
    "ramp across": X + Y,
    "chessboard of pixels": (X + Y) % 2 * 255,
    "chessboard of squares": (X // 8 + Y // 8) % 2 * 255,
    "disc": ((X - 44.5) ** 2 + (Y - 49.5) ** 2 < 900) * 255,
    "one white pixel": (X == 40) * (Y == 60) * 255,
    "border": ((X == 0) | (Y == 0)) * 255,
}


def oracle(image, hash_size=16):
    return imagehash.phash(Image.fromarray(image), hash_size).hash.ravel()


def bits(image, hash_size=16):
    return PHash(hash_size).fit_transform([image])[0]


@pytest.mark.parametrize("hash_size", [16, 8, 5, 2])
@pytest.mark.parametrize("name", ["brick", "grass", "gravel", "camera", "coins", "moon", "page", "text", "clock"])
def test_grey_photographs_have_the_bits_of_imagehash(name, hash_size):
    image = getattr(skimage.data, name)()
    np.testing.assert_array_equal(bits(image, hash_size), oracle(image, hash_size))


@pytest.mark.parametrize("name", ["astronaut", "coffee", "chelsea", "rocket"])
def test_colour_photographs_have_the_bits_of_imagehash(name):
    image = getattr(skimage.data, name)()
    np.testing.assert_array_equal(bits(image), oracle(image))


@pytest.mark.parametrize("hash_size", [16, 8, 3])
@pytest.mark.parametrize("name", DRAWN)
def test_drawings_full_of_ties_have_the_bits_of_imagehash(name, hash_size):
    image = DRAWN[name].astype(np.uint8)
    np.testing.assert_array_equal(bits(image, hash_size), oracle(image, hash_size))


@pytest.mark.parametrize(
    "shape", [(1, 1), (1, 9), (2, 3), (5, 70), (64, 64), (63, 65), (64, 300), (257, 255), (90, 64)]
)
def test_random_images_of_any_size_have_the_bits_of_imagehash(shape):
    tall = shape[0] - 64 > 2 * max(shape[1] - 64, 0)
    if tall and not PILLOW_13:
        pytest.skip("earlier Pillow resizes tall images in another order")
    rng = np.random.default_rng(0)
    for image in (rng.integers(0, 256, shape, dtype=np.uint8), rng.integers(0, 2, shape, dtype=np.uint8) * 255):
        np.testing.assert_array_equal(bits(image), oracle(image))


@pytest.mark.parametrize("side", [8, 64])
def test_resizing_gives_the_pixels_of_pillow(side):
    rng = np.random.default_rng(1)
    for n in [*range(1, 40), 63, 64, 65, 100, 127, 128, 129, 255, 256, 300, 1000]:
        for shape in ((n, n), (9, n), (n, 2 * n), (n, 9), (n, n // 2 + 1)):
            if shape[0] - side > 2 * max(shape[1] - side, 0) and not PILLOW_13:
                continue
            image = rng.integers(0, 2, shape, dtype=np.uint8) * 255  # overshoots at every edge
            want = np.asarray(Image.fromarray(image).resize((side, side), Image.Resampling.LANCZOS))
            np.testing.assert_array_equal(resize_lanczos(image, side), want, err_msg=str(shape))


def test_all_flat_images_share_one_hash_except_black():
    grey = [bits(np.full((30, 40), level, dtype=np.uint8)) for level in (1, 7, 128, 255)]
    np.testing.assert_array_equal(grey, np.tile(np.eye(1, 256), (4, 1)))
    np.testing.assert_array_equal(bits(np.zeros((30, 40), dtype=np.uint8)), np.zeros(256))


def test_hand_computed_two_by_two():
    # A ramp to the right, 8 x 8 pixels, is not resized. Every row is 0, 32, ..., 224, so only the horizontal
    # frequencies are not zero: the mean is large and positive, and bright on the right makes the first cosine
    # negative. Of {mean > 0, first cosine < 0, 0, 0} the median is 0: one bit.
    ramp = np.tile(np.arange(0, 256, 32, dtype=np.uint8), (8, 1))
    np.testing.assert_array_equal(bits(ramp, 2), [1, 0, 0, 0])
    # dark on the right: the first cosine is positive, and of {+, +, 0, 0} the median is half the cosine's
    np.testing.assert_array_equal(bits(ramp[:, ::-1], 2), [1, 1, 0, 0])
    # row by row: the same ramp downwards puts its bit into the second row
    np.testing.assert_array_equal(bits(ramp.T[::-1], 2), [1, 0, 1, 0])


def test_deeper_images_have_the_bits_of_their_8_bit_form():
    image = skimage.data.camera()
    want = bits(image)
    deeper = np.minimum(image * np.uint32(257) + 100, 65535).astype(np.uint16)  # 100 / 257 is rounded off
    np.testing.assert_array_equal(bits(deeper), want)
    floats = ImageSet([image / 255], options=DecodeOptions(value_range=(0, 1)))
    np.testing.assert_array_equal(PHash().fit_transform(floats)[0], want)


def test_half_the_bits_are_set_in_a_photograph():
    assert bits(skimage.data.brick()).sum() == 128


def test_columns_follow_the_hash_size():
    assert list(PHash(3).get_feature_names_out()) == [f"phash_00{i}" for i in range(9)]
    assert PHash().get_feature_names_out()[-1] == "phash_255"


@pytest.mark.parametrize("hash_size", [1, 0, 8.0, "16", True, None])
def test_bad_hash_size_is_named(hash_size):
    with pytest.raises(ValueError, match=r"'hash_size' parameter of PHash must be an int in \[2, inf\)"):
        PHash(hash_size).fit([np.zeros((4, 4), dtype=np.uint8)])
