"""`n_jobs` of the similarities: the configuration of joblib decides where none is given."""

import joblib
import numpy as np
import pytest

from fingerprint_features import LBP, FeaturePipeline, ReferenceSimilarity
from fingerprint_features.similarity import METRICS, metrics, pairwise_similarity, ssim, ssim_matrix

ROWS = np.random.default_rng(0).integers(0, 2, (40, 6))
IMAGES = np.random.default_rng(0).integers(0, 256, (12, 16, 16), dtype=np.uint8)


@pytest.fixture
def counts(monkeypatch):
    """Return the list of thread counts that in_threads works with from now on."""
    from fingerprint_features import threads

    seen = []

    def spy(function, items, n_jobs=None):
        seen.append(threads.count_threads(n_jobs))
        return threads.in_threads(function, items, n_jobs)

    monkeypatch.setattr(metrics, "in_threads", spy)
    monkeypatch.setattr(ssim, "in_threads", spy)
    return seen


@pytest.mark.parametrize("name", sorted(set(METRICS) - {"ssim"}))
def test_a_metric_follows_the_configuration(name, counts):
    alone = pairwise_similarity(ROWS, ROWS, name)
    with joblib.parallel_config(n_jobs=3):
        configured = pairwise_similarity(ROWS, ROWS, name)
        pairwise_similarity(ROWS, ROWS, name, n_jobs=1)
    assert counts == [1, 3, 1]
    np.testing.assert_array_equal(configured, alone)


def test_ssim_follows_the_configuration(counts):
    alone = ssim_matrix(IMAGES, IMAGES)
    with joblib.parallel_config(n_jobs=2):
        configured = ssim_matrix(IMAGES, IMAGES)
    assert counts == [1, 2]
    np.testing.assert_array_equal(configured, alone)


def test_the_reference_blocks_follow_the_configuration(counts):
    block = ReferenceSimilarity(IMAGES[6:], features=FeaturePipeline([LBP()]), metric="euclidean")
    alone = block.fit(IMAGES[:6]).transform(IMAGES[:6])
    assert set(counts) == {1}
    counts.clear()
    with joblib.parallel_config(n_jobs=2):
        configured = block.fit(IMAGES[:6]).transform(IMAGES[:6])
    assert set(counts) == {2}
    np.testing.assert_array_equal(configured, alone)
