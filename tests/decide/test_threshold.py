"""ThresholdClassifier: every cut enumerated, where the cut lies, and scikit-learn around it."""

import numpy as np
import pytest
from sklearn.ensemble import VotingClassifier
from sklearn.metrics import balanced_accuracy_score, cohen_kappa_score, f1_score
from sklearn.model_selection import GridSearchCV, TunedThresholdClassifierCV, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks

from fingerprint_features.decide import ThresholdClassifier

ALL = [
    ThresholdClassifier(),
    ThresholdClassifier(metric="kappa"),
    ThresholdClassifier(metric="youden", greater=False),
    ThresholdClassifier(0.3),
    ThresholdClassifier(-1, greater=False),
    ThresholdClassifier("prior", prior=0.3),
]
JUDGES = {
    "f1": lambda y, p: f1_score(y, p, zero_division=0),
    "kappa": cohen_kappa_score,
    "youden": lambda y, p: 2 * balanced_accuracy_score(y, p) - 1,
}


@parametrize_with_checks(ALL)
def test_scikit_learn_accepts_it(estimator, check):
    check(estimator)


def test_scikit_learn_really_checks():
    assert all(len(list(estimator_checks_generator(estimator))) > 50 for estimator in ALL)


def task(seed, n=40, levels=12):
    rng = np.random.default_rng(seed)
    y = np.concatenate([[0, 1], rng.integers(0, 2, n - 2)])
    return (rng.integers(0, levels, n) + 2 * y).astype(float)[:, None], y


@pytest.mark.parametrize("metric", JUDGES)
@pytest.mark.parametrize("greater", [True, False])
@pytest.mark.parametrize("seed", range(8))
def test_no_cut_is_better(metric, greater, seed):
    X, y = task(seed)
    if seed % 2:
        y = 1 - y  # the score points the wrong way: calling all or none may be best
    sign = 1 if greater else -1
    model = ThresholdClassifier(metric=metric, greater=greater).fit(X, y)
    cuts = [-100, *(np.unique(X) + 0.5)]
    reached = [JUDGES[metric](y, (sign * X[:, 0] > sign * cut).astype(int)) for cut in cuts]
    assert model.score_ == pytest.approx(max(reached))
    assert JUDGES[metric](y, model.predict(X)) == pytest.approx(model.score_)


def test_hand_counted():
    # sorted: 1(0) 2(0) 3(1) 5(0) 6(1) 7(1). Cut 2.5: tp 3, fp 1, kappa 2/3, f1 6/7. Cut 5.5: tp 2, fp 0: 2/3 and 4/5.
    X, y = np.array([[1.0], [2], [3], [5], [6], [7]]), [0, 0, 1, 0, 1, 1]
    by_f1 = ThresholdClassifier().fit(X, y)
    assert (by_f1.threshold_, by_f1.score_) == (2.5, pytest.approx(6 / 7))
    # kappa and J tie at 2/3, both gaps are 1 wide: the lower cut, which calls more rows
    for metric in ("kappa", "youden"):
        model = ThresholdClassifier(metric=metric).fit(X, y)
        assert (model.threshold_, model.score_) == (2.5, pytest.approx(2 / 3))
    X[4:] += 1  # now the upper gap is wider
    assert ThresholdClassifier(metric="kappa").fit(X, y).threshold_ == 6


def test_the_cut_is_strict_and_midway():
    model = ThresholdClassifier().fit([[0.0], [1.0]], [0, 1])
    assert model.threshold_ == 0.5
    np.testing.assert_array_equal(model.predict([[0.5], [np.nextafter(0.5, 1)]]), [0, 1])
    np.testing.assert_array_equal(ThresholdClassifier(3.0).fit([[3.0]]).predict([[3.0], [3.1], [2.9]]), [0, 1, 0])
    small = ThresholdClassifier(3.0, greater=False).fit([[3.0]])
    np.testing.assert_array_equal(small.predict([[3.0], [3.1], [2.9]]), [0, 0, 1])


def test_neighbouring_floats_are_told_apart():
    low = 0.1
    X = np.array([[low], [np.nextafter(low, 1)]])
    np.testing.assert_array_equal(ThresholdClassifier().fit(X, [0, 1]).predict(X), [0, 1])
    np.testing.assert_array_equal(ThresholdClassifier(greater=False).fit(X, [1, 0]).predict(X), [1, 0])


def test_calling_all_or_none_is_a_cut_too():
    X = np.array([[1.0], [2.0], [4.0]])
    # 4 used, 1 and 2 not, with small scores wanted: F1 of all is 1/2, of any proper cut 0; half the gap of 2 outside
    everyone = ThresholdClassifier(greater=False).fit(X, [0, 0, 1])
    assert (everyone.threshold_, everyone.score_) == (5.0, 0.5)
    nobody = ThresholdClassifier(metric="kappa").fit(X, [1, 0, 0])
    assert nobody.score_ == 0
    assert len(set(nobody.predict(X))) == 1


def test_one_score_for_all():
    model = ThresholdClassifier().fit([[7.0]] * 4, [0, 1, 1, 0])
    assert model.score_ == pytest.approx(2 / 3)
    assert np.isfinite(model.threshold_)
    assert (model.predict([[7.0]]) == 1).all()


@pytest.mark.parametrize("metric", JUDGES)
def test_order_of_the_rows_does_not_matter(metric):
    X, y = task(3)
    order = np.random.default_rng(0).permutation(len(y))
    model = ThresholdClassifier(metric=metric).fit(X, y)
    again = ThresholdClassifier(metric=metric).fit(X[order], y[order])
    assert model.threshold_ == again.threshold_
    np.testing.assert_array_equal(again.predict(X[order]), model.predict(X)[order])


@pytest.mark.parametrize("metric", JUDGES)
def test_shifting_and_stretching_scores_moves_the_threshold_along(metric):
    X, y = task(5)
    threshold = ThresholdClassifier(metric=metric).fit(X, y).threshold_
    assert ThresholdClassifier(metric=metric).fit(X + 64, y).threshold_ == threshold + 64
    assert ThresholdClassifier(metric=metric).fit(4 * X, y).threshold_ == 4 * threshold
    assert ThresholdClassifier(metric=metric, greater=False).fit(-X, y).threshold_ == -threshold


def test_predicting_learns_nothing():
    X, y = task(1)
    model = ThresholdClassifier().fit(X, y)
    before = model.threshold_
    one_by_one = [model.predict(X[i : i + 1] + 5)[0] for i in range(len(X))]
    np.testing.assert_array_equal(one_by_one, model.predict(X + 5))
    assert model.threshold_ == before


def test_other_columns_are_ignored():
    X, y = task(2)
    wide = np.column_stack([np.random.default_rng(0).normal(size=len(y)), X])
    assert ThresholdClassifier(column=1).fit(wide, y).threshold_ == ThresholdClassifier().fit(X, y).threshold_


def test_a_fixed_threshold_needs_no_labels():
    model = ThresholdClassifier(0.5).fit([[0.0], [1.0]])
    np.testing.assert_array_equal(model.classes_, [0, 1])
    np.testing.assert_array_equal(model.predict([[0.4], [0.6]]), [0, 1])
    assert np.isnan(model.score_)
    assert ThresholdClassifier(0.5, metric="kappa").fit([[0.0], [1.0]], [0, 1]).score_ == 1


@pytest.mark.parametrize("prior", [0.1, 0.25, 0.5, 0.9])
@pytest.mark.parametrize("greater", [True, False])
def test_a_prior_calls_its_share_used_those_with_the_best_scores(prior, greater):
    scores = np.random.default_rng(0).permutation(40).astype(float)
    model = ThresholdClassifier("prior", prior=prior, greater=greater).fit(scores[:, None])
    best = np.argsort(-scores if greater else scores)[: round(40 * prior)]
    assert set(np.flatnonzero(model.predict(scores[:, None]))) == set(best)
    np.testing.assert_array_equal(model.classes_, [0, 1])


def test_a_prior_does_not_depend_on_the_scale_of_the_scores():
    X = np.random.default_rng(1).normal(size=(31, 1))
    answers = ThresholdClassifier("prior").fit(X).predict(X)
    np.testing.assert_array_equal(ThresholdClassifier("prior").fit(np.exp(3 * X)).predict(np.exp(3 * X)), answers)


def test_a_prior_gives_equal_scores_one_answer():
    assert ThresholdClassifier("prior").fit([[1.0], [2.0], [2.0], [3.0]]).predict([[2.0], [3.0]]).tolist() == [0, 1]
    assert not ThresholdClassifier("prior").fit([[1.0]] * 4).predict([[1.0]]).any()
    few = [[1.0], [2.0], [3.0]]
    assert ThresholdClassifier("prior", prior=0.01).fit(few).predict(few).tolist() == [0, 0, 0]
    assert ThresholdClassifier("prior", prior=0.99).fit(few).predict(few).tolist() == [1, 1, 1]
    close = [[0.1], [np.nextafter(0.1, 1)]]
    assert ThresholdClassifier("prior").fit(close).predict(close).tolist() == [0, 1]


def test_a_prior_makes_no_use_of_labels():
    X, y = task(4)
    assert ThresholdClassifier("prior").fit(X, y).threshold_ == ThresholdClassifier("prior").fit(X).threshold_
    assert ThresholdClassifier("prior").fit(X, y).score_ > 0


def test_the_used_class_is_the_one_that_sorts_last():
    model = ThresholdClassifier().fit([[0.0], [1.0]], ["not used", "used"])
    assert model.predict([[2.0]])[0] == "used"


def test_labels_of_one_class_are_always_predicted():
    for threshold in ("auto", 0.5):
        model = ThresholdClassifier(threshold).fit([[0.0], [1.0]], ["used", "used"])
        np.testing.assert_array_equal(model.predict([[-9.0], [9.0]]), ["used", "used"])


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        (
            {"threshold": "Auto"},
            "'threshold' parameter of ThresholdClassifier must be 'auto', 'prior' or a finite float",
        ),
        ({"threshold": np.nan}, "a finite float. Got nan"),
        ({"threshold": True}, "a finite float. Got True"),
        ({"threshold": "prior", "prior": 1}, r"'prior' parameter .* a float .*Got 1"),
        ({"metric": "accuracy"}, "'metric' parameter .* one of 'f1', 'kappa', 'youden'. Got 'accuracy'"),
        ({"greater": "yes"}, "'greater' parameter .* True or False"),
        ({"column": -1}, r"'column' parameter .* an int in \[0"),
        ({"column": 1}, "below the number of columns, 1. Got 1"),
    ],
)
def test_bad_parameters_are_named(parameters, message):
    with pytest.raises(ValueError, match=message):
        ThresholdClassifier(**parameters).fit([[0.0], [1.0]], [0, 1])


def test_auto_without_labels_says_what_to_do():
    with pytest.raises(ValueError, match=r"requires y to be passed.*Give labels, a number as threshold, or 'prior'"):
        ThresholdClassifier().fit([[0.0]])


def test_three_classes_are_refused():
    with pytest.raises(ValueError, match=r"Only binary classification is supported\. The type of the target is multi"):
        ThresholdClassifier().fit([[0.0], [1.0], [2.0]], [0, 1, 2])


def test_decision_function_is_the_distance_from_the_cut():
    model = ThresholdClassifier(2.0).fit([[0.0]])
    np.testing.assert_array_equal(model.decision_function([[3.0], [2.0], [0.0]]), [1, 0, -2])
    model = ThresholdClassifier(2.0, greater=False).fit([[0.0]])
    np.testing.assert_array_equal(model.decision_function([[3.0], [2.0], [0.0]]), [-1, 0, 2])


def test_tuned_by_scikit_learn():
    X, y = task(4, n=200)
    tuned = TunedThresholdClassifierCV(ThresholdClassifier(0.0), scoring="f1", cv=3).fit(X, y)
    ours = ThresholdClassifier().fit(X, y)
    assert f1_score(y, tuned.predict(X)) == pytest.approx(ours.score_, abs=0.05)
    assert 0 < tuned.best_threshold_ < 14


def test_searched_by_scikit_learn():
    X, y = task(4, n=200)
    pipeline = make_pipeline(StandardScaler(), ThresholdClassifier())
    search = GridSearchCV(pipeline, {"thresholdclassifier__metric": list(JUDGES)}, scoring="f1", cv=3).fit(X, y)
    assert search.best_score_ > 0.5


def test_the_cut_comes_from_the_training_fold():
    X, y = task(6, n=60)
    folds = [(np.arange(30), np.arange(30, 60)), (np.arange(30, 60), np.arange(30))]
    expected = np.empty(60, dtype=int)
    for train, test in folds:
        expected[test] = X[test, 0] > ThresholdClassifier().fit(X[train], y[train]).threshold_
    np.testing.assert_array_equal(cross_val_predict(ThresholdClassifier(), X, y, cv=folds), expected)


def test_a_vote_of_three_cuts_is_a_or_b_and_c():
    # every combination of three yes/no columns; ties go to class 0
    bits = np.array([[i >> 2 & 1, i >> 1 & 1, i & 1] for i in range(8)])
    cuts = [(name, ThresholdClassifier(0.5, column=i)) for i, name in enumerate("abc")]
    vote = VotingClassifier(cuts, voting="hard", weights=[1, 1, 2]).fit(bits, [0, 1] * 4)
    a, b, c = bits.T
    np.testing.assert_array_equal(vote.predict(bits), (a | b) & c)
