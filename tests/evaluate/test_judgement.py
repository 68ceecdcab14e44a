"""judge_learnt, judge_fixed: numbers, verdicts and sentences."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score, cohen_kappa_score

from fingerprint_features.evaluate import attribution_scores, judge_fixed, judge_learnt, membership_scores


def effect(size, n=15, seed=0):
    rng = np.random.default_rng(seed)
    y = np.repeat([1, 0], n)
    return rng.normal(size=(2 * n, 2)) + size * y[:, None], y


def test_a_clear_effect_is_better_than_chance():
    X, y = effect(3.0)
    judgement = judge_learnt(LogisticRegression(), X, y, n_permutations=39, n_repeats=2)
    assert judgement.verdict == "better than chance"
    assert judgement.conclusion.startswith("The answers are better than chance (auc ")
    assert judgement.p_value == 1 / 40
    assert judgement.of_count(3, 4) == f"3 of 4 candidates are called used. {judgement.conclusion}"
    assert "kappa" in str(judgement)
    assert str(judgement).endswith(judgement.conclusion)
    assert np.mean(judgement.answers == y) > 0.9
    assert judgement.decisions.shape == (30,)


def test_a_count_from_a_rule_without_effect_says_so():
    X, y = effect(0.0)
    judgement = judge_learnt(LogisticRegression(), X, y, n_permutations=39, n_repeats=2)
    assert judgement.verdict == "cannot be told from chance"
    assert judgement.of_count(88, 108).startswith(
        "88 of 108 candidates are called used. This says nothing about them. "
        "The answers cannot be told from chance (auc 0."
    )


def test_patients_whose_size_goes_with_the_label_cannot_be_judged():
    groups = np.repeat(np.arange(10), [10, 10, *[1] * 8])
    X, y = np.random.default_rng(0).normal(size=(28, 2)), (groups < 2).astype(int)
    judgement = judge_learnt(LogisticRegression(), X, y, groups=groups, n_permutations=19, n_repeats=2)
    assert judgement.verdict == "cannot be judged"
    assert judgement.conclusion == (
        "The answers cannot be judged: group size goes with the label, and the labels of groups of similar size can be "
        "shuffled in 1 way only."
    )


def test_repeats_are_averaged():
    X, y = effect(1.0)
    judgement = judge_learnt(LogisticRegression(), X, y, n_permutations=1, n_repeats=1)
    assert judgement.scores["kappa"].value == pytest.approx(cohen_kappa_score(y, judgement.answers))
    assert judgement.scores["accuracy"].value == pytest.approx(accuracy_score(y, judgement.answers))
    many = judge_learnt(LogisticRegression(), X, y, n_permutations=1, n_repeats=8).scores["accuracy"].value
    assert (many * 30 * 8) % 1 == pytest.approx(0)  # right answers of 8 x 30
    assert (many * 30) % 1 != pytest.approx(0)


def test_subsets():
    rng = np.random.default_rng(0)
    y = np.repeat(["t1", "t2", "t3"], 8)
    X = rng.normal(size=(24, 3)) + 4 * np.repeat(np.eye(3), 8, axis=0)
    judgement = judge_learnt(LogisticRegression(), X, y, n_permutations=39, n_repeats=2)
    assert (judgement.statistic, judgement.verdict) == ("accuracy", "better than chance")
    assert judgement.decisions is None
    assert set(judgement.answers) <= set(y)


def test_fixed_answers_have_the_scores_and_intervals_of_a_fixed_rule():
    y, answers = np.repeat([1, 0], 20), np.tile([1, 1, 0, 0, 1], 8)
    judgement = judge_fixed(y, answers, scores=answers * 2.0)
    assert judgement.scores == membership_scores(y, answers, scores=answers * 2.0)
    assert judgement.verdict == "cannot be told from chance"
    names = np.array(["t1", "t2"])
    judgement = judge_fixed(names[y], names[y])
    assert judgement.scores == attribution_scores(names[y], names[y])
    assert (judgement.p_value, judgement.verdict) == (0.001, "better than chance")


def test_the_seed_decides():
    X, y = effect(0.5)
    first, same, other = (
        judge_learnt(LogisticRegression(), X, y, n_permutations=5, n_repeats=2, random_state=seed) for seed in (0, 0, 1)
    )
    assert first.scores == same.scores != other.scores


def test_decisions_of_several_folds_come_on_one_scale():
    y = np.array([1, 0, 1, 0, 1, 0, 1, 0])
    decisions = np.array([3.0, 1.0, 30.0, 10.0, 7.0, 7.0, np.inf, -5.0])
    folds = np.array([0, 0, 1, 1, 2, 2, 3, 3])
    fixed = judge_fixed(y, decisions > 2, scores=decisions, n_permutations=19)
    assert fixed.comparable is fixed.decisions
    learnt = replace(fixed, learnt=True, folds=folds)
    np.testing.assert_array_equal(learnt.comparable, [1, -1, 1, -1, 0, 0, 0, 0])


def test_a_learnt_rule_keeps_the_fold_of_each_image():
    rng = np.random.default_rng(0)
    y = np.repeat([1, 0], 10)
    judgement = judge_learnt(LogisticRegression(), rng.normal(size=(20, 2)), y, n_permutations=1, n_repeats=1)
    assert np.bincount(judgement.folds).tolist() == [4, 4, 4, 4, 4]
    for fold in range(5):
        here = judgement.folds == fold
        order = np.argsort(judgement.decisions[here])
        assert (np.diff(judgement.comparable[here][order]) > 0).all()
