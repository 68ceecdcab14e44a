"""Tests of a whole set: what details are compared by, and that they find what hashes do not."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from scipy.spatial.distance import cdist
from sklearn.decomposition import PCA

from fingerprint_features import ImageSet, make_membership_task
from fingerprint_features.audits.distances import measure, measure_details
from fingerprint_features.audits.sets import set_level


@pytest.fixture(scope="module")
def images():
    """12 used and 12 unused images, and generated ones that carry a little of the details of the used ones."""
    task = make_membership_task(12, 12, 36, memorization=0, image_size=64, random_state=4)
    real, made = (np.stack(list(some)).astype(float) for some in (task.X, task.reference))
    used = real[task.y == 1]
    traces = used - gaussian_filter(used, (0, 1, 1))
    made = made + np.tile(0.7 * traces, (3, 1, 1))
    return task.X, task.y, ImageSet(np.clip(made, 0, 255).astype(np.uint8))


def asked(real, y, made):
    tests, corrected, _ = set_level(
        measure(real, made, None), measure_details(real, made, None), y, np.arange(len(y)), 199, 0
    )
    return {test.name: test for test in tests}, corrected


def test_details_by_another_road(images):
    real, _, made = images
    real, made = (
        np.stack([image - gaussian_filter(image, 1, mode="mirror", truncate=4) for image in some]).reshape(-1, 4096)
        for some in (np.stack(list(part)).astype(float) for part in (real, made))
    )
    found = measure_details(*(images[i] for i in (0, 2)), None)
    np.testing.assert_allclose(found["details"], cdist(made, real, "cosine"), atol=0.01)
    axes = PCA(len(real) - 1).fit(real)
    scale = np.sqrt(axes.explained_variance_ + 0.3 * axes.explained_variance_.mean())
    expected = cdist(axes.transform(made) / scale, axes.transform(real) / scale, "cosine")
    np.testing.assert_allclose(found["whitened details"], expected, atol=0.02)


def test_details_find_a_collection_that_hashes_do_not(images):
    real, y, made = images
    tests, corrected = asked(real, y, made)
    by_details = {name for name in tests if name.endswith("details")}
    assert len(by_details) == 3
    assert min(corrected) <= 0.05
    assert min(tests[name].p_value for name in by_details) <= 0.05
    assert min(test.p_value for name, test in tests.items() if name not in by_details) > 0.05


def test_without_a_trace_nothing_is_found(images):
    real, y, _ = images
    fresh = make_membership_task(2, 2, 36, memorization=0, image_size=64, random_state=5).reference
    assert min(asked(real, y, fresh)[1]) > 0.05


def test_flat_images_are_found_nowhere():
    flat = ImageSet(np.full((8, 64, 64), 90, np.uint8))
    tests, corrected = asked(flat, np.repeat([1, 0], 4), ImageSet(np.full((30, 64, 64), 90, np.uint8)))
    assert "dataset inference by whitened details" not in tests  # nothing to scale
    assert min(corrected) == 1
