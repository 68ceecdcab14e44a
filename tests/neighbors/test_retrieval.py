"""retrieve: ids, ranks, what is excluded."""

import sys

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from fingerprint_features import ImageSet, Pixels
from fingerprint_features.neighbors import FaissNearestNeighbors, retrieve

from .rows import brute_force, clustered


def test_columns_and_order():
    rows, queries = clustered(30, 4), clustered(5, 4, seed=1)
    frame = retrieve(queries, rows, k=3)
    distances, indices = brute_force(queries, rows, 3, "euclidean")
    assert list(frame.columns) == ["id", "neighbour_id", "rank", "distance"]
    np.testing.assert_array_equal(frame["id"], np.repeat(np.arange(5), 3))
    np.testing.assert_array_equal(frame["rank"], [1, 2, 3] * 5)
    np.testing.assert_array_equal(frame["neighbour_id"], indices.ravel())
    np.testing.assert_allclose(frame["distance"], distances.ravel(), rtol=1e-12)


def test_images_keep_their_ids():
    pixels = np.random.default_rng(0).integers(0, 256, (6, 4, 4), dtype=np.uint8)
    reals = ImageSet(pixels, ids=list("abcdef"))
    made = ImageSet(pixels[[4, 1]], ids=["g1", "g2"])
    frame = retrieve(made, reals, features=Pixels(), k=1)
    assert frame.values.tolist() == [["g1", "e", 1, 0.0], ["g2", "b", 1, 0.0]]


def test_frames_keep_their_index():
    rows = pd.DataFrame({"x": [0.0, 5.0]}, index=["p", "q"])
    assert retrieve(rows, rows.copy(), k=1)["neighbour_id"].tolist() == ["p", "q"]


def test_an_image_is_no_neighbour_of_its_own():
    rows = np.array([[0.0], [0.0], [9.0]])
    assert retrieve(rows, rows, k=1)["neighbour_id"].tolist() == [1, 0, 0]
    assert retrieve(rows, rows.copy(), k=1)["neighbour_id"].tolist() == [0, 0, 2]


def test_features_are_cloned_and_fitted_on_the_reference():
    rows, queries = clustered(30, 4), 10 * clustered(5, 4, seed=1)
    features = make_pipeline(StandardScaler(), FunctionTransformer(np.tanh))
    frame = retrieve(queries, rows, features=features, k=2)
    assert not hasattr(features[0], "mean_")
    scaler = StandardScaler().fit(rows)
    _, indices = brute_force(np.tanh(scaler.transform(queries)), np.tanh(scaler.transform(rows)), 2, "euclidean")
    np.testing.assert_array_equal(frame["neighbour_id"], indices.ravel())


def test_any_searcher():
    bits = [[0, 0, 1], [1, 1, 1]]
    frame = retrieve(bits, [[0, 0, 0], [1, 1, 0]], k=1, neighbors=FaissNearestNeighbors(metric="hamming"))
    np.testing.assert_allclose(frame["distance"], [1 / 3, 1 / 3])


@pytest.mark.parametrize("same", [True, False])
def test_patients_are_kept_apart(same):
    rows = clustered(24, 3)
    patients = np.arange(24) // 4
    frame = retrieve(rows, rows if same else rows.copy(), k=3, exclude=(patients, patients))
    for i in range(24):
        others = np.flatnonzero(patients != patients[i])
        nearest = others[np.argsort(np.linalg.norm(rows[others].astype(float) - rows[i], axis=1), kind="stable")[:3]]
        np.testing.assert_array_equal(frame["neighbour_id"][frame["id"] == i], nearest)


def test_excluded_labels_must_fit_and_leave_enough():
    rows = clustered(6, 2)
    with pytest.raises(ValueError, match="exclude holds 6 and 5 labels for 6 query and 6 reference images"):
        retrieve(rows, rows, exclude=(range(6), range(5)))
    with pytest.raises(ValueError, match="k=3, but query 2 has 2 reference images that exclude leaves"):
        retrieve(rows, rows, k=3, exclude=("aabbbb", "aabbbb"))


def test_without_pandas_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match="fingerprint_features\\[frames\\]"):
        retrieve([[0.0]], [[1.0]], k=1)
