"""Augmentation: every change does what its name says, for each image by itself."""

import numpy as np
import pytest

from fingerprint_features.learned import Augmentation

torch = pytest.importorskip("torch")


@pytest.fixture(autouse=True)
def seed():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


def pictures(n=40, side=9):
    return torch.from_numpy(np.random.default_rng(0).random((n, 1, side, side), dtype=np.float32))


def test_the_default_changes_nothing():
    x = pictures()
    assert torch.equal(Augmentation()(x), x)


def test_a_flip_mirrors_about_half_of_the_images():
    x = pictures()
    y = Augmentation(flip=True)(x)
    same = [torch.allclose(a, b, atol=1e-5) for a, b in zip(y, x, strict=True)]
    mirrored = [torch.allclose(a, b.flip(-1), atol=1e-5) for a, b in zip(y, x, strict=True)]
    assert all(a != b for a, b in zip(same, mirrored, strict=True))
    assert 10 <= sum(mirrored) <= 30


def test_a_shift_is_at_most_its_share_of_the_side():
    x = torch.zeros(60, 1, 20, 20)
    x[:, :, 10, 10] = 1
    y = Augmentation(shift=0.2)(x)[:, 0]
    places = torch.stack([(y.sum(dim=axis) * torch.arange(20)).sum(1) for axis in (1, 2)])  # centres of mass
    moved = (places - 10).abs()
    assert moved.max() <= 4.001
    assert moved.amax(dim=1).min() > 3
    assert torch.allclose(y.sum(dim=(1, 2)), torch.ones(60), atol=1e-4)


def test_a_rotation_keeps_the_distance_from_the_middle():
    x = torch.zeros(60, 1, 21, 21)
    x[:, :, 10, 18] = 1  # 8 to the right of the middle
    y = Augmentation(rotate=30)(x)[:, 0]
    rows, columns = torch.meshgrid(torch.arange(21.0) - 10, torch.arange(21.0) - 10, indexing="ij")
    down, right = ((y * where).sum(dim=(1, 2)) / y.sum(dim=(1, 2)) for where in (rows, columns))
    angles = torch.rad2deg(torch.atan2(down, right))
    assert torch.allclose(torch.hypot(down, right), torch.tensor(8.0), atol=0.3)
    assert 20 < angles.abs().max() <= 31
    assert angles.min() < 0 < angles.max()


def test_a_zoom_changes_the_size_of_things():
    x = torch.zeros(60, 1, 40, 40)
    x[:, :, 15:25, 15:25] = 1
    areas = Augmentation(zoom=0.2)(x).sum(dim=(1, 2, 3)) / 100
    assert 0.6 < areas.min() < 0.8
    assert 1.2 < areas.max() < 1.5


def test_brightness_contrast_and_noise_are_as_large_as_asked():
    x = pictures()
    moved = Augmentation(brightness=0.3)(x) - x
    assert torch.allclose(moved, moved[:, :, :1, :1].expand_as(moved), atol=1e-6)
    assert 0.2 < moved.abs().max() <= 0.3
    ratio = Augmentation(contrast=0.5)(x).std(dim=(1, 2, 3)) / x.std(dim=(1, 2, 3))
    assert 0.5 <= ratio.min() < 0.7
    assert 1.3 < ratio.max() <= 1.5
    assert (Augmentation(noise=0.1)(x) - x).std().item() == pytest.approx(0.1, rel=0.1)


@pytest.mark.parametrize("bad", [{"flip": 1}, {"rotate": -1}, {"zoom": 1.0}, {"noise": float("nan")}, {"shift": "a"}])
def test_senseless_values_are_refused(bad):
    (name,) = bad
    with pytest.raises(ValueError, match=f"Augmentation: {name} must be"):
        Augmentation(**bad)
