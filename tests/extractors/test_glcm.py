"""GLCM gives the numbers of scikit-image's graycomatrix and graycoprops."""

import math
from fractions import Fraction

import numpy as np
import pytest
import skimage.data
from skimage.feature import graycomatrix, graycoprops

from fingerprint_features import GLCM, DecodeOptions, ImageSet
from fingerprint_features.extractors.kernels.glcm import _sum_up

PROPERTIES = ("contrast", "dissimilarity", "homogeneity", "ASM", "energy", "correlation", "entropy")
PHOTOGRAPHS = ["brick", "grass", "gravel", "camera", "coins", "moon", "page", "clock"]

# Haralick's example, levels 0 to 3 as four equal parts of the 8-bit scale.
HARALICK = np.array([[0, 0, 1, 1], [0, 0, 1, 1], [0, 2, 2, 2], [2, 2, 3, 3]], dtype=np.uint8) * np.uint8(64)


def oracle(levels, n_levels=256, distances=(1, 2, 3), degrees=(0, 45, 90, 135), symmetric=True):
    matrices = graycomatrix(levels, distances, np.deg2rad(degrees), n_levels, symmetric=symmetric, normed=True)
    p = np.where(matrices > 0, matrices, 1)
    properties = [graycoprops(matrices, name) for name in PROPERTIES[:-1]]
    return np.array([*properties, -(p * np.log(p)).sum(axis=(0, 1))])


def ours(image, **params):
    glcm = GLCM(**params)
    row = glcm.fit_transform(image if isinstance(image, ImageSet) else [image])[0]
    assert len(row) == len(glcm.get_feature_names_out())
    return row.reshape(7, -1)


def assert_like_scikit_image(image, levels=256, distances=(1, 2, 3), degrees=(0, 45, 90, 135), symmetric=True):
    quantized = (image.astype(int) * levels // 256).astype(np.uint8)
    expected = oracle(quantized, levels, distances, degrees, symmetric).reshape(7, -1)
    found = ours(image, levels=levels, distances=distances, angles=degrees, symmetric=symmetric)
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


def fractions(image):
    return ImageSet([image.astype(np.float32)], options=DecodeOptions(value_range=(0, 1)))


def test_a_symmetric_matrix_counted_by_hand():
    # To the right and to the left: [[4 2 1 0] [2 4 0 0] [1 0 6 1] [0 0 1 2]], 24 in all.
    counts = np.array([4, 2, 1, 2, 4, 1, 6, 1, 1, 2]) / 24
    expected = [
        (4 * 1 + 2 * 4 + 2 * 1) / 24,  # (0, 1) twice two, (0, 2) twice one, (2, 3) twice one
        (4 * 1 + 2 * 2 + 2 * 1) / 24,
        (16 + 4 / 2 + 2 / 5 + 2 / 2) / 24,
        84 / 576,
        np.sqrt(84 / 576),
        431 / 599,  # mean 31 / 24, mean square 65 / 24, mean product 58 / 24
        -(counts * np.log(counts)).sum(),
    ]
    found = ours(HARALICK, distances=1, angles=[0], levels=4)[:, 0]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_a_one_way_matrix_counted_by_hand():
    # To the right only: [[2 2 1 0] [0 2 0 0] [0 0 3 1] [0 0 0 1]], 12 in all.
    counts = np.array([2, 2, 1, 2, 3, 1, 1]) / 12
    row = GLCM(1, [0], 4, symmetric=False, properties=["contrast", "ASM", "entropy"]).fit_transform([HARALICK])[0]
    np.testing.assert_allclose(row, [(2 + 4 + 1) / 12, 24 / 144, -(counts * np.log(counts)).sum()], rtol=1e-6)


@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize("levels", [256, 32, 100, 33, 2])
@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_photographs_have_the_properties_of_scikit_image(name, levels, symmetric):
    assert_like_scikit_image(getattr(skimage.data, name)()[:160, :200], levels, symmetric=symmetric)


def test_an_image_of_more_than_65536_pixels_has_the_properties_of_scikit_image():
    assert_like_scikit_image(skimage.data.camera())


@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize("n_odd", [1, 5, 40])
def test_correlation_of_a_bright_image_that_is_nearly_flat(n_odd, symmetric):
    rng = np.random.default_rng(n_odd)
    image = np.full((1500, 1400), 255, dtype=np.uint8)
    image[rng.integers(0, 1500, n_odd), rng.integers(0, 1400, n_odd)] = 254
    pairs = [
        (int(a), int(b))
        for a, b in zip(image[:, :-1].ravel(), image[:, 1:].ravel(), strict=True)
        if a + 0 < 255 or b + 0 < 255
    ]
    n, n_first, n_second = 1500 * 1399, sum(a < 255 for a, _ in pairs), sum(b < 255 for _, b in pairs)
    both = Fraction(sum(a < 255 and b < 255 for a, b in pairs), n)
    first, second = Fraction(n_first, n), Fraction(n_second, n)
    if symmetric:
        first = second = (first + second) / 2
    expected = (both - first * second) / math.sqrt(first * (1 - first) * second * (1 - second))
    glcm = GLCM(1, [0], 256, symmetric, ["correlation"])
    assert glcm.fit_transform([image])[0, 0] == pytest.approx(float(expected), abs=1e-7)


def test_logarithms_of_counts_of_huge_images_fit():
    counts = np.zeros((1, 32 * 32), dtype=np.uint32)
    counts[0, :3] = 500_000_000, 900_000_000, 5000
    expected = sum(m * math.log(m) for m in (500_000_000, 900_000_000, 5000))
    sums = np.zeros(12)
    _sum_up(counts, 32, 32, sums)
    assert sums[7] == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("symmetric", [True, False])
def test_offsets_are_rounded_as_scikit_image_does(symmetric):
    degrees = (0, 22.5, 30, 60, 90, 120, 150, 180, 225, 270, 315, -45)
    assert_like_scikit_image(skimage.data.brick()[:60, :70], 16, (1, 1.5, 2, 2.5, 3, 5, 8), degrees, symmetric)


def test_a_number_of_angles_divides_180_degrees():
    image = skimage.data.coins()[:50, :50]
    np.testing.assert_array_equal(ours(image, angles=6), ours(image, angles=(0, 30, 60, 90, 120, 150)))
    np.testing.assert_array_equal(ours(image), ours(image, angles=[0, 45, 90, 135]))


@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize("shape", [(1, 1), (1, 2), (1, 9), (9, 1), (2, 2), (3, 4), (4, 3), (17, 30)])
def test_random_images_of_any_size_have_the_properties_of_scikit_image(shape, symmetric):
    random = np.random.default_rng(sum(shape))
    for brightest in [1, 3, 255]:
        image = random.integers(0, brightest + 1, shape).astype(np.uint8)
        assert_like_scikit_image(image, 256, symmetric=symmetric)
        assert_like_scikit_image(image, 32, symmetric=symmetric)


@pytest.mark.parametrize("levels", [32, 256])
@pytest.mark.parametrize("symmetric", [True, False])
def test_a_flat_image_is_all_alike(levels, symmetric):
    flat = np.full((300, 301), 200, dtype=np.uint8)  # one count of 90,000
    np.testing.assert_array_equal(
        ours(flat, levels=levels, symmetric=symmetric).T, np.tile([0, 0, 1, 1, 1, 1, 0], (12, 1))
    )


def test_an_image_without_pairs_has_correlation_1_and_nothing_else():
    found = ours(np.array([[3, 200]], dtype=np.uint8), distances=1, angles=[0, 90])
    np.testing.assert_array_equal(found[:, 1], [0, 0, 0, 0, 0, 1, 0])
    assert found[0, 0] == 25**2  # of 3 // 8 and 200 // 8


def test_mean_and_range_are_those_over_the_angles():
    image = skimage.data.gravel()[:80, :90]
    by_angle = ours(image, angles=5).reshape(7, 3, 5)
    pooled = ours(image, angles=5, pool="mean_range").reshape(7, 3, 2)
    np.testing.assert_allclose(pooled[..., 0], by_angle.mean(axis=2), rtol=1e-6)
    np.testing.assert_allclose(pooled[..., 1], np.ptp(by_angle, axis=2), rtol=1e-4, atol=1e-6)


def test_pooled_columns_do_not_change_when_the_image_is_turned():
    image = skimage.data.brick()[:64, :64]
    pooled = GLCM(distances=[1, 3], pool="mean_range")
    np.testing.assert_array_equal(pooled.fit_transform([image]), pooled.transform([np.rot90(image)]))


@pytest.mark.parametrize("levels", [32, 256, 100])
def test_the_three_depths_of_a_picture_agree(levels):
    image = skimage.data.moon()[:100, :120]
    row = ours(image, levels=levels)
    np.testing.assert_array_equal(ours(image.astype(np.uint16) * 257, levels=levels), row)
    np.testing.assert_array_equal(ours(fractions(image / 255), levels=levels), row)


@pytest.mark.parametrize("levels", [32, 256, 100])
def test_deep_pictures_are_divided_into_equal_parts(levels):
    random = np.random.default_rng(0)
    deep = random.integers(0, 65536, (40, 50)).astype(np.uint16)
    expected = oracle((deep.astype(int) * levels // 65536).astype(np.uint8), levels).reshape(7, -1)
    np.testing.assert_allclose(ours(deep, levels=levels), expected, rtol=1e-6, atol=1e-6)
    shares = random.random((40, 50)).astype(np.float32)
    shares[0, :5] = [0, 0.25, 0.5, 0.75, 1]
    expected = oracle(np.minimum(np.floor(shares.astype(float) * levels), levels - 1).astype(np.uint8), levels)
    np.testing.assert_allclose(ours(fractions(shares), levels=levels), expected.reshape(7, -1), rtol=1e-6, atol=1e-6)


def test_columns_are_named_after_property_distance_and_angle():
    names = GLCM(distances=[1, 2.5], angles=[0, 22.5], properties=["energy", "contrast"]).get_feature_names_out()
    assert [*names] == [
        f"glcm_{prop}_d{d}_a{a}" for prop in ("energy", "contrast") for d in ("1", "2.5") for a in ("0", "22.5")
    ]
    assert len(GLCM().get_feature_names_out()) == 7 * 3 * 4
    assert [*GLCM(2.0, 8, properties="ASM", pool="mean_range").get_feature_names_out()] == [
        "glcm_ASM_d2_mean", "glcm_ASM_d2_range"
    ]  # fmt: skip


def test_chosen_properties_come_in_the_order_of_their_names():
    image = skimage.data.camera()[:40, :40]
    every = dict(zip(GLCM().get_feature_names_out(), ours(image).ravel(), strict=True))
    some = GLCM(properties=("entropy", "correlation"))
    row = some.fit_transform([image])[0]
    assert row.tolist() == [every[name] for name in some.get_feature_names_out()]


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"levels": 257}, r"'levels' parameter of GLCM must be an int in \[2, 256\]. Got 257"),
        ({"levels": 32.0}, "'levels'"),
        ({"distances": 0}, r"'distances' parameter of GLCM must be one float or several in \[1, inf\). Got 0"),
        ({"distances": ()}, "'distances'"),
        ({"distances": (1, 1.0)}, "without repetitions"),
        ({"angles": 0}, r"'angles' parameter of GLCM must be an int in \[1, 180\]. Got 0"),
        ({"angles": [400]}, r"'angles' parameter of GLCM must be one float or several in \[-360, 360\]"),
        ({"angles": "0"}, "'angles'"),
        ({"symmetric": 2}, "'symmetric' parameter of GLCM must be one of True, False"),
        (
            {"properties": ("contrast", "variance")},
            "'properties' parameter of GLCM must be one or several of 'contrast', ",
        ),
        ({"properties": ()}, "'properties'"),
        ({"properties": ("ASM", "ASM")}, "'properties'"),
        ({"properties": 3}, "'properties'"),
        ({"pool": "mean"}, "'pool' parameter of GLCM must be one of None, 'mean_range'"),
    ],
)
def test_bad_parameters_are_named(params, message):
    with pytest.raises(ValueError, match=message):
        GLCM(**params).fit([])
