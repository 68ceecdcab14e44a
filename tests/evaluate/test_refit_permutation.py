"""refit_permutation_test: the spread that learning adds, patients, several rules, early stops."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.dummy import DummyClassifier
from sklearn.metrics import accuracy_score, cohen_kappa_score, roc_auc_score

from fingerprint_features.evaluate import independent_folds, refit_permutation_test


class Centroids(ClassifierMixin, BaseEstimator):
    """Nearest class mean: fast, and it learns."""

    def fit(self, X, y):
        X = np.asarray(X)
        self.classes_ = np.unique(y)
        self.means_ = np.array([X[y == label].mean(axis=0) for label in self.classes_])
        return self

    def decision_function(self, X):
        distances = ((np.asarray(X)[:, None] - self.means_) ** 2).sum(axis=2)
        return distances[:, 0] - distances[:, 1] if len(self.classes_) == 2 else -distances

    def predict(self, X):
        scores = self.decision_function(X)
        return self.classes_[(scores > 0).astype(int) if scores.ndim == 1 else scores.argmax(axis=1)]


def noise(rng, n_groups=20, n_slices=1, width=4):
    """A table without effect, half the groups used, slices of one group alike."""
    groups = np.repeat(np.arange(n_groups), n_slices)
    X = rng.normal(size=(n_groups, width))[groups] + 0.5 * rng.normal(size=(len(groups), width))
    return X, (groups % 2).astype(int), groups


def oracle(model, X, y, folds, score):
    """Cross-validate by hand: AUC weighted by pairs within folds, or a score of all answers."""
    wins, pairs, answers = [], [], np.empty_like(y)
    for train, test in folds:
        model.fit(X[train], y[train])
        answers[test] = model.predict(X[test])
        if score is roc_auc_score:
            wins.append(roc_auc_score(y[test], model.decision_function(X[test])))
            pairs.append((y[test] == 0).sum() * (y[test] == 1).sum())
    return np.average(wins, weights=pairs) if wins else score(y, answers)


@pytest.mark.parametrize(
    ("statistic", "score"), [("auc", roc_auc_score), ("kappa", cohen_kappa_score), ("accuracy", accuracy_score)]
)
def test_the_p_value_is_that_of_a_loop_by_hand(statistic, score):
    X, y, groups = noise(np.random.default_rng(3), n_groups=16, n_slices=2)
    result = refit_permutation_test(
        Centroids(), X, y, groups=groups, statistic=statistic, n_permutations=19, n_splits=4, random_state=5
    )
    rng = np.random.default_rng(5)
    seed, labels = int(rng.integers(2**31)), y[::2]
    shuffles = np.vstack([labels, *(rng.permuted(np.tile(labels, (n, 1)), axis=1) for n in (16, 3))])
    values = [
        oracle(Centroids(), X, truth, independent_folds(truth, groups, n_splits=4, random_state=seed), score)
        for truth in np.repeat(shuffles, 2, axis=1)
    ]
    assert result.values[0] == pytest.approx(values[0])
    as_good = np.array(values[1:]) >= values[0] - 1e-9
    # at 95 %, the first shuffle that does as well ends the test
    expected = 1 / (1 + as_good.argmax()) if as_good.any() else 1 / 20
    assert result.p_values[0] == pytest.approx(expected)


def test_learning_again_holds_the_error_rate():
    # benchmarks.calibration has larger samples, other rules and the rate of fixed answers
    rng = np.random.default_rng(0)
    alarms, n_trials = 0, 60
    for i in range(n_trials):
        X, y, _ = noise(rng)
        alarms += refit_permutation_test(Centroids(), X, y, n_permutations=19, n_splits=2, random_state=i).detected[0]
    assert stats.binom.ppf(0.0005, n_trials, 0.05) <= alarms <= stats.binom.ppf(0.9995, n_trials, 0.05)


def test_an_effect_has_the_smallest_p_value():
    X, y, groups = noise(np.random.default_rng(0), n_slices=3)
    test = refit_permutation_test(Centroids(), X + 5 * y[:, None], y, groups=groups, n_permutations=39)
    assert (test.values[0], test.p_values[0], test.n_permutations) == (1, 1 / 40, 39)
    assert test.conclusion("rule") == "detected (corrected p = 0.025)"


def test_a_rule_that_never_varies_stops_at_once_with_p_one():
    X, y, _ = noise(np.random.default_rng(0))
    test = refit_permutation_test(DummyClassifier(strategy="prior"), X, y)
    assert (test.p_values[0], test.n_permutations) == (1, 16)
    assert test.conclusion("rule") == "not assessed: its answers are the same for all labels"


def test_several_rules_are_corrected_for_being_several():
    X, y, _ = noise(np.random.default_rng(4))
    rules = {"one": Centroids(), "same": Centroids(), "none": DummyClassifier(strategy="prior")}
    both = refit_permutation_test(rules, X, y, n_permutations=39)
    alone = refit_permutation_test(Centroids(), X, y, n_permutations=39)
    assert both.methods == ("one", "same", "none")
    assert both.p_values[0] == both.p_values[1] == alone.p_values[0]
    assert (both.p_corrected >= both.p_values).all()
    with pytest.raises(ValueError, match="holds no rule"):
        refit_permutation_test({}, X, y)


def test_more_threads_and_other_containers_give_the_same():
    X, y, groups = noise(np.random.default_rng(6), n_slices=2)
    first = refit_permutation_test(Centroids(), X, y, groups=groups, n_permutations=39)
    for other, n_jobs in ((pd.DataFrame(X, index=range(7, 47)), 2), (list(X), 1)):
        again = refit_permutation_test(Centroids(), other, y, groups=groups, n_permutations=39, n_jobs=n_jobs)
        assert (again.values, again.p_values, again.n_permutations) == (
            first.values,
            first.p_values,
            first.n_permutations,
        )


def test_subsets_are_judged_by_accuracy():
    rng = np.random.default_rng(0)
    y = np.repeat(["t1", "t2", "t3"], 8)
    X = rng.normal(size=(24, 2)) + 4 * np.repeat(np.eye(3)[:, :2], 8, axis=0)
    test = refit_permutation_test(Centroids(), X, y, statistic="accuracy", n_permutations=39)
    assert test.p_values[0] == 1 / 40
    with pytest.raises(ValueError, match='take statistic="accuracy"'):
        refit_permutation_test(Centroids(), X, y)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"y": [1, 0, 1]}, "lengths differ: X has 8, y has 3"),
        ({"statistic": "f1"}, "statistic"),
        ({"groups": [0, 0, 1, 1, 2, 2, 3, 3]}, "4 groups hold images of several labels"),
        ({"y": [1, 0, 0, 0, 0, 0, 0, 0]}, "two or more groups of each class"),
        ({"n_permutations": 0}, "n_permutations"),
    ],
)
def test_wrong_arguments_say_what_to_do(arguments, message):
    with pytest.raises(ValueError, match=message):
        refit_permutation_test(**{"estimator": Centroids(), "X": np.eye(8), "y": [1, 0] * 4, **arguments})
