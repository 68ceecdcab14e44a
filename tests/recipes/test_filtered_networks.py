"""The features of a network trained on filtered images, compared as images are; recomputed with other libraries."""

import cv2
import numpy as np
import pytest
from scipy.spatial.distance import cdist
from skimage.metrics import structural_similarity

from fingerprint_features import ImageSet, NetClassifier, recipes
from fingerprint_features.recipes.blocks import ssim_of_rows
from tests.recipes.sets import small_task

pytest.importorskip("torch", reason="this recipe needs the extra learned")

TINY = {"image_size": 16, "epochs": 2, "batch_size": 8, "device": "cpu"}


def test_ssim_of_rows_is_that_of_scikit_image_with_one_window():
    rng = np.random.default_rng(0)
    A, B = rng.random((2, 49)), rng.random((3, 49))
    B[2] = A[0]
    expected = np.empty((2, 3))
    for i, j in np.ndindex(2, 3):
        maps = structural_similarity(
            A[i].reshape(7, 7), B[j].reshape(7, 7), data_range=1, use_sample_covariance=False, full=True
        )[1]
        expected[i, j] = maps[3, 3]  # the one place where the window of 7 x 7 lies inside
    np.testing.assert_allclose(ssim_of_rows(A, B), expected, atol=1e-9)
    assert ssim_of_rows(np.full((1, 4), 0.3), np.full((1, 4), 0.3)) == pytest.approx(1)


@pytest.fixture(scope="module")
def task():
    return small_task(random_state=9)


@pytest.fixture(scope="module")
def rows(task):
    """The features of reals and generated images, by a network trained on the blurred reals."""
    blurred = [
        np.stack(
            [np.rint(cv2.GaussianBlur(image.astype(np.float32), (0, 0), 1.0)).astype(np.uint8) for image in images]
        )
        for images in (task.X, task.reference)
    ]
    net = NetClassifier("conv3", **TINY).fit(blurred[0], task.y)
    return [net.transform(images).astype(np.float64) for images in blurred]


@pytest.mark.parametrize("similarity", ["ssim", "cosine", "jaccard"])
def test_the_rule_in_deviations(task, rows, similarity, tmp_path):
    bits = [own > np.median(own, axis=1, keepdims=True) for own in rows]
    compared = {
        "ssim": lambda a, b: ssim_of_rows(rows[a], rows[b]),
        "cosine": lambda a, b: 1 - cdist(rows[a], rows[b], "cosine"),
        "jaccard": lambda a, b: 1 - cdist(bits[a], bits[b], "jaccard"),
    }[similarity]
    among = compared(0, 0)[np.triu_indices(len(task.X), 1)]
    expected = (compared(0, 1).max(axis=1) - among.mean()) / among.std()
    model = recipes.make(
        "zoq-2025-cnn", reference=task.reference, similarity=similarity, cache=tmp_path / "rows.cache", lr=1e-3, **TINY
    ).fit(task.X, task.y)
    np.testing.assert_allclose(model[0].transform(task.X)[:, 0], expected, rtol=1e-3, atol=1e-3)
    assert set(model.predict(task.X)) <= {0, 1}


def test_it_can_be_saved(task, tmp_path):
    task.to_folder(tmp_path)
    reference = ImageSet.from_folder(tmp_path / "generated")
    model = recipes.make("zoq-2025-cnn", reference=reference, **TINY).fit(task.X, task.y)
    recipes.save(recipes.FittedRecipe("zoq-2025-cnn", model), tmp_path / "model")
    loaded = recipes.load(tmp_path / "model").model
    np.testing.assert_array_equal(loaded.decision_function(task.X), model.decision_function(task.X))


def test_the_published_form():
    model = recipes.make("zoq-2025-cnn", reference=np.zeros((2, 8, 8), np.uint8))
    net = model[0].features.extractors[0].extractor
    assert (net.backbone, net.epochs, net.image_size) == ("conv3", 20, 256)
    assert model[0].metric is ssim_of_rows
