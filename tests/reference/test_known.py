"""Looked-up similarities give what ReferenceSimilarity computes, whatever part of the images it is fitted on."""

import numpy as np
import pytest

from fingerprint_features import LBP, FeaturePipeline, PHash, Pixels, ReferenceSimilarity, make_membership_task
from fingerprint_features.reference.known import known_similarity

HASHES = {"features": FeaturePipeline([PHash()]), "metric": "hamming"}


@pytest.fixture(scope="module")
def task():
    return make_membership_task(8, 8, 12, slices_per_patient=2, image_size=32, random_state=0)


@pytest.mark.parametrize(
    "params",
    [
        {**HASHES, "reduce": "log_ratio", "holdout": "unused"},
        {**HASHES, "reduce": ["max", "dpi", "diff", "topk"], "holdout": "unused", "k": 2},
        {"features": FeaturePipeline([LBP()]), "reduce": ["mean", "std"]},
        {"metric": "ssim", "reduce": "max"},
    ],
)
def test_columns_equal_those_of_the_rule_fitted_on_the_same_images(task, params):
    rule = ReferenceSimilarity(task.reference, **params)
    known = known_similarity(rule, task.X)
    rng = np.random.default_rng(0)
    for _ in range(3):
        patients = rng.permutation(np.unique(task.groups))[:10]
        learn = np.flatnonzero(np.isin(task.groups, patients))
        fitted = ReferenceSimilarity(task.reference, **params).fit(task.X[learn], task.y[learn])
        unused = learn[task.y[learn] == 0]
        np.testing.assert_array_equal(known.columns(np.arange(len(task.y)), unused), fitted.transform(task.X))


@pytest.mark.parametrize(
    "params",
    [
        {**HASHES, "reduce": "hits"},
        {**HASHES, "reduce": "max", "standardize": "zscore"},
        {**HASHES, "reduce": "max", "against": "both"},
        {"features": FeaturePipeline([Pixels()]), "reduce": "max"},
    ],
)
def test_what_depends_on_more_than_pairs_is_not_looked_up(task, params):
    assert known_similarity(ReferenceSimilarity(task.reference, **params), task.X) is None


def test_a_holdout_given_as_images_is_not_looked_up(task):
    rule = ReferenceSimilarity(task.reference, **HASHES, reduce="log_ratio", holdout=task.X[:2])
    assert known_similarity(rule, task.X) is None


def test_too_few_unused_images_raise_as_in_the_rule(task):
    rule = ReferenceSimilarity(task.reference, **HASHES, reduce="log_ratio", holdout="unused")
    known = known_similarity(rule, task.X)
    one = np.flatnonzero(task.y == 0)[:1]
    with pytest.raises(ValueError, match="found 0 to compare"):
        known.columns(one, one)
