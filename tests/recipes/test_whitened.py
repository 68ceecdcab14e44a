"""What the recipe without labels computes, that it finds memory, and nothing where there is none."""

import numpy as np
import pytest
from scipy.ndimage import gaussian_filter
from sklearn.metrics import roc_auc_score

from fingerprint_features import make_membership_task, recipes
from fingerprint_features.recipes.blocks import details
from tests.recipes.whitening import whitened_details

SIZES = {"n_used": 20, "n_unused": 20, "n_generated": 60, "image_size": 64}


def scores(task, reference=None, **overrides):
    model = recipes.make("whitened-details", reference=task.reference if reference is None else reference, **overrides)
    return model.fit(task.X).decision_function(task.X)


def test_details_are_the_image_less_its_gaussian():
    images = np.random.default_rng(0).uniform(0, 255, (3, 32, 32))
    expected = [image - gaussian_filter(image, 2, mode="mirror", truncate=4) for image in images]
    found = details(images.reshape(3, -1), 2.0).reshape(images.shape)
    np.testing.assert_allclose(found, expected, atol=0.2)
    np.testing.assert_allclose(details(np.full((1, 64), 7.0), 2.0), 0, atol=1e-12)


def test_scores_by_another_road():
    """Principal axes by scikit-learn, their variances raised by hand, and cosines."""
    task = make_membership_task(**SIZES, memorization=1, random_state=0)
    real, made = (
        rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in whitened_details(task.X, task.reference)
    )
    expected = (real @ made.T).max(axis=1)
    found = scores(task)
    assert np.corrcoef(found, expected)[0, 1] > 0.999
    np.testing.assert_allclose(found, expected - np.median(expected), atol=0.01)


def test_memory_is_found_without_labels():
    task = make_membership_task(**SIZES, memorization=0.5, random_state=1)
    found = scores(task)
    assert roc_auc_score(task.y, found) > 0.8
    assert (found > 0).sum() == 20


def test_nothing_is_found_where_nothing_was_memorised():
    areas = []
    for seed in range(6):
        task = make_membership_task(**SIZES, memorization=0, shift=seed % 2, random_state=seed)
        areas.append(roc_auc_score(task.y, scores(task)))
    assert abs(np.mean(areas) - 0.5) < 0.1  # three standard errors


@pytest.mark.parametrize("reduce", ["max", "margin", "credit"])
def test_the_share_of_answers_does_not_depend_on_how_many_images_were_generated(reduce):
    task = make_membership_task(**SIZES, memorization=0.5, random_state=2)
    for n in (15, 60):
        assert (scores(task, task.reference[:n], reduce=reduce) > 0).sum() == 20
        assert (scores(task, task.reference[:n], reduce=reduce, prior=0.25) > 0).sum() == 10


def test_a_cut_may_be_learnt_from_labels():
    task = make_membership_task(**SIZES, memorization=1, random_state=0)
    model = recipes.make("whitened-details", reference=task.reference, threshold="auto")
    assert model.fit(task.X, task.y)[-1].score_ > 0.5
    with pytest.raises(ValueError, match="learns its cut from labels"):
        model.fit(task.X)
