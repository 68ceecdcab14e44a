"""independent_groups, independent_folds: what belongs together stays together."""

import numpy as np
import pandas as pd
import pytest
from sklearn.model_selection import cross_val_predict
from sklearn.svm import SVC

from fingerprint_features.evaluate import independent_folds, independent_groups


def test_groups_are_the_closure_of_sharing_a_patient_or_a_content():
    rng = np.random.default_rng(0)
    for n_images in (1, 7, 60):
        patients, contents = rng.integers(0, n_images, n_images), rng.integers(0, 2 * n_images, n_images)
        linked = (patients[:, None] == patients) | (contents[:, None] == contents)
        for _ in range(7):  # chains of up to 2 ** 7 images
            linked = (linked.astype(int) @ linked) > 0
        labels = independent_groups([f"p{i}" for i in patients], [bytes([i]) for i in contents])
        np.testing.assert_array_equal(labels[:, None] == labels, linked)


def test_groups_are_numbered_in_order_of_appearance():
    labels = independent_groups(pd.Series(["z", "a", "z", "b"], index=[9, 8, 7, 6]), None)
    assert labels.tolist() == [0, 1, 0, 2]
    assert labels.dtype == np.intp


def test_a_zero_byte_at_the_end_of_a_digest_counts():
    # a numpy bytes array would drop it
    digests = np.array([b"a\0", b"a"], dtype=object)
    assert independent_groups(None, digests).tolist() == [0, 1]


@pytest.mark.parametrize(
    ("groups", "digests", "message"),
    [
        (None, None, "both None"),
        (["a"], [b"1", b"2"], "lengths differ: groups has 1, digests has 2"),
        (["a", None], None, r"groups\[1\] is missing"),
        (["a", float("nan")], [b"1", b"2"], r"groups\[1\] is missing"),
        (None, [b"1", None], r"digests\[1\] is missing"),
    ],
)
def test_groups_that_cannot_be_formed_are_refused(groups, digests, message):
    with pytest.raises(ValueError, match=message):
        independent_groups(groups, digests)


@pytest.mark.parametrize("mixed", [False, True])
def test_folds_keep_groups_whole_and_hold_every_class(mixed):
    rng = np.random.default_rng(1)
    for seed in range(20):
        groups = np.repeat(np.arange(14), rng.integers(1, 12, 14))
        y = rng.integers(0, 2, len(groups)) if mixed else (groups < 4).astype(int)
        folds = independent_folds(y, groups, random_state=seed)
        assert sorted(np.concatenate([test for _, test in folds])) == list(range(len(y)))
        for train, test in folds:
            assert not set(groups[train]) & set(groups[test])
            assert set(y[train]) == {0, 1}
            assert len(train) + len(test) == len(y)


def test_each_fold_has_its_share_of_the_groups_of_each_class():
    groups = np.repeat(np.arange(10), [10, 10, *[1] * 8])
    y = (groups < 2).astype(int)
    folds = independent_folds(y, groups)
    assert len(folds) == 2  # two used patients
    for _, test in folds:
        assert len(set(groups[test][y[test] == 1])) == 1
        assert len(set(groups[test][y[test] == 0])) == 4


def test_folds_serve_scikit_learn_and_follow_the_seed():
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(40, 3)), np.repeat(["t1", "t2", "t3", "t4"], 10)
    assert cross_val_predict(SVC(), X, y, cv=independent_folds(y)).shape == (40,)
    tests = [[test.tolist() for _, test in independent_folds(y, random_state=seed)] for seed in (0, 0, 1)]
    assert tests[0] == tests[1] != tests[2]


@pytest.mark.parametrize(
    ("y", "groups", "message"),
    [
        ([1, 1, 0, 0], ["a", "a", "b", "c"], "two or more groups of each class.*2 of class 0, 1 of class 1"),
        ([1, 1], None, "Got 2 of class 1"),
        ([1, 0], ["a"], "2 labels but 1 groups"),
    ],
)
def test_too_few_groups_are_named(y, groups, message):
    with pytest.raises(ValueError, match=message):
        independent_folds(y, groups)


def test_one_fold_is_refused():
    with pytest.raises(ValueError, match="'n_splits' parameter of independent_folds must be an int >= 2"):
        independent_folds([1, 0, 1, 0], n_splits=1)
