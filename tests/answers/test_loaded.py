"""Recipes that have learnt before: they answer without learning again, and are not judged on what they know."""

from functools import partial

import numpy as np
import pytest

import fingerprint_features
from fingerprint_features import ImageSet, make_attribution_task, recipes
from fingerprint_features.answers import ArgumentError
from fingerprint_features.recipes import FittedRecipe
from tests.answers.sets import halves, membership

detect, attribute = (
    partial(function, n_permutations=19) for function in (fingerprint_features.detect, fingerprint_features.attribute)
)


@pytest.fixture(scope="module")
def task():
    return membership()


def fitted(name, images, y, **sets):
    """Return a recipe that has learnt from images."""
    model = recipes.make(name, **sets).fit(images, y)
    return FittedRecipe(name, model, tuple(digest.hex() for digest in images.digests))


@pytest.fixture(scope="module")
def learnt(task):
    used, unused, *_ = halves(task)
    known, y = ImageSet.join([used, unused]), np.repeat([1, 0], [len(used), len(unused)])
    return fitted("calibrated-log-ratio", known, y, reference=task.reference)


@pytest.fixture(scope="module")
def subsets():
    return make_attribution_task(2, 10, 18, memorization=1, shift=6, image_size=32, random_state=0)


def test_the_answers_are_those_of_the_recipe_that_has_learnt(task, learnt):
    candidates = halves(task)[2]
    found = detect(candidates, task.reference, fitted=learnt)
    np.testing.assert_array_equal(found.scores, learnt.model.decision_function(candidates))
    assert (found.recipe, found.verdict) == ("calibrated-log-ratio", "not judged")
    assert found.fitted is learnt


def test_the_images_of_another_generator_are_compared_with(task, learnt):
    candidates = halves(task)[2]
    found = detect(candidates, task.reference[:20], fitted=learnt)
    moved = recipes.with_reference(learnt.model, task.reference[:20])
    np.testing.assert_array_equal(found.scores, moved.decision_function(candidates))


def test_it_is_judged_on_other_images_only(task, learnt):
    used, unused, candidates, y = halves(task)
    found = detect(candidates, task.reference, fitted=learnt, used=candidates[y == 1], unused=candidates[y == 0])
    (trial,) = found.assessment.trials
    assert trial.how == "asked about images that it has not learnt from, by patient"
    assert found.assessment.blind is not None
    with pytest.raises(ArgumentError, match=r"fitted= has learnt from 9 of 9 images of used="):
        detect(candidates, task.reference, fitted=learnt, used=used[:9], unused=unused[:9])


def test_the_fitted_recipe_of_a_call_names_no_cache_of_that_call(task, tmp_path):
    for cache in (None, tmp_path / "rows"):
        found = detect(task.X[:4], task.reference, recipe="dmk-2023-phash", cache=cache)
        assert found.fitted.model[0].features.cache == cache
        assert found.fitted.model.predict(task.X[:4]).tolist() == found.used.tolist()  # and warns of nothing


@pytest.mark.parametrize(
    "needless",
    [{"recipe": "dmk-2023-phash"}, {"preset": "fast"}, {"holdout": True}, {"pool": True}, {"threshold": 0.0}],
)
def test_what_only_learning_has_a_use_for_is_refused(needless, task, learnt):
    (name,) = needless
    given = {name: task.reference[:3] if value is True else value for name, value in needless.items()}
    with pytest.raises(ArgumentError, match=f"fitted= has learnt already: leave out {name}="):
        detect(task.X, task.reference, fitted=learnt, **given)


def test_a_recipe_that_answers_the_other_question_is_refused(task, learnt):
    with pytest.raises(ArgumentError, match="recipe='calibrated-log-ratio' detects"):
        attribute(task.reference, fitted=learnt)


def test_a_recipe_of_joint_clusters_cannot_be_asked_about_another_generator(task):
    model = recipes.make("clef-cse-2023-clusters", reference=task.reference, backbone="efficientnet_lite0").fit(task.X)
    compared = tuple(digest.hex() for digest in task.reference.digests)
    learnt = FittedRecipe("clef-cse-2023-clusters", model, reference=compared)
    assert detect(task.X, task.reference[::-1], fitted=learnt).used.tolist() == model.predict(task.X).tolist()
    with pytest.raises(ArgumentError, match="this recipe cannot be asked about another generator"):
        detect(task.X, task.reference[:9], fitted=learnt)


def test_subsets_without_any_labelled_image(subsets):
    half = np.arange(len(subsets.X)) % 2 == 0
    learnt = fitted("textures-svm", subsets.X[~half], subsets.y[~half])
    found = attribute(subsets.X[half], fitted=learnt)
    assert found.subsets.tolist() == learnt.model.predict(subsets.X[half]).tolist()
    assert (found.verdict, set(found.nearest), set(found.notes)) == ("not judged", {""}, {""})
    known = {"labelled_generated": subsets.X[half][4:], "labelled_y": subsets.y[half][4:]}
    judged = attribute(subsets.X[half][:4], fitted=learnt, **known)
    assert judged.assessment.trials[0].how == "asked about generated images that it has not learnt from"
    known = {"labelled_generated": subsets.X[~half], "labelled_y": subsets.y[~half]}
    with pytest.raises(ArgumentError, match="fitted= has learnt from 18 of 18 images of labelled_generated="):
        attribute(subsets.X[half], fitted=learnt, **known)


def test_real_images_are_looked_through_for_copies(subsets):
    learnt = fitted("textures-svm", subsets.reference, subsets.reference_y)
    mixed = ImageSet([subsets.reference[3], *subsets.X[:5]])
    found = attribute(mixed, fitted=learnt, real=subsets.reference, real_y=subsets.reference_y)
    assert found.subsets[0] == subsets.reference_y[3]
    assert found.notes[0].startswith("exact copy of")
