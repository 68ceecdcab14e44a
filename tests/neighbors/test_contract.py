"""Every (metric, index) against brute force, and scikit-learn's contract of neighbour estimators."""

import warnings

import numpy as np
import pytest
from scipy.sparse import issparse
from sklearn.neighbors import NearestNeighbors
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks

from fingerprint_features.neighbors import (
    FaissKNeighborsClassifier,
    FaissKNeighborsTransformer,
    FaissNearestNeighbors,
)
from fingerprint_features.neighbors.indexes import PAIRS

from .rows import bits, brute_force, clustered, recall, table


class Bits(FaissKNeighborsClassifier):
    """The checks bring real numbers: their signs are the bits."""

    def _table(self, X, reset, **labels):
        checked = super()._table(X, reset, **labels)
        X, rest = (checked[0], checked[1:]) if isinstance(checked, tuple) else (checked, ())
        X = np.where(X > 0.5, 1, 0).astype(X.dtype)
        return (X, *rest) if rest else X

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.classifier_tags.poor_score = True  # the few bits of a row do not tell three blobs apart
        return tags


ALL = [
    *(
        kind(metric=metric, index=index)
        for kind in (FaissNearestNeighbors, FaissKNeighborsClassifier, FaissKNeighborsTransformer)
        for metric, index in PAIRS
        if metric != "hamming"
    ),
    FaissKNeighborsClassifier(weights="distance"),
    FaissKNeighborsTransformer(mode="connectivity"),
    Bits(metric="hamming"),
]


@parametrize_with_checks(ALL)
def test_scikit_learn_accepts_it(estimator, check):
    check(estimator)


def test_scikit_learn_really_checks():
    assert all(len(list(estimator_checks_generator(estimator))) > 38 for estimator in ALL)


# ---- against brute force ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("metric", "index"), PAIRS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_equals_brute_force(metric, index, dtype):
    rows, queries = table(metric, 300, 24).astype(dtype), table(metric, 40, 24, seed=1).astype(dtype)
    # as many lists looked into, or edges walked, as there are: approximate indexes then find everything
    params = {"ivf": {"n_lists": 6, "n_probes": 6}, "hnsw": {"ef_search": 300}, "pq": {"n_bytes": 24}}.get(index)
    model = FaissNearestNeighbors(7, metric=metric, index=index, index_params=params).fit(rows)
    theirs = NearestNeighbors(n_neighbors=7, metric=metric, algorithm="brute").fit(rows.astype(np.float64))
    distances, indices = model.kneighbors(queries)
    their_distances, their_indices = theirs.kneighbors(queries.astype(np.float64))
    assert type(distances) is type(indices) is np.ndarray
    assert distances.shape == indices.shape == their_indices.shape
    assert distances.dtype == their_distances.dtype
    assert indices.dtype == their_indices.dtype
    np.testing.assert_allclose(distances, their_distances, rtol=1e-6, atol=1e-7)
    true_distances, true_indices = brute_force(queries, rows, 7, metric)
    np.testing.assert_allclose(distances, true_distances, rtol=1e-11, atol=1e-14)
    if metric == "cosine":  # brute force by products has its own rounding
        assert recall(indices, true_indices) > 0.999
    else:
        np.testing.assert_array_equal(indices, true_indices)
    np.testing.assert_array_equal(model.kneighbors(queries, return_distance=False), indices)
    assert (np.diff(distances) >= 0).all()


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
@pytest.mark.parametrize(("index", "least"), [("ivf", 0.95), ("hnsw", 0.95), ("pq", 0.9)])
def test_approximate_indexes_recall(metric, index, least):
    rows, near = np.split(clustered(5100, 64), [5000])
    far = clustered(100, 64, seed=1)  # around centres of their own, as generated images may be
    exact = FaissNearestNeighbors(10, metric=metric).fit(rows)
    model = FaissNearestNeighbors(10, metric=metric, index=index).fit(rows)
    for queries, at_least in ((near, 0.95), (far, least)):
        truth = exact.kneighbors(queries, return_distance=False)
        assert recall(model.kneighbors(queries, return_distance=False), truth) >= at_least


@pytest.mark.parametrize("target", [0.5, 0.95, 1.0])
def test_ivf_looks_into_as_many_lists_as_the_recall_asks_for(target):
    rows = np.random.default_rng(0).standard_normal((3000, 24))  # no clusters: neighbours are in many lists
    queries = np.random.default_rng(1).standard_normal((200, 24))
    truth = FaissNearestNeighbors(10).fit(rows).kneighbors(queries, return_distance=False)
    model = FaissNearestNeighbors(10, index="ivf", index_params={"n_lists": 70, "recall": target}).fit(rows)
    found = recall(model.kneighbors(queries, return_distance=False), truth)
    assert abs(found - target) < 0.06 if target > 0.5 else found > target  # never fewer lists than are usual
    few = FaissNearestNeighbors(10, index="ivf", index_params={"n_lists": 70, "n_probes": 2, "recall": 1}).fit(rows)
    assert few._search.index.params["n_probes"] == 2  # what is given is taken
    same = FaissNearestNeighbors(10, index="ivf", index_params={"n_lists": 70, "recall": target}).fit(rows)
    assert same._search.index.params == model._search.index.params


@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_auto_takes_lists_for_many_rows_in_clusters_and_nothing_else(metric, monkeypatch):
    clusters, cloud = clustered(3000, 80), np.random.default_rng(0).standard_normal((3000, 80))
    params = {"metric": metric, "index": "auto", "index_params": {"recall": 0.9}}
    assert FaissNearestNeighbors(3, **params).fit(clusters)._search.index.kind == "flat"  # few rows
    monkeypatch.setattr("fingerprint_features.neighbors.indexes._MANY", 3000)
    lists, flat = FaissNearestNeighbors(3, **params).fit(clusters), FaissNearestNeighbors(3, **params).fit(cloud)
    assert (lists._search.index.kind, flat._search.index.kind) == ("ivf", "flat")
    exact = FaissNearestNeighbors(3, metric=metric)
    np.testing.assert_array_equal(flat.kneighbors()[1], exact.fit(cloud).kneighbors()[1])
    assert recall(lists.kneighbors()[1], exact.fit(clusters).kneighbors()[1]) >= 0.9


@pytest.mark.parametrize("value", [0, 1.5, True, "high"])
def test_a_recall_is_a_share(value):
    with pytest.raises(ValueError, match=r"index_params\['recall'\] must be a number in \(0, 1\]. Got"):
        FaissNearestNeighbors(index="ivf", index_params={"recall": value}).fit(np.eye(9))


def test_a_hand_counted_case():
    rows = [[0, 0, 0, 0], [1, 1, 0, 0], [1, 1, 1, 1]]
    distances, indices = FaissNearestNeighbors(3, metric="hamming").fit(rows).kneighbors([[1, 0, 0, 0]])
    # 1, 1 and 3 of 4 columns differ; the two at one distance come by index
    np.testing.assert_array_equal(distances, [[0.25, 0.25, 0.75]])
    np.testing.assert_array_equal(indices, [[0, 1, 2]])
    distances, indices = FaissNearestNeighbors(2).fit([[0.0, 0], [3, 4], [6, 8]]).kneighbors([[3.0, 4]])
    np.testing.assert_array_equal(distances, [[0, 5]])
    np.testing.assert_array_equal(indices, [[1, 0]])


# ---- exactness ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("metric", ["euclidean", "cosine", "hamming"])
@pytest.mark.parametrize("width", [3, 59, 256, 1280])
def test_results_do_not_depend_on_the_batch(metric, width):
    rows = table(metric, 200, width) * (1 if metric == "hamming" else 100)
    model = FaissNearestNeighbors(5, metric=metric).fit(rows)
    distances, indices = model.kneighbors(rows)
    alone = [model.kneighbors(rows[i : i + 1]) for i in range(len(rows))]
    np.testing.assert_array_equal(distances, np.concatenate([d for d, _ in alone]))
    np.testing.assert_array_equal(indices, np.concatenate([i for _, i in alone]))
    order = np.random.default_rng(0).permutation(len(rows))
    np.testing.assert_array_equal(model.kneighbors(rows[order])[0], distances[order])
    np.testing.assert_array_equal(
        FaissNearestNeighbors(5, metric=metric, n_jobs=2).fit(rows).kneighbors(rows)[1], indices
    )


@pytest.mark.parametrize("index", ["ivf", "hnsw", "pq"])
def test_approximate_results_do_not_depend_on_the_batch(index):
    rows, queries = clustered(1500, 40), clustered(100, 40, seed=1)
    model = FaissNearestNeighbors(5, index=index).fit(rows)
    distances, indices = model.kneighbors(queries)
    alone = [model.kneighbors(queries[i : i + 1]) for i in range(len(queries))]
    np.testing.assert_array_equal(distances, np.concatenate([d for d, _ in alone]))
    np.testing.assert_array_equal(indices, np.concatenate([i for _, i in alone]))


@pytest.mark.parametrize("offset", [0, 1e3, 1e6])
@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_a_copy_is_at_exactly_0_and_finds_itself_first(metric, offset):
    rows = 100 * np.random.default_rng(0).random((300, 200)) + offset
    distances, indices = FaissNearestNeighbors(2, metric=metric).fit(rows).kneighbors(rows)
    np.testing.assert_array_equal(distances[:, 0], 0)
    np.testing.assert_array_equal(indices[:, 0], np.arange(300))
    assert (distances[:, 1] > 0).all()


def test_rows_that_float32_cannot_tell_apart_are_ranked_right():
    rng = np.random.default_rng(0)
    # one far row sets the scale; the others are closer together than float32 can hold at that scale
    rows = np.concatenate([1e-6 * rng.standard_normal((200, 8)), [[1e6] * 8]])
    _, truth = brute_force(rows, rows, 4, "euclidean")
    np.testing.assert_array_equal(FaissNearestNeighbors(4).fit(rows).kneighbors(rows)[1], truth)


@pytest.mark.parametrize("metric", ["euclidean", "cosine", "hamming"])
def test_more_copies_than_neighbours_come_in_the_order_of_their_indices(metric):
    rows = np.repeat(table(metric, 4, 30), 50, axis=0)
    distances, indices = FaissNearestNeighbors(3, metric=metric).fit(rows).kneighbors(rows[::50])
    np.testing.assert_array_equal(indices, 50 * np.arange(4)[:, None] + [0, 1, 2])
    np.testing.assert_array_equal(distances, 0)


@pytest.mark.parametrize("index", ["flat", "ivf", "hnsw", "pq"])
def test_queries_very_far_away(index):
    rows = clustered(100, 6).astype(np.float64)
    queries = 1e25 * clustered(5, 6, seed=2).astype(np.float64)
    _, truth = brute_force(queries, rows, 3, "euclidean")
    np.testing.assert_array_equal(FaissNearestNeighbors(3, index=index).fit(rows).kneighbors(queries)[1], truth)


def test_columns_that_never_change():
    distances, indices = FaissNearestNeighbors(2).fit(np.full((30, 4), 0.1)).kneighbors([[0.1] * 4, [1.1] * 4])
    np.testing.assert_array_equal(indices, [[0, 1], [0, 1]])
    np.testing.assert_allclose(distances, [[0, 0], [2, 2]])


def test_a_row_of_zeros_has_cosine_distance_1_as_in_scikit_learn():
    rows = np.array([[0.0, 0], [1, 0], [-1, 0], [0, 0], [0, 2]])
    theirs = NearestNeighbors(n_neighbors=5, metric="cosine", algorithm="brute").fit(rows)
    queries = np.array([[0.0, 0], [3, 0]])
    ours, indices = FaissNearestNeighbors(5, metric="cosine").fit(rows).kneighbors(queries)
    np.testing.assert_allclose(ours, theirs.kneighbors(queries)[0], atol=1e-15)
    np.testing.assert_array_equal(indices[1], [1, 0, 3, 4, 2])
    # and when the index is asked, not every row
    many = np.concatenate([np.tile(rows[[2]], (40, 1)), rows])
    ours, indices = FaissNearestNeighbors(2, metric="cosine").fit(many).kneighbors(queries)
    np.testing.assert_array_equal(indices, [[0, 1], [41, 40]])
    np.testing.assert_allclose(ours, [[1, 1], [0, 1]])


@pytest.mark.parametrize(("metric", "index"), PAIRS)
@pytest.mark.parametrize("k", [1, 4, 25])
def test_no_index_is_ever_missing_or_repeated(metric, index, k):
    rows = table(metric, 26, 16)
    params = {"ivf": {"n_lists": 13, "n_probes": 1}, "hnsw": {"m": 2, "ef_search": 1}}.get(index)
    model = FaissNearestNeighbors(k, metric=metric, index=index, index_params=params).fit(rows)
    for found in (model.kneighbors(rows)[1], model.kneighbors()[1]):
        assert found.min() >= 0
        assert all(len(set(row)) == k for row in found)


# ---- the contract -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("metric", ["euclidean", "cosine", "hamming"])
def test_without_queries_a_row_is_no_neighbour_of_its_own(metric):
    rows = np.repeat(table(metric, 6, 40), 5, axis=0)  # 4 copies each, more than asked for
    distances, indices = FaissNearestNeighbors(3, metric=metric).fit(rows).kneighbors()
    assert not (indices == np.arange(30)[:, None]).any()
    np.testing.assert_array_equal(indices // 5, np.arange(30)[:, None] // 5 * np.ones(3))
    np.testing.assert_array_equal(distances, 0)


def test_without_queries_equals_scikit_learn():
    rows = clustered(80, 5).astype(np.float64)
    ours = FaissNearestNeighbors(4).fit(rows)
    theirs = NearestNeighbors(n_neighbors=4, algorithm="brute").fit(rows)
    np.testing.assert_array_equal(ours.kneighbors()[1], theirs.kneighbors()[1])
    np.testing.assert_array_equal(ours.kneighbors(n_neighbors=2)[1], theirs.kneighbors(n_neighbors=2)[1])


@pytest.mark.parametrize("mode", ["connectivity", "distance"])
@pytest.mark.parametrize("queries", [None, clustered(9, 5, seed=3).astype(np.float64)])
def test_the_graph_equals_scikit_learns(mode, queries):
    rows = clustered(50, 5).astype(np.float64)
    ours = FaissNearestNeighbors(4).fit(rows).kneighbors_graph(queries, mode=mode)
    theirs = NearestNeighbors(n_neighbors=4, algorithm="brute").fit(rows).kneighbors_graph(queries, mode=mode)
    assert issparse(ours)
    assert type(ours) is type(theirs)
    assert (ours.format, ours.shape, ours.nnz, ours.dtype) == (theirs.format, theirs.shape, theirs.nnz, theirs.dtype)
    np.testing.assert_array_equal(ours.indices, theirs.indices)
    np.testing.assert_array_equal(ours.indptr, theirs.indptr)
    np.testing.assert_allclose(ours.data, theirs.data, rtol=1e-12)


def message_of(call):
    with warnings.catch_warnings(), pytest.raises((ValueError, TypeError)) as caught:
        call()
    return type(caught.value), str(caught.value)


@pytest.mark.parametrize("k", [7, 6, 0, -1, 1.5])
@pytest.mark.parametrize("queries", [None, [[0.0]]])
def test_bad_counts_are_refused_in_scikit_learns_words(k, queries):
    rows = np.arange(6.0)[:, None]
    if k == 6 and queries is not None:
        assert FaissNearestNeighbors().fit(rows).kneighbors(queries, k)[1].shape == (1, 6)
        return
    ours = message_of(lambda: FaissNearestNeighbors().fit(rows).kneighbors(queries, k))
    assert ours == message_of(lambda: NearestNeighbors(algorithm="brute").fit(rows).kneighbors(queries, k))


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"metric": "hamming", "index": "ivf"}, "FaissNearestNeighbors has no index='ivf' for metric='hamming'"),
        ({"metric": "hamming", "index": "hnsw"}, "has no index='hnsw' for metric='hamming': use index='flat'"),
        ({"metric": "hamming", "index": "pq"}, "has no index='pq'"),
        ({"metric": "l1"}, "'metric' parameter of FaissNearestNeighbors must be one of .*'euclidean'.* Got 'l1'"),
        ({"index": "annoy"}, "'index' parameter .* 'flat', 'ivf', 'hnsw', 'pq', 'auto'. Got 'annoy'"),
        ({"index_params": {"n_probes": 2}}, "None or a dict of nothing with index='flat'"),
        ({"index": "ivf", "index_params": {"nprobe": 2}}, "a dict of 'n_lists', 'n_probes', 'recall' with index='ivf'"),
        ({"index": "hnsw", "index_params": {"m": 0}}, r"index_params\['m'\] must be an int >= 1. Got 0"),
        ({"n_neighbors": 0}, "Expected n_neighbors > 0. Got 0"),
        ({"random_state": None}, "'random_state' parameter .* an int in"),
    ],
)
def test_bad_parameters_are_refused_at_fit(parameters, message):
    model = FaissNearestNeighbors(**parameters)
    with pytest.raises(ValueError, match=message):
        model.fit(bits(20, 8))


def test_hamming_takes_bits_only():
    with pytest.raises(ValueError, match=r"X must hold 0 and 1 only\. Got 0.5 instead"):
        FaissNearestNeighbors(metric="hamming").fit([[0, 1], [0.5, 1]])
    model = FaissNearestNeighbors(1, metric="hamming").fit([[0, 1], [1, 1]])
    with pytest.raises(ValueError, match="Got 2 instead"):
        model.kneighbors([[2, 1]])


def test_nan_is_refused():
    with pytest.raises(ValueError, match="contains NaN"):
        FaissNearestNeighbors().fit([[np.nan], [1.0]])
    with pytest.raises(ValueError, match="contains NaN"):
        FaissNearestNeighbors(1).fit([[0.0], [1.0]]).kneighbors([[np.nan]])
