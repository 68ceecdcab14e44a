"""TableFront: scikit-learn's checks run on an image extractor in full, and can fail."""

import numpy as np
import pandas as pd
import pytest
from sklearn.exceptions import NotFittedError
from sklearn.utils.estimator_checks import check_estimator

from fingerprint_features import Pixels
from fingerprint_features.testing import TableFront
from tests.testing.broken import BROKEN
from tests.testing.good import Bands, Learner


def results(extractor):
    """Return scikit-learn's results for an extractor behind the front, by status."""
    found = check_estimator(TableFront(extractor), on_skip=None, on_fail=None)
    return {s: {r["check_name"] for r in found if r["status"] == s} for s in ("passed", "failed", "skipped")}


@pytest.mark.parametrize("extractor", [Bands(n=3), Learner(n=1)])
def test_more_than_forty_checks_run_and_pass(extractor):
    found = results(extractor)
    assert found["failed"] == set()
    assert found["skipped"] <= {"check_array_api_input"}
    assert len(found["passed"]) >= 40


@pytest.mark.parametrize(
    ("broken", "check"),
    [
        ("an_image_alone_has_its_row_in_a_batch", "check_methods_subset_invariance"),
        ("permuted_images_give_permuted_rows", "check_methods_sample_order_invariance"),
        ("a_pickle_gives_the_same_rows", "check_estimators_pickle"),
    ],
)
def test_scikit_learns_checks_can_fail_behind_the_front(broken, check):
    assert check in results(BROKEN[broken])["failed"]


def test_a_row_becomes_an_image_of_one_row():
    table = np.array([[-10.0, 0.0, 10.0], [99.0, -99.0, 5.0]])
    front = TableFront(Pixels()).fit(table)
    np.testing.assert_allclose(front.transform(table), [[0, 127.5, 255], [255, 0, 191.25]])
    assert front.extractor_.image_shape_ == (1, 3)
    np.testing.assert_allclose(TableFront(Pixels(), value_range=(0, 1)).fit_transform([[0.2]]), [[51]])


def test_the_users_extractor_is_not_fitted():
    extractor = Pixels()
    TableFront(extractor).fit(np.zeros((2, 3)))
    assert vars(extractor) == {"size": None}


def test_wrong_tables_and_names_are_refused():
    front = TableFront(Bands())
    with pytest.raises(NotFittedError):
        front.transform(np.zeros((2, 3)))
    with pytest.raises(ValueError, match="Found array with dim 3"):
        front.fit(np.zeros((2, 3, 3)))
    front.fit(np.zeros((2, 2)))
    with pytest.raises(ValueError, match="X has 3 features, but TableFront is expecting 2"):
        front.transform(np.zeros((2, 3)))
    with pytest.raises(ValueError, match="input_features should have length equal to 2"):
        front.get_feature_names_out(["a"])
    front.fit(pd.DataFrame({"a": [1.0, 2.0], "b": [3.0, 4.0]}))
    with pytest.raises(ValueError, match="input_features is not equal to feature_names_in_"):
        front.get_feature_names_out(["a", "c"])
    assert list(front.get_feature_names_out(["a", "b"])) == list(Bands().get_feature_names_out())
