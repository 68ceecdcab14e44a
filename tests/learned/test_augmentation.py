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


def test_gabor_noise_has_one_direction_and_one_wavelength_an_image():
    noise = Augmentation(gabor=0.2)(torch.zeros(30, 3, 64, 64)).numpy()
    assert noise.std() == pytest.approx(0.2, rel=0.1)
    assert np.array_equal(noise[:, 0], noise[:, 2])  # grey
    power = np.abs(np.fft.fft2(noise[:, 0])) ** 2
    down, right = np.meshgrid(np.fft.fftfreq(64), np.fft.fftfreq(64), indexing="ij")
    distance, turn = np.hypot(down, right), np.exp(2j * np.arctan2(down, right))
    frequency = (power * distance).sum(axis=(1, 2)) / power.sum(axis=(1, 2))
    assert 1 / 18 < frequency.min() < 0.1 < 0.2 < frequency.max() < 0.27
    directions = (power * turn).sum(axis=(1, 2)) / power.sum(axis=(1, 2))
    assert (np.abs(directions)[frequency > 0.12] > 0.7).all()  # 1 is one direction, 0 is all
    assert np.ptp(np.angle(directions)) > 3


def test_a_mask_takes_whole_fields_at_random():
    y = Augmentation(mask=0.3)(torch.ones(50, 2, 32, 32))
    assert set(y.unique().tolist()) == {0.0, 1.0}
    assert torch.equal(y[:, 0], y[:, 1])
    fields = y[:, 0].view(50, 16, 2, 16, 2)
    assert torch.equal(fields.amax(dim=(2, 4)), fields.amin(dim=(2, 4)))
    assert 1 - y.mean().item() == pytest.approx(0.3, abs=0.03)
    assert not torch.equal(y[0], y[1])


@pytest.mark.parametrize(
    "bad", [{"mask": 1.0}, {"flip": 1}, {"rotate": -1}, {"zoom": 1.0}, {"noise": float("nan")}, {"shift": "a"}]
)
def test_senseless_values_are_refused(bad):
    (name,) = bad
    with pytest.raises(ValueError, match=f"Augmentation: {name} must be"):
        Augmentation(**bad)
