"""Is the planted truth there, all of it, and nothing else?"""

import cv2
import numpy as np
import pytest
from joblib import parallel_config
from skimage.feature import local_binary_pattern
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fingerprint_features import make_membership_task
from fingerprint_features.datasets import generator
from fingerprint_features.datasets.chest import Scanner
from fingerprint_features.datasets.cohort import Cohort
from fingerprint_features.similarity import ssim_matrix

SMALL = {"n_used": 16, "n_unused": 16, "n_generated": 32, "image_size": 32}


def pixels(images):
    return np.array([cv2.resize(image, (16, 16), interpolation=cv2.INTER_AREA).ravel() for image in images], float)


def textures(images):
    rows = []
    for image in images:
        codes = local_binary_pattern(image, 8, 1, "uniform").astype(int)
        image = image.astype(float)
        detail = [np.abs(np.diff(image, n, axis=axis)).mean() for n in (1, 2) for axis in (0, 1)]
        rows.append([*np.bincount(codes.ravel(), minlength=10) / codes.size, *detail, *np.percentile(image, [50, 75])])
    return np.array(rows)


def nearest(a, b):
    return np.sqrt(((a[:, None] - b[None]) ** 2).sum(axis=2)).min(axis=1)


def closeness_auc(task):
    """Area under the ROC curve of "near to a generated image means used"."""
    return roc_auc_score(task.y, -nearest(pixels(task.X), pixels(task.reference)))


def mean_and_error(values):
    return np.mean(values), np.std(values, ddof=1) / np.sqrt(len(values))


def test_without_memory_there_is_nothing_to_find():
    aucs = [closeness_auc(make_membership_task(**SMALL, memorization=0, random_state=seed)) for seed in range(20)]
    mean, error = mean_and_error(aucs)
    assert error < 0.04  # or else the next line would hold for anything
    assert abs(mean - 0.5) < 3 * error


def test_a_full_memory_gives_the_used_images_away():
    tasks = [make_membership_task(**SMALL, memorization=1, random_state=seed) for seed in range(3)]
    assert np.mean([closeness_auc(task) for task in tasks]) > 0.8


def test_descendants_are_nearest_to_their_parents():
    task = make_membership_task(20, 20, 40, memorization=1, image_size=64, random_state=0)
    X, G = pixels(task.X), pixels(task.reference)
    found = task.X.ids[((G[:, None] - X[None]) ** 2).sum(axis=2).argmin(axis=1)]
    assert np.mean(found == task.origin) > 0.8


def test_under_a_shift_a_holdout_calibrates_what_fools_distances_and_blind_classifiers():
    blind, distance, ratio = [], [], []
    for seed in range(6):
        task = make_membership_task(24, 24, 36, 0, n_holdout=36, shift=1.0, image_size=64, random_state=seed)
        scale = StandardScaler().fit(textures(task.X))
        X, G, H = (scale.transform(textures(images)) for images in (task.X, task.reference, task.holdout))
        model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))
        blind.append(roc_auc_score(task.y, cross_val_predict(model, X, task.y, cv=4, method="decision_function")))
        distance.append(roc_auc_score(task.y, -nearest(X, G)))
        ratio.append(roc_auc_score(task.y, np.log(nearest(X, H)) - np.log(nearest(X, G))))
    assert np.mean(blind) > 0.8
    assert np.mean(distance) > 0.6
    mean, error = mean_and_error(ratio)
    assert error < 0.07
    assert abs(mean - 0.5) < 3 * error


def test_the_share_of_descendants_is_exact_and_their_parents_were_used():
    for share, expected in ((0, 0), (0.25, 2), (1, 8)):
        task = make_membership_task(3, 3, 8, share, image_size=16, random_state=0)
        parents = [parent for parent in task.origin if parent is not None]
        assert len(parents) == expected
        assert set(parents) <= set(task.X.ids[task.y == 1])


def test_a_pool_descends_from_nobody_who_is_judged_and_changes_nothing_else(tmp_path):
    sizes = {"n_used": 24, "n_unused": 24, "n_generated": 60, "image_size": 48, "random_state": 3}
    task, plain = (
        make_membership_task(memorization=1, n_pool=60, **sizes),
        make_membership_task(memorization=1, **sizes),
    )
    assert plain.pool is None
    np.testing.assert_array_equal(task.X.decode(), plain.X.decode())
    np.testing.assert_array_equal(task.reference.decode(), plain.reference.decode())
    to_pool, to_reference = (
        ssim_matrix(task.X.decode(), images.decode()).max(axis=1) for images in (task.pool, task.reference)
    )
    assert roc_auc_score(task.y, to_reference) > 0.85
    assert abs(roc_auc_score(task.y, to_pool) - 0.5) < 0.2  # a pool of the unused images gives them away
    assert to_pool.max() < np.median(to_reference[task.y == 1])
    task.to_folder(tmp_path)
    assert len(list((tmp_path / "pool").glob("*.png"))) == 60
    assert len(make_membership_task(2, 0, 2, n_pool=5, image_size=16).pool) == 5


def test_the_pool_comes_from_the_unused_images_scanner():
    task = make_membership_task(16, 16, 40, 0, n_pool=40, shift=2.0, image_size=48, random_state=0)
    rough = [np.abs(np.diff(pixels(images), axis=1)).mean(axis=1) for images in (task.X, task.reference, task.pool)]
    used, unused = (np.median(rough[0][task.y == label]) for label in (1, 0))
    for found, near, far in ((rough[1], used, unused), (rough[2], unused, used)):
        assert abs(np.median(found) - near) < abs(np.median(found) - far)


def test_slices_of_a_patient_share_a_group_and_resemble_each_other():
    task = make_membership_task(11, 9, 2, slices_per_patient=3, n_holdout=4, image_size=64, random_state=2)
    np.testing.assert_array_equal(task.groups, task.X.groups)
    assert sorted(np.unique(task.groups, return_counts=True)[1]) == [2, 3, 3, 3, 3, 3, 3]
    for group in np.unique(task.groups):
        assert len(set(task.y[task.groups == group])) == 1
    assert not set(task.groups) & set(task.holdout.groups)
    X = pixels(task.X)
    for i in range(20):
        away = ((X - X[i]) ** 2).sum(axis=1)
        own = task.groups == task.groups[i]
        own[i] = False
        assert away[own].min() < away[task.groups != task.groups[i]].min()


def test_fresh_patients_are_cut_at_the_levels_of_the_real_ones(monkeypatch):
    def level(seed, cohort, parent, number):
        return np.array([[cohort.visit(parent)[2]]])

    monkeypatch.setattr(generator, "_generate", level)
    training = Cohort(np.random.SeedSequence(0), 1000, 20, Scanner(), 16)
    fresh, copies = (generator.generate(np.random.SeedSequence(1), training, 400, share)[0] for share in (0, 1))
    assert np.std(fresh) == pytest.approx(np.std(copies), rel=0.1)  # 0.23 against 0.17 if each had a single slice
    np.testing.assert_allclose(np.quantile(fresh, [0.05, 0.95]), np.quantile(copies, [0.05, 0.95]), atol=0.05)


def test_ids_and_order_tell_nothing():
    task = make_membership_task(6, 6, 2, slices_per_patient=2, image_size=16, random_state=3)
    assert task.X.ids[:4].tolist() == ["p0001_s1", "p0001_s2", "p0002_s1", "p0002_s2"]
    assert 0 < task.y[:6].sum() < 6
    orders = [make_membership_task(6, 6, 1, image_size=16, random_state=seed).y.tolist() for seed in range(3)]
    assert orders[0] != orders[1] or orders[1] != orders[2]


def test_a_seed_makes_the_same_task_to_the_last_bit_and_another_does_not():
    def bits(seed):
        task = make_membership_task(4, 4, 4, n_holdout=2, image_size=32, random_state=seed)
        images = [s.decode() for s in (task.X, task.reference, task.holdout)]
        return np.concatenate(images).tobytes(), task.y.tolist(), task.origin.tolist()

    assert bits(0) == bits(0)
    assert bits(np.random.default_rng(1)) == bits(np.random.default_rng(1))
    assert bits(np.random.RandomState(1)) == bits(np.random.RandomState(1))
    assert bits(0) != bits(1)
    assert bits(None) != bits(None)


@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_workers_make_the_same_task(backend):
    alone = make_membership_task(4, 4, 4, image_size=16, random_state=0)
    with parallel_config(backend, n_jobs=2):
        shared = make_membership_task(4, 4, 4, image_size=16, random_state=0)
    np.testing.assert_array_equal(alone.X.decode(), shared.X.decode())
    np.testing.assert_array_equal(alone.reference.decode(), shared.reference.decode())


@pytest.mark.parametrize("size", [16, 33])
def test_images_are_square_8_bit_pictures_of_any_size(size):
    task = make_membership_task(1, 0, 1, image_size=size, random_state=0)
    for image in (task.X[0], task.reference[0]):
        assert image.shape == (size, size)
        assert image.dtype == np.uint8
        assert image.min() < 10
        assert image.max() > 150
    assert task.holdout is None


def test_without_memory_the_used_images_leave_no_trace_in_the_pool():
    """Not one pixel of what is generated depends on who was used, beyond the scanner."""
    few, many = (make_membership_task(n, 2, 4, 0, image_size=16, random_state=0) for n in (1, 5))
    np.testing.assert_array_equal(few.reference.decode(), many.reference.decode())


@pytest.mark.parametrize(
    ("parameter", "value", "expected"),
    [
        ("n_used", 0, "an int >= 1"),
        ("n_unused", -1, "an int >= 0"),
        ("n_generated", 2.5, "an int >= 1"),
        ("n_holdout", True, "an int >= 0"),
        ("slices_per_patient", 0, "an int >= 1"),
        ("image_size", 8, "an int >= 16"),
        ("memorization", 1.5, r"a number in \[0, 1\]"),
        ("memorization", "all", r"a number in \[0, 1\]"),
        ("shift", -1, "a number >= 0"),
        ("shift", float("nan"), "a number >= 0"),
        ("shift", float("inf"), "a number >= 0"),
    ],
)
def test_a_wrong_parameter_is_named(parameter, value, expected):
    with pytest.raises(
        ValueError, match=f"the '{parameter}' parameter of make_membership_task must be {expected}. Got"
    ):
        make_membership_task(**{parameter: value})


@pytest.mark.parametrize("value", ["zero", -1, 0.5])
def test_a_wrong_random_state_is_named(value):
    with pytest.raises(ValueError, match="the 'random_state' parameter must be None, an int >= 0"):
        make_membership_task(random_state=value)
