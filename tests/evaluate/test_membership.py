"""membership_scores: values, AUC, baselines, degenerate input, messages."""

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics

from fingerprint_features.evaluate import Score, membership_scores

METRICS = ["kappa", "f1", "accuracy", "balanced_accuracy", "precision", "recall", "specificity"]
TRUTH = np.repeat([1, 0], 250)


def answers(tp, fp, fn, tn):
    return np.repeat([1, 1, 0, 0], [tp, fn, fp, tn]), np.repeat([1, 0, 1, 0], [tp, fn, fp, tn])


def test_best_run_of_2025_is_above_chance():
    result = membership_scores(*answers(151, 114, 99, 136))
    assert list(result.scores) == METRICS
    assert result["kappa"].value == pytest.approx(0.148)
    assert 0.05 < result["kappa"].low < 0.08
    assert 0.22 < result["kappa"].high < 0.25
    assert result["kappa"].value > result.baselines["random"]["kappa"].high


def test_random_answers_stay_within_nine_hundredths_of_kappa():
    band = membership_scores(TRUTH, TRUTH).baselines["random"]["kappa"]
    sd = 2 * np.sqrt(0.25 / 500)
    assert (band.low, band.high) == pytest.approx((-1.96 * sd, 1.96 * sd), abs=0.01)
    assert band.value == 0


def test_trivial_answers_stand_beside_the_scores():
    baselines = membership_scores(TRUTH, TRUTH).baselines
    assert baselines["all used"]["f1"].value == pytest.approx(2 / 3)
    assert baselines["all used"]["kappa"] == Score(0, 0, 0)
    assert baselines["none used"]["specificity"].value == 1
    assert baselines["random"]["f1"].value == pytest.approx(0.5)


def test_random_band_tosses_one_coin_a_patient():
    by_image = membership_scores(TRUTH, TRUTH).baselines["random"]["kappa"]
    by_patient = membership_scores(TRUTH, TRUTH, groups=np.arange(500) // 10).baselines["random"]["kappa"]
    assert by_patient.high == pytest.approx(np.sqrt(10) * by_image.high, rel=0.15)


def test_auc_is_that_of_scikit_learn_with_ties_and_infinities():
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 80)
    scores = rng.poisson(2 + y).astype(float)
    result = membership_scores(y, scores > 2, scores=scores)
    assert result["auc"].value == pytest.approx(metrics.roc_auc_score(y, scores))
    assert membership_scores(y, y, scores=np.where(scores > 3, np.inf, scores))["auc"].value == pytest.approx(
        metrics.roc_auc_score(y, np.minimum(scores, 4))
    )


def test_auc_keeps_its_direction():
    y = np.array([1, 1, 0, 0])
    assert membership_scores(y, y, scores=1 - y)["auc"].value == 0


@pytest.mark.parametrize(("n", "shift"), [(24, 0.5), (24, 2.5), (100, 1.0), (200, 3.5)])
def test_auc_intervals_cover_the_truth(n, shift):
    rng, y = np.random.default_rng(0), np.repeat([1, 0], n // 2)
    truth, held = stats.norm.cdf(shift / np.sqrt(2)), 0
    for i in range(300):
        auc = membership_scores(y, y, scores=rng.normal(size=n) + shift * y, n_bootstrap=400, random_state=i)["auc"]
        held += auc.low <= truth <= auc.high
    assert 0.92 < held / 300 <= 0.995


def test_auc_intervals_of_clustered_scores_need_groups():
    rng, y, patients = np.random.default_rng(0), np.repeat([1, 0], 100), np.arange(200) // 10
    held = {False: 0, True: 0}
    for i in range(200):
        scores = rng.normal(size=20)[patients] + 0.6 * rng.normal(size=200)
        for grouped in held:
            groups = patients if grouped else None
            auc = membership_scores(y, y, groups=groups, scores=scores, n_bootstrap=300, random_state=i)["auc"]
            held[grouped] += auc.low <= 0.5 <= auc.high
    assert held[False] / 200 < 0.7
    assert held[True] / 200 > 0.92


def test_random_auc_band_is_that_of_mann_whitney():
    y = np.repeat([1, 0], [40, 60])
    band = membership_scores(y, y, scores=y).baselines["random"]["auc"]
    sd = np.sqrt(101 / (12 * 40 * 60))
    assert (band.low, band.high) == pytest.approx((0.5 - 1.96 * sd, 0.5 + 1.96 * sd), abs=0.015)


@pytest.mark.parametrize("truth", [[1, 1, 1, 1], [0, 0, 0, 0], [1, 0, 1, 0], [1], [0]])
@pytest.mark.parametrize("answer", [0, 1])
@pytest.mark.parametrize("grouped", [False, True])
def test_degenerate_input_gives_finite_ordered_intervals(truth, answer, grouped):
    groups = ["one"] * len(truth) if grouped else None
    result = membership_scores(truth, [answer] * len(truth), groups=groups, scores=[0.5] * len(truth))
    for baseline in (result.scores, *result.baselines.values()):
        for metric in [*METRICS, "auc"]:
            score = baseline[metric]
            assert np.isfinite(score).all()
            assert score.low <= score.value <= score.high or baseline is result.baselines["random"]
    assert result["kappa"].value == 0
    assert result["auc"].value == 0.5


def test_a_rate_nothing_is_known_about_has_the_widest_interval():
    recall = membership_scores([0] * 50, [0] * 50)["recall"]
    assert recall.value == 0
    assert recall.high > 0.99


def test_perfect_answers_of_few_images_are_not_certain():
    scores = membership_scores([1] * 10 + [0] * 10, [1] * 10 + [0] * 10, scores=[1] * 10 + [0] * 10)
    assert scores["kappa"].value == scores["auc"].value == 1
    assert 0.5 < scores["kappa"].low < 0.9
    assert 0.6 < scores["auc"].low < 0.9


def test_the_order_of_the_images_and_the_names_of_the_patients_do_not_matter():
    rng = np.random.default_rng(0)
    y, p, groups = rng.integers(0, 2, 60), rng.integers(0, 2, 60), np.arange(60) // 3
    order = rng.permutation(60)
    named = [("patient", int(g)) for g in groups[order]]
    a = membership_scores(y, p, groups=groups)
    b = membership_scores(y[order].astype(bool), p[order], groups=named)
    assert a == b
    assert a.n_groups == 20


def test_the_seed_decides_the_interval_and_confidence_its_width():
    y, p = answers(30, 20, 20, 30)
    assert membership_scores(y, p) == membership_scores(y, p, random_state=0)
    assert membership_scores(y, p, random_state=1) != membership_scores(y, p)
    narrow, wide = (membership_scores(y, p, confidence=c)["kappa"] for c in (0.8, 0.99))
    assert wide.low < narrow.low < narrow.high < wide.high


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"y_true": ["used", "unused"]}, r"y_true must hold 0 .* Got 'used' instead: try y_true == 'used'"),
        ({"y_pred": [0.3, 0.9]}, "y_pred must hold 0 .* Got 0.3 instead: continuous scores go into scores="),
        ({"y_true": [1, np.nan]}, "Got nan instead"),
        ({"y_true": [1, 2]}, "Got 2 instead: try y_true == 2"),
        ({"y_pred": [1]}, "lengths differ: y_true has 2, y_pred has 1"),
        ({"scores": [1, 2, 3]}, "scores has 3"),
        ({"scores": [1, np.nan]}, "scores holds 1 NaN: drop those images"),
        ({"scores": ["a", "b"]}, "scores must be numbers"),
        ({"y_true": []}, r"one value an image. Got an array of shape \(0,\)"),
        ({"y_true": [[1], [0]]}, r"shape \(2, 1\)"),
        ({"groups": ["ann"]}, "2 labels but 1 groups"),
        ({"groups": ["ann", None]}, r"groups\[1\] is missing"),
        ({"groups": [np.nan, 1.0]}, r"groups\[0\] is missing"),
        ({"n_bootstrap": 0}, "'n_bootstrap' parameter of membership_scores must be an int >= 1. Got 0"),
        (
            {"confidence": 95},
            "'confidence' parameter of membership_scores must be a number between 0 and 1",
        ),
    ],
)
def test_wrong_arguments_say_what_to_do(arguments, message):
    with pytest.raises(ValueError, match=message):
        membership_scores(**{"y_true": [1, 0], "y_pred": [1, 0], **arguments})
