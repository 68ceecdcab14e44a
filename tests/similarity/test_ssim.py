import numpy as np
import pytest

from fingerprint_features.similarity import SSIMPool, ssim_matrix
from tests.similarity.pictures import SPAN, deepen, peer, photographs

TOLERANCE = {"uint8": 1e-6, "uint16": 1e-6, "float32": 1e-4}  # rounded to 16 bits here, and summed in float32 there


@pytest.mark.parametrize("gaussian", [False, True])
@pytest.mark.parametrize("dtype", SPAN)
def test_photographs_have_the_values_of_scikit_image(dtype, gaussian):
    images = deepen(photographs(), dtype)
    expected = peer(images[:4], images, data_range=SPAN[dtype], gaussian_weights=gaussian)
    S = ssim_matrix(images[:4], images, gaussian=gaussian)
    assert S.dtype == np.float32
    assert S.shape == (4, 12)
    np.testing.assert_allclose(S, expected, rtol=0, atol=TOLERANCE[dtype])
    assert np.ptp(expected) > 0.5  # or the comparison would say little


def test_float_images_have_the_values_of_scikit_image_in_float64():
    images = deepen(photographs(), "float32")
    expected = peer(images[:4].astype(np.float64), images.astype(np.float64), data_range=1)
    np.testing.assert_allclose(ssim_matrix(images[:4], images), expected, rtol=0, atol=1e-6)


@pytest.mark.parametrize("gaussian", [False, True])
@pytest.mark.parametrize(
    ("dtype", "levels"),
    [("uint8", [250, 255, 200, 0]), ("uint16", [65000, 64999, 65535, 0]), ("float32", [0.98, 0.99, 1.0, 0.0])],
)
def test_bright_flat_images_lose_no_digits(dtype, levels, gaussian):
    images = np.stack([np.full((40, 50), level, dtype=dtype) for level in levels])
    images = np.concatenate([images, images])
    images[4:, 10:14] = images[1, 0, 0]  # a faint bar
    expected = peer(
        images.astype(np.float64), images.astype(np.float64), data_range=SPAN[dtype], gaussian_weights=gaussian
    )
    np.testing.assert_allclose(
        ssim_matrix(images, images, gaussian=gaussian), expected, rtol=0, atol=2e-5 if dtype == "float32" else 1e-6
    )


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
@pytest.mark.parametrize("gaussian", [False, True])
def test_the_size_of_an_image_adds_no_error(dtype, gaussian):
    levels = np.array([[204, 230], [0, 0]]) * (SPAN[dtype] // 255)
    a, b = (np.full((20, 30_000), level, dtype=dtype) for level in levels[0])
    b[:, :10_000] = a[:, :10_000]
    expected = peer([a.astype(np.float64)], [b.astype(np.float64)], data_range=SPAN[dtype], gaussian_weights=gaussian)
    np.testing.assert_allclose(ssim_matrix([a], [b], gaussian=gaussian), expected, rtol=0, atol=5e-7)


def windowed(image, taps):
    """Return the weighted sums of all windows, in the longest floats there are."""
    for _ in range(2):
        views = [image[i : len(image) - len(taps) + 1 + i] for i in range(len(taps))]
        image = sum(tap * view for tap, view in zip(taps, views, strict=True)).T
    return image


def exact(a, b, data_range, gaussian):
    """Return the similarity by the definition."""
    weights = (
        np.exp(-0.5 * (np.arange(-5, 6, dtype=np.longdouble) / 1.5) ** 2) if gaussian else np.ones(7, np.longdouble)
    )
    taps = weights / weights.sum()
    a, b = (image.astype(np.longdouble) - image.flat[0] * np.longdouble(0) for image in (a, b))
    mean_a, mean_b = windowed(a, taps), windowed(b, taps)
    n = len(taps) ** 2
    var_a, var_b, both = (
        n / np.longdouble(n - 1) * (windowed(x * y, taps) - windowed(x, taps) * windowed(y, taps))
        for x, y in ((a, a), (b, b), (a, b))
    )
    c1, c2 = (np.longdouble(0.01) * data_range) ** 2, (np.longdouble(0.03) * data_range) ** 2
    scores = (2 * mean_a * mean_b + c1) * (2 * both + c2) / ((mean_a**2 + mean_b**2 + c1) * (var_a + var_b + c2))
    return float(scores.mean())


@pytest.mark.parametrize("gaussian", [False, True])
@pytest.mark.parametrize("share", [1, 0.1, 0.01, 0.001])
@pytest.mark.parametrize("dtype", SPAN)
def test_errors_are_within_those_stated_for_every_data_range(dtype, share, gaussian):
    data_range = SPAN[dtype] * share
    rng = np.random.default_rng(0)
    noise = rng.normal(0, max(2, 0.02 * share * 65535), (2, 64, 64)) + rng.normal(0, 1, (64, 64))
    levels = np.clip((40_000 + noise) / 65535, 0, 1)
    images = (levels if dtype == "float32" else np.rint(levels * SPAN[dtype])).astype(dtype)
    stated = max(1e-4, 1e-7 / data_range**2) if dtype == "float32" else 1e-6
    found = ssim_matrix(images[:1], images[1:], data_range=data_range, gaussian=gaussian)
    assert abs(found[0, 0] - exact(*images, data_range, gaussian)) <= stated


def test_two_flat_images_can_be_worked_out_by_hand():
    # means 100 and 50, no variance: (2 * 100 * 50 + c) / (100^2 + 50^2 + c) with c = (0.01 * 255)^2 = 6.5025
    black, grey = np.full((7, 7), 50, np.uint8), np.full((7, 7), 100, np.uint8)
    np.testing.assert_allclose(ssim_matrix([grey], [black]), [[10006.5025 / 12506.5025]], rtol=1e-6)


def test_one_window_can_be_worked_out_by_hand():
    # 7 x 7, one pixel of 49 at 49, the rest 0; and its mirror. Both means are 1, the sum of squares is 49^2, so the
    # sample variance is (49^2 - 49) / 48 = 49; the products sum to 0: covariance (0 - 49) / 48.
    a, b = np.zeros((2, 7, 7), np.uint8)
    a[0, 0] = b[6, 6] = 49
    c1, c2 = 2.55**2, 7.65**2
    expected = (2 + c1) * (2 * -49 / 48 + c2) / ((2 + c1) * (98 + c2))
    np.testing.assert_allclose(ssim_matrix([a], [b]), [[expected]], rtol=1e-6)


@pytest.mark.parametrize("gaussian", [False, True])
@pytest.mark.parametrize("dtype", SPAN)
def test_a_copy_is_exactly_1_and_the_two_sides_can_change_places(dtype, gaussian):
    images = deepen(photographs(), dtype)
    S = ssim_matrix(images, images, gaussian=gaussian)
    np.testing.assert_array_equal(np.diag(S), 1)
    np.testing.assert_array_equal(S, S.T)
    np.testing.assert_array_equal(ssim_matrix(images[:3], images, gaussian=gaussian), S[:3])
    np.testing.assert_array_equal(ssim_matrix(images, images[:3], gaussian=gaussian), S[:, :3])


def test_the_three_depths_of_one_picture_agree():
    images = photographs()
    S = ssim_matrix(images, images)
    deep = images * np.uint16(257)
    floats = (images / 255).astype(np.float32)
    np.testing.assert_allclose(ssim_matrix(deep, deep), S, atol=1e-6)
    np.testing.assert_array_equal(ssim_matrix(floats, floats), ssim_matrix(deep, deep))
    np.testing.assert_array_equal(ssim_matrix(images, floats), ssim_matrix(deep, deep))


def test_a_pool_of_several_depths_compares_each_pair_at_its_own():
    images = photographs()
    mixed = [images[0], images[1] * np.uint16(257), images[2], (images[3] / 255).astype(np.float32)]
    S = ssim_matrix(mixed, mixed)
    for i, a in enumerate(mixed):
        for j, b in enumerate(mixed):
            assert S[i, j] == ssim_matrix([a], [b])[0, 0]
    np.testing.assert_allclose(S, ssim_matrix(images[:4], images[:4]), atol=1e-6)


def test_an_image_alone_gives_the_row_of_any_batch(monkeypatch):
    images = photographs()
    whole = SSIMPool(images).matrix(images)
    monkeypatch.setattr("fingerprint_features.similarity.ssim._TILE", 3 * images[0].size)
    monkeypatch.setattr("fingerprint_features.similarity.ssim._CHUNK", 5 * images[0].size)
    for moments in (2**29, 2**16, 0):  # kept for all tiles, for some, for none
        monkeypatch.setattr("fingerprint_features.similarity.ssim._MOMENTS", moments)
        pool = SSIMPool(iter(images))
        assert len(pool) == len(images)
        np.testing.assert_array_equal(pool.matrix(iter(images)), whole)
        np.testing.assert_array_equal(pool.matrix(images, n_jobs=3), whole)
        np.testing.assert_array_equal(pool.matrix(images[::-1]), whole[::-1])
        np.testing.assert_array_equal([pool.row(image) for image in images], whole)


@pytest.mark.parametrize("n_jobs", [None, 2])
def test_the_larger_side_is_drawn_as_it_is_needed(n_jobs, monkeypatch):
    images, drawn, compared, most_waiting = photographs(), [], [], []
    compare = SSIMPool._compare

    def watched(self, stack):
        most_waiting.append(len(drawn) - len(compared))
        block = compare(self, stack)
        compared.extend(stack)
        return block

    def stream():
        for image in np.concatenate([images] * 5):
            drawn.append(image)
            yield image

    monkeypatch.setattr("fingerprint_features.similarity.ssim._CHUNK", images[0].size)
    monkeypatch.setattr(SSIMPool, "_compare", watched)
    S = SSIMPool(images[:2]).matrix(stream(), n_jobs=n_jobs)
    assert len(S) == len(compared) == 60
    assert max(most_waiting) <= 6  # of chunks of one image: under way, waiting, and the next, which closes the last


def test_a_stream_on_either_side_gives_the_same():
    images = photographs()
    S = ssim_matrix(images[:3], images)
    np.testing.assert_array_equal(ssim_matrix(images[:3], (image for image in images)), S)
    np.testing.assert_array_equal(ssim_matrix((image for image in images), images[:3]), S.T)
    np.testing.assert_array_equal(ssim_matrix(iter(images[:3]), iter(images)), S)


def test_read_only_and_strided_images_are_taken_and_left_as_they_were():
    images = photographs()
    wide = np.repeat(images, 2, axis=2)
    frozen = wide[:, :, ::2]
    frozen.flags.writeable = False
    np.testing.assert_array_equal(ssim_matrix(frozen, list(frozen)), ssim_matrix(images, images))
    np.testing.assert_array_equal(frozen, images)


def test_data_range_is_that_of_scikit_image():
    images = photographs()[:4]
    np.testing.assert_allclose(
        ssim_matrix(images, images, data_range=100), peer(images, images, data_range=100), atol=1e-6
    )
    floats = (images / 255).astype(np.float32)
    expected = peer(floats.astype(np.float64), floats.astype(np.float64), data_range=0.5)
    np.testing.assert_allclose(ssim_matrix(floats, floats, data_range=0.5), expected, atol=1e-6)


def test_no_images_to_compare_gives_no_rows():
    pool = SSIMPool(photographs()[:3])
    assert pool.matrix([]).shape == (0, 3)
    with pytest.raises(ValueError, match="at least one image"):
        SSIMPool([])


@pytest.mark.parametrize(("gaussian", "side"), [(False, 7), (True, 11)])
def test_images_as_large_as_the_window_work_and_smaller_ones_say_so(gaussian, side):
    image = np.random.default_rng(0).integers(0, 256, (side, side + 3), dtype=np.uint8)
    expected = peer([image], [image[::-1]], gaussian_weights=gaussian)
    np.testing.assert_allclose(ssim_matrix([image], [image[::-1]], gaussian=gaussian), expected, atol=1e-6)
    with pytest.raises(
        ValueError, match=rf"windows of {side} x {side} pixels, the images have {side - 1} x {side + 3}"
    ):
        ssim_matrix([image[1:]], [image[1:]], gaussian=gaussian)


def test_different_sizes_name_both_and_the_cure():
    images = photographs()
    with pytest.raises(ValueError, match=r"got 60 x 71 and 59 x 71 \(image 1\).*size=\(60, 71\)"):
        ssim_matrix([images[0], images[1][1:]], images)
    with pytest.raises(ValueError, match=r"got 60 x 71 and 60 x 70 \(image 0\).*size=\(60, 71\)"):
        SSIMPool(images).matrix(images[:, :, 1:])


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (np.zeros((8, 8, 3), np.uint8), r"grey images \(height, width\), image 1 has shape \(8, 8, 3\)"),
        (np.zeros((8, 8), np.int32), r"uint8, uint16, or float in \[0, 1\]; image 1 is int32"),
        (np.full((8, 8), 1.5, np.float32), r"must be in \[0, 1\], image 1"),
        (np.full((8, 8), np.nan, np.float32), r"must be in \[0, 1\], image 1"),
    ],
)
def test_what_is_no_grey_image_is_named(image, message):
    with pytest.raises(ValueError, match=message):
        SSIMPool([np.zeros((8, 8), np.uint8), image])


@pytest.mark.parametrize("data_range", [0, -1, np.inf, np.nan, "wide"])
def test_a_bad_data_range_is_refused(data_range):
    with pytest.raises(ValueError, match="data_range must be None or a positive number"):
        ssim_matrix(photographs()[:1], photographs()[:1], data_range=data_range)


def test_data_range_needs_images_of_one_depth():
    images = photographs()[:2]
    with pytest.raises(ValueError, match="one thing for uint8 and another for uint16"):
        ssim_matrix(images, images * np.uint16(257), data_range=255)
