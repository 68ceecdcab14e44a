"""radius_neighbors against scikit-learn's brute force."""

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.neighbors import NearestNeighbors

from fingerprint_features.neighbors import FaissNearestNeighbors
from fingerprint_features.neighbors.indexes import PAIRS

from .rows import clustered, table

# radii that some rows have many neighbours within, and others none
RADII = {"euclidean": 2.5, "cosine": 0.3, "hamming": 0.4}


@pytest.mark.parametrize(("metric", "index"), [pair for pair in PAIRS if pair[1] in ("flat", "ivf")])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_equals_brute_force(metric, index, dtype):
    rows, queries = table(metric, 200, 12).astype(dtype), table(metric, 30, 12, seed=1).astype(dtype)
    queries[:10] = rows[:10]
    params = {"n_lists": 5, "n_probes": 5} if index == "ivf" else None
    model = FaissNearestNeighbors(radius=RADII[metric], metric=metric, index=index, index_params=params).fit(rows)
    away = cdist(queries.astype(np.float64), rows.astype(np.float64), metric)
    distances, indices = model.radius_neighbors(queries)
    assert distances.dtype == indices.dtype == object
    counts = [len(row) for row in indices]
    assert min(counts) < max(counts)
    for i in range(30):
        expected = np.flatnonzero(away[i] <= RADII[metric] + 1e-12)
        assert sorted(indices[i]) == expected.tolist()
        np.testing.assert_allclose(distances[i], np.sort(away[i][expected]), atol=1e-7)
        assert (np.diff(distances[i]) >= 0).all()
    only = model.radius_neighbors(queries, return_distance=False)
    assert all(np.array_equal(a, b) for a, b in zip(only, indices, strict=True))


def test_indexed_rows_are_not_their_own_neighbours_and_copies_are():
    model = FaissNearestNeighbors(radius=1.5).fit([[0.0], [1.0], [1.0], [9.0]])
    distances, indices = model.radius_neighbors()
    assert [row.tolist() for row in indices] == [[1, 2], [2, 0], [1, 0], []]
    assert [row.tolist() for row in distances] == [[1, 1], [0, 1], [0, 1], []]


def test_the_radius_itself_counts_whatever_float32_makes_of_it():
    rows = np.array([[0.1], [0.7], [1.0 + 0.7]]) + 1e4
    model = FaissNearestNeighbors().fit(rows)
    for radius in (rows[1, 0] - rows[0, 0], rows[2, 0] - rows[0, 0]):
        distances, indices = model.radius_neighbors(rows[:1], radius)
        assert distances[0][-1] == radius
        assert len(model.radius_neighbors(rows[:1], np.nextafter(radius, 0))[1][0]) == len(indices[0]) - 1
    bits = FaissNearestNeighbors(metric="hamming").fit(np.eye(10))
    assert [len(row) for row in bits.radius_neighbors(np.zeros((1, 10)), 0.1)[1]] == [10]
    assert [len(row) for row in bits.radius_neighbors(np.eye(10)[:1], 0.19)[1]] == [1]


def test_any_radius_and_any_query():
    rows = clustered(50, 3).astype(np.float64)
    model = FaissNearestNeighbors().fit(rows)
    assert [len(row) for row in model.radius_neighbors(rows[:2], np.inf)[1]] == [50, 50]
    assert [len(row) for row in model.radius_neighbors(rows[:2], 0)[1]] == [1, 1]
    assert [len(row) for row in model.radius_neighbors(np.full((1, 3), 1e30), 1.0)[1]] == [0]
    assert model.radius_neighbors(np.full((1, 3), 1e30), 1e31)[1][0].tolist() == list(range(50))


@pytest.mark.parametrize("mode", ["connectivity", "distance"])
def test_the_graph_is_scikit_learns(mode):
    rows, queries = (clustered(n, 4, seed=seed).astype(np.float64) for n, seed in ((60, 0), (20, 1)))
    ours, theirs = (kind(radius=1.2).fit(rows) for kind in (FaissNearestNeighbors, NearestNeighbors))
    for X in (queries, None):
        mine, other = (model.radius_neighbors_graph(X, mode=mode) for model in (ours, theirs))
        assert mine.shape == other.shape
        np.testing.assert_allclose(mine.toarray(), other.toarray(), atol=1e-6)
        assert mine.nnz == other.nnz


def test_a_saved_index_keeps_its_radius(tmp_path):
    model = FaissNearestNeighbors(radius=0.5).fit([[0.0], [0.4], [1.0]])
    model.save(tmp_path / "index")
    assert FaissNearestNeighbors.load(tmp_path / "index").radius_neighbors([[0.0]])[1][0].tolist() == [0, 1]


def test_what_is_not_possible_says_so():
    rows = clustered(60, 4)
    for index in ("hnsw", "pq"):
        with pytest.raises(ValueError, match=f"needs index='flat' or 'ivf', and this .* index='{index}'"):
            FaissNearestNeighbors(index=index).fit(rows).radius_neighbors(rows[:2])
    model = FaissNearestNeighbors().fit(rows)
    with pytest.raises(ValueError, match="return_distance must be True if sort_results is True"):
        model.radius_neighbors(rows[:2], return_distance=False, sort_results=True)
    with pytest.raises(ValueError, match=r"Expected radius >= 0\. Got -1"):
        model.radius_neighbors(rows[:2], -1)
    with pytest.raises(ValueError, match="'radius' parameter of FaissNearestNeighbors must be a float >= 0"):
        FaissNearestNeighbors(radius="far").fit(rows)
