"""Recipes that train a network: judged on images held out once, fitted once more for the answers, from both domains."""

from functools import partial

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin

import fingerprint_features
from fingerprint_features import ImageSet, make_attribution_task, recipes
from fingerprint_features.answers import ArgumentError
from fingerprint_features.recipes import registry
from tests.answers.sets import halves, membership

detect, attribute = (
    partial(function, n_permutations=19) for function in (fingerprint_features.detect, fingerprint_features.attribute)
)
FITS = []  # what each fit was given


class Learner(ClassifierMixin, BaseEstimator):
    """Stands for a network: answers with the label of the image of nearest mean, and writes down what it is given."""

    def __init__(self, reference=None, reference_y=None, unlabelled=None, epochs=9):
        self.reference = reference
        self.reference_y = reference_y
        self.unlabelled = unlabelled
        self.epochs = epochs

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.means_, self.y_ = self._means(X), np.asarray(y)
        FITS.append(self)
        self.seen_ = X
        return self

    def predict(self, X):
        return self.y_[np.abs(self._means(X)[:, None] - self.means_).argmin(axis=1)]

    def _means(self, images):
        return np.array([image.mean() for image in images])


@pytest.fixture(autouse=True)
def fits(monkeypatch):
    """Declare the recipes; return the list of what was fitted."""
    monkeypatch.setattr(registry, "_RECIPES", dict(registry._recipes()))
    facts = {"team": "T", "needs_labels": True, "fast": {"epochs": 2}}
    detects = {"subtask": 1, "metric": "kappa", "trained_on": "labelled real images"} | facts
    attributes = {"subtask": 2, "metric": "accuracy", "trained_on": "pairs of real and generated images"} | facts

    @recipes.recipe("net-detect", **detects)
    def on_reals(reference, cache, unlabelled=None, *, epochs=9, device="cpu", random_state=0):
        return Learner(reference, None, unlabelled, epochs)

    @recipes.recipe("net-pairs", **attributes)
    def on_pairs(reference, reference_y, cache, *, epochs=9, device="cpu", random_state=0):
        return Learner(reference, reference_y, None, epochs)

    @recipes.recipe("net-six", **{**attributes, "fit_on": ("generated",)})
    def on_generated(cache, reference=None, unlabelled=None, *, epochs=9, device="cpu", random_state=0):
        return Learner(reference, None, unlabelled, epochs)

    @recipes.recipe("net-real", **attributes)
    def on_subsets(cache, *, epochs=9, device="cpu", random_state=0):
        return Learner(epochs=epochs)

    FITS.clear()
    return FITS


@pytest.fixture(scope="module")
def task():
    return membership(slices_per_patient=2)


@pytest.fixture(scope="module")
def subsets():
    return make_attribution_task(2, 12, 18, memorization=1, shift=6, image_size=32, random_state=0)


def content(images):
    return set(images.digests)


def test_a_detector_is_trained_twice_and_judged_on_patients_that_it_has_not_seen(task, fits):
    used, unused, candidates, _ = halves(task)
    found = detect(candidates, task.reference, used=used, unused=unused, recipe="net-detect")
    first, second = sorted(fits, key=lambda one: len(one.seen_))
    known = ImageSet.join([used, unused])
    assert content(second.seen_) == content(known)
    rest = known[np.array([digest not in content(first.seen_) for digest in known.digests])]
    assert not set(rest.groups) & set(first.seen_.groups)
    (trial,) = found.assessment.trials
    patients = len(np.unique(known.groups))
    assert trial.how == f"judged on {len(np.unique(rest.groups))} of {patients} patients, held out"
    assert len(trial.y) == len(rest)
    assert found.assessment.blind is not None
    assert found.used.tolist() == second.predict(candidates).tolist()
    assert found.fitted.model is second
    assert set(found.fitted.learnt_from) == {digest.hex() for digest in known.digests}
    # it may look at the images that it will be asked about, and they are others in the trial
    assert content(first.unlabelled) == content(rest)
    assert content(second.unlabelled) == content(candidates)


def test_the_trial_of_a_detector_is_that_of_the_fixed_rule(task, fits):
    used, unused, candidates, _ = halves(task)
    found = detect(candidates, task.reference, used=used, unused=unused, recipe="net-detect")
    first = min(fits, key=lambda one: len(one.seen_))
    (trial,) = found.assessment.trials
    answers = first.predict(first.unlabelled)
    assert trial.judgement.answers.tolist() == answers.tolist()
    expected = fingerprint_features.membership_scores(trial.y, answers)
    assert trial.judgement.scores["kappa"].value == expected["kappa"].value


def test_the_preset_reaches_the_recipe_and_a_wrong_one_is_refused(task, fits):
    detect(task.X, task.reference, used=task.X[:4], unused=task.X[-4:], recipe="net-detect", preset="fast")
    assert {one.epochs for one in fits} == {2}
    with pytest.raises(ArgumentError, match=r"preset= must be one of 'published', 'fast'\. Got 'slow'"):
        detect(task.X, task.reference, preset="slow")


def test_what_learns_from_generated_images_sees_the_real_ones_too(subsets, fits):
    asked, known = np.arange(36) % 3 == 0, np.arange(36) % 3 != 0
    given = {"labelled_generated": subsets.X[known], "labelled_y": subsets.y[known]}
    found = attribute(
        subsets.X[asked], real=subsets.reference, real_y=subsets.reference_y, recipe="net-six", patients="none", **given
    )
    whole, part = fits
    assert content(whole.seen_) == content(subsets.X[known])
    assert content(whole.reference) == content(part.reference) == content(subsets.reference)
    assert content(whole.unlabelled) == content(subsets.X[asked])
    assert content(part.unlabelled) == content(subsets.X[known]) - content(part.seen_)
    assert found.assessment.trials[0].how == "judged on 8 of 24 labelled generated images, held out"
    attribute(subsets.X[asked], recipe="net-six", **given)
    assert fits[-1].reference is None


def test_pairs_are_learnt_from_both_sides_and_judged_on_generated_images(subsets, fits):
    asked, known = np.arange(36) % 3 == 0, np.arange(36) % 3 != 0
    real = {"real": subsets.reference, "real_y": subsets.reference_y}
    given = {"labelled_generated": subsets.X[known], "labelled_y": subsets.y[known]}
    found = attribute(subsets.X[asked], recipe="net-pairs", **real, **given)
    whole, part = fits
    assert content(whole.seen_) == content(part.seen_) == content(subsets.reference)
    assert content(whole.reference) == content(subsets.X[known])
    assert found.fitted.model is whole
    learnt = content(subsets.reference) | content(subsets.X[known])
    assert set(found.fitted.learnt_from) == {digest.hex() for digest in learnt}
    assert whole.reference_y.tolist() == subsets.y[known].tolist()
    assert content(part.reference) < content(whole.reference)
    assert len(part.reference_y) == len(part.reference) == 16
    (trial,) = found.assessment.trials
    assert trial.how == "judged on 8 of 24 labelled generated images, held out"
    assert len(trial.y) == 8
    for missing in (real, given):
        with pytest.raises(ArgumentError, match=r"net-pairs learns from pairs .*: give real= and labelled_generated="):
            attribute(subsets.X[asked], recipe="net-pairs", **missing)


def test_what_learns_from_real_images_is_trained_once_where_generated_ones_judge_it(subsets, fits):
    real = {"real": subsets.reference, "real_y": subsets.reference_y}
    found = attribute(
        subsets.X[:9], recipe="net-real", labelled_generated=subsets.X[9:], labelled_y=subsets.y[9:], **real
    )
    assert len(fits) == 1
    (trial,) = found.assessment.trials
    assert trial.how == "learnt from the real images and asked about the labelled generated ones"
    found = attribute(subsets.X, recipe="net-real", **real)
    assert len(fits) == 3
    assert found.assessment.trials[0].how == "judged on 8 of 24 patients of the real images, held out"
    assert "This is about real images" in found.assessment.why
