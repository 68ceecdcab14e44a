"""Nearest subsets, by cosines computed another way; scikit-learn's own checks."""

import numpy as np
import pytest
from scipy.spatial.distance import cosine
from sklearn.utils.estimator_checks import estimator_checks_generator

from fingerprint_features.recipes.nearest_subset import NearestSubset


def test_the_mean_of_all_cosines_decides():
    rng = np.random.default_rng(0)
    known, y, asked = rng.normal(size=(30, 4)) + 1, np.repeat(list("abc"), 10), rng.normal(size=(20, 4))
    means = [[np.mean([1 - cosine(x, row) for row in known[y == name]]) for name in "abc"] for x in asked]
    model = NearestSubset().fit(known, y)
    np.testing.assert_allclose(model.similarity(asked), means)
    assert model.predict(asked).tolist() == ["abc"[np.argmax(row)] for row in means]
    assert model.predict(100 * asked).tolist() == model.predict(asked).tolist()


def test_or_the_mean_of_all_distances():
    known, y = [[0.0], [10.0], [4.0], [6.5]], ["wide", "wide", "near", "near"]
    model = NearestSubset("euclidean").fit(known, y)
    np.testing.assert_allclose(model.similarity([[5.0], [0.0]]), [[-1.25, -5.0], [-5.25, -5.0]])
    assert model.predict([[5.0], [0.0]]).tolist() == ["near", "wide"]
    with pytest.raises(ValueError, match="'metric' parameter of NearestSubset"):
        NearestSubset("mse").fit(known, y)


BOTH = [check for metric in ("cosine", "euclidean") for check in estimator_checks_generator(NearestSubset(metric))]


@pytest.mark.parametrize(("estimator", "check"), BOTH)
def test_scikit_learns_contract(estimator, check):
    check(estimator)
