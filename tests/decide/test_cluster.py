"""ClusterClassifier: what each mapping calls a cluster, and clusterers that cannot predict."""

import itertools

import numpy as np
import pytest
from sklearn.cluster import DBSCAN, AgglomerativeClustering, KMeans, SpectralClustering
from sklearn.mixture import GaussianMixture
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks

from fingerprint_features.decide import ClusterClassifier


class HalfReference(ClusterClassifier):
    """The checks bring tables of many widths: every second row of X is the reference."""

    def _reference_rows(self, X):
        return X[::2]


ALL = [
    ClusterClassifier(),
    ClusterClassifier(mapping="hungarian"),
    ClusterClassifier(AgglomerativeClustering(2)),
    ClusterClassifier(GaussianMixture(2, init_params="random_from_data", random_state=0)),
    ClusterClassifier(make_pipeline(StandardScaler(), KMeans(3, random_state=0))),
    ClusterClassifier(DBSCAN(), mapping="noise"),
    HalfReference(mapping="reference_share"),
]
# four corners, two rows each
CORNERS = np.repeat(np.array([[0.0, 0], [0, 9], [9, 0], [9, 9]]), 2, axis=0) + np.tile([[0.0], [0.2]], (4, 1))
FOUR = KMeans(4, random_state=0, n_init=5)


@parametrize_with_checks(ALL)
def test_scikit_learn_accepts_it(estimator, check):
    check(estimator)


def test_scikit_learn_really_checks():
    assert all(len(list(estimator_checks_generator(estimator))) > 50 for estimator in ALL)


def test_majority_by_hand():
    #           corner:  0,0     0,9     9,0     9,9
    y = np.array(["a", "a", "b", "b", "c", "a", "b", "c"])
    model = ClusterClassifier(FOUR).fit(CORNERS, y)
    # the last two corners are ties: the first class
    np.testing.assert_array_equal(model.predict([[0, 0], [0, 9], [9, 0], [9, 9]]), ["a", "b", "a", "b"])
    assert len(model.clusters_) == 4


@pytest.mark.parametrize("seed", range(5))
def test_hungarian_finds_the_best_of_all_matchings(seed):
    rng = np.random.default_rng(seed)
    X, y = rng.normal(size=(60, 2)), rng.integers(0, 4, 60)
    model = ClusterClassifier(FOUR, mapping="hungarian").fit(X, y)
    best = max(np.mean(np.array(names)[model.labels_] == y) for names in itertools.permutations(range(4)))
    assert (model.predict(X) == y).mean() == pytest.approx(best)
    assert sorted(model.cluster_classes_) == [0, 1, 2, 3]


def test_hungarian_leaves_spare_clusters_to_the_majority():
    y = np.array([0, 0, 0, 0, 1, 1, 0, 0])
    model = ClusterClassifier(FOUR, mapping="hungarian").fit(CORNERS, y)
    np.testing.assert_array_equal(model.predict(CORNERS), y)


def test_reference_share_by_hand():
    # shares of generated rows: 2 of 4, 0 of 2, 1 of 3, 0 of 2; overall 3 of 11, below 1/3
    reference = [[0.0, 0.1], [0.1, 0.0], [9.0, 0.1]]
    model = ClusterClassifier(FOUR, mapping="reference_share", reference=reference).fit(CORNERS)
    np.testing.assert_array_equal(model.predict(CORNERS), [1, 1, 0, 0, 1, 1, 0, 0])
    np.testing.assert_array_equal(model.classes_, [0, 1])
    # with labels only their names change
    named = ClusterClassifier(FOUR, mapping="reference_share", reference=reference).fit(CORNERS, ["no", "yes"] * 4)
    np.testing.assert_array_equal(named.predict(CORNERS), np.array(["no", "yes"])[model.predict(CORNERS)])


def test_equal_shares_are_not_used():
    reference = [[0.0, 0.1], [0.0, 9.1], [9.0, 0.1], [9.0, 9.1]]
    model = ClusterClassifier(FOUR, mapping="reference_share", reference=reference).fit(CORNERS)
    assert not model.predict(CORNERS).any()


def test_noise_is_not_used():
    X = np.array([[0.0], [0.1], [0.2], [50.0], [7.0], [7.1], [7.2]])
    model = ClusterClassifier(DBSCAN(eps=0.5, min_samples=3), mapping="noise").fit(X)
    np.testing.assert_array_equal(model.predict(X), [1, 1, 1, 0, 1, 1, 1])
    # new rows follow their nearest row
    np.testing.assert_array_equal(model.predict([[45.0], [5.0]]), [0, 1])


def test_the_reference_is_clustered_along():
    lonely = np.array([[0.0], [0.1], [5.0], [5.1]])
    by_itself = ClusterClassifier(DBSCAN(eps=0.5, min_samples=3), mapping="noise").fit(lonely)
    joined = ClusterClassifier(DBSCAN(eps=0.5, min_samples=3), mapping="noise", reference=[[0.2]]).fit(lonely)
    np.testing.assert_array_equal(by_itself.predict(lonely), [0, 0, 0, 0])
    np.testing.assert_array_equal(joined.predict(lonely), [1, 1, 0, 0])


@pytest.mark.parametrize(
    "clusterer", [AgglomerativeClustering(3), SpectralClustering(3, gamma=1e-5, random_state=0), DBSCAN(eps=400.0)]
)
def test_a_copy_of_a_row_gets_its_cluster(clusterer):
    rng = np.random.default_rng(0)
    # far from the origin, where distances by matrix products lose the copies
    X = rng.normal(size=(60, 20)) * 50 + 1e6
    model = ClusterClassifier(clusterer).fit(X, np.arange(60) % 2)
    table = dict(zip(model.clusters_, model.cluster_classes_, strict=True))
    np.testing.assert_array_equal(model.predict(X), [table[label] for label in model.labels_])
    order = rng.permutation(60)
    np.testing.assert_array_equal(model.predict(X[order]), model.predict(X)[order])


def test_a_cluster_without_labelled_rows_takes_the_most_frequent_class():
    model = ClusterClassifier(KMeans(2, random_state=0), reference=[[100.0], [101.0]])
    model.fit([[0.0], [1.0], [2.0]], ["a", "b", "b"])
    np.testing.assert_array_equal(model.predict([[100.0]]), ["b"])


def test_a_component_that_no_row_belongs_to_takes_the_most_frequent_class():
    class Elsewhere(KMeans):
        def predict(self, X):
            return np.where(np.asarray(X)[:, 0] > 50, 9, super().predict(X))

    model = ClusterClassifier(Elsewhere(2, random_state=0)).fit([[0.0], [1.0], [10.0]], ["b", "b", "a"])
    np.testing.assert_array_equal(model.predict([[10.0], [99.0]]), ["a", "b"])


def test_a_pipeline_may_be_the_clusterer():
    rng = np.random.default_rng(0)
    y = np.arange(80) % 2
    X = np.column_stack([1000 * rng.normal(size=80), y + 0.05 * rng.normal(size=80)])
    scaled = make_pipeline(StandardScaler(), GaussianMixture(2, random_state=0, n_init=5))
    assert cross_val_score(ClusterClassifier(scaled), X, y, cv=4).mean() > 0.9
    assert cross_val_score(ClusterClassifier(KMeans(2, random_state=0)), X, y, cv=4).mean() < 0.7


def test_the_reference_is_never_sliced():
    X = np.random.default_rng(0).normal(size=(40, 2))
    reference = X.copy()  # as many rows as X
    model = ClusterClassifier(FOUR, mapping="reference_share", reference=reference)
    assert np.isfinite(cross_val_score(model, X, np.arange(40) % 2, cv=4)).all()


@pytest.mark.parametrize(
    ("parameters", "y", "message"),
    [
        ({"mapping": "vote"}, [0, 1], "'mapping' parameter of ClusterClassifier must be one of 'majority'"),
        ({}, None, "requires y to be passed.*choose one of the mappings 'noise' and 'reference_share'"),
        ({"mapping": "reference_share"}, None, "'reference' parameter .* a table of generated rows"),
        ({"reference": [[1.0, 2.0]]}, [0, 1], "reference has 2 columns and X has 1"),
        ({"reference": [[np.nan]]}, [0, 1], "reference contains NaN"),
        ({"mapping": "noise"}, ["a"], "inconsistent"),
    ],
)
def test_errors_say_what_to_do(parameters, y, message):
    with pytest.raises(ValueError, match=message):
        ClusterClassifier(**parameters).fit([[0.0], [1.0]], y)


def test_mappings_without_labels_know_two_classes_only():
    with pytest.raises(ValueError, match="Only binary classification is supported"):
        ClusterClassifier(DBSCAN(), mapping="noise").fit([[0.0], [1.0], [2.0]], [0, 1, 2])
    three = ClusterClassifier(KMeans(3, random_state=0)).fit([[0.0], [1.0], [2.0]], [0, 1, 2])
    np.testing.assert_array_equal(three.predict([[2.0], [0.0]]), [2, 0])
