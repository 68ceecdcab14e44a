"""Wavelet: band energies against PyWavelets' own decomposition and sums by hand."""

import warnings

import numpy as np
import pytest
import pywt
import skimage.data

from fingerprint_features import DecodeOptions, ImageSet, Wavelet

PHOTOGRAPHS = ["brick", "camera", "coins", "moon"]


def energies(image, **parameters):
    return Wavelet(**parameters).fit_transform([image])[0]


@pytest.mark.parametrize(("wavelet", "level"), [("db1", 2), ("db4", 3), ("sym3", 1), ("bior1.3", 2), ("dmey", 1)])
@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_photographs_have_the_energies_of_wavedec2(name, wavelet, level):
    image = getattr(skimage.data, name)()
    approximation, *details = pywt.wavedec2(image.astype(float), wavelet, mode="symmetric", level=level)
    bands = [approximation, *(band for triple in details for band in triple)]
    want = [np.mean(band**2) for band in bands]
    np.testing.assert_allclose(energies(image, wavelet=wavelet, level=level), want, rtol=1e-6)


def test_hand_computed_haar_of_four_pixels():
    # [[8, 4], [2, 0]]: sums and differences, halved (1/sqrt(2) twice)
    #   a = (8 + 4 + 2 + 0) / 2 = 7    h = (8 + 4 - 2 - 0) / 2 = 5
    #   v = (8 - 4 + 2 - 0) / 2 = 3    d = (8 - 4 - 2 + 0) / 2 = 1
    image = np.array([[8, 4], [2, 0]], dtype=np.uint8)
    np.testing.assert_allclose(energies(image, level=1), [49, 25, 9, 1], rtol=1e-6)


def test_hand_computed_second_level_comes_first():
    # four flat blocks of 2 x 2 with levels 4, 2, 1, 0.. have no detail at level 1; their a bands are 8, 4, 2, 0,
    # which is the image of the test above, one level up
    image = np.kron([[4, 2], [1, 0]], np.ones((2, 2))).astype(np.uint8)
    np.testing.assert_allclose(energies(image, level=2), [49, 25, 9, 1, 0, 0, 0], rtol=1e-6, atol=1e-12)


def test_haar_keeps_the_energy_of_images_that_can_be_halved():
    image = skimage.data.camera()
    row = energies(image).astype(float)
    sizes = image.size / np.array([16, 16, 16, 16, 4, 4, 4])
    assert row @ sizes == pytest.approx(np.sum(image.astype(float) ** 2), rel=1e-6)


def test_flat_image_has_energy_in_the_approximation_alone():
    row = energies(np.full((32, 20), 10, dtype=np.uint8))
    np.testing.assert_array_equal(row, [1600, 0, 0, 0, 0, 0, 0])
    row = energies(np.full((32, 20), 10, dtype=np.uint8), wavelet="db4", level=3)
    np.testing.assert_allclose(row, [6400] + [0] * 9, rtol=1e-6, atol=1e-15)


def test_turning_the_image_swaps_horizontal_and_vertical():
    image = skimage.data.brick()
    a, h2, v2, d2, h1, v1, d1 = energies(image)
    np.testing.assert_allclose(energies(image.T), [a, v2, h2, d2, v1, h1, d1], rtol=1e-6)


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1), (3, 3), (6, 5)])
@pytest.mark.parametrize(
    ("wavelet", "level"), [("db1", 2), ("haar", 11), ("db1", 12), ("bior1.1", 3), ("db4", 12), ("bior2.2", 3)]
)
def test_small_images_give_values_without_a_warning(shape, wavelet, level):
    image = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    row = energies(image, wavelet=wavelet, level=level)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # PyWavelets warns that all is border
        approximation, *details = pywt.wavedec2(image.astype(float), wavelet, mode="symmetric", level=level)
    want = [np.mean(band**2) for band in [approximation, *(band for triple in details for band in triple)]]
    np.testing.assert_allclose(row, want, rtol=1e-5, atol=1e-6 * want[0])


def test_the_three_depths_agree():
    image = skimage.data.coins()
    want = energies(image)
    np.testing.assert_allclose(energies(image.astype(np.uint16) * 257), want, rtol=1e-5)
    floats = ImageSet([image / 255], options=DecodeOptions(value_range=(0, 1)))
    np.testing.assert_allclose(Wavelet().fit_transform(floats)[0], want, rtol=1e-5)


def test_columns_name_wavelet_band_and_level():
    names = ["a2", "h2", "v2", "d2", "h1", "v1", "d1"]
    assert list(Wavelet().get_feature_names_out()) == [f"wavelet_db1_{name}" for name in names]
    assert len(Wavelet("db4", level=5).get_feature_names_out()) == 16


@pytest.mark.parametrize("wavelet", ["db", "morl", 1, None])
def test_bad_wavelet_is_named(wavelet):
    with pytest.raises(ValueError, match=r"'wavelet' parameter of Wavelet must be one of pywt.wavelist"):
        Wavelet(wavelet).fit([np.zeros((4, 4), dtype=np.uint8)])


@pytest.mark.parametrize("level", [0, 13, 1.5])
def test_bad_level_is_named(level):
    with pytest.raises(ValueError, match=r"'level' parameter of Wavelet must be an int in \[1, 12\]"):
        Wavelet(level=level).fit([np.zeros((4, 4), dtype=np.uint8)])
