"""FaissKNeighborsTransformer: the rules its graph must keep, and who reads it."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.manifold import Isomap
from sklearn.neighbors import KNeighborsClassifier, KNeighborsTransformer
from sklearn.pipeline import make_pipeline

from fingerprint_features.neighbors import FaissKNeighborsTransformer

from .rows import clustered

ROWS, QUERIES = clustered(80, 6).astype(np.float64), clustered(15, 6, seed=1).astype(np.float64)
MODES = pytest.mark.parametrize("mode", ["distance", "connectivity"])
INDEXES = pytest.mark.parametrize("index", ["flat", "ivf", "hnsw", "pq"])


@MODES
@INDEXES
def test_the_graph_is_csr_with_a_column_for_every_fitted_row(mode, index):
    model = FaissKNeighborsTransformer(n_neighbors=4, mode=mode, index=index).fit(ROWS)
    for queries in (ROWS, QUERIES):
        graph = model.transform(queries)
        assert (graph.format, graph.shape) == ("csr", (len(queries), 80))


@INDEXES
def test_distance_mode_keeps_one_neighbour_more(index):
    counts = {
        mode: np.diff(FaissKNeighborsTransformer(n_neighbors=4, mode=mode, index=index).fit_transform(ROWS).indptr)
        for mode in ("distance", "connectivity")
    }
    assert (counts["distance"] == 5).all()
    assert (counts["connectivity"] == 4).all()


@MODES
@INDEXES
def test_the_diagonal_is_explicit(mode, index):
    graph = FaissKNeighborsTransformer(n_neighbors=4, mode=mode, index=index).fit_transform(ROWS)
    stored = np.repeat(np.arange(80), np.diff(graph.indptr)) == graph.indices
    assert stored.sum() == 80
    np.testing.assert_array_equal(graph.data[stored], 0 if mode == "distance" else 1)


def test_rows_are_sorted_by_distance():
    graph = FaissKNeighborsTransformer(n_neighbors=4).fit(ROWS).transform(QUERIES)
    assert (np.diff(graph.data.reshape(15, 5), axis=1) >= 0).all()


@MODES
@INDEXES
def test_fit_transform_equals_fit_and_transform(mode, index):
    model = FaissKNeighborsTransformer(n_neighbors=4, mode=mode, index=index)
    left, right = model.fit_transform(ROWS), clone(model).fit(ROWS).transform(ROWS)
    for name in ("data", "indices", "indptr"):
        np.testing.assert_array_equal(getattr(left, name), getattr(right, name))


@MODES
@pytest.mark.parametrize("metric", ["euclidean", "cosine"])
def test_equals_scikit_learns(mode, metric):
    ours = FaissKNeighborsTransformer(n_neighbors=4, mode=mode, metric=metric).fit(ROWS)
    theirs = KNeighborsTransformer(n_neighbors=4, mode=mode, metric=metric).fit(ROWS)
    left, right = ours.transform(QUERIES), theirs.transform(QUERIES)
    np.testing.assert_array_equal(left.indices, right.indices)
    np.testing.assert_array_equal(left.indptr, right.indptr)
    np.testing.assert_allclose(left.data, right.data, rtol=1e-9)
    assert type(left) is type(right)
    assert left.dtype == right.dtype


def test_the_diagonal_stays_among_many_copies():
    rows = np.repeat([[0.0], [1.0]], 20, axis=0)
    graph = FaissKNeighborsTransformer(n_neighbors=3).fit_transform(rows)
    own = [i in graph.indices[graph.indptr[i] : graph.indptr[i + 1]] for i in range(40)]
    assert all(own)
    np.testing.assert_array_equal(graph.data, 0)


def test_a_classifier_of_precomputed_distances_reads_it():
    y = np.arange(80) % 3
    expected = KNeighborsClassifier(4).fit(ROWS, y)
    vote = KNeighborsClassifier(4, metric="precomputed")
    piped = make_pipeline(FaissKNeighborsTransformer(n_neighbors=4), vote).fit(ROWS, y)
    np.testing.assert_array_equal(piped.predict(QUERIES), expected.predict(QUERIES))
    np.testing.assert_array_equal(piped.predict(ROWS), expected.predict(ROWS))


def test_an_embedding_reads_it():
    whole = clustered(80, 6, groups=1).astype(np.float64)  # one piece
    piped = make_pipeline(FaissKNeighborsTransformer(n_neighbors=8), Isomap(n_neighbors=8, metric="precomputed"))
    expected = Isomap(n_neighbors=8).fit_transform(whole)
    np.testing.assert_allclose(np.abs(piped.fit_transform(whole)), np.abs(expected), atol=1e-6)


def test_names_of_the_columns():
    names = FaissKNeighborsTransformer(n_neighbors=2).fit(ROWS).get_feature_names_out()
    assert (len(names), names[0]) == (80, "faisskneighborstransformer0")


def test_bad_mode_is_refused():
    with pytest.raises(ValueError, match=r"'mode' parameter .* 'distance', 'connectivity'. Got 'graph'"):
        FaissKNeighborsTransformer(mode="graph").fit(ROWS)
