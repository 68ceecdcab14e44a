"""Does a trained generator learn the used images and nothing else, the same way every time?"""

import sys
from importlib import import_module

import cv2
import numpy as np
import pytest
from skimage import data
from sklearn.metrics import roc_auc_score

from fingerprint_features import ImageSet, load_imageclef_gans, make_generator_task
from fingerprint_features.datasets import generators
from fingerprint_features.datasets.generators import base

trained = import_module("fingerprint_features.datasets.trained")
KINDS = ("ddpm", "vae", "gan")
TINY = {"n_used": 6, "n_unused": 6, "n_generated": 5, "image_size": 16, "random_state": 0}


class Parrot:
    """A generator that learns nothing and gives back the images it was shown."""

    shown = None

    def __init__(self, images, seed, device):
        Parrot.shown = images

    def train(self, n_steps, bar, checkpoint):
        bar.update(n_steps - bar.n)

    def sample(self, n):
        return np.resize(Parrot.shown, (n, *Parrot.shown.shape[1:]))


@pytest.fixture
def parrot(monkeypatch):
    monkeypatch.setattr(trained, "find", lambda kind: Parrot)


def contents(images):
    return {image.tobytes() for image in images}


def make(kind="vae", seed=0, n=6):
    images = np.random.default_rng(5).integers(0, 256, (n, 16, 16), dtype=np.uint8)
    return generators.find(kind)(images, np.random.SeedSequence(seed))


@pytest.mark.parametrize("kind", KINDS)
def test_a_seed_gives_the_same_images_every_time(kind):
    samples = []
    for seed in (0, 0, 1):
        model = make(kind, seed)
        model.train(2)
        samples.append(model.sample(5))
    assert samples[0].shape == (5, 16, 16)
    assert samples[0].dtype == np.uint8
    assert samples[0].std(axis=0).max() > 0
    np.testing.assert_array_equal(samples[0], samples[1])
    assert (samples[0] != samples[2]).any()
    np.testing.assert_allclose(samples[2][:3].astype(int), model.sample(3), atol=1)


@pytest.mark.parametrize("kind", KINDS)
def test_a_training_that_was_stopped_goes_on_as_if_it_never_was(kind, tmp_path):
    file = tmp_path / "training.safetensors"
    whole, begun, resumed = (make(kind) for _ in range(3))
    whole.train(5)
    begun.train(2, checkpoint=file)
    resumed.restore(file, at_most=2)
    assert resumed.step == 2
    resumed.train(5)
    np.testing.assert_array_equal(resumed.sample(4), whole.sample(4))


def test_the_file_of_another_training_or_a_later_step_is_not_taken_up(tmp_path):
    file = tmp_path / "training.safetensors"
    model = make()
    model.train(3, checkpoint=file)
    for other, at_most in ((make(seed=1), 9), (make(n=7), 9), (make(), 2), (make("gan"), 9)):
        other.restore(file, at_most)
        assert other.step == 0
    base.write(file, {}, {"something": "else"})
    with pytest.raises(ValueError, match=r"training\.safetensors holds another network, not a generator's"):
        model.restore(file, 9)


def test_a_task_is_the_same_with_and_without_a_checkpoint(tmp_path):
    file = tmp_path / "training.safetensors"
    plain = make_generator_task("vae", steps=3, **TINY)
    for steps in (2, 3):
        resumed = make_generator_task("vae", steps=steps, checkpoint=file, **TINY)
    np.testing.assert_array_equal(resumed.reference.decode(), plain.reference.decode())
    np.testing.assert_array_equal(resumed.y, plain.y)
    assert plain.origin is None


def test_what_is_learnt_for_long_is_given_away():
    task = make_generator_task("vae", **(TINY | {"n_generated": 40}), steps=200)
    X, G = (images.decode().reshape(len(images), -1).astype(float) for images in (task.X, task.reference))
    nearest = np.sqrt(((X[:, None] - G[None]) ** 2).sum(axis=2)).min(axis=1)
    assert roc_auc_score(task.y, -nearest) > 0.8


def test_split_by_patient(parrot):
    task = make_generator_task(slices_per_patient=3, n_holdout=4, **(TINY | {"n_used": 9}))
    labels = {patient: set(task.y[task.groups == patient]) for patient in task.groups}
    assert sorted(map(tuple, labels.values())) == [(0,), (0,), (1,), (1,), (1,)]
    assert contents(Parrot.shown) == contents(task.X[task.y == 1])
    assert len(task.holdout) == 4
    assert not set(task.holdout.groups) & set(task.groups)
    assert not contents(task.holdout) & contents(task.X)


def test_split_within_patients(parrot):
    task = make_generator_task(slices_per_patient=4, split="within", **(TINY | {"n_used": 8, "n_unused": 8}))
    assert [sorted(task.y[task.groups == patient]) for patient in np.unique(task.groups)] == [[0, 0, 1, 1]] * 4
    assert contents(Parrot.shown) == contents(task.X[task.y == 1])
    firsts = [task.y[task.groups == patient][0] for patient in np.unique(task.groups)]
    assert len(set(firsts)) == 2  # which slices are used is drawn


def test_the_null_shares_neither_images_nor_patients_with_the_generator(parrot):
    task = make_generator_task(slices_per_patient=2, split="third", **TINY)
    assert len(Parrot.shown) == 6
    assert not contents(Parrot.shown) & contents(task.X)
    assert task.y.sum() == 6
    everybody = ImageSet(np.concatenate([task.X.decode(), Parrot.shown]))
    same = make_generator_task(images=everybody, **(TINY | {"n_used": 9, "n_unused": 9}))
    assert contents(same.X) == contents(everybody)


def test_order_and_ids_do_not_depend_on_labels(parrot):
    tasks = [make_generator_task(**(TINY | {"random_state": seed})) for seed in range(4)]
    for task in tasks:
        assert list(task.X.ids) == [f"p{k:04d}_s1" for k in range(1, 13)]
    assert len({tuple(task.y) for task in tasks}) == 4
    assert abs(np.mean([task.y[:6].mean() for task in tasks]) - 0.5) < 0.4


def test_a_folder_holds_the_truth(parrot, tmp_path):
    task = make_generator_task(**TINY)
    task.to_folder(tmp_path)
    read = load_imageclef_gans(tmp_path, year=2025, subtask=1, split="train")
    assert contents(read.X[read.y == 1]) == contents(Parrot.shown)
    assert len(read.reference) == 5


def test_photographs_are_cut_into_patches_that_do_not_overlap(parrot):
    task = make_generator_task(images="photographs", split="within", **(TINY | {"n_used": 40, "n_unused": 40}))
    assert set(np.unique(task.groups, return_counts=True)[1]) == {8}
    camera = data.camera()
    small = cv2.resize(camera, (64, 64), interpolation=cv2.INTER_AREA)
    wanted = {small[i : i + 16, j : j + 16].tobytes() for i in range(0, 64, 16) for j in range(0, 64, 16)}
    photographs = import_module("fingerprint_features.datasets.photographs")
    assert contents(photographs.patches("camera", 16)) == wanted
    assert contents(task.X[task.groups == "camera"]) <= wanted
    assert all(len(photographs.patches(name, 64)) >= 16 for name in photographs.NAMES)


def test_images_of_a_folder_are_shrunk_in_grey_and_copies_left_out(parrot, tmp_path):
    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, 256, (20 + i, 24, 3), dtype=np.uint8) for i in range(12)]
    for i, picture in enumerate([*pictures, pictures[3]]):
        cv2.imwrite(str(tmp_path / f"{i:02d}.png"), picture)
    task = make_generator_task(images=tmp_path, **TINY)
    assert list(task.X.ids) == [f"{i:02d}.png" for i in range(12)]
    assert task.groups is None
    grey = cv2.cvtColor(pictures[0], cv2.COLOR_BGR2GRAY)
    assert np.abs(task.X[0] - cv2.resize(grey, (16, 16), interpolation=cv2.INTER_AREA).astype(float)).max() <= 1
    with pytest.raises(ValueError, match="split='within' needs patients"):
        make_generator_task(images=tmp_path, split="within", **TINY)


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        (
            {"kind": "flow", "steps": None},
            "'kind' parameter of make_generator_task must be one of 'ddpm', 'vae', 'gan'. Got 'flow'",
        ),
        ({"split": "random"}, "'split' parameter of make_generator_task must be one of 'patient', 'within'"),
        ({"image_size": 50}, "'image_size' parameter of make_generator_task must be one of 16, 32, 64, 128. Got 50"),
        ({"steps": 0}, "'steps' parameter of make_generator_task must be an int >= 1. Got 0"),
        ({"n_used": 0}, "'n_used' parameter of make_generator_task must be an int >= 1"),
        ({"n_generated": 0}, "'n_generated' parameter of make_generator_task must be an int >= 1"),
        ({"progress": 7}, "'progress' parameter of make_generator_task"),
        ({"split": "within"}, "'slices_per_patient' parameter of make_generator_task must be an int >= 2. Got None"),
        (
            {"split": "within", "slices_per_patient": 2, "n_unused": 5},
            "so n_unused must equal n_used. Got n_used=6 and n_unused=5",
        ),
        ({"images": "/no/such/folder"}, "or a folder that exists. Got '/no/such/folder' instead"),
        (
            {"images": "photographs", "n_used": 110},
            "110 used, 6 unused, 0 holdout are asked for, no patient in two of these, and there are 112 images of 14",
        ),
        ({"device": "abacus"}, "'device' parameter of Diffusion must be 'auto' or a device such as 'cpu'"),
    ],
)
def test_wrong_arguments(wrong, words):
    with pytest.raises(ValueError) as error:  # noqa: PT011
        make_generator_task(**(TINY | {"steps": 1} | wrong))
    assert words in str(error.value)


def test_a_missing_package_and_a_diverged_training_say_what_to_do(monkeypatch):
    import torch

    model = make()
    with torch.no_grad():
        for weights in model.average.parameters():
            weights.fill_(torch.nan)
    with pytest.raises(FloatingPointError, match="VAE: images are NaN or infinite after 0 steps"):
        model.sample(1)

    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(ImportError, match=r'VAE needs torch: pip install "fingerprint_features\[learned\]"'):
        make()
