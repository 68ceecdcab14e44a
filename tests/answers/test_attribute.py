"""attribute: the accuracy across domains counts, exact copies answer, and sets that overlap are refused."""

from functools import partial

import numpy as np
import pytest

import fingerprint_features
from fingerprint_features import ImageSet, make_attribution_task, recipes
from fingerprint_features.answers import ArgumentError
from tests.answers.sets import nameless
from tests.helpers import write_images

attribute = partial(fingerprint_features.attribute, n_permutations=19)


@pytest.fixture(scope="module")
def task():
    return make_attribution_task(2, 12, 12, memorization=1, shift=6, image_size=48, random_state=0)


def test_it_learns_from_generated_images_where_there_are_some(task):
    half = np.arange(len(task.X)) % 2 == 0
    found = attribute(task.X[~half], labelled_generated=task.X[half], labelled_y=task.y[half])
    model = recipes.make("textures-svm").fit(task.X[half], task.y[half])
    assert found.subsets.tolist() == model.predict(task.X[~half]).tolist()
    assert set(found.nearest) <= set(task.X[half].ids)


def test_real_images_of_unknown_patients_give_no_score_and_a_guess(task):
    real = ImageSet(list(task.reference), [f"p{i // 4}_s{i % 4}" for i in range(len(task.reference))])
    found = attribute(task.X, real=real, real_y=task.reference_y)
    assert (found.verdict, found.assessment.trials) == ("not judged", ())
    assert "24 images look like 6 patients" in found.assessment.why
    assert len(found.subsets) == len(task.X)
    with_patients = attribute(task.X, real=real, real_y=task.reference_y, patients="none")
    assert len(with_patients.assessment.trials) == 1
    (finding,) = with_patients.findings
    assert finding.kind == "patients"
    assert "24 images look like 6 patients" in finding.text


def test_labelled_generated_images_measure_what_counts(task):
    half = np.arange(len(task.X)) % 2 == 0
    known = {"labelled_generated": task.X[half], "labelled_y": task.y[half]}
    about = recipes.info("textures-svm")
    assert "generated" in about.trained_on  # so it learns from these, and there is one trial
    found = attribute(task.X[~half], real=task.reference, real_y=task.reference_y, **known)
    (trial,) = found.assessment.trials
    assert "labelled generated" in trial.how
    np.testing.assert_array_equal(trial.y, task.y[half])


def test_a_copy_of_a_real_image_has_its_subset(task):
    i = int(np.flatnonzero(task.reference_y == 2)[0])
    mixed = ImageSet([*task.X[task.y == 1], task.reference[i]])
    found = attribute(mixed, real=task.reference, real_y=task.reference_y)
    assert found.subsets[-1] == 2
    assert found.notes[-1] == f"exact copy of {task.reference.ids[i]}"
    assert (found.nearest[-1], found.distances[-1]) == (task.reference.ids[i], 0)


def test_a_flat_image_is_no_copy_of_another(task):
    black = np.zeros_like(task.X[0])
    real, y = ImageSet([*task.reference, black, black]), [*task.reference_y, 1, 1]
    found = attribute([*task.X[:4], black], real=real, real_y=y, patients="none")
    assert set(found.notes) == {""}


def test_the_table_keeps_a_row_for_an_image_that_cannot_be_used(task, tmp_path):
    paths = write_images(tmp_path, task.X[:4])
    (tmp_path / "image1.png").write_bytes(b"")
    found = attribute(paths, real=task.reference, real_y=task.reference_y, on_error="nan")
    assert [subset is None for subset in found.subsets] == [False, True, False, False]
    assert list(found.frame()) == ["id", "subset", "nearest", "distance", "note"]
    assert found.frame()["id"].tolist() == paths


@pytest.mark.parametrize(
    ("more", "error", "words"),
    [
        ({}, ArgumentError, "give real= or labelled_generated="),
        ({"real": True}, ArgumentError, "real= and real_y= go together"),
        ({"real": True, "real_y": [1, 2]}, ArgumentError, r"real_y= must have one subset for each of 24 images"),
        ({"real": True, "real_y": [1] * 24}, ArgumentError, "real= needs images of two subsets or more. Got only 1"),
        ({"real": True, "real_y": [1, 2] * 12, "recipe": "vcmi-2023-ranking"}, ArgumentError, "choose one of"),
    ],
)
def test_arguments_that_do_not_fit_are_named(task, more, error, words):
    more = {name: task.reference if value is True else value for name, value in more.items()}
    with pytest.raises(error, match=words):
        attribute(task.X, **more)


def test_labelled_sets_share_no_image(task):
    both = {"real": task.reference, "real_y": task.reference_y}
    generated = ImageSet([*task.X[:6], task.reference[0]])
    with pytest.raises(ValueError, match="labelled_generated= and real= share 1 of 7"):
        attribute(task.X[6:], **both, labelled_generated=generated, labelled_y=[1, 2] * 3 + [1])
    twice = nameless(ImageSet.join([task.reference, task.reference[:1]]))
    with pytest.raises(ValueError, match="real= holds one image under two labels"):
        attribute(task.X, real=twice, real_y=[*task.reference_y, 9])
