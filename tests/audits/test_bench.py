"""Rules that are asked by position answer as the classifiers of images that they stand for."""

import numpy as np
import pytest
from sklearn import clone
from sklearn.linear_model import LogisticRegression
from sklearn.linear_model import Ridge as SklearnRidge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fingerprint_features import (
    LBP,
    FeaturePipeline,
    PHash,
    ReferenceSimilarity,
    ThresholdClassifier,
    make_membership_task,
    recipes,
)
from fingerprint_features.audits.bench import Cut, Fixed, Learning, Looked, Ridge, set_up
from fingerprint_features.audits.known import Labelled
from fingerprint_features.audits.methods import Method
from fingerprint_features.evaluate.refits import decision_values


@pytest.fixture(scope="module")
def known_and_generated():
    task = make_membership_task(10, 10, 15, memorization=1, image_size=32, random_state=0)
    return Labelled(task.X, task.y, np.arange(20), "patient"), task.reference


def ratio(reference, classifier):
    features = FeaturePipeline([PHash()])
    return make_pipeline(ReferenceSimilarity(reference, features, "hamming", "log_ratio", holdout="unused"), classifier)


MODELS = {
    "cut": (Cut, lambda reference: ratio(reference, ThresholdClassifier(metric="kappa"))),
    "given cut": (Looked, lambda reference: ratio(reference, ThresholdClassifier(0.1))),
    "looked up": (Looked, lambda reference: ratio(reference, LogisticRegression())),
    "rows": (Learning, lambda reference: make_pipeline(FeaturePipeline([LBP()]), LogisticRegression())),
    "recipe": (Cut, lambda reference: recipes.make("calibrated-log-ratio", reference=reference)),
}


@pytest.mark.parametrize("name", MODELS)
def test_a_rule_answers_as_the_classifier_of_images(known_and_generated, name):
    known, generated = known_and_generated
    kind, make = MODELS[name]
    rules, failed = set_up([Method(name, True, False, lambda *sets: make(generated))], known, generated, None)
    assert failed == {}
    assert type(rules[name]) is kind
    order = np.random.default_rng(1).permutation(20)
    learn, asked = order[:14], order[14:]
    rule = clone(rules[name]).fit(learn, known.y[learn])
    model = make(generated).fit(known.images[learn], known.y[learn])
    np.testing.assert_array_equal(rule.predict(asked), model.predict(known.images[asked]))
    np.testing.assert_allclose(rule.decision_function(asked), decision_values(model, known.images[asked]), atol=1e-12)


def test_a_rule_without_labels_is_fitted_once_on_all_images(known_and_generated):
    known, generated = known_and_generated
    method = Method("m", False, False, lambda *sets: recipes.make("vcmi-2023-retrieval", reference=generated))
    rule = set_up([method], known, generated, None)[0]["m"]
    assert type(rule) is Fixed
    expected = recipes.make("vcmi-2023-retrieval", reference=generated).fit(known.images).predict(known.images)
    np.testing.assert_array_equal(clone(rule).fit(np.arange(3), known.y[:3]).predict(np.arange(20)), expected)


def test_a_method_that_cannot_be_fitted_is_named_with_its_reason(known_and_generated):
    known, generated = known_and_generated
    bad = Method("bad", True, False, lambda *sets: ratio(generated, ThresholdClassifier(metric="accuracy")))
    rules, failed = set_up([bad], known, generated, None)
    assert rules == {}
    assert "metric" in failed["bad"]


def test_ridge_equals_that_of_scikit_learn():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(40, 60)) * rng.uniform(0.1, 9, 60) + 5
    rows[:, 7] = 3.0  # a constant column
    y, learn, asked = np.repeat([0, 1], 20), np.arange(0, 40, 2), np.arange(1, 40, 2)
    model = make_pipeline(StandardScaler(), SklearnRidge(10.0)).fit(rows[learn], y[learn])
    expected = model.predict(rows[asked]) - y[learn].mean()
    np.testing.assert_allclose(Ridge(rows).fit(learn, y[learn]).decision_function(asked), expected, atol=1e-10)
