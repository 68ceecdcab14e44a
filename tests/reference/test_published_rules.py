"""The rules of the system that won in 2023, recomputed in plain NumPy on scikit-image's SSIM: the same labels."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.ensemble import VotingClassifier
from sklearn.pipeline import make_pipeline

from fingerprint_features import ImageSet
from fingerprint_features.decide import ThresholdClassifier
from fingerprint_features.reference import ReferenceSimilarity
from tests.reference.worlds import patched, two_sets
from tests.similarity.pictures import peer as ssim


@pytest.fixture(scope="module", params=[0, 1, 2])
def world(request):
    reals, generated = two_sets(request.param)
    return reals, generated, patched(ssim(reals, reals)), ssim(reals, generated)


def rule(generated, cut, **params):
    return make_pipeline(
        ReferenceSimilarity(ImageSet(generated), metric="ssim", diag="row_mean", **params), ThresholdClassifier(cut)
    )


def true_ranks(across):
    """Return the mean rank of each real over the generated images, 1 for the most similar."""
    return (np.argsort(np.argsort(-across, axis=0), axis=0) + 1).mean(axis=1)


def labels(model, reals):
    X = ImageSet(reals, groups=np.arange(len(reals)))
    return model.fit(X, np.arange(len(reals)) % 2).predict(X)


def test_threshold_at_the_largest_similarity_among_reals(world):
    reals, generated, among, across = world
    expected = across.max(axis=1) > among.max()
    assert_array_equal(labels(rule(generated, 0.0, standardize="max"), reals), expected)
    assert 0 < expected.sum() < len(reals)  # the rule decides something


@pytest.mark.parametrize("deviations", [0, 2, 3])
def test_threshold_at_mean_and_deviations_among_reals(world, deviations):
    reals, generated, among, across = world
    expected = across.max(axis=1) > among.mean() + deviations * among.std()
    assert_array_equal(labels(rule(generated, float(deviations), standardize="zscore"), reals), expected)


def test_retrieval_takes_the_most_similar_real_of_each_generated_image(world):
    reals, generated, _, across = world
    expected = np.isin(np.arange(len(reals)), across.argmax(axis=0))
    assert_array_equal(labels(rule(generated, 0.5, reduce="hits"), reals), expected)
    assert 0 < expected.sum() < len(reals)


def test_ranking_takes_reals_of_a_better_rank_than_the_middle(world):
    reals, generated, _, across = world
    expected = true_ranks(across) < (len(reals) + 1) / 2
    assert_array_equal(labels(rule(generated, 0.5, reduce="rank"), reals), expected)
    assert 0 < expected.sum() < len(reals)


def test_clustering_joins_what_is_close_to_anything_in_either_set(world):
    reals, generated, among, across = world
    whole = np.block([[among, across], [across.T, patched(ssim(generated, generated))]])
    expected = whole[: len(reals)].max(axis=1) > whole.mean() + 2 * whole.std()
    model = rule(generated, 2.0, against="both", null="both", standardize="zscore")
    assert_array_equal(labels(model, reals), expected)


def test_the_ensemble_is_a_weighted_vote(world):
    reals, generated, among, across = world
    ranking = true_ranks(across) < (len(reals) + 1) / 2
    threshold = across.max(axis=1) > among.max()
    retrieval = np.isin(np.arange(len(reals)), across.argmax(axis=0))
    vote = VotingClassifier(
        [
            ("ranking", rule(generated, 0.5, reduce="rank")),
            ("threshold", rule(generated, 0.0, standardize="max")),
            ("retrieval", rule(generated, 0.5, reduce="hits")),
        ],
        voting="hard",
        weights=[1, 1, 2],
    )
    assert_array_equal(labels(vote, reals), (ranking | threshold) & retrieval)


def test_the_order_of_the_folder_tells_nothing(world):
    reals, generated, _, _ = world
    order = np.random.default_rng(5).permutation(len(reals))
    for params in ({"reduce": "rank"}, {"reduce": "hits"}, {"standardize": "max"}):
        cut = 0.0 if "standardize" in params else 0.5
        straight, shuffled = (labels(rule(generated, cut, **params), reals[some]) for some in (slice(None), order))
        assert_array_equal(shuffled, straight[order])


def test_similarities_are_those_of_scikit_image(world):
    reals, generated, _, across = world
    model = ReferenceSimilarity(ImageSet(generated), metric="ssim", reduce=["max", "mean", "min"])
    expected = np.column_stack([across.max(axis=1), across.mean(axis=1), across.min(axis=1)])
    np.testing.assert_allclose(model.fit_transform(ImageSet(reals)), expected, atol=1e-5)
