import pickle
import sys

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from fingerprint_features.similarity import SSIMPool, ssim_matrix, ssim_torch  # noqa: E402
from tests.similarity.pictures import SPAN, deepen, peer, photographs  # noqa: E402

DEVICES = [
    "cpu",
    pytest.param(
        "cuda",
        marks=[pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")],
    ),
]
on_devices = pytest.mark.parametrize("device", DEVICES)
in_depths = pytest.mark.parametrize("dtype", SPAN)
in_windows = pytest.mark.parametrize("gaussian", [False, True])


@on_devices
@in_windows
@in_depths
def test_photographs_have_the_values_of_scikit_image_and_of_the_compiled_kernels(dtype, gaussian, device):
    images = deepen(photographs(), dtype)
    expected = peer(images[:4], images, data_range=SPAN[dtype], gaussian_weights=gaussian)
    S = ssim_matrix(images[:4], images, gaussian=gaussian, device=device)
    assert S.dtype == np.float32
    np.testing.assert_allclose(S, expected, rtol=0, atol=1e-4 if dtype == "float32" else 1e-6)
    np.testing.assert_allclose(S, ssim_matrix(images[:4], images, gaussian=gaussian), rtol=0, atol=1e-6)
    assert np.ptp(expected) > 0.5  # or the comparison would say little


@on_devices
@in_windows
@pytest.mark.parametrize(
    ("dtype", "levels"),
    [("uint8", [250, 255, 200, 0]), ("uint16", [65000, 64999, 65535, 0]), ("float32", [0.98, 0.99, 1.0, 0.0])],
)
def test_bright_flat_images_lose_no_digits(dtype, levels, gaussian, device):
    images = np.stack([np.full((40, 50), level, dtype=dtype) for level in levels])
    images = np.concatenate([images, images])
    images[4:, 10:14] = images[1, 0, 0]  # a faint bar
    exact = images.astype(np.float64)
    expected = peer(exact, exact, data_range=SPAN[dtype], gaussian_weights=gaussian)
    S = ssim_matrix(images, images, gaussian=gaussian, device=device)
    np.testing.assert_allclose(S, expected, rtol=0, atol=2e-5 if dtype == "float32" else 1e-6)
    np.testing.assert_allclose(S, ssim_matrix(images, images, gaussian=gaussian), rtol=0, atol=1e-6)


@on_devices
def test_one_window_can_be_worked_out_by_hand(device):
    # 7 x 7, one pixel of 49 at 49, the rest 0; and its mirror. Both means are 1, the sum of squares is 49^2, so the
    # sample variance is (49^2 - 49) / 48 = 49; the products sum to 0: covariance (0 - 49) / 48.
    a, b = np.zeros((2, 7, 7), np.uint8)
    a[0, 0] = b[6, 6] = 49
    c1, c2 = 2.55**2, 7.65**2
    expected = (2 + c1) * (2 * -49 / 48 + c2) / ((2 + c1) * (98 + c2))
    np.testing.assert_allclose(ssim_matrix([a], [b], device=device), [[expected]], rtol=1e-6)


@on_devices
@in_windows
@in_depths
def test_a_copy_is_exactly_1_and_the_two_sides_can_change_places(dtype, gaussian, device):
    images = deepen(photographs(), dtype)
    S = ssim_matrix(images, images, gaussian=gaussian, device=device)
    np.testing.assert_array_equal(np.diag(S), 1)
    np.testing.assert_array_equal(S, S.T)
    np.testing.assert_array_equal(ssim_matrix(images[:3], images, gaussian=gaussian, device=device), S[:3])
    np.testing.assert_array_equal(ssim_matrix(images, images[:3], gaussian=gaussian, device=device), S[:, :3])


@on_devices
@in_windows
def test_a_pair_has_one_value_in_every_block(gaussian, device, monkeypatch):
    images = photographs()
    whole = SSIMPool(images, gaussian=gaussian, device=device).matrix(images)
    pixels = images[0].size
    monkeypatch.setattr("fingerprint_features.similarity.ssim._CHUNK", 5 * pixels)
    monkeypatch.setattr("fingerprint_features.similarity.ssim_torch._BLOCK", 11 * pixels)
    for room in (2**29, 2**18, 0):  # kept on the device: all, some, none
        monkeypatch.setattr(ssim_torch.Device, "room", lambda self, room=room: room)
        pool = SSIMPool(iter(images), gaussian=gaussian, device=device)
        np.testing.assert_array_equal(pool.matrix(iter(images)), whole)
        np.testing.assert_array_equal(pool.matrix(images[::-1], n_jobs=3), whole[::-1])
        np.testing.assert_array_equal([pool.row(image) for image in images], whole)


@on_devices
def test_the_three_depths_of_one_picture_agree_in_a_pool_of_several(device):
    images = photographs()[:4]
    mixed = [images[0], images[1] * np.uint16(257), images[2], (images[3] / 255).astype(np.float32)]
    S = ssim_matrix(mixed, mixed, device=device)
    np.testing.assert_allclose(S, ssim_matrix(mixed, mixed), rtol=0, atol=1e-6)
    np.testing.assert_array_equal(S[0, 2], ssim_matrix(images[:1], images[2:3], device=device)[0, 0])  # in 8 bits


@on_devices
def test_data_range_is_that_of_scikit_image(device):
    images = photographs()[:4]
    expected = peer(images, images, data_range=100)
    np.testing.assert_allclose(ssim_matrix(images, images, data_range=100, device=device), expected, rtol=0, atol=1e-6)


@on_devices
@pytest.mark.parametrize(("gaussian", "side"), [(False, 7), (True, 11)])
def test_images_as_large_as_the_window_work_and_smaller_ones_say_so(gaussian, side, device):
    image = np.random.default_rng(0).integers(0, 256, (side, side + 3), dtype=np.uint8)
    expected = peer([image], [image[::-1]], gaussian_weights=gaussian)
    S = ssim_matrix([image], [image[::-1]], gaussian=gaussian, device=device)
    np.testing.assert_allclose(S, expected, rtol=0, atol=1e-6)
    with pytest.raises(ValueError, match=rf"windows of {side} x {side} pixels"):
        ssim_matrix([image[1:]], [image[1:]], gaussian=gaussian, device=device)


def test_no_images_to_compare_gives_no_rows():
    assert SSIMPool(photographs()[:3], device="cpu").matrix([]).shape == (0, 3)


def test_a_pool_can_be_pickled():
    images = photographs()[:3]
    for device in (None, "cpu"):
        pool = SSIMPool(images, device=device)
        np.testing.assert_array_equal(pickle.loads(pickle.dumps(pool)).matrix(images), pool.matrix(images))


def short_of_memory(monkeypatch, most):
    """Let the device hold no more than some pairs; return the sizes of the blocks that are tried."""
    scores, tried = ssim_torch._scores, []

    def limited(a, b, *rest):
        tried.append(len(a.images) * len(b.images))
        if tried[-1] > most:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        return scores(a, b, *rest)

    monkeypatch.setattr(ssim_torch, "_scores", limited)
    return tried


def test_blocks_are_halved_until_they_fit_the_memory(monkeypatch):
    images = photographs()
    expected = ssim_matrix(images, images, device="cpu")
    tried = short_of_memory(monkeypatch, 40)
    np.testing.assert_array_equal(ssim_matrix(images, images, device="cpu"), expected)
    assert tried == [144, 72, 36, 36, 36, 36]


def test_memory_too_short_for_one_image_is_an_error(monkeypatch):
    short_of_memory(monkeypatch, 4)
    with pytest.raises(torch.cuda.OutOfMemoryError):
        ssim_matrix(photographs(), photographs(), device="cpu")


def test_auto_takes_the_compiled_kernels_where_there_is_no_graphics_card(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert ssim_torch.find_device("auto") is None
    monkeypatch.setitem(sys.modules, "torch", None)
    assert ssim_torch.find_device("auto") is None


def test_auto_takes_a_graphics_card_where_there_is_one(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    assert ssim_torch.find_device("auto").torch_device == torch.device("cuda")


def test_without_pytorch_the_way_to_install_it_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    for device in ("cpu", "cuda"):
        with pytest.raises(ImportError, match=r'needs PyTorch: pip install "fingerprint_features\[cnn\]"'):
            ssim_matrix(photographs(), photographs(), device=device)
    assert ssim_matrix(photographs()[:1], photographs()[:1]) == 1


def test_a_graphics_card_that_is_not_there_is_an_error(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ValueError, match=r"device='cuda' is not here: PyTorch finds no CUDA device"):
        ssim_matrix(photographs(), photographs(), device="cuda")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(ValueError, match=r"device='cuda:1' is not here: PyTorch finds 1 CUDA device"):
        SSIMPool(photographs(), device="cuda:1")


@pytest.mark.parametrize("device", ["gpu", "meta", "mps", "", 1.5])
def test_what_is_no_device_is_refused(device):
    with pytest.raises(ValueError, match=r"device must be None, 'auto', 'cpu', 'cuda'"):
        ssim_matrix(photographs(), photographs(), device=device)


def test_n_jobs_is_checked_on_a_device_too():
    with pytest.raises(ValueError, match="n_jobs"):
        ssim_matrix(photographs(), photographs(), n_jobs=0, device="cpu")
