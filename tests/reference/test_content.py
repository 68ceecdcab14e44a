"""Itself means the same content; a patient's other slices are no strangers; a holdout holds nothing that is scored."""

import pickle
import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import StratifiedGroupKFold

from fingerprint_features import FeaturePipeline, ImageSet, Pixels
from fingerprint_features.reference import ReferenceSimilarity
from tests.helpers import Mean, write_images
from tests.reference.worlds import patients, population

ALL = ["max", "mean", "topk", "std", "min", "rank", "hits", "hit_max", "log_ratio", "diff", "dpi", "monte_carlo"]


@pytest.fixture(scope="module")
def tables():
    rng = np.random.default_rng(1)
    return tuple(population(rng, n, 4)[0] for n in (24, 50, 15))


def test_permuting_x_permutes_every_column(tables):
    X, reference, holdout = tables
    y, order = np.arange(24) % 2, np.random.default_rng(2).permutation(24)
    for sets in ({"holdout": holdout}, {"holdout": "unused"}):
        model = ReferenceSimilarity(reference, reduce=ALL, k=2, standardize="zscore", null="both", **sets)
        straight, shuffled = (
            clone(model).fit(X, y).transform(X),
            clone(model).fit(X[order], y[order]).transform(X[order]),
        )
        assert_allclose(shuffled, straight[order], rtol=1e-12)


def test_an_image_alone_has_the_row_it_has_among_others(tables):
    X, reference, _ = tables
    fitted = ReferenceSimilarity(reference, reduce=ALL, k=2, holdout="unused").fit(X, np.arange(24) % 2)
    assert_array_equal(np.vstack([fitted.transform(row[None]) for row in X]), fitted.transform(X))


def test_chunks_do_not_show(tables, monkeypatch):
    X, reference, _ = tables
    model = ReferenceSimilarity(reference, reduce=ALL, k=2, holdout="unused")
    whole = model.fit_transform(X, np.arange(24) % 2)
    monkeypatch.setattr("fingerprint_features.reference.comparer._CELLS", 300)
    assert_array_equal(model.fit_transform(X, np.arange(24) % 2), whole)


@pytest.mark.parametrize("params", [{"reference": None}, {"holdout": "unused", "reduce": "log_ratio"}])
def test_fit_transform_equals_fit_then_transform_even_in_another_order(tables, params):
    X, reference, _ = tables
    model = ReferenceSimilarity(**{"reference": reference, **params})
    y = np.arange(24) % 2
    there = model.fit_transform(X, y)
    assert_array_equal(clone(model).fit(X, y).transform(X[::-1].copy())[::-1], there)


def test_without_a_reference_an_image_is_not_its_own_neighbour():
    X = [[0.0], [3.0], [3.0], [7.0]]
    # the two equal rows are one and the same, so each is 3 away from the next
    assert_allclose(ReferenceSimilarity().fit_transform(X), [[-3], [-3], [-3], [-4]])
    assert_allclose(ReferenceSimilarity().fit(X).transform([[3.5]]), [[-0.5]])


def test_negative_zero_is_zero():
    assert_allclose(ReferenceSimilarity().fit([[0.0], [5.0]]).transform([[-0.0]]), [[-5]])


def test_a_real_that_the_generator_put_out_unchanged_comes_first(tables):
    X, reference, holdout = tables
    leaked = np.vstack([reference, X[7:8]])
    names = ["max", "hits", "hit_max", "log_ratio", "diff"]
    columns = ReferenceSimilarity(leaked, reduce=names, holdout=holdout).fit(X).transform(X)
    assert_array_equal(columns[:, [0, 2, 3]].argmax(axis=0), 7)
    assert columns[7, 1] >= 1
    assert columns[7, 4] == pytest.approx(np.linalg.norm(holdout - X[7], axis=1).min())  # nearer to nothing
    assert columns[7, 0] == 0  # the reference's copies of X count, unlike those of X itself


def test_unused_rows_are_those_labelled_zero_without_oneself(tables):
    X, reference, _ = tables
    y = np.r_[np.zeros(10), np.ones(14)].astype(int)
    column = ReferenceSimilarity(reference, reduce="diff", holdout="unused").fit(X, y).transform(X)[:, 0]
    for i in range(24):
        others = [j for j in range(10) if j != i]
        expected = np.linalg.norm(X[others] - X[i], axis=1).min() - np.linalg.norm(reference - X[i], axis=1).min()
        assert column[i] == pytest.approx(expected)


def test_a_holdout_with_an_image_of_x_is_refused_by_name(tables):
    X, reference, holdout = tables
    model = ReferenceSimilarity(reference, reduce="log_ratio", holdout=np.vstack([holdout, X[4:5]]))
    with pytest.raises(ValueError, match=r"share 1 of 24: X row 4 = holdout row 15\. A holdout that contains"):
        model.fit(X)
    fitted = ReferenceSimilarity(reference, reduce="log_ratio", holdout=holdout).fit(X)
    with pytest.raises(ValueError, match="X row 0 = holdout row 3"):
        fitted.transform(holdout[3:4])


def test_images_are_found_in_the_holdout_whatever_they_are_called():
    pictures, _ = patients(np.random.default_rng(0), 8)
    X = ImageSet(pictures[:4], ids=["a", "b", "c", "d"], groups=list("abcd"))
    holdout = ImageSet(pictures[[6, 2]], ids=["h1", "h2"], groups=list("hi"))
    model = ReferenceSimilarity(ImageSet(pictures[4:6]), features=Mean(), reduce="diff", holdout=holdout)
    with pytest.raises(ValueError, match="share 1 of 4: X c = holdout h2"):
        model.fit(X)


def cross_validated(model, X, y, groups):
    scores = np.empty(len(y))
    for train, test in StratifiedGroupKFold(4, shuffle=True, random_state=0).split(y, y, groups):
        scores[test] = clone(model).fit(X[train], y[train]).transform(X[test])[:, 0]
    return roc_auc_score(y, scores)


@pytest.fixture(scope="module")
def sliced():
    """Return 40 used and 40 unused patients of 4 slices, and a generator that memorised nothing."""
    rng = np.random.default_rng(3)
    pictures, numbers = patients(rng, 80, n_slices=4)
    return pictures, (numbers < 40).astype(int), numbers, patients(rng, 300)[0]


def test_slices_of_one_patient_betray_nothing_without_memorisation(sliced):
    pictures, y, numbers, generated = sliced
    model = ReferenceSimilarity(
        ImageSet(generated), features=FeaturePipeline([Pixels()]), reduce="log_ratio", holdout="unused"
    )
    X = ImageSet(pictures, groups=numbers)
    assert abs(cross_validated(model, X, y, numbers) - 0.5) < 0.1
    assert abs(roc_auc_score(y, model.fit_transform(X, y)[:, 0]) - 0.5) < 0.1
    # the very same without groups: each unused slice finds its siblings in the holdout
    with pytest.warns(UserWarning, match="does not know which images show the same patient"):
        blind = model.fit_transform(ImageSet(pictures), y)[:, 0]
    assert roc_auc_score(y, blind) > 0.95
    model.set_params(holdout=X[y == 0])
    with pytest.raises(ValueError, match="X and holdout share 160 of 320"):
        model.fit(X, y)


def test_groups_leave_out_siblings_in_every_comparison_among_reals(sliced):
    pictures, _, numbers, generated = sliced
    some = pictures[:12]  # three patients
    features = FeaturePipeline([Pixels()])
    table = features.fit_transform(some).astype(float)
    distances = np.linalg.norm(table[:, None] - table[None], axis=2)
    strangers = numbers[:12, None] != numbers[None, :12]
    expected = np.where(strangers, -distances, -np.inf).max(axis=1)
    X = ImageSet(some, groups=numbers[:12])
    alone = ReferenceSimilarity(features=features).fit(X)
    assert_allclose(alone.transform(X)[:, 0], expected)
    assert_allclose(ReferenceSimilarity(ImageSet(generated), features, against="self").fit_transform(X)[:, 0], expected)
    null = ReferenceSimilarity(ImageSet(generated), features, null="self").fit(X)
    assert null.null_max_ == pytest.approx(-distances[strangers].min())
    # a new slice of a known patient has that patient left out too
    assert_allclose(
        alone.transform(ImageSet(pictures[3:4] // 2, groups=[0]))[0], alone_of(table, some, pictures[3] // 2)
    )


def alone_of(table, some, picture):
    return [-np.linalg.norm(table[4:] - picture.ravel(), axis=1).min()]


def test_patients_may_have_names():
    pictures, _ = patients(np.random.default_rng(0), 4)
    X = ImageSet(pictures, groups=["ann", "bo", "bo", "ann"])
    table = pictures.reshape(4, -1).astype(float)
    distances = np.linalg.norm(table[:, None] - table[None], axis=2)
    nearest = [min(distances[i][[1, 2]] if i in (0, 3) else distances[i][[0, 3]]) for i in range(4)]
    assert_allclose(-ReferenceSimilarity(features=Pixels()).fit_transform(X)[:, 0], nearest)


def test_unknown_patients_warn_once_and_only_where_they_matter(sliced):
    pictures, y, numbers, generated = sliced
    reference = ImageSet(generated)
    for params in ({"reference": None}, {"against": "self"}, {"holdout": "unused", "reduce": "log_ratio"}):
        model = ReferenceSimilarity(**{"reference": reference, "features": Mean(), **params})
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            model.fit(ImageSet(pictures), y).transform(ImageSet(pictures))
        assert len(caught) == 1
        assert "groups=patients" in str(caught[0].message)
    grouped = ReferenceSimilarity(reference, Mean(), reduce="log_ratio", holdout="unused")
    grouped.fit(ImageSet(pictures, groups=numbers), y)
    with pytest.warns(UserWarning, match="same patient"):
        grouped.transform(ImageSet(pictures))
    ReferenceSimilarity(reference, Mean(), reduce=["max", "hits"]).fit(ImageSet(pictures)).transform(ImageSet(pictures))


def test_files_and_arrays_give_the_same_columns(tmp_path):
    pictures, _ = patients(np.random.default_rng(4), 12)
    files = write_images(tmp_path, pictures)
    model = ReferenceSimilarity(ImageSet(pictures[6:]), features=Mean(), reduce=["max", "rank", "hits", "std"])
    expected = model.fit(pictures[:6]).transform(pictures[:6])
    assert_array_equal(model.fit(files[:6]).transform(files[:6]), expected)
    assert_array_equal(clone(model).set_params(reference=files[6:]).fit(pictures[:6]).transform(pictures[:6]), expected)
    assert_array_equal(pickle.loads(pickle.dumps(model)).transform(files[:6]), expected)
