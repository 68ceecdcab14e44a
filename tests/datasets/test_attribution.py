"""Subsets that can be told apart, by the scanner or by memory."""

import cv2
import numpy as np
import pytest
from skimage.feature import local_binary_pattern
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fingerprint_features import make_attribution_task

SMALL = {"n_subsets": 3, "n_real_per_subset": 12, "n_generated_per_subset": 8, "image_size": 32}


def pixels(images):
    return np.array([cv2.resize(image, (16, 16), interpolation=cv2.INTER_AREA).ravel() for image in images], float)


def nearest_subset(task):
    X, R = pixels(task.X), pixels(task.reference)
    return task.reference_y[((X[:, None] - R[None]) ** 2).sum(axis=2).argmin(axis=1)]


def textures(images):
    rows = []
    for image in images:
        codes = local_binary_pattern(image, 8, 1, "uniform").astype(int)
        detail = [np.abs(np.diff(image.astype(float), n, axis=1)).mean() for n in (1, 2)]
        rows.append([*np.bincount(codes.ravel(), minlength=10) / codes.size, *detail])
    return np.array(rows)


def test_generated_images_descend_from_their_own_subset():
    task = make_attribution_task(**SMALL, slices_per_patient=2, random_state=0)
    assert np.bincount(task.y).tolist() == [0, 8, 8, 8]
    assert np.bincount(task.reference_y).tolist() == [0, 12, 12, 12]
    subset_of = dict(zip(task.reference.ids.tolist(), task.reference_y.tolist(), strict=True))
    descended = [(subset_of[parent], y) for parent, y in zip(task.origin, task.y, strict=True) if parent is not None]
    assert len(descended) == 12
    assert all(parent == y for parent, y in descended)
    assert task.groups is None
    for group in np.unique(task.reference.groups):
        assert len(set(task.reference_y[task.reference.groups == group])) == 1


def test_order_tells_nothing():
    task = make_attribution_task(**SMALL, random_state=0)
    assert len(set(task.y[:8].tolist())) > 1
    assert len(set(task.reference_y[:12].tolist())) > 1


def test_memory_alone_tells_subsets_apart():
    scores = [
        np.mean(nearest_subset(task) == task.y)
        for task in (make_attribution_task(**SMALL, memorization=1, shift=0, random_state=seed) for seed in range(2))
    ]
    assert np.mean(scores) > 0.7


def test_neither_memory_nor_shift_leaves_chance():
    scores = [
        np.mean(nearest_subset(task) == task.y)
        for task in (make_attribution_task(**SMALL, memorization=0, shift=0, random_state=seed) for seed in range(8))
    ]
    error = np.std(scores, ddof=1) / np.sqrt(8)
    assert error < 0.06
    assert abs(np.mean(scores) - 1 / 3) < 3 * error


def test_a_shift_gives_real_and_generated_images_of_a_subset_the_same_look():
    task = make_attribution_task(3, 24, 16, memorization=0, shift=2, image_size=64, random_state=0)
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))
    assert model.fit(textures(task.reference), task.reference_y).score(textures(task.X), task.y) > 0.75


def test_a_seed_makes_the_same_task():
    a, b = (make_attribution_task(2, 2, 2, image_size=16, random_state=4) for _ in range(2))
    np.testing.assert_array_equal(a.X.decode(), b.X.decode())
    np.testing.assert_array_equal(a.reference.decode(), b.reference.decode())
    np.testing.assert_array_equal(a.y, b.y)


@pytest.mark.parametrize(
    ("parameter", "value"),
    [
        ("n_subsets", 1),
        ("n_real_per_subset", 0),
        ("n_generated_per_subset", 0),
        ("slices_per_patient", 0),
        ("image_size", 15),
        ("memorization", -0.1),
        ("shift", -2),
    ],
)
def test_a_wrong_parameter_is_named(parameter, value):
    with pytest.raises(
        ValueError, match=f"the '{parameter}' parameter of make_attribution_task must be .* Got {value}"
    ):
        make_attribution_task(**{parameter: value})
