"""What holds for each recipe without networks: it fits, predicts, can be cloned, and asks for what it says it needs."""

import pickle
import warnings
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone

from fingerprint_features import ImageSet, recipes
from tests.recipes.sets import classical, fit_on, make_on, small_task

NAMES = classical()
LABELLED = [name for name in NAMES if recipes.info(name).needs_labels]
UNLABELLED = [name for name in NAMES if not recipes.info(name).needs_labels]


@pytest.fixture(scope="module")
def task():
    return small_task(random_state=4)


@pytest.fixture(scope="module")
def fitted(task):
    """Return a function from name to the recipe fitted on the task, each fitted once."""
    known = {}

    def get(name):
        if name not in known:
            known[name] = fit_on(name, task)
        return known[name]

    return get


def scores(model, X):
    if hasattr(model, "decision_function"):
        return model.decision_function(X)
    return model.predict_proba(X)[:, 1]


@pytest.mark.parametrize("name", NAMES)
def test_answers_are_used_or_unused(name, task, fitted):
    answers = fitted(name).predict(task.X)
    assert answers.shape == (len(task.X),)
    assert set(answers) <= {0, 1}
    assert_array_equal(fitted(name).classes_, [0, 1])


@pytest.mark.parametrize("name", NAMES)
def test_scores_lie_on_the_side_of_the_answer(name, task, fitted):
    model = fitted(name)
    column = np.asarray(scores(model, task.X))
    assert np.isfinite(column).all()
    cut = 0 if hasattr(model, "decision_function") else 0.5
    assert_array_equal(model.predict(task.X), column > cut)


@pytest.mark.parametrize("name", NAMES)
def test_an_image_alone_has_the_answer_it_has_in_any_batch(name, task, fitted):
    model = fitted(name)
    whole = scores(model, task.X)
    for some in ([7], [31, 2, 18]):
        np.testing.assert_allclose(scores(model, task.X[some]), whole[some], rtol=1e-9, atol=1e-9)
        assert_array_equal(model.predict(task.X[some]), model.predict(task.X)[some])


@pytest.mark.parametrize("name", NAMES)
def test_permuting_the_images_permutes_the_answers(name, task, fitted):
    rng = np.random.default_rng(1)
    order, other_order = rng.permutation(len(task.X)), rng.permutation(len(task.reference))
    turned = SimpleNamespace(X=task.X, y=task.y, reference=task.reference[other_order], pool=task.pool[::-1])
    shuffled = fit_on(name, turned, rows=order)
    assert_array_equal(shuffled.predict(task.X[order]), fitted(name).predict(task.X)[order])


@pytest.mark.parametrize("name", NAMES)
def test_a_clone_gives_the_same_answers(name, task, fitted):
    model = clone(fitted(name))
    y = task.y if recipes.info(name).needs_labels else None
    assert_array_equal(model.fit(task.X, y).predict(task.X), fitted(name).predict(task.X))


@pytest.mark.parametrize("name", NAMES)
def test_a_fitted_recipe_travels_to_another_process(name, task, fitted):
    model = pickle.loads(pickle.dumps(fitted(name)))
    assert_array_equal(model.predict(task.X), fitted(name).predict(task.X))


@pytest.mark.parametrize("name", UNLABELLED)
def test_what_needs_no_labels_makes_no_use_of_them(name, task, fitted):
    labelled = make_on(name, task).fit(task.X, task.y)
    assert_array_equal(labelled.predict(task.X), fitted(name).predict(task.X))


@pytest.mark.parametrize("name", LABELLED)
def test_what_needs_labels_asks_for_them(name, task):
    with pytest.raises((ValueError, TypeError), match=r"\by\b"):
        make_on(name, task).fit(task.X)


@pytest.mark.parametrize("name", UNLABELLED)
def test_only_the_transductive_learn_from_the_images_they_judge(name, task, fitted):
    elsewhere = fit_on(name, task, rows=slice(0, 12))
    same = np.allclose(scores(elsewhere, task.X[12:]), scores(fitted(name), task.X[12:]))
    assert same != recipes.info(name).transductive


@pytest.mark.parametrize("name", NAMES)
def test_images_may_be_arrays_or_files(name, task, fitted, tmp_path):
    task.to_folder(tmp_path)
    # a file's digest is not that of its array, and draws other pairs
    every_pair = {"n_pairs": None} if "n_pairs" in recipes.info(name).overrides else {}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*does not know which images show the same patient")
        used, unused = (ImageSet.from_folder(tmp_path / f"real_{kind}used") for kind in ("", "not_"))
        y = np.repeat([1, 0], [len(used), len(unused)])
        model = make_on(name, task, **every_pair).fit(ImageSet.join([used, unused]), y)
        expected = make_on(name, task, **every_pair).fit(np.stack([*used, *unused]), y)
    assert_array_equal(model.predict(used), expected.predict(np.stack(list(used))))


@pytest.mark.parametrize("name", NAMES)
def test_a_cache_changes_no_answer(name, task, fitted, tmp_path):
    for _ in range(2):
        assert_array_equal(fit_on(name, task, cache=tmp_path / "rows").predict(task.X), fitted(name).predict(task.X))


WARNING = {"vcmi-2023-clustering", "calibrated-log-ratio"}  # compare X with other reals, where a patient's own decide


@pytest.mark.parametrize("name", NAMES)
def test_unknown_patients_are_warned_of_once_and_only_where_they_decide(name, task):
    y = task.y if recipes.info(name).needs_labels else None
    images = np.stack(list(task.X))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        make_on(name, task).fit(images, y).predict(images)
    assert len(caught) == (name in WARNING)
    assert all("same patient" in str(warning.message) for warning in caught)


@pytest.mark.parametrize("name", ["zoq-2025-pixels-ssim", "zoq-2025-pixels-jaccard"])
def test_a_fixed_number_of_deviations_needs_no_labels(name, task):
    model = make_on(name, task, threshold=2.0).fit(task.X)
    assert_array_equal(model.predict(task.X), model[:-1].transform(task.X)[:, 0] > 2.0)


def test_clusters_may_be_cut_by_labels(task):
    model = make_on("challengers-2025-lbp-kmeans", task, threshold="auto")
    with pytest.raises(ValueError, match="labels"):
        model.fit(task.X)
    assert model.fit(task.X, task.y)[-1].score_ > 0


# the null of one knows the images of fit; the others keep what fit found
KEEPS = ("vcmi-2023-clustering", "whitened-details", "details-and-hashes")
ANEW = [name for name in UNLABELLED if name not in KEEPS]


@pytest.mark.parametrize("name", [*ANEW, "zoq-2025-pixels-ssim", "zoq-2025-pixels-jaccard"])
def test_another_generators_images_take_the_place_of_those_of_fit(name, task):
    threshold = {"threshold": 2.0} if name.startswith("zoq") else {}
    model = make_on(name, task, **threshold).fit(task.X)
    before = scores(model, task.X)
    other = task.reference[::2]
    expected = make_on(name, SimpleNamespace(X=task.X, reference=other, pool=task.pool), **threshold).fit(task.X)
    moved = recipes.with_reference(model, other)
    np.testing.assert_allclose(scores(moved, task.X), scores(expected, task.X), rtol=1e-9)
    assert_array_equal(scores(model, task.X), before)
    assert not np.allclose(scores(moved, task.X), before)


@pytest.mark.parametrize("name", [name for name in LABELLED if name != "dmk-2023-sift-knn"])
def test_what_was_learnt_from_labels_stays_with_another_generators_images(name, task, fitted):
    model = fitted(name)
    before = scores(model, task.X)
    moved = recipes.with_reference(model, task.reference[:9])
    assert set(moved.predict(task.X)) <= {0, 1}
    assert not np.array_equal(scores(moved, task.X), before)
    assert_array_equal(scores(model, task.X), before)
    back = recipes.with_reference(moved, task.reference)
    np.testing.assert_allclose(scores(back, task.X), before)


def test_words_of_the_old_images_cannot_be_carried_over(task, fitted):
    with pytest.raises(ValueError, match="has columns that belong to the estimator learnt on the reference of fit"):
        recipes.with_reference(fitted("dmk-2023-sift-knn"), task.reference[:9])


def test_a_reference_changed_after_fit_is_not_ignored(task):
    model = make_on("zoq-2025-pixels-ssim", task).fit(task.X, task.y)
    model.set_params(filteredssim__reference=task.reference[:5])
    with pytest.raises(ValueError, match="FilteredSSIM was fitted with another reference"):
        model.predict(task.X)
