"""Answers and decisions of fitted models: equal to asking twice, with the features of a pipeline made once."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from fingerprint_features.evaluate.refits import answers_and_decisions, decision_values

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(30, 3)), RNG.integers(0, 2, 30)


@pytest.mark.parametrize(
    "model",
    [
        LogisticRegression(),
        make_pipeline(LogisticRegression()),
        make_pipeline(StandardScaler(), GaussianNB()),
        make_pipeline(StandardScaler(), make_pipeline(StandardScaler(), LogisticRegression())),
    ],
)
def test_answers_and_decisions_equal_those_of_two_questions(model):
    model.fit(X, Y)
    answers, decisions = answers_and_decisions(model, X)
    np.testing.assert_array_equal(answers, model.predict(X))
    np.testing.assert_array_equal(decisions, decision_values(model, X))


def test_a_pipeline_makes_its_features_once():
    made = []
    model = make_pipeline(FunctionTransformer(lambda rows: made.append(len(rows)) or rows), LogisticRegression())
    model.fit(X, Y)
    made.clear()
    answers_and_decisions(model, X)
    assert made == [30]
