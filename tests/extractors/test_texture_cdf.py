"""TextureCDF: maps against scikit-image and scipy, and mean differences of columns against scipy's Wasserstein."""

from functools import cache
from itertools import combinations

import cv2
import numpy as np
import pytest
import skimage.data
from scipy import ndimage
from scipy.stats import wasserstein_distance
from skimage.feature import local_binary_pattern
from skimage.filters import gabor, rank

from fingerprint_features import DecodeOptions, FeaturePipeline, ImageSet, Pixels
from fingerprint_features.extractors.kernels.part_means import part_means
from fingerprint_features.extractors.texture_cdf import TextureCDF
from fingerprint_features.images.intensity import to_gray

PHOTOGRAPHS = ["brick", "grass", "camera", "coins", "astronaut", "chelsea"]
MAPS = [
    "intensity",
    "lbp",
    "gradient",
    "sd",
    "entropy",
    "laplacian",
    "gabor_a0",
    "gabor_a45",
    "gabor_a90",
    "gabor_a135",
]


@cache
def photograph(name, side=256):
    return cv2.resize(to_gray(getattr(skimage.data, name)()), (side, side), interpolation=cv2.INTER_AREA)


def maps_by_others(image):
    """Return the ten maps, made by scikit-image, scipy and numpy from 8-bit grey."""
    levels = image.astype(float)
    padded = np.pad(image, 20, mode="symmetric")
    windows = np.lib.stride_tricks.sliding_window_view(padded[16:-16, 16:-16].astype(float), (9, 9))
    waves = [gabor(levels, 0.2, np.deg2rad(angle)) for angle in (0, 45, 90, 135)]
    maps = [
        levels,
        local_binary_pattern(image, 8, 1),
        np.hypot(ndimage.sobel(levels, 0), ndimage.sobel(levels, 1)) / 8,
        windows.std(axis=(2, 3)),
        rank.entropy(padded // 16, np.ones((9, 9), dtype=np.uint8))[20:-20, 20:-20],
        ndimage.convolve(levels, [[0.5, 0, 0.5], [0, -2, 0], [0.5, 0, 0.5]]),
        *(np.hypot(*wave) for wave in waves),
    ]
    return dict(zip(MAPS, maps, strict=True))


@cache
def photographed_maps(name):
    return maps_by_others(photograph(name))


def rows(images, n_quantiles=64):
    """Return the columns as (image, map, part)."""
    return TextureCDF(n_quantiles).fit_transform(images).reshape(len(images), len(MAPS), n_quantiles)


def row(image, n_quantiles=64):
    return dict(zip(MAPS, rows([np.asarray(image, dtype=np.uint8)], n_quantiles)[0], strict=True))


# ---- maps -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["brick", "grass", "camera", "coins"])
def test_columns_are_means_of_64ths_of_the_sorted_maps_of_others(name):
    got = row(photograph(name))
    for texture, values in photographed_maps(name).items():
        want = np.sort(values.ravel()).reshape(64, -1).mean(axis=1)  # 1024 pixels each
        scale = np.abs(want).max()
        np.testing.assert_allclose(got[texture], want, rtol=2e-5, atol=2e-6 * scale, err_msg=texture)


def test_hand_counted_image():
    # a ramp of 10 per column; gradients (next - previous) / 2, with edge pixels repeated: 5 10 10 5 in every row
    # second derivatives, half the two diagonals' sums less twice the middle: 10 0 0 -10 in every row
    got = row(np.tile([0, 10, 20, 30], (4, 1)), n_quantiles=4)
    np.testing.assert_array_equal(got["intensity"], [0, 10, 20, 30])
    np.testing.assert_array_equal(got["gradient"], [5, 5, 10, 10])
    np.testing.assert_array_equal(got["laplacian"], [-10, 0, 0, 10])


def test_window_of_deviation_and_entropy_on_one_edge():
    # black beside white, far from the border: the window of the first white column holds 4 black columns of 9
    image = np.zeros((1, 40), dtype=np.uint8)
    image[:, 20:] = 200
    share = np.arange(1, 5) / 9  # of the rarer side; each occurs on both sides of the edge
    got = row(image, n_quantiles=40)
    np.testing.assert_allclose(got["sd"][-8:], np.repeat(200 * np.sqrt(share * (1 - share)), 2), rtol=1e-6)
    entropy = -share * np.log2(share) - (1 - share) * np.log2(1 - share)
    np.testing.assert_allclose(got["entropy"][-8:], np.repeat(entropy, 2), rtol=1e-6)
    assert not got["sd"][:-8].any()
    assert not got["entropy"][:-8].any()


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (7, 1), (30, 31)])
@pytest.mark.parametrize("level", [0, 1, 77, 255])
def test_flat_image_has_its_level_and_no_texture(shape, level):
    for flat in (np.full(shape, level, dtype=np.uint8), np.full(shape, level * 257 + (level < 255), dtype=np.uint16)):
        image = rows([flat])[0]
        np.testing.assert_allclose(image[0], flat.flat[0] / (257 if flat.itemsize == 2 else 1), rtol=1e-6)
        np.testing.assert_array_equal(image[2:6], 0)
        np.testing.assert_allclose(image[6:], 0, atol=0.002 * max(level, 1))


@pytest.mark.parametrize("shape", [(1, 1), (1, 40), (40, 1), (2, 2), (3, 5)])
def test_tiny_images_are_mirrored_as_often_as_it_takes(shape):
    image = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    got, n = row(image, n_quantiles=image.size), 20
    wide = np.pad(image, n, mode="symmetric")
    for texture, values in maps_by_others(wide).items():
        if texture != "lbp":  # the codes see black outside
            want = np.sort(values[n:-n, n:-n].ravel())
            np.testing.assert_allclose(got[texture], want, rtol=1e-4, atol=1e-3, err_msg=texture)


# ---- depths ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["camera", "grass"])
def test_the_three_depths_agree(name):
    image = photograph(name)
    want = rows([image])
    np.testing.assert_array_equal(rows([image.astype(np.uint16) * np.uint16(257)]), want)
    floats = ImageSet([image / 255], options=DecodeOptions(value_range=(0, 1)))
    np.testing.assert_array_equal(rows(floats), want)


def test_sixteen_bits_are_not_rounded_to_eight():
    deep = photograph("camera", 64).astype(np.uint16) * np.uint16(257)
    deep[::2] += 64  # a quarter of a level, in every second row
    got = rows([deep])[0]
    np.testing.assert_allclose(got[0].mean(), (deep / 257).mean(), rtol=1e-6)
    floats = ImageSet([deep / 65535], options=DecodeOptions(value_range=(0, 1)))
    np.testing.assert_allclose(rows(floats)[0], got, rtol=1e-4, atol=1e-3)
    assert np.abs(got - rows([deep // 257])[0]).max() > 0.1


# ---- distances ------------------------------------------------------------------------------------------


def test_mean_differences_of_columns_are_wasserstein_distances_of_photographs():
    images = rows([photograph(name) for name in PHOTOGRAPHS])
    got, want = [], []
    for (i, a), (j, b) in combinations(enumerate(PHOTOGRAPHS), 2):
        for k, texture in enumerate(MAPS):
            one, other = (photographed_maps(name)[texture].ravel() for name in (a, b))
            got.append(np.abs(images[i, k] - images[j, k]).mean())
            want.append(wasserstein_distance(one, other))
    too_small = 1 - np.array(got) / want
    assert too_small.min() > -1e-4  # never too large
    assert np.median(too_small) < 3e-4
    assert (too_small < 0.005).mean() > 0.9


def test_distances_are_exact_where_one_image_is_above_the_other():
    image = photograph("coins") // 2
    brighter = image + (image // 7)  # monotone, so no two sorted values change places
    near, far = rows([image, brighter], 3)[:, 0]
    assert np.abs(near - far).mean() == pytest.approx(wasserstein_distance(image.ravel(), brighter.ravel()), rel=1e-6)


def test_images_of_two_sizes_are_compared_at_their_own_size():
    image = photograph("gravel", 96)
    doubled = image.repeat(2, axis=0).repeat(3, axis=1)  # every value six times: the same distribution
    np.testing.assert_allclose(rows([image])[0, 0], rows([doubled])[0, 0], rtol=1e-6)


def test_a_value_at_a_cut_counts_for_both_sides():
    # 0, 30 and 90 in two parts of one and a half: (0 + 15) / 1.5 and (15 + 90) / 1.5
    np.testing.assert_array_equal(row([[30, 90, 0]], 2)["intensity"], [10, 70])
    np.testing.assert_array_equal(row([[7, 9]], 6)["intensity"], [7, 7, 7, 9, 9, 9])


@pytest.mark.parametrize(("n", "n_parts"), [(1, 1), (1, 7), (3, 64), (1000, 10), (999, 10), (65536, 64)])
def test_part_means_of_floats_of_any_size_and_sign(n, n_parts):
    rng = np.random.default_rng(n)
    values = (rng.normal(size=n) * 10.0 ** rng.integers(-30, 5, n)).astype(np.float32)
    values[: n // 10] = 0
    ordered = np.sort(values).repeat(n_parts).astype(float)
    before = values.copy()
    want = ordered.reshape(n_parts, n).mean(axis=1)
    np.testing.assert_allclose(part_means(values, n_parts), want, rtol=1e-9, atol=1e-9)
    np.testing.assert_array_equal(values, before)


# ---- invariants -----------------------------------------------------------------------------------------


def test_means_of_columns_are_means_of_maps():
    image = photograph("astronaut", 100)
    got = row(image, 7)
    for texture, values in maps_by_others(image).items():
        assert got[texture].mean() == pytest.approx(values.mean(), rel=1e-4, abs=1e-5), texture


def test_brightening_moves_the_intensities_alone():
    image = photograph("camera") // 2
    one, other = row(image), row(image + 48)  # three bins of grey, so that the entropies stay
    np.testing.assert_allclose(other["intensity"], one["intensity"] + 48, rtol=1e-5)
    for texture in ("gradient", "sd", "entropy", "laplacian"):
        np.testing.assert_allclose(other[texture], one[texture], rtol=1e-5, atol=1e-5)


def test_a_quarter_turn_exchanges_directions_and_nothing_else():
    image = photograph("brick")
    one, other = row(image), row(np.rot90(image))
    for texture in ("intensity", "gradient", "sd", "entropy", "laplacian"):
        np.testing.assert_allclose(other[texture], one[texture], rtol=1e-5, atol=1e-5)
    for texture, turned in [("gabor_a0", "gabor_a90"), ("gabor_a45", "gabor_a135")]:
        np.testing.assert_allclose(other[texture], one[turned], rtol=1e-4, atol=1e-3)
        np.testing.assert_allclose(other[turned], one[texture], rtol=1e-4, atol=1e-3)
    assert np.abs(one["gabor_a0"] - one["gabor_a90"]).mean() > 1  # bricks have a direction


def test_a_row_does_not_depend_on_where_arrays_lie_in_memory():
    images = [photograph(name)[:32, :40] for name in ("grass", "gravel", "brick", "camera")]
    want, held = rows(images), []
    for n in range(40):
        held.append(np.empty(16 * n + 1, dtype=np.uint8))  # pushes all that follows along
        np.testing.assert_array_equal(rows(images), want)


# ---- columns and parameters -----------------------------------------------------------------------------


def test_columns_go_map_by_map():
    names = list(TextureCDF(n_quantiles=64).get_feature_names_out())
    assert len(names) == 640
    assert names[0] == "texturecdf_intensity_q00"
    assert names[2 * 64] == "texturecdf_gradient_q00"
    assert names[-1] == "texturecdf_gabor_a135_q63"
    assert [name.removeprefix("texturecdf_").removesuffix("_q00") for name in names[::64]] == MAPS
    assert TextureCDF(n_quantiles=101).get_feature_names_out()[100] == "texturecdf_intensity_q100"


@pytest.mark.parametrize("wrong", [0, -3, 5000, 2.5, "64", None, True])
def test_a_wrong_number_of_quantiles_is_refused(wrong):
    with pytest.raises(ValueError, match=r"'n_quantiles' parameter of TextureCDF must be an int in \[1, 4096\]"):
        TextureCDF(n_quantiles=wrong).fit([photograph("brick", 16)])


def test_a_feature_pipeline_puts_it_beside_others():
    images = [photograph(name, 16) for name in ("brick", "grass", "coins")]
    pipeline = FeaturePipeline([TextureCDF(4), Pixels()], n_jobs=2, batch_size=1)
    got = pipeline.fit_transform(images)
    np.testing.assert_array_equal(got[:, :40], TextureCDF(4).fit_transform(images))
    assert pipeline.get_feature_names_out()[40] == "pixel_y0_x0"
