"""Threads, seeds, pickles and files of neighbour estimators."""

import pickle

import faiss
import numpy as np
import pytest
from joblib import parallel_config

from fingerprint_features.neighbors import (
    FaissKNeighborsClassifier,
    FaissKNeighborsTransformer,
    FaissNearestNeighbors,
)
from fingerprint_features.neighbors.indexes import PAIRS

from .rows import clustered, table


def fitted(kind, metric, index):
    rows = table(metric, 200, 20)
    y = np.array(["not used", "used"])[np.arange(200) % 2]
    return kind(metric=metric, index=index).fit(rows, y)


def same(left, right, metric):
    queries = table(metric, 30, 20, seed=1)
    for a, b in zip(left.kneighbors(queries), right.kneighbors(queries), strict=True):
        np.testing.assert_array_equal(a, b)
    return True


@pytest.mark.parametrize(("metric", "index"), PAIRS)
def test_pickle_and_file_bring_the_same_neighbours_back(metric, index, tmp_path):
    model = fitted(FaissNearestNeighbors, metric, index)
    assert same(model, pickle.loads(pickle.dumps(model)), metric)
    model.save(tmp_path / "index")
    again = FaissNearestNeighbors.load(tmp_path / "index")
    assert same(model, again, metric)
    assert again.get_params() == model.get_params()
    assert [path.name for path in tmp_path.iterdir()] == ["index"]


def test_a_saved_classifier_keeps_its_classes_and_column_names(tmp_path):
    pd = pytest.importorskip("pandas")
    frame = pd.DataFrame(clustered(40, 3), columns=["a", "b", "c"])
    for y in (np.arange(40) % 3, np.array(["x", "y"], dtype=object)[np.arange(40) % 2]):
        model = FaissKNeighborsClassifier(3, weights="distance", n_jobs=np.int64(1)).fit(frame, y)
        model.save(tmp_path / "model.npz")
        again = FaissKNeighborsClassifier.load(tmp_path / "model.npz")
        np.testing.assert_array_equal(again.predict(frame), model.predict(frame))
        np.testing.assert_array_equal(again.classes_, model.classes_)
        assert list(again.feature_names_in_) == ["a", "b", "c"]
        with pytest.raises(ValueError, match="feature names"):
            again.predict(frame.rename(columns={"a": "z"}))


def test_files_of_another_kind_are_refused(tmp_path):
    fitted(FaissKNeighborsTransformer, "euclidean", "flat").save(tmp_path / "graph")
    with pytest.raises(
        ValueError, match=r"holds a FaissKNeighborsTransformer, .* use FaissKNeighborsTransformer\.load"
    ):
        FaissNearestNeighbors.load(tmp_path / "graph")
    whole = (tmp_path / "graph").read_bytes()
    pickled = pickle.dumps({"rows": 1})
    for content in (b"", b"something else", whole[: len(whole) // 2], pickled):
        (tmp_path / "bad").write_bytes(content)
        with pytest.raises(ValueError, match="is not a file that save wrote, or it is damaged"):
            FaissNearestNeighbors.load(tmp_path / "bad")
    with pytest.raises(FileNotFoundError):
        FaissNearestNeighbors.load(tmp_path / "none")


def test_a_file_holds_no_pickle(tmp_path):
    fitted(FaissKNeighborsClassifier, "cosine", "hnsw").save(tmp_path / "index")
    with np.load(tmp_path / "index", allow_pickle=False) as file:
        assert all(file[name].dtype != object for name in file.files)


def test_the_thread_setting_is_put_back():
    before = faiss.omp_get_max_threads()
    try:
        for setting in (1, 2):
            faiss.omp_set_num_threads(setting)
            model = FaissNearestNeighbors(n_jobs=1, index="hnsw").fit(clustered(100, 4))
            model.kneighbors()
            assert faiss.omp_get_max_threads() == setting
            with pytest.raises(ValueError, match="Expected"):
                model.kneighbors(n_neighbors=1000)
            assert faiss.omp_get_max_threads() == setting
    finally:
        faiss.omp_set_num_threads(before)


def test_threads_follow_n_jobs_and_joblib():
    model = FaissNearestNeighbors()
    assert model._n_threads() == 1
    assert model.set_params(n_jobs=2)._n_threads() == 2
    with parallel_config("threading", n_jobs=2):
        assert model.set_params(n_jobs=None)._n_threads() == 2


@pytest.mark.parametrize("index", ["ivf", "hnsw", "pq"])
def test_the_same_seed_learns_the_same_index_on_any_number_of_threads(index):
    rows = clustered(800, 16)
    one, two = (FaissNearestNeighbors(index=index, n_jobs=n).fit(rows)._search.index for n in (1, 2))
    np.testing.assert_array_equal(one.__getstate__()[1], two.__getstate__()[1])


@pytest.mark.parametrize("index", ["ivf", "pq"])
def test_another_seed_learns_another_index(index):
    rows = clustered(800, 16)
    one, two = (FaissNearestNeighbors(index=index, random_state=s).fit(rows)._search.index for s in (0, 1))
    assert not np.array_equal(one.__getstate__()[1], two.__getstate__()[1])


def test_parameters_set_after_fit_wait_for_the_next_fit():
    model = fitted(FaissNearestNeighbors, "euclidean", "flat")
    before = model.kneighbors()
    model.set_params(metric="cosine")
    np.testing.assert_array_equal(model.kneighbors()[0], before[0])
    assert model.kneighbors(n_neighbors=2)[1].shape == (200, 2)
