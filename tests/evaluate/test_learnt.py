"""cross_validated_scores: values by hand, and intervals that hold what a learnt rule reaches."""

import numpy as np
import pytest
from scipy import stats
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import cohen_kappa_score, precision_score, roc_auc_score

from benchmarks.calibration import LEARNERS, coverage
from fingerprint_features.evaluate import HeldOut, cross_validated_scores
from fingerprint_features.evaluate.auc import PairWins
from fingerprint_features.evaluate.learnt import _halves, _spread, _widening

MEANS = LEARNERS["means"]
FEW = {"n_bootstrap": 50, "n_splits": 2, "n_repeats": 1}


def table(effect=1.0, n=12, slices=1, seed=0):
    rng = np.random.default_rng(seed)
    groups = np.repeat(np.arange(2 * n), slices)
    y = (groups < n).astype(int)
    return rng.normal(size=(len(y), 3)) + effect * y[:, None], y, groups


def test_one_cross_validation_scores_as_by_hand():
    X, y, groups = table(slices=2)
    scores, held_out = cross_validated_scores(MEANS, X, y, groups=groups, **FEW)
    assert scores["kappa"].value == pytest.approx(cohen_kappa_score(y, held_out.answers))
    assert scores["precision"].value == pytest.approx(precision_score(y, held_out.answers))
    areas = [
        roc_auc_score(y[held_out.folds == fold], held_out.decisions[held_out.folds == fold]) for fold in (0, 1)
    ]  # folds of one size
    assert scores["auc"].value == pytest.approx(np.mean(areas))
    for fold in (0, 1):
        train, test = held_out.folds != fold, held_out.folds == fold
        assert not set(groups[train]) & set(groups[test])
        rule = clone(MEANS).fit(X[train], y[train])
        np.testing.assert_array_equal(held_out.answers[test], rule.predict(X[test]))


def test_the_area_counts_pairs_of_one_fold_only():
    rng = np.random.default_rng(0)
    y, codes = rng.integers(0, 2, 30), np.arange(30) // 2
    repeats, wins, met = [], 0.0, 0
    for seed in range(3):
        folds = rng.integers(0, 3, 30)
        decisions = rng.integers(0, 4, 30) + 100.0 * folds  # ties, and a scale of its own in each fold
        repeats.append(HeldOut(y, decisions, folds))
        for fold in range(3):
            here = folds == fold
            pairs = (y[here] == 1).sum() * (y[here] == 0).sum()
            wins += pairs * roc_auc_score(y[here], decisions[here])
            met += pairs
        assert PairWins(y, codes, repeats).value() == pytest.approx(wins / met), seed


def test_intervals_hold_what_a_learnt_rule_reaches():
    # a quick look; python -m benchmarks.calibration has SVM and logistic regression, more tables and more sizes
    n_tables = 15
    _, held, _, _ = coverage("means", 10, 0.0, 1, n_tables)
    assert held.min() >= stats.binom.ppf(0.0005, n_tables, 0.95) / n_tables


def test_halves_give_the_variance_at_full_size():
    # Var(a - b) = 2 Var(half) = 4 Var(whole)
    halves = [{"auc": value} for value in (0.2, 0.6, 0.5, 0.5)]
    assert _spread(halves) == {"auc": pytest.approx((0.4**2 + 0) / 2 / 4)}


def test_learning_widens_by_a_factor_between_one_and_the_root_of_two():
    assert _widening(1.5, 1.0) == pytest.approx(np.sqrt(1.5))
    assert _widening(0.5, 1.0) == _widening(0.5, 0.0) == 1
    assert _widening(9.0, 1.0) == _widening(np.inf, 1.0) == pytest.approx(np.sqrt(2))


def test_halves_keep_groups_whole_and_are_not_made_of_few():
    _, y, groups = table(n=7, slices=3)
    halves = _halves(y, groups, np.random.default_rng(0))
    assert len(halves) == 40
    for first, second in zip(halves[::2], halves[1::2], strict=True):
        assert not set(groups[first]) & set(groups[second])
        assert len(first) + len(second) == len(y)
    assert _halves(y[3:], groups[3:], np.random.default_rng(0)) != []
    assert _halves(y[6:], groups[6:], np.random.default_rng(0)) == []


def test_three_patients_a_class_are_enough_for_an_answer_and_two_folds():
    X, y, groups = table(n=3, slices=4)
    scores, held_out = cross_validated_scores(MEANS, X, y, groups=groups, n_repeats=2)
    assert scores.n_groups == 6
    assert scores["auc"].low < 0.5
    assert set(held_out.folds) == {0, 1, 2}


def test_subsets_have_the_scores_of_attribution():
    rng = np.random.default_rng(0)
    y = np.repeat(["t1", "t2", "t3"], 8)
    X = rng.normal(size=(24, 3)) + 3 * np.repeat(np.eye(3), 8, axis=0)
    scores, held_out = cross_validated_scores(LogisticRegression(), X, y, **FEW)
    assert scores["accuracy"].value == pytest.approx(np.mean(held_out.answers == y))
    assert set(scores.scores) == {"accuracy", "precision", "recall", "f1", "specificity"}
    assert held_out.decisions is None


def test_threads_change_nothing():
    X, y, _ = table()
    first, again = (cross_validated_scores(MEANS, X, y, n_jobs=n, **FEW)[0] for n in (1, 2))
    assert first == again


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"n_repeats": 0}, "n_repeats"), ({"confidence": 1.0}, "confidence"), ({"y": [1] * 24}, "two or more groups")],
)
def test_wrong_arguments(arguments, message):
    X, y, _ = table()
    with pytest.raises(ValueError, match=message):
        cross_validated_scores(**{"estimator": MEANS, "X": X, "y": y, **arguments})
