"""LBP counts scikit-image's patterns, pixel by pixel, rounding included."""

import platform

import numpy as np
import pytest
import skimage.data
from PIL import Image
from skimage.feature import local_binary_pattern

from fingerprint_features import LBP, DecodeOptions, ImageReadError, ImageSet
from fingerprint_features.extractors.kernels.lbp import binary_patterns

PHOTOGRAPHS = ["brick", "grass", "gravel", "camera", "coins", "moon", "page", "clock"]
METHODS = ["uniform", "nri_uniform", "default", "ror"]
# Compilers may fuse scikit-image's sums where there is an instruction for it, which turns some ties round.
MOST_DIFFERENT = 0 if platform.machine() in ("x86_64", "AMD64") else 0.005

# Two rows and columns of light pixels on black.
SQUARE = np.array([[0, 0, 0, 0], [0, 9, 9, 0], [0, 9, 9, 0], [0, 0, 0, 0]], dtype=np.uint8)


def shares(image, **params):
    """Return value of the pattern -> share, without the patterns that do not occur."""
    lbp = LBP(**params)
    row = lbp.fit_transform([image])[0]
    values = [int(name.rsplit("_", 1)[1]) for name in lbp.get_feature_names_out()]
    return {value: float(share) for value, share in zip(values, row, strict=True) if share}


def assert_like_scikit_image(image, n_points, radius, method):
    values, counts = np.unique(local_binary_pattern(image, n_points, radius, method), return_counts=True)
    expected = dict(zip(values.astype(int).tolist(), counts / image.size, strict=True))
    found = shares(image, n_points=n_points, radius=radius, method=method)
    for value in expected.keys() | found.keys():
        assert found.get(value, 0) == pytest.approx(expected.get(value, 0), rel=1e-6, abs=MOST_DIFFERENT)


def assert_same_codes(image, n_points, radius):
    different = binary_patterns(image, n_points, radius) != local_binary_pattern(image, n_points, radius)
    assert different.mean() <= MOST_DIFFERENT


def fractions(image):
    return ImageSet([image.astype(np.float32)], options=DecodeOptions(value_range=(0, 1)))


def tied_image(size, seed):
    """Return slanted ramps of all slopes: most diagonal neighbours equal their centre, only rounding tells."""
    random = np.random.default_rng(seed)
    y, x = np.mgrid[:size, :size]
    ramp = (x + random.choice([-1, 1]) * y) * random.integers(1, 60) // random.integers(1, 30)
    noisy = random.random((size, size)) < 0.02
    return np.where(noisy, random.integers(0, 256, (size, size)), ramp % 256).astype(np.uint8)


def test_four_points_counted_by_hand():
    # The 12 black pixels: all four neighbours are no darker. The 9s have two light neighbours side by side.
    assert shares(SQUARE, n_points=4) == {2: 0.25, 4: 0.75}
    # Bits 1 right, 2 up, 4 left, 8 down: the 9s are 9 = right + down, 12 = left + down, 3 = right + up, 6 = up + left.
    sixteenth = 1 / 16
    assert shares(SQUARE, n_points=4, method="default") == {
        3: sixteenth,
        6: sixteenth,
        9: sixteenth,
        12: sixteenth,
        15: 0.75,
    }
    # Turned until they are least, all of them are 3.
    assert shares(SQUARE, n_points=4, method="ror") == {3: 0.25, 15: 0.75}
    # Two ones: 1 + 4 * (2 - 1) + turns, for the four turns there are; all ones: 4 * 3 + 1.
    assert shares(SQUARE, n_points=4, method="nri_uniform") == {
        5: sixteenth, 6: sixteenth, 7: sixteenth, 8: sixteenth, 13: 0.75
    }  # fmt: skip


def test_eight_points_counted_by_hand():
    dot = np.zeros((3, 3), dtype=np.uint8)
    dot[1, 1] = 9  # all eight neighbours of the centre are darker; no neighbour of a black pixel is
    assert shares(dot) == {0: pytest.approx(1 / 9), 8: pytest.approx(8 / 9)}
    # A chessboard's white pixel: four white diagonal pixels, weighed down by black ones (0.5 * 9 < 9); black: all.
    board = np.zeros((4, 4), dtype=np.uint8)
    board[::2, ::2] = board[1::2, 1::2] = 9
    assert shares(board) == {0: 0.5, 8: 0.5}


def test_a_flat_image_is_all_ones_but_for_the_border():
    # The centre has all four; edges lack the one outside, corners two side by side.
    assert shares(np.full((3, 3), 5, dtype=np.uint8), n_points=4) == {
        2: pytest.approx(4 / 9), 3: pytest.approx(4 / 9), 4: pytest.approx(1 / 9)
    }  # fmt: skip
    assert shares(np.zeros((5, 5), dtype=np.uint8)) == {8: 1}
    assert (binary_patterns(np.full((40, 40), 77, dtype=np.uint8), 8, 1)[1:-1, 1:-1] == 255).all()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("n_points", "radius"), [(8, 1), (8, 1.5), (16, 2), (5, 1), (2, 1), (12, 3.3)])
@pytest.mark.parametrize("name", ["camera", "brick", "gravel", "clock"])
def test_photographs_have_the_histograms_of_scikit_image(name, n_points, radius, method):
    image = getattr(skimage.data, name)()[:200, :220]
    assert_like_scikit_image(image, n_points, radius, method)


@pytest.mark.parametrize("method", ["uniform", "nri_uniform"])
def test_twenty_four_points_have_the_histogram_of_scikit_image(method):
    assert_like_scikit_image(skimage.data.grass()[:128, :128], 24, 3, method)


@pytest.mark.parametrize("name", PHOTOGRAPHS)
def test_every_pixel_of_a_photograph_has_the_code_of_scikit_image(name):
    image = getattr(skimage.data, name)()
    assert_same_codes(image, 8, 1)
    assert_same_codes(image[:150], 8, 2)


def test_a_colour_photograph_has_the_histogram_of_its_grey_form():
    astronaut = skimage.data.astronaut()
    gray = np.asarray(Image.fromarray(astronaut).convert("L"))
    np.testing.assert_array_equal(LBP().fit_transform([astronaut]), LBP().fit_transform([gray]))
    assert_like_scikit_image(gray, 8, 1, "uniform")


@pytest.mark.parametrize("size", [64, 512, 513, 600])
@pytest.mark.parametrize("seed", range(4))
def test_ties_are_rounded_as_scikit_image_does(size, seed):
    image = tied_image(size, seed)
    assert_same_codes(image, 8, 1)
    assert_same_codes(image[: size // 4], 8, 1.5)


@pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1), (2, 2), (3, 3), (2, 530), (530, 2), (19, 31)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_random_images_of_any_size_and_contrast_have_the_codes_of_scikit_image(shape, dtype):
    random = np.random.default_rng(sum(shape))
    for n_points, radius in [(8, 1), (4, 1), (8, 2.5), (16, 2), (24, 3), (3, 7)]:
        for brightest in [0, 1, 3, 20, np.iinfo(dtype).max]:
            image = random.integers(0, brightest + 1, shape).astype(dtype)
            assert_same_codes(image, n_points, radius)


def test_a_radius_beyond_the_image_sees_black():
    assert_same_codes(skimage.data.coins()[50:70, 50:75], 8, 40)


def test_cells_are_those_of_array_split():
    image = skimage.data.camera()[100:153, 100:147]
    codes = local_binary_pattern(image, 8, 1, "uniform").astype(int)
    cells = [cell for band in np.array_split(codes, 3) for cell in np.array_split(band, 2, axis=1)]
    expected = np.concatenate([np.bincount(cell.ravel(), minlength=10) / cell.size for cell in cells])
    row = LBP(grid=(3, 2)).fit_transform([image])[0]
    np.testing.assert_allclose(row, expected, rtol=1e-6, atol=MOST_DIFFERENT)


def test_several_circles_give_the_columns_of_each():
    image = skimage.data.moon()[:90, :80]
    both = LBP(n_points=(8, 12), radius=(1, 2.5))
    one, other = LBP(), LBP(n_points=12, radius=2.5)
    np.testing.assert_array_equal(
        both.fit_transform([image]), np.hstack([one.fit_transform([image]), other.fit_transform([image])])
    )
    assert [*both.get_feature_names_out()] == [*one.get_feature_names_out(), *other.get_feature_names_out()]
    assert len(LBP(radius=[1, 2, 3]).get_feature_names_out()) == 30
    assert LBP(n_points=[8, 8], radius=[1, 2]).get_feature_names_out()[10] == "lbp_p8_r2_00"


@pytest.mark.parametrize(
    ("params", "names"),
    [
        ({"n_points": 3}, ["lbp_p3_r1_00", "lbp_p3_r1_01", "lbp_p3_r1_02", "lbp_p3_r1_03", "lbp_p3_r1_04"]),
        ({"n_points": 2, "radius": 1.5, "method": "default"}, [f"lbp_default_p2_r1.5_{i:02d}" for i in range(4)]),
        ({"n_points": 4, "method": "ror"}, [f"lbp_ror_p4_r1_{i:02d}" for i in (0, 1, 3, 5, 7, 15)]),
        (
            {"n_points": 2, "radius": 1.0, "method": "ror", "grid": (1, 2)},
            [f"lbp_ror_p2_r1_{cell}_{i:02d}" for cell in ("g0x0", "g0x1") for i in (0, 1, 3)],
        ),
    ],
)
def test_columns_are_named_after_circle_cell_and_pattern(params, names):
    assert [*LBP(**params).get_feature_names_out()] == names


def test_widths():
    assert {method: len(LBP(method=method).get_feature_names_out()) for method in METHODS} == {
        "uniform": 10, "nri_uniform": 59, "default": 256, "ror": 36
    }  # fmt: skip
    assert LBP(method="ror").get_feature_names_out()[-1] == "lbp_ror_p8_r1_255"


@pytest.mark.parametrize("method", METHODS)
def test_the_three_depths_of_a_picture_agree(method):
    image = skimage.data.coins()[:100, :120]
    lbp = LBP(method=method, n_points=[8, 8], radius=[1, 2])
    row = lbp.fit_transform([image])
    np.testing.assert_array_equal(lbp.transform([image.astype(np.uint16) * 257]), row)
    np.testing.assert_array_equal(lbp.transform(fractions(image / 255)), row)


def test_deep_pictures_are_compared_in_16_bits():
    random = np.random.default_rng(0)
    deep = (skimage.data.moon()[:100, :120].astype(np.uint16) * 256) + random.integers(0, 256, (100, 120), np.uint16)
    assert_like_scikit_image(deep, 8, 1, "uniform")
    np.testing.assert_array_equal(LBP().fit_transform(fractions(deep / 65535)), LBP().fit_transform([deep]))


def test_light_added_to_all_levels_changes_no_pattern_inside():
    image = skimage.data.page()[:60, :70] // 2
    np.testing.assert_array_equal(
        binary_patterns(image, 8, 1)[1:-1, 1:-1], binary_patterns(image + 90, 8, 1)[1:-1, 1:-1]
    )


@pytest.mark.parametrize("method", ["uniform", "ror"])
def test_four_points_do_not_change_when_the_image_is_turned(method):
    image = skimage.data.gravel()[:70, :50]
    lbp = LBP(n_points=4, method=method)
    np.testing.assert_array_equal(lbp.fit_transform([image]), lbp.fit_transform([np.rot90(image)]))


def test_a_grid_finer_than_the_image_is_refused_with_the_cure():
    with pytest.raises(ImageReadError, match=r"3 x 9 pixels .* into 4 x 1 cells: choose a smaller grid"):
        LBP(grid=(4, 1)).fit_transform([np.zeros((3, 9), dtype=np.uint8)])


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"n_points": 25}, r"'n_points' parameter of LBP must be an int in \[2, 24\] for method 'uniform'. Got 25"),
        ({"n_points": 17, "method": "ror"}, r"an int in \[2, 16\] for method 'ror'"),
        ({"n_points": 1}, "'n_points'"),
        ({"n_points": 8.0}, "'n_points'"),
        ({"n_points": True}, "'n_points'"),
        ({"n_points": (8, 16), "radius": (1, 2, 3)}, "or 3 of them, one for each radius"),
        ({"n_points": (8, 16)}, "or 1 of them, one for each radius"),
        ({"radius": 0}, r"'radius' parameter of LBP must be one float or several in \(0, 100\). Got 0"),
        ({"radius": (1, 1.0)}, "'radius' parameter of LBP must be without repetitions"),
        ({"radius": np.nan}, "'radius'"),
        ({"method": "var"}, "'method' parameter of LBP must be one of 'uniform', 'nri_uniform', 'default', 'ror'"),
        ({"grid": (0, 1)}, "'grid' parameter of LBP must be a pair of ints >= 1"),
        ({"grid": 2}, "'grid'"),
    ],
)
def test_bad_parameters_are_named(params, message):
    with pytest.raises(ValueError, match=message):
        LBP(**params).fit([])
