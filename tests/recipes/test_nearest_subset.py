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


@pytest.mark.parametrize(("estimator", "check"), list(estimator_checks_generator(NearestSubset())))
def test_scikit_learns_contract(estimator, check):
    check(estimator)
