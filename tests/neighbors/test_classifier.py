"""FaissKNeighborsClassifier votes as scikit-learn's does."""

import numpy as np
import pytest
from sklearn.exceptions import DataConversionWarning
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fingerprint_features.neighbors import FaissKNeighborsClassifier

from .rows import clustered, table


@pytest.mark.parametrize("weights", ["uniform", "distance"])
@pytest.mark.parametrize("metric", ["euclidean", "cosine", "hamming"])
@pytest.mark.parametrize("k", [1, 4])
def test_equals_scikit_learn(weights, metric, k):
    rows = table(metric, 150, 64).astype(np.float64)
    queries = np.concatenate([rows[:20], table(metric, 60, 64, seed=1)])
    y = np.array(["b", "a", "c"])[np.random.default_rng(0).integers(0, 3, 150)]
    ours = FaissKNeighborsClassifier(k, weights=weights, metric=metric).fit(rows, y)
    theirs = KNeighborsClassifier(k, weights=weights, metric=metric, algorithm="brute").fit(rows, y)
    np.testing.assert_array_equal(ours.classes_, theirs.classes_)
    distances, _ = ours.kneighbors(queries, k + 1)
    clear = distances[:, k] - distances[:, k - 1] > 1e-9  # which of several at the k-th distance votes is a choice
    if metric == "cosine":  # scikit-learn's distance of a copy is not quite 0
        clear[:20] = False
    assert clear.sum() > 20
    np.testing.assert_allclose(ours.predict_proba(queries)[clear], theirs.predict_proba(queries)[clear], atol=1e-6)
    np.testing.assert_array_equal(ours.predict(queries)[clear], theirs.predict(queries)[clear])


def test_votes_by_hand():
    X, y = [[0.0], [1.0], [3.0]], [0, 0, 1]
    uniform = FaissKNeighborsClassifier(3).fit(X, y)
    np.testing.assert_allclose(uniform.predict_proba([[2.5]]), [[2 / 3, 1 / 3]])
    # 1/2.5 + 1/1.5 against 1/0.5: 1.0667 against 2
    weighted = FaissKNeighborsClassifier(3, weights="distance").fit(X, y)
    np.testing.assert_allclose(weighted.predict_proba([[2.5]]), [[1.066667 / 3.066667, 2 / 3.066667]], rtol=1e-5)
    assert (uniform.predict([[2.5]])[0], weighted.predict([[2.5]])[0]) == (0, 1)


def test_a_copy_decides_alone_when_weighted_by_distance():
    model = FaissKNeighborsClassifier(3, weights="distance").fit([[0.0], [1.0], [1.1]], ["a", "b", "b"])
    np.testing.assert_array_equal(model.predict_proba([[0.0]]), [[1, 0]])
    np.testing.assert_array_equal(model.predict_proba([[1e-320]]), [[1, 0]])  # 1 / distance is beyond float64


def test_the_first_class_wins_a_tie():
    model = FaissKNeighborsClassifier(2).fit([[0.0], [1.0]], ["z", "b"])
    assert model.predict([[0.1]])[0] == "b"


def test_without_queries_each_row_is_left_out_of_its_own_vote():
    rows = clustered(60, 4).astype(np.float64)
    y = np.arange(60) % 2
    ours, theirs = FaissKNeighborsClassifier(3).fit(rows, y), KNeighborsClassifier(3).fit(rows, y)
    np.testing.assert_array_equal(ours.predict(None), theirs.predict(None))
    np.testing.assert_allclose(ours.predict_proba(None), theirs.predict_proba(None))
    assert ours.score(None, y) == theirs.score(None, y)


def test_in_a_searched_pipeline():
    X = clustered(120, 5, groups=2)
    y = (X @ X[0] > 0).astype(int)
    pipeline = make_pipeline(StandardScaler(), FaissKNeighborsClassifier())
    grid = {"faisskneighborsclassifier__n_neighbors": [1, 5], "faisskneighborsclassifier__metric": ["cosine"]}
    assert GridSearchCV(pipeline, grid, cv=3).fit(X, y).best_score_ > 0.8


@pytest.mark.parametrize("weights", ["uniform", None, "distance", lambda distances: np.exp(-distances)])
def test_several_outputs_and_functions_as_weights_equal_scikit_learn(weights):
    rows, queries = (clustered(n, 5, seed=seed).astype(np.float64) for n, seed in ((90, 0), (30, 1)))
    y = np.random.default_rng(0).integers(0, 4, (90, 3))
    y[:, 1] = y[:, 1] > 1
    for labels in (y, y[:, 0], y.astype(str)):
        ours, theirs = (
            kind(4, weights=weights).fit(rows, labels) for kind in (FaissKNeighborsClassifier, KNeighborsClassifier)
        )
        np.testing.assert_array_equal(ours.predict(queries), theirs.predict(queries))
        assert ours.outputs_2d_ == theirs.outputs_2d_ == (labels.ndim == 2)
        mine, others = ours.predict_proba(queries), theirs.predict_proba(queries)
        assert isinstance(mine, list) == isinstance(others, list)
        for a, b in zip(mine, others, strict=True) if isinstance(mine, list) else [(mine, others)]:
            np.testing.assert_allclose(a, b, atol=1e-12)


def test_a_column_of_labels_is_one_output_and_warns():
    with pytest.warns(DataConversionWarning, match="column-vector y"):
        model = FaissKNeighborsClassifier(1).fit([[0.0], [1.0]], [["a"], ["b"]])
    assert model.predict([[0.9]]).tolist() == ["b"]


@pytest.mark.parametrize("labels", [[0, 1, 1], [[0, 1], [1, 1], [1, 0]], [["a", "b"], ["c", "b"], ["c", "d"]]])
def test_outputs_are_saved(labels, tmp_path):
    model = FaissKNeighborsClassifier(2).fit([[0.0], [1.0], [3.0]], labels)
    model.save(tmp_path / "index")
    loaded = FaissKNeighborsClassifier.load(tmp_path / "index")
    np.testing.assert_array_equal(loaded.predict([[2.9], [0.2]]), model.predict([[2.9], [0.2]]))
    assert loaded.outputs_2d_ == model.outputs_2d_
    with pytest.raises(TypeError, match="a file holds no functions"):
        model.set_params(weights=np.exp).save(tmp_path / "index")


def test_bad_weights_are_refused():
    for weights, message in (
        (lambda distances: 0 * distances, "All neighbors of some sample is getting zero weights"),
        (lambda distances: distances[0], r"one weight per distance, \(1, 2\), and returned the shape \(2,\)"),
    ):
        with pytest.raises(ValueError, match=message):
            FaissKNeighborsClassifier(2, weights=weights).fit([[0.0], [1.0]], [0, 1]).predict([[0.0]])
    with pytest.raises(ValueError, match=r"'weights' parameter .* one of 'uniform', 'distance', a callable or None"):
        FaissKNeighborsClassifier(weights="cubic").fit([[0.0], [1.0]], [0, 1])
