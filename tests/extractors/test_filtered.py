"""Filtered: each filter against scipy.ndimage or plain loops, and the inner extractor left in peace."""

import numpy as np
import pytest
import skimage.data
from scipy import ndimage
from sklearn.base import clone

from fingerprint_features import (
    BaseExtractor,
    DecodeOptions,
    Filtered,
    ImageReadError,
    ImageSet,
    ImageStats,
    Patches,
    PHash,
    Pixels,
    Wavelet,
)
from fingerprint_features.cache import extractor_token

from ..helpers import Centre, Mean, random_images


class Channels(BaseExtractor):
    """The mean of each channel."""

    _mode = "rgb"

    def _column_names(self):
        return ["r", "g", "b"]

    def _extract_one(self, image):
        return image.mean(axis=(0, 1))


FILTERS = ["gaussian", "highpass", "laplacian", "hessian", "bilateral"]


def photograph():
    """Return a photograph, 128 x 128, with lines, spots and flat sky."""
    return np.ascontiguousarray(skimage.data.camera()[60:188, 180:308])


def filtered(image, filter, **parameters):
    """Return the filtered image on the 8-bit scale."""
    row = Filtered(Pixels(), filter, **parameters).fit_transform([image])[0]
    return row.reshape(image.shape[:2]).astype(float)


@pytest.mark.parametrize("sigma", [0.5, 1.0, 3.0])
def test_gaussian_is_that_of_scipy(sigma):
    image = photograph()
    want = ndimage.gaussian_filter(image.astype(float), sigma, mode="mirror")
    assert np.abs(filtered(image, "gaussian", sigma=sigma) - want).max() < 0.51  # rounded to 8 bits
    deep = image.astype(np.uint16) * 257
    assert np.abs(filtered(deep, "gaussian", sigma=sigma) - want).max() < 0.01


@pytest.mark.parametrize("sigma", [0.5, 1.0, 3.0])
def test_highpass_is_what_scipys_gaussian_takes_away(sigma):
    image = photograph() // 2 + 60  # gentle enough not to be cut
    want = 128.0 + image - ndimage.gaussian_filter(image.astype(float), sigma, mode="mirror")
    assert 0 < want.min() < 122
    assert 134 < want.max() < 255
    assert np.abs(filtered(image, "highpass", sigma=sigma) - want).max() < 0.51  # rounded to 8 bits
    assert np.abs(filtered(image.astype(np.uint16) * 257, "highpass", sigma=sigma) - want).max() < 0.01


def test_laplacian_is_that_of_a_plain_correlation():
    image = photograph() // 4 + 50  # gentle enough not to be cut
    kernel = np.array([[2, 0, 2], [0, -8, 0], [2, 0, 2]]) / 4
    want = 128 + ndimage.correlate(image.astype(float), kernel, mode="mirror")
    assert 0 < want.min() < 100 < 160 < want.max() < 255
    np.testing.assert_array_equal(filtered(image, "laplacian"), np.rint(want))


@pytest.mark.parametrize("sigma", [1.0, 2.0, 5.0])
def test_hessian_is_the_larger_eigenvalue_of_scipys_derivatives(sigma):
    levels = photograph().astype(float)
    xx, xy, yy = (ndimage.gaussian_filter(levels, sigma, order=o, mode="mirror") for o in ((0, 2), (1, 1), (2, 0)))
    want = np.linalg.eigvalsh(np.stack([xx, xy, xy, yy], axis=-1).reshape(*levels.shape, 2, 2))[..., 1]
    got = filtered(photograph().astype(np.uint16) * 257, "hessian", sigma=sigma) - 128
    assert np.abs(got - want).max() < 0.1  # scipy cuts its kernels off without making up for it
    assert np.abs(want).max() > 2


def test_hessian_of_a_parabola_is_its_curvature():
    x = np.arange(-10, 11)
    image = np.tile(x**2, (21, 1)).astype(np.uint8)  # second derivatives 2 across and 0 down
    got = filtered(image.astype(np.uint16) * 257, "hessian")
    np.testing.assert_allclose(got[5:-5, 5:-5], 130, atol=0.01)


@pytest.mark.parametrize(("height", "width"), [(24, 20), (24, 5), (24, 4), (3, 24), (24, 2), (1, 24)])
def test_bilateral_is_that_of_plain_loops(height, width):
    image = photograph()[:height, :width]
    levels = np.pad(image.astype(float), 4, mode="reflect")
    want = np.empty(image.shape)
    dy, dx = np.mgrid[-4:5, -4:5]
    near = (dy**2 + dx**2 <= 16) * np.exp(-0.5 * (dy**2 + dx**2) / 3.0**2)
    for y, x in np.ndindex(image.shape):
        window = levels[y : y + 9, x : x + 9]
        weights = near * np.exp(-0.5 * ((window - levels[y + 4, x + 4]) / 20.0) ** 2)
        want[y, x] = (weights * window).sum() / weights.sum()
    got = filtered(image.astype(np.uint16) * 257, "bilateral", diameter=9, sigma_color=20.0, sigma_space=3.0)
    np.testing.assert_allclose(got, want, atol=0.02)


@pytest.mark.parametrize("shape", [(2, 300), (300, 2), (3, 3), (40, 200), (5, 100, 3)])
def test_opencv_never_sees_an_image_narrower_than_the_radius(shape, monkeypatch):
    import cv2

    narrowest, bilateral = [], cv2.bilateralFilter

    def watched(levels, *rest):
        narrowest.append(min(levels.shape[:2]))
        return bilateral(levels, *rest)

    monkeypatch.setattr(cv2, "bilateralFilter", watched)
    image = np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)
    extractor = Filtered(Channels() if len(shape) == 3 else ImageStats(), "bilateral", diameter=61)
    assert np.isfinite(extractor.fit_transform([image])).all()
    assert narrowest[0] > 30


def test_bilateral_keeps_an_edge_that_gaussian_blurs():
    edge = np.repeat([[0] * 8 + [250] * 8], 16, axis=0).astype(np.uint8)
    assert np.abs(filtered(edge, "bilateral", sigma_color=10) - edge).max() <= 1
    assert np.abs(filtered(edge, "gaussian") - edge).max() > 50


def test_hand_counted_spot():
    # The centre gives -8 * 16 / 4 = -32. The pixels above, below and beside it meet the spot in the zeros of the
    # kernel. A corner pixel has the spot as its neighbour across and, mirrored at the border, in all four corners
    # of the kernel: 4 * 2 * 16 / 4 = 32.
    image = np.array([[0, 0, 0], [0, 16, 0], [0, 0, 0]], dtype=np.uint8)
    np.testing.assert_array_equal(filtered(image, "laplacian"), [[160, 128, 160], [128, 96, 128], [160, 128, 160]])


@pytest.mark.parametrize("sign", [1, -1])
def test_strong_responses_are_cut_at_black_and_white(sign):
    spot = np.full((5, 5), 255 if sign > 0 else 0, dtype=np.uint8)
    spot[2, 2] = 255 - spot[2, 2]
    assert filtered(spot, "laplacian")[2, 2] == (255 if sign > 0 else 0)


@pytest.mark.parametrize("filter", FILTERS)
@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (5, 1), (2, 2), (40, 30)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_flat_images_of_any_size_stay_flat(filter, shape, dtype):
    flat = np.full(shape, 201 if dtype == np.uint8 else 201 * 257, dtype=dtype)
    want = 201 if filter in ("gaussian", "bilateral") else 128
    np.testing.assert_array_equal(filtered(flat, filter), np.full(shape, want))


def test_small_images_are_mirrored_as_often_as_the_kernel_needs():
    image = random_images(1, size=2)[0]
    want = ndimage.gaussian_filter(image.astype(float), 2.0, mode="mirror")
    assert np.abs(filtered(image, "gaussian", sigma=2.0) - want).max() < 0.51


@pytest.mark.parametrize("filter", FILTERS)
def test_the_three_depths_agree(filter):
    image = photograph()
    eight, sixteen = filtered(image, filter), filtered(image.astype(np.uint16) * 257, filter)
    np.testing.assert_allclose(eight, sixteen, atol=0.51)
    floats = ImageSet([image / 255], options=DecodeOptions(value_range=(0, 1)))
    as_floats = Filtered(Pixels(), filter).fit_transform(floats)[0].reshape(image.shape)
    np.testing.assert_allclose(as_floats, sixteen, atol=0.01)


@pytest.mark.parametrize("filter", FILTERS)
def test_the_response_of_an_image_does_not_depend_on_others(filter):
    images = random_images(3)
    images[1] //= 8
    rows = Filtered(Wavelet(), filter).fit_transform(images)
    np.testing.assert_array_equal(Filtered(Wavelet(), filter).fit_transform(images[1:2])[0], rows[1])


class Red(Mean):
    """Mean of the red channel: an extractor that wants colour."""

    _mode = "rgb"

    def _extract_one(self, image):
        return [image[..., 0].mean()]


@pytest.mark.parametrize("filter", FILTERS)
def test_an_inner_extractor_of_colours_gets_colours(filter):
    image = np.zeros((6, 6, 3), dtype=np.uint8)
    image[..., 0] = 90
    want = 90 if filter in ("gaussian", "bilateral") else 128
    assert Filtered(Red(), filter).fit_transform([image]) == want
    assert Filtered(Red(), filter).fit_transform([image[..., 0]]) == want  # grey, repeated


def test_columns_carry_the_filter():
    assert Filtered(PHash(2), "hessian").get_feature_names_out()[0] == "hessian_phash_000"
    nested = Filtered(Filtered(Mean()), "laplacian")
    assert list(nested.get_feature_names_out()) == ["laplacian_gaussian_mean_x1"]


def test_nested_filters_are_applied_from_outside_in():
    image = photograph()
    blurred = filtered(image, "gaussian").astype(np.uint8)
    want = Filtered(Pixels(), "laplacian").fit_transform([blurred])
    nested = Filtered(Filtered(Pixels(), "laplacian"), "gaussian")
    np.testing.assert_array_equal(nested.fit_transform([image]), want)


def test_parameters_reach_the_inner_extractor():
    extractor = Filtered(Mean(factor=2))
    assert extractor.get_params()["extractor__factor"] == 2
    extractor.set_params(extractor__factor=3, filter="laplacian")
    assert list(extractor.get_feature_names_out()) == ["laplacian_mean_x3"]
    assert extractor_token(extractor) == extractor_token(Filtered(Mean(factor=3), "laplacian"))


def test_an_inner_extractor_that_learns_is_fitted_on_filtered_images_and_not_modified():
    images = random_images(4)
    inner = Centre()
    outer = Filtered(inner, "laplacian").fit(images)
    assert not hasattr(inner, "level_")
    assert not hasattr(outer.extractor, "level_")
    responses = [filtered(image, "laplacian") for image in images]
    assert outer.extractor_.level_ == pytest.approx(np.mean(responses), rel=1e-6)
    np.testing.assert_allclose(
        outer.transform(images)[:, 0], [r.mean() - np.mean(responses) for r in responses], atol=1e-4
    )
    assert not hasattr(clone(outer), "extractor_")


def test_the_token_holds_what_decides_values_and_nothing_else():
    token = extractor_token(Filtered(Mean()))
    assert token == extractor_token(Filtered(Mean(log="elsewhere")))
    assert token == extractor_token(Filtered(Mean(), diameter=5, sigma_color=1, sigma_space=2.5))  # bilateral's
    assert token != extractor_token(Filtered(Mean(), sigma=2))
    assert token != extractor_token(Filtered(Mean(2)))
    assert token != extractor_token(Filtered(Mean(), "hessian"))
    bilateral = extractor_token(Filtered(Mean(), "bilateral"))
    assert bilateral == extractor_token(Filtered(Mean(), "bilateral", sigma=2))
    assert bilateral != extractor_token(Filtered(Mean(), "bilateral", diameter=5))


def test_the_token_holds_the_inner_fitted_state():
    images = random_images(4)
    tokens = [extractor_token(Filtered(Centre()).fit(images[part])) for part in (slice(2), slice(2), slice(2, 4))]
    assert tokens[0] == tokens[1] != tokens[2]
    assert tokens[0] != extractor_token(Filtered(Centre()))


def test_what_the_inner_extractor_refuses_is_named():
    outer = Filtered(Pixels()).fit(random_images(2, size=8))
    with pytest.raises(ImageReadError, match="odd: Filtered: the image is 6 x 6"):
        outer.transform(ImageSet(random_images(1, size=6), ids=["odd"]))


def test_composes_with_patches_both_ways():
    image = photograph()
    inside, outside = Patches(Filtered(ImageStats())), Filtered(Patches(ImageStats()))
    assert outside.get_feature_names_out()[0] == "gaussian_patch0x0_stats_mean"
    assert inside.get_feature_names_out()[-1] == "patch1x1_gaussian_stats_otsu_area_std"
    blurred = filtered(image, "gaussian").astype(np.uint8)
    np.testing.assert_array_equal(outside.fit_transform([image]), Patches(ImageStats()).fit_transform([blurred]))
    corner = Filtered(ImageStats()).fit_transform([image[64:, 64:]])[0]
    np.testing.assert_array_equal(inside.fit_transform([image])[0, -7:], corner)


@pytest.mark.parametrize(
    ("parameters", "words"),
    [
        ({"filter": "median"}, "'filter' parameter of Filtered must be one of 'gaussian', 'highpass'"),
        ({"sigma": 0}, r"'sigma' parameter of Filtered must be a float in \[0.1, inf\)"),
        ({"diameter": 0}, "'diameter' parameter of Filtered must be an int"),
        ({"sigma_color": -1}, "'sigma_color' parameter of Filtered must be a float"),
        ({"sigma_space": "wide"}, "'sigma_space' parameter of Filtered must be a float"),
        ({"extractor": "lbp"}, r"'extractor' parameter of Filtered must be an extractor such as LBP\(\)"),
        ({"extractor": PHash(1)}, "'hash_size' parameter of PHash"),
        ({"extractor": PHash}, "'extractor' parameter of Filtered"),
    ],
)
def test_bad_parameters_are_named(parameters, words):
    with pytest.raises(ValueError, match=words):
        Filtered(**{"extractor": Mean(), **parameters}).fit(random_images(1))
