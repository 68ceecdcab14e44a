"""ImageStats: moments against scipy.stats, Otsu's threshold and components against scikit-image."""

import numpy as np
import pytest
import scipy.stats
import skimage.data
from skimage.filters import threshold_otsu
from skimage.measure import label

from fingerprint_features import DecodeOptions, ImageSet, ImageStats
from fingerprint_features.extractors.kernels.components import component_areas

PHOTOGRAPHS = ["brick", "grass", "gravel", "camera", "coins", "moon", "page", "text", "clock", "cell"]


def stats(image):
    return ImageStats().fit_transform([image])[0]


@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_moments_of_photographs_are_those_of_scipy(name):
    image = getattr(skimage.data, name)()
    pixels = image.ravel().astype(float)
    want = [pixels.mean(), pixels.var(), scipy.stats.skew(pixels), scipy.stats.kurtosis(pixels)]
    np.testing.assert_allclose(stats(image)[:4], want, rtol=1e-6)


@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_components_of_photographs_are_those_of_scikit_image(name):
    image = getattr(skimage.data, name)()
    areas = np.bincount(label(image > threshold_otsu(image), connectivity=2).ravel())[1:]
    np.testing.assert_allclose(stats(image)[4:], [len(areas), areas.mean(), areas.std()], rtol=1e-6)


@pytest.mark.parametrize("seed", range(25))
def test_components_of_noise_are_those_of_scikit_image(seed):
    rng = np.random.default_rng(seed)
    image = (rng.random(rng.integers(1, 40, 2)) < rng.choice([0.1, 0.3, 0.4, 0.5, 0.9])).astype(np.uint8)
    want = np.bincount(label(image, connectivity=2).ravel())[1:]
    np.testing.assert_array_equal(component_areas(image, 0), want)


def test_components_that_meet_late_are_one():
    comb = np.zeros((6, 11), dtype=np.uint8)
    comb[:5, ::2] = comb[5] = 1  # six teeth, which the last row joins
    spiral = np.array([[1, 1, 1, 1], [0, 0, 0, 1], [1, 1, 0, 1], [1, 0, 0, 1], [1, 1, 1, 1]], dtype=np.uint8)
    assert component_areas(comb, 0).tolist() == [comb.sum()]
    assert component_areas(spiral, 0).tolist() == [spiral.sum()]


def test_hand_counted_image():
    # 0 0 0 9    eleven pixels of 1, five of 9; the threshold lies between, at the lowest level that separates: 1.
    # 9 0 0 9    Above it: the column of two on the right; a diagonal chain of three on the left, one component
    # 0 9 0 0    only because corners touch.
    # 9 0 0 0    areas 2 and 3: mean 2.5, sd 0.5
    image = np.array([[1, 1, 1, 9], [9, 1, 1, 9], [1, 9, 1, 1], [9, 1, 1, 1]], dtype=np.uint8)
    # p = 5/16: mean = 1 + 8p = 3.5; variance = 64 p (1 - p) = 13.75
    # skewness = (1 - 2p) / sqrt(p (1 - p)) ; excess kurtosis = 1 / (p (1 - p)) - 6
    p = 5 / 16
    q = p * (1 - p)
    np.testing.assert_allclose(stats(image), [3.5, 13.75, (1 - 2 * p) / q**0.5, 1 / q - 6, 2, 2.5, 0.5], rtol=1e-6)


def test_pixels_at_the_threshold_are_below_it():
    # 0, 100 and 200 split as well at 0 as at 100; the lower threshold is taken, so 100 and 200 lie above: one run of 2
    np.testing.assert_array_equal(stats(np.array([[0, 100, 200]], dtype=np.uint8))[4:], [1, 2, 0])


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (16, 16)])
@pytest.mark.parametrize("level", [0, 1, 77, 255])
def test_flat_image_has_a_mean_and_nothing_else(shape, level):
    want = [level, 0, 0, 0, 0, 0, 0]
    np.testing.assert_array_equal(stats(np.full(shape, level, dtype=np.uint8)), want)
    np.testing.assert_array_equal(stats(np.full(shape, level * 257, dtype=np.uint16)), want)


def test_flat_float_image_has_no_shape_out_of_rounding():
    flat = ImageSet([np.full((101, 103), 0.1)], options=DecodeOptions(value_range=(0, 1)))
    row = ImageStats().fit_transform(flat)[0]
    assert row[0] == pytest.approx(25.5, rel=1e-6)
    np.testing.assert_array_equal(row[1:], np.zeros(6))


@pytest.mark.parametrize("name", ["camera", "coins"])
def test_the_three_depths_agree(name):
    image = getattr(skimage.data, name)()
    want = stats(image)
    np.testing.assert_allclose(stats(image.astype(np.uint16) * 257), want, rtol=1e-5)
    floats = ImageSet([image / 255], options=DecodeOptions(value_range=(0, 1)))
    np.testing.assert_allclose(ImageStats().fit_transform(floats)[0], want, rtol=1e-5)


def test_brightening_moves_the_mean_alone():
    image = skimage.data.camera() // 2
    row, brighter = stats(image), stats(image + 50)
    assert brighter[0] == pytest.approx(row[0] + 50)
    np.testing.assert_allclose(brighter[1:], row[1:], rtol=1e-5)


def test_negative_turns_the_skewness_round():
    image = skimage.data.moon()
    row, negative = stats(image), stats(255 - image)
    np.testing.assert_allclose(negative[:4], [255 - row[0], row[1], -row[2], row[3]], rtol=1e-5)


def test_seven_columns():
    names = ["mean", "variance", "skewness", "kurtosis", "otsu_count", "otsu_area_mean", "otsu_area_std"]
    assert list(ImageStats().get_feature_names_out()) == [f"stats_{name}" for name in names]
