"""What details and hashes compute together, that copies and memory are found, and that another scanner is no memory."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.metrics import roc_auc_score

from fingerprint_features import GLCM, LBP, FeaturePipeline, ImageStats, PHash, make_membership_task, recipes
from fingerprint_features.recipes.details_and_hashes import near_in_both
from fingerprint_features.recipes.unexplained import Unexplained
from tests.recipes.whitening import whitened_details

SIZES = {"n_used": 20, "n_unused": 20, "n_generated": 60, "image_size": 64}


def scores(task):
    return recipes.make("details-and-hashes", reference=task.reference).fit(task.X).decision_function(task.X)


def test_scores_by_another_road():
    """Whitening by scikit-learn, distances by scipy, and least squares."""
    task = make_membership_task(**SIZES, memorization=1, random_state=0)
    details = 1 - cdist(*whitened_details(task.X, task.reference), "cosine")
    bits = [FeaturePipeline([PHash()]).fit_transform(images) for images in (task.X, task.reference)]
    pairs = np.sqrt(39) * details + 0.5 / 0.12 * (1 - 2 * cdist(*bits, "hamming"))
    looks = FeaturePipeline([LBP(), GLCM(), ImageStats()]).fit_transform(task.X).astype(float)
    spread = looks.std(axis=0)
    looks = (looks - looks.mean(axis=0)) / np.where(spread > 0, spread, 1)
    score = pairs.max(axis=1)
    axis = np.column_stack([looks @ np.linalg.svd(looks)[2][0], np.ones(len(score))])
    expected = score - axis @ np.linalg.lstsq(axis, score)[0]
    np.testing.assert_allclose(scores(task), expected - np.median(expected), atol=0.1)
    assert np.corrcoef(scores(task), expected)[0, 1] > 0.999


def test_a_pair_must_be_near_in_both():
    rng = np.random.default_rng(0)
    details, bits = rng.normal(size=(4, 9)), rng.integers(0, 2, (4, 256))
    rows = np.hstack([details, bits])
    near = near_in_both(rows, np.hstack([details, 1 - bits]), weight=0.12)
    np.testing.assert_allclose(np.diag(near), 3 - 1)  # equal details, and hashes of the opposite picture
    np.testing.assert_allclose(np.diag(near_in_both(rows, rows, weight=0.12)), 3 + 1)


@pytest.mark.parametrize("memorization", [0.5, 1])
def test_memory_is_found_without_labels(memorization):
    task = make_membership_task(**SIZES, memorization=memorization, random_state=1)
    assert roc_auc_score(task.y, scores(task)) > 0.8


def test_another_scanner_is_no_memory():
    plain, areas = [], []
    for seed in range(4):
        task = make_membership_task(**SIZES, memorization=0, shift=1.0, random_state=seed)
        model = recipes.make("whitened-details", reference=task.reference).fit(task.X)
        plain.append(roc_auc_score(task.y, model.decision_function(task.X)))
        areas.append(roc_auc_score(task.y, scores(task)))
    assert abs(np.mean(areas) - 0.5) < 0.12
    assert np.mean(plain) < np.mean(areas)


def test_what_other_columns_explain_is_taken_away():
    rng = np.random.default_rng(0)
    scanner, memory = np.repeat([-1.0, 1.0], 200), rng.normal(size=400)
    left = Unexplained().fit_transform(np.column_stack([5 * scanner + memory, scanner]))[:, 0]
    assert abs(np.corrcoef(left, scanner)[0, 1]) < 1e-9
    assert np.corrcoef(left, memory)[0, 1] > 0.95
