"""Gabor against scikit-image and OpenCV, by hand, and against what it must not depend on."""

import cv2
import numpy as np
import pytest
import skimage.data
from skimage.filters import gabor

from fingerprint_features import DecodeOptions, Gabor, ImageSet

PUBLISHED = {
    "frequencies": (0.1, 0.3, 0.5),
    "n_orientations": [0, 45, 90],
    "sigma": 4,
    "gamma": 0.5,
    "kernel_size": 21,
    "response": "real",
    "statistics": ("mean", "var"),
}


def noise(*shape, low=0, high=256, dtype=np.uint8):
    return np.random.default_rng(0).integers(low, high, shape, dtype=dtype)


NOISE = noise(31, 45)


def extract(image, **params):
    return Gabor(**params).fit_transform(image[None])[0]


def oracle(image, frequencies=(0.1, 0.2, 0.3, 0.4), angles=(0, 45, 90, 135), margin=0, **params):
    row, inside = [], tuple(slice(margin, margin + n) for n in image.shape)
    image = np.pad(image.astype(float), margin, mode="symmetric")
    for frequency in frequencies:
        for angle in angles:
            real, imaginary = gabor(image, frequency, np.deg2rad(angle), **params)
            magnitude = np.hypot(real, imaginary)[inside]
            row += [magnitude.mean(), magnitude.std()]
    return np.array(row)


@pytest.mark.parametrize("name", ["brick", "camera", "coins", "moon"])
def test_photographs_equal_scikit_image(name):
    image = getattr(skimage.data, name)()[100:200, 80:191]
    np.testing.assert_allclose(extract(image), oracle(image), rtol=1e-5)


def test_faint_texture_on_a_bright_ground_equals_scikit_image():
    image = noise(64, 64, low=252, high=255)
    np.testing.assert_allclose(extract(image), oracle(image), rtol=1e-5, atol=255e-7)


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (2, 3), (5, 40), (40, 5)])
def test_images_smaller_than_the_kernels_are_mirrored_as_often_as_it_takes(shape):
    # scipy.ndimage itself returns chance values where a kernel is several times larger than the image, so the oracle
    # filters an image mirrored beforehand, and looks at its centre
    image = noise(*shape)
    wide = {"frequencies": [0.1, 0.2], "n_orientations": [0, 20, 45], "sigma": 3, "gamma": 0.5}
    for params, settings in [
        ({}, {}),
        (wide, {"angles": [0, 20, 45], "frequencies": [0.1, 0.2], "sigma_x": 3, "sigma_y": 6}),
    ]:
        np.testing.assert_allclose(extract(image, **params), oracle(image, margin=20, **settings), rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("response", ["magnitude", "real"])
@pytest.mark.parametrize("shape", [(1, 1), (40, 5), (31, 45), (1, 143), (20, 143), (3, 200)])
def test_blocks_of_rows_and_single_rows_give_the_same(shape, response, monkeypatch):
    image = noise(*shape)
    monkeypatch.setattr("fingerprint_features.extractors.kernels.gabor._NARROW", 0)
    row = extract(image, response=response)
    monkeypatch.setattr("fingerprint_features.extractors.kernels.gabor._NARROW", 10**6)
    np.testing.assert_allclose(extract(image, response=response), row, rtol=1e-6, atol=1e-4)


@pytest.mark.parametrize("bandwidth", [0.5, 1.7])
def test_any_angles_and_bandwidths_equal_scikit_image(bandwidth):
    angles = [10, 170, 80, 33.3, 180]
    row = extract(NOISE, frequencies=[0.1, 0.5], n_orientations=angles, bandwidth=bandwidth)
    np.testing.assert_allclose(row, oracle(NOISE, [0.1, 0.5], angles, bandwidth=bandwidth), rtol=1e-5)


@pytest.mark.parametrize("gamma", [0.5, 2])
def test_elongated_filters_equal_scikit_image_at_every_angle(gamma):
    angles = [0, 20, 45, 90, 150, 180]
    row = extract(NOISE, frequencies=[0.15], n_orientations=angles, sigma=3.1, gamma=gamma)
    np.testing.assert_allclose(row, oracle(NOISE, [0.15], angles, sigma_x=3.1, sigma_y=3.1 / gamma), rtol=1e-5)


@pytest.mark.parametrize("gamma", [0.5, 1])
def test_kernels_of_opencv_give_the_published_means_and_variances(gamma):
    image = skimage.data.brick()[:128, :128]
    expected = []
    for frequency in PUBLISHED["frequencies"]:
        for angle in PUBLISHED["n_orientations"]:
            kernel = cv2.getGaborKernel((21, 21), 4, np.deg2rad(angle), 1 / frequency, gamma, 0)
            response = cv2.filter2D(image.astype(float), cv2.CV_64F, kernel, borderType=cv2.BORDER_REFLECT)
            expected.append([response.mean(), response.var()])
    row = extract(image, **{**PUBLISHED, "gamma": gamma}).reshape(-1, 2)
    scale = 2 * np.pi * 4**2 / gamma
    np.testing.assert_allclose(row * [scale, scale**2], expected, rtol=1e-4)


def test_stripes_by_hand():
    # A bell with weights 1/2, 1, 1/2 a side (exp(-1 / (2 sigma^2)) = 1/2), so sigma^2 = 1 / (2 ln 2) and the constant
    # in front is 1 / (2 pi sigma^2) = ln 2 / pi. At frequency 1/2 the wave is 1, -1, 1: across -1/2, 1, -1/2.
    # Rows 0 8 0 8, mirrored to 0|0 8 0 8|8, become -4, 8, -8, 4 across; down, 1/2 + 1 + 1/2 doubles that:
    # -8, 16, -16, 8, of mean 0 and variance (64 + 256 + 256 + 64) / 4 = 160.
    # Along 90 degrees the wave runs down, where nothing changes: -1/2 + 1 - 1/2 = 0.
    image = np.tile(np.array([0, 8, 0, 8], dtype=np.uint8), (4, 1))
    sigma = 1 / np.sqrt(2 * np.log(2))
    settings = {"frequencies": 0.5, "n_orientations": 2, "sigma": sigma, "kernel_size": 3, "response": "real"}
    row = extract(image, **settings, statistics=["mean", "var", "std"])
    variance = 160 * (np.log(2) / np.pi) ** 2
    np.testing.assert_allclose(row, [0, variance, variance**0.5, 0, 0, 0], atol=1e-6, rtol=1e-6)


def test_stripes_answer_at_their_own_frequency_and_angle():
    x = np.arange(64)
    for frequency in (0.1, 0.2, 0.3, 0.4):
        ripples = np.rint(127 + 100 * np.sin(2 * np.pi * frequency * x)).astype(np.uint8)
        means = extract(np.tile(ripples, (64, 1)), statistics=["mean"])
        names = Gabor(statistics=["mean"]).get_feature_names_out()
        assert names[means.argmax()] == f"gabor_mean_f{frequency:g}_a0"


def test_flat_images_have_a_small_mean_in_proportion_to_their_level_and_no_deviation():
    flat = [extract(np.full((20, 30), level, dtype=np.uint8)) for level in (0, 100, 200)]
    assert not flat[0].any()
    np.testing.assert_allclose(2 * flat[1][::2], flat[2][::2], rtol=1e-5)
    assert (flat[2][::2] < 0.0021 * 200).all()
    assert (flat[2][::2] > 0.0005 * 200).all()
    np.testing.assert_allclose([row[1::2] for row in flat], 0, atol=1e-6)


@pytest.mark.parametrize("params", [{}, PUBLISHED])
def test_the_three_depths_of_a_picture_agree(params):
    expected = extract(NOISE, **params)
    np.testing.assert_allclose(extract(NOISE.astype(np.uint16) * 257, **params), expected, rtol=2e-5, atol=1e-5)
    images = ImageSet([NOISE / 255], options=DecodeOptions(value_range=(0, 1)))
    np.testing.assert_allclose(Gabor(**params).fit_transform(images)[0], expected, rtol=2e-5, atol=1e-5)


def test_16_bit_images_are_not_rounded_to_8_bits():
    image = noise(40, 40, high=257, dtype=np.uint16)  # one level of 8 bits from black to white
    np.testing.assert_allclose(extract(image), oracle(image / 257), rtol=1e-5)


def test_turning_and_flipping_the_image_exchange_angles():
    row = extract(NOISE).reshape(4, 4, 2)
    np.testing.assert_allclose(extract(np.rot90(NOISE)).reshape(4, 4, 2), np.roll(row, 2, axis=1), rtol=1e-5)
    np.testing.assert_allclose(extract(NOISE[:, ::-1]).reshape(4, 4, 2), row[:, [0, 3, 2, 1]], rtol=1e-5)


@pytest.mark.parametrize("params", [{}, PUBLISHED])
def test_an_image_alone_gives_bitwise_its_row_in_a_batch(params):
    images = noise(5, 33, 50)
    rows = Gabor(**params).fit_transform(images)
    assert np.array_equal(rows, [extract(image, **params) for image in images])
    mixed = Gabor(**params).fit_transform([NOISE, images[3], NOISE.T.copy()])
    assert np.array_equal(mixed[1], rows[3])


def test_a_filter_gives_the_same_alone_as_in_a_bank():
    names = list(Gabor().get_feature_names_out())
    alone = Gabor(frequencies=0.3, n_orientations=[135], statistics=["std"])
    (column,) = alone.get_feature_names_out()
    np.testing.assert_allclose(extract(NOISE, **alone.get_params()), extract(NOISE)[names.index(column)], rtol=1e-6)


def test_columns_are_named_by_statistic_frequency_and_angle():
    names = Gabor(frequencies=[0.2, 0.25], n_orientations=8, statistics=["mean", "var"]).get_feature_names_out()
    assert list(names[:4]) == [
        "gabor_mean_f0.2_a0",
        "gabor_var_f0.2_a0",
        "gabor_mean_f0.2_a22.5",
        "gabor_var_f0.2_a22.5",
    ]
    assert names[-1] == "gabor_var_f0.25_a157.5"
    assert len(set(names)) == len(names) == 32


def test_set_params_equals_a_fresh_object():
    changed = Gabor().fit(NOISE[None]).set_params(**PUBLISHED)
    assert list(changed.get_feature_names_out()) == list(Gabor(**PUBLISHED).get_feature_names_out())
    assert np.array_equal(changed.transform(NOISE[None])[0], extract(NOISE, **PUBLISHED))


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"frequencies": 0.51}, r"'frequencies' .* one float or several in \[0.01, 0.5\]. Got 0.51"),
        ({"frequencies": []}, r"'frequencies' .* one float or several"),
        ({"frequencies": [0.1, 0.1]}, r"'frequencies' .* without repetitions"),
        ({"n_orientations": 0}, r"'n_orientations' .* an int in \[1, 180\]. Got 0"),
        ({"n_orientations": 45.0}, r"'n_orientations' .* an int in \[1, 180\]. Got 45.0"),
        ({"n_orientations": [0, 181]}, r"'n_orientations' .* several in \[0, 180\]"),
        ({"bandwidth": 0}, r"'bandwidth' .* a float in \[0.1, 8\]"),
        ({"sigma": 0}, r"'sigma' .* a float in \[0.1, 500\]"),
        ({"gamma": 20}, r"'gamma' .* a float in \[0.1, 10\]"),
        ({"kernel_size": 20}, r"'kernel_size' .* odd, so that it has a centre. Got 20"),
        ({"kernel_size": 1}, r"'kernel_size' .* an int in \[3, 2001\]"),
        ({"response": "imaginary"}, r"'response' .* one of 'magnitude', 'real'"),
        ({"statistics": "mean"}, r"'statistics' .* a sequence of 'mean', 'std', 'var'"),
        ({"statistics": ["mean", "median"]}, r"'statistics' .* a sequence of"),
        ({"statistics": []}, r"'statistics' .* a sequence of"),
        ({"statistics": ["mean", "mean"]}, r"'statistics' .* without repetitions"),
    ],
)
def test_bad_parameters_are_named(params, message):
    with pytest.raises(ValueError, match=f"the {message}"):
        Gabor(**params).fit(NOISE[None])
