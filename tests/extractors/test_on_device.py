"""LBP, GLCM and Gabor on a device give the rows of the compiled kernels."""

import pickle
import sys

import numpy as np
import pytest
import skimage.data
from skimage.feature import local_binary_pattern
from skimage.filters import gabor

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

from fingerprint_features import (  # noqa: E402
    GLCM,
    LBP,
    FeatureCache,
    FeaturePipeline,
    Filtered,
    Gabor,
    ImageReadError,
    Patches,
)
from fingerprint_features.cache import extractor_token  # noqa: E402
from fingerprint_features.extractors.on_device import base  # noqa: E402
from fingerprint_features.testing import parametrize_with_extractor_checks  # noqa: E402

DEVICES = [
    "cpu",
    pytest.param(
        "cuda",
        marks=[pytest.mark.gpu, pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")],
    ),
]
on_devices = pytest.mark.parametrize("device", DEVICES)
on_kinds = pytest.mark.parametrize("kind", [LBP, GLCM, Gabor])


def ramp(size):
    """Return a slanted ramp: most diagonal neighbours equal their centre, only rounding tells."""
    y, x = np.mgrid[:size, :size]
    return (3 * (x + y) // 2 % 256).astype(np.uint8)


def pictures():
    """Return pictures of several sizes and depths, flat, tied, tiny, and with one level almost everywhere."""
    random = np.random.default_rng(0)
    camera = skimage.data.camera()
    return [
        camera[:100, 100:220],
        skimage.data.brick()[:100, :120],
        camera[:100, 100:220].astype(np.uint16) * 257,
        random.integers(0, 65536, (40, 50), dtype=np.uint16),
        random.integers(0, 2, (40, 50), dtype=np.uint8),
        np.where(camera > 60, np.uint8(200), camera),
        np.full((101, 99), 7, dtype=np.uint8),
        ramp(64),
        np.array([[9, 250]], dtype=np.uint8),
    ]


@on_devices
@pytest.mark.parametrize("method", ["uniform", "nri_uniform", "default", "ror"])
@pytest.mark.parametrize(
    "params",
    [
        {},
        {"n_points": 16, "radius": 2},
        {"n_points": 5, "radius": 1.5, "grid": (1, 2)},
        {"n_points": [2, 8], "radius": [3, 99.5]},
    ],
)
def test_patterns_are_counted_equally(params, method, device):
    params = params | {"method": method}
    rows = LBP(**params, device=device).fit_transform(pictures())
    np.testing.assert_array_equal(rows, LBP(**params).fit_transform(pictures()))


@on_devices
@pytest.mark.parametrize("method", ["uniform", "nri_uniform"])
def test_patterns_of_24_points_are_counted_equally(method, device):
    params = {"n_points": 24, "radius": 3, "method": method}
    rows = LBP(**params, device=device).fit_transform(pictures())
    np.testing.assert_array_equal(rows, LBP(**params).fit_transform(pictures()))


@on_devices
@pytest.mark.parametrize("symmetric", [True, False])
@pytest.mark.parametrize("levels", [2, 32, 33, 256])
@pytest.mark.parametrize(
    "params",
    [
        {},
        {"distances": (1, 2.5), "angles": 9, "pool": "mean_range"},
        {"distances": 40, "angles": [0, 30, 180, -45], "properties": ["entropy", "contrast"]},
    ],
)
def test_pairs_are_counted_equally(params, levels, symmetric, device):
    params = params | {"levels": levels, "symmetric": symmetric}
    rows = GLCM(**params, device=device).fit_transform(pictures())
    np.testing.assert_array_equal(rows, GLCM(**params).fit_transform(pictures()))


@on_devices
@pytest.mark.parametrize(
    "params",
    [
        {},
        {"response": "real", "statistics": ["var", "std", "mean"]},
        {"sigma": 3, "gamma": 0.5, "n_orientations": [0, 20, 45, 90, 180]},
        {"frequencies": 0.3, "sigma": 4, "gamma": 0.5, "kernel_size": 21},
        {"frequencies": [0.02, 0.5], "bandwidth": 0.5, "n_orientations": [33.3]},
    ],
)
def test_responses_agree(params, device):
    rows = Gabor(**params, device=device).fit_transform(pictures())
    np.testing.assert_allclose(rows, Gabor(**params).fit_transform(pictures()), rtol=1e-5, atol=255e-7)


@on_devices
def test_scikit_image_has_the_same_numbers(device):
    image = skimage.data.coins()[:80, :90]
    codes = local_binary_pattern(image, 8, 1, "uniform").astype(int)
    row = LBP(device=device).fit_transform([image])[0]
    np.testing.assert_allclose(row, np.bincount(codes.ravel(), minlength=10) / image.size, rtol=1e-6)
    magnitude = np.hypot(*gabor(image.astype(float), 0.2, np.deg2rad(45)))
    row = Gabor(frequencies=0.2, n_orientations=[45], device=device).fit_transform([image])[0]
    np.testing.assert_allclose(row, [magnitude.mean(), magnitude.std()], rtol=1e-6)


@on_devices
def test_pairs_can_be_counted_by_hand(device):
    stripes = np.tile(np.array([0, 255], dtype=np.uint8), (1, 4, 2))
    glcm = GLCM(distances=1, angles=[0, 90], levels=2, properties=["contrast", "entropy"], device=device)
    np.testing.assert_allclose(glcm.fit_transform(stripes)[0], [1, 0, np.log(2), np.log(2)], rtol=1e-6)


@on_devices
@on_kinds
def test_an_image_alone_has_its_row_in_a_batch(kind, device):
    images = pictures()
    rows = kind(device=device).fit_transform(images)
    alone = np.concatenate([kind(device=device).fit_transform([image]) for image in images])
    np.testing.assert_allclose(rows, alone, rtol=1e-6, atol=1e-6)


@on_kinds
def test_blocks_have_no_part_in_the_values(kind, monkeypatch):
    images = np.random.default_rng(0).integers(0, 256, (7, 20, 30), dtype=np.uint8)
    rows = kind(device="cpu").fit_transform(images)
    sizes, work = [], kind._extract_on

    def watched(self, stack):
        sizes.append(len(stack))
        return work(self, stack)

    monkeypatch.setattr(kind, "_extract_on", watched)
    one = kind(device="cpu")._numbers_per_image(20, 30)
    monkeypatch.setattr(base, "_BLOCKS", {"cpu": 3 * one + 1})
    np.testing.assert_array_equal(kind(device="cpu").fit_transform(images), rows)
    assert sizes == [3, 3, 1]


def test_a_batch_is_halved_where_memory_is_short(monkeypatch):
    images = np.random.default_rng(0).integers(0, 256, (7, 20, 30), dtype=np.uint8)
    rows, work, tried = LBP().fit_transform(images), LBP._extract_on, []

    def limited(self, stack):
        tried.append(len(stack))
        if len(stack) > 2:
            raise torch.cuda.OutOfMemoryError("CUDA out of memory")
        return work(self, stack)

    monkeypatch.setattr(LBP, "_extract_on", limited)
    np.testing.assert_array_equal(LBP(device="cpu").fit_transform(images), rows)
    assert tried == [7, 3, 1, 1, 1, 1, 1, 1, 1]


@on_devices
def test_an_image_that_cannot_be_divided_is_named(device):
    small = np.zeros((3, 3), dtype=np.uint8)
    with pytest.raises(ImageReadError, match=r"1: LBP: the image of 3 x 3 pixels cannot be divided") as caught:
        LBP(grid=(4, 4), device=device).fit_transform([ramp(20), small, ramp(20)])
    assert len(caught.value.failures) == 1


@on_devices
@pytest.mark.parametrize("wrap", [Patches, Filtered])
def test_wrapped_extractors_use_the_device(wrap, device):
    images = pictures()[:4]
    rows = FeaturePipeline([wrap(LBP(device=device)), wrap(GLCM(device=device))], batch_size=3).fit_transform(images)
    np.testing.assert_array_equal(rows, FeaturePipeline([wrap(LBP()), wrap(GLCM())]).fit_transform(images))


# ---- which device -------------------------------------------------------------------------------------------


@on_kinds
def test_a_graphics_card_that_is_not_there_is_an_error(kind, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with pytest.raises(ValueError, match=rf"{kind.__name__}: device='cuda' is not here: PyTorch finds no CUDA device"):
        kind(device="cuda").fit(pictures())
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    with pytest.raises(ValueError, match=r"device='cuda:1' is not here: PyTorch finds 1 CUDA device"):
        FeaturePipeline([kind(device="cuda:1")]).fit(pictures())


@on_kinds
@pytest.mark.parametrize("device", ["gpu", "meta", "", 1.5])
def test_what_is_no_device_is_refused(kind, device):
    with pytest.raises(ValueError, match=rf"{kind.__name__}: device must be None, 'auto', 'cpu', 'cuda'"):
        kind(device=device).fit(pictures())


@on_kinds
def test_without_pytorch_the_way_to_install_it_is_named(kind, monkeypatch):
    images = pictures()[:2]
    rows = kind().fit_transform(images)
    monkeypatch.setitem(sys.modules, "torch", None)
    for device in ("cpu", "cuda"):
        with pytest.raises(ImportError, match=rf"{kind.__name__} on .* pip install \"fingerprint_features\[cnn\]\""):
            kind(device=device).fit(images)
    for device in (None, "auto"):
        np.testing.assert_array_equal(kind(device=device).fit_transform(images), rows)


@on_kinds
def test_auto_takes_the_compiled_kernels_where_there_is_no_graphics_card(kind, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(kind, "_extract_on", None)
    images = pictures()
    np.testing.assert_array_equal(kind(device="auto").fit_transform(images), kind().fit_transform(images))
    assert extractor_token(kind(device="auto")) == extractor_token(kind())


def test_a_card_is_shown_many_images_that_several_threads_decode(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    monkeypatch.setattr(base.os, "cpu_count", lambda: 6)
    for device in ("cuda", "auto"):
        assert (LBP(device=device)._chunk_size(), LBP(device=device)._chunk_threads()) == (256, 6)
    for device in (None, "cpu"):
        assert (LBP(device=device)._chunk_size(), LBP(device=device)._chunk_threads()) == (32, 1)


# ---- the cache ----------------------------------------------------------------------------------------------


def test_devices_share_rows_that_are_equal_and_no_others(tmp_path):
    for kind, n_tokens in [(LBP, 1), (GLCM, 1), (Gabor, 2)]:
        tokens = {extractor_token(extractor) for extractor in (kind(), kind(device="cpu"), Patches(kind()).extractor)}
        assert len(tokens) == n_tokens
    cache, images = FeatureCache(tmp_path / "features.cache"), pictures()[:3]
    for device, n_rows in [(None, 9), ("cpu", 12), ("cpu", 12)]:
        extractors = [LBP(device=device), GLCM(device=device), Gabor(device=device)]
        FeaturePipeline(extractors, cache=cache).fit_transform(images)
        assert len(cache) == n_rows
    wrapped = [extractor_token(Patches(Gabor(device=device))) for device in (None, "cpu")]
    assert wrapped[0] != wrapped[1]


@on_kinds
def test_an_extractor_on_a_device_can_be_pickled(kind):
    images = pictures()[:2]
    extractor = kind(device="cpu").fit(images)
    copy = pickle.loads(pickle.dumps(extractor))
    np.testing.assert_array_equal(copy.transform(images), extractor.transform(images))


@parametrize_with_extractor_checks([LBP(device="cpu"), GLCM(device="cpu"), Gabor(device="cpu")])
def test_conformance(extractor, check):
    check(extractor)
