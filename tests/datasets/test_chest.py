"""The phantoms: are they like CT, and is a patient one body?"""

import os

import numpy as np
import pytest
import skimage.data
from skimage.color import rgb2gray
from skimage.io import imread
from skimage.metrics import structural_similarity
from skimage.transform import resize

from fingerprint_features import make_membership_task
from fingerprint_features.datasets.chest import Patient, Scanner, render
from fingerprint_features.datasets.cohort import Cohort

# Published bands. Similarity of a slice to the most similar of 23 other patients; exponent of the power spectrum.
NEAREST_SSIM, MEDIAN_NEAREST_SSIM = (0.15, 0.65), (0.30, 0.50)
SLOPE, MEDIAN_SLOPE = (-3.4, -2.3), (-3.1, -2.65)


def within(values, band):
    return band[0] <= np.min(values) and np.max(values) <= band[1]


def spectral_slope(image):
    """Exponent of the radially averaged power spectrum from 4 cycles an image to half the Nyquist frequency."""
    n = len(image)
    window = np.hanning(n)
    image = (image - image.mean()) * np.outer(window, window)
    power = np.abs(np.fft.fft2(image)) ** 2
    f = np.fft.fftfreq(n, 1 / n)
    radius = np.rint(np.hypot(f[:, None], f)).astype(int)
    mean = np.bincount(radius.ravel(), power.ravel()) / np.bincount(radius.ravel())
    k = np.arange(4, n // 4 + 1)
    return np.polyfit(np.log(k), np.log(mean[k]), 1)[0]


def nearest_ssim(images):
    similarity = np.full((len(images), len(images)), -1.0)
    for i, a in enumerate(images):
        for j in range(i):
            similarity[i, j] = similarity[j, i] = structural_similarity(a, images[j])
    return similarity.max(axis=1)


@pytest.fixture(scope="module")
def task():
    return make_membership_task(12, 12, 24, memorization=0, image_size=128, random_state=7)


@pytest.mark.parametrize("role", ["X", "reference"])
def test_patients_are_as_unlike_each_other_as_the_published_band_says(task, role):
    nearest = nearest_ssim(getattr(task, role).decode())
    assert within(nearest, NEAREST_SSIM)
    assert within(np.median(nearest), MEDIAN_NEAREST_SSIM)


@pytest.mark.parametrize("role", ["X", "reference"])
def test_the_power_spectrum_falls_as_the_published_band_says(task, role):
    slopes = [spectral_slope(image) for image in getattr(task, role)]
    assert within(slopes, SLOPE)
    assert within(np.median(slopes), MEDIAN_SLOPE)


@pytest.mark.parametrize("file", ["camera.png", "coins.png", "astronaut.png", "chelsea.png", "coffee.png", "moon.png"])
def test_photographs_fall_in_the_same_band(file):
    image = imread(os.path.join(os.path.dirname(skimage.data.__file__), file))
    image = rgb2gray(image) if image.ndim == 3 else image
    side = min(image.shape)
    assert within(spectral_slope(resize(image[:side, :side].astype(float), (256, 256), anti_aliasing=True)), SLOPE)


def test_a_real_ct_falls_in_the_same_band():
    pydicom = pytest.importorskip("pydicom")
    from pydicom.data import get_testdata_file

    ct = pydicom.dcmread(get_testdata_file("CT_small.dcm"))
    hu = ct.pixel_array * float(ct.RescaleSlope) + float(ct.RescaleIntercept)
    assert within(spectral_slope(np.clip((hu + 1000) / 1400, 0, 1)), SLOPE)


def test_tissues_have_the_ct_numbers_of_tissues():
    patient = Patient(np.random.SeedSequence(3))
    hu = next(render(patient, [0.6], 256))
    share_of = {
        "air": (hu < -990).mean(),
        "lung": ((hu > -930) & (hu < -700)).mean(),
        "fat": ((hu > -140) & (hu < -60)).mean(),
        "soft": ((hu > 10) & (hu < 110)).mean(),
        "bone": (hu > 150).mean(),
    }
    assert share_of["air"] > 0.1
    assert share_of["lung"] > 0.1
    assert share_of["fat"] > 0.05
    assert share_of["soft"] > 0.1
    assert 0.005 < share_of["bone"] < 0.15


def test_blood_shows_only_where_a_contrast_medium_was_given():
    patients = [Patient(np.random.SeedSequence(k)) for k in range(12)]
    assert {p.contrast for p in patients} == {True, False}
    for p in patients:
        heart = next(render(p, [0.65], 64))[24:36, 28:44]
        assert (np.percentile(heart, 60) > 90) == p.contrast


def test_neighbouring_slices_drift_and_far_ones_differ():
    patient = Patient(np.random.SeedSequence(1))
    first, near, far = (np.clip(hu, -1000, 400) for hu in render(patient, [0.40, 0.402, 0.80], 128))
    assert 0 < np.abs(first - near).mean() < 0.25 * np.abs(first - far).mean()


def test_a_slice_does_not_depend_on_the_others_drawn_with_it():
    patient = Patient(np.random.SeedSequence(2))
    together = list(render(patient, [0.2, 0.5, 0.9], 64))
    for level, hu in zip([0.2, 0.5, 0.9], together, strict=True):
        np.testing.assert_array_equal(next(render(patient, [level], 64)), hu)


def test_the_same_patient_is_the_same_picture_at_any_size():
    patient = Patient(np.random.SeedSequence(4))
    small, large = (next(render(patient, [0.5], size)) for size in (64, 128))
    assert np.corrcoef(small.ravel(), large.reshape(64, 2, 64, 2).mean(axis=(1, 3)).ravel())[0, 1] > 0.95


def test_likenesses_of_strangers_are_distributed_as_strangers_are():
    strangers = [Patient(np.random.SeedSequence(1, spawn_key=(k,))) for k in range(2000)]
    rng = np.random.default_rng(0)
    likenesses = [a.likeness(b, 1.0, rng) for a, b in zip(strangers[:1000], strangers[1000:], strict=True)]
    for trait in ("half_width", "fat", "blood_hu", "female", "field"):
        of_strangers = np.array([getattr(p, trait) for p in strangers], dtype=float)
        of_likenesses = np.array([getattr(p, trait) for p in likenesses], dtype=float)
        error = of_strangers.std() * np.sqrt(1 / 1000 + 1 / 2000)
        assert abs(of_strangers.mean() - of_likenesses.mean()) < 4 * error
        assert of_likenesses.std() == pytest.approx(of_strangers.std(), rel=0.12)


def test_a_likeness_of_no_strength_is_the_same_patient():
    a, b = (Patient(np.random.SeedSequence(k)) for k in (5, 6))
    like = a.likeness(b, 0.0, np.random.default_rng(0))
    np.testing.assert_array_equal(next(render(like, [0.4], 64)), next(render(a, [0.4], 64)))


def test_more_patients_leave_the_first_ones_as_they_are():
    few, many = (Cohort(np.random.SeedSequence(0), n, 2, Scanner(), 32).images() for n in (3, 5))
    np.testing.assert_array_equal(few, many[:3])


def test_a_sharper_kernel_and_more_noise_raise_fine_detail():
    patient = Patient(np.random.SeedSequence(8))
    hu = next(render(patient, [0.5], 128))

    def detail(scanner):
        image = scanner.scan(hu, patient.field, np.random.default_rng(0)).astype(float)
        return np.abs(np.diff(image, n=2, axis=1)).mean()

    plain = detail(Scanner())
    assert detail(Scanner(sharpness=0.9)) > 1.15 * plain
    assert detail(Scanner(noise=44.0)) > 1.15 * plain
    assert Scanner(high=200.0).scan(hu, patient.field, np.random.default_rng(0)).mean() > 1.1 * (
        Scanner().scan(hu, patient.field, np.random.default_rng(0)).mean()
    )
