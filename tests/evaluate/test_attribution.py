"""attribution_scores: the documented averages, intervals, baselines and messages."""

import numpy as np
import pytest
from scipy import stats
from sklearn import metrics

from fingerprint_features.evaluate import attribution_scores, confusion_scores, membership_scores


def answers(rng, n, accuracy, k=5):
    y = np.arange(n) % k
    return y, np.where(rng.random(n) < accuracy, y, (y + rng.integers(1, k, n)) % k)


def test_averages_are_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    y = rng.choice(4, size=200, p=[0.1, 0.2, 0.3, 0.4])
    p = np.where(rng.random(200) < 0.5, y, rng.integers(0, 4, 200))
    result = attribution_scores(y, p)
    precision, recall, f1, _ = metrics.precision_recall_fscore_support(y, p, average="weighted")
    specificity = np.mean([metrics.recall_score(y != c, p != c) for c in range(4)])
    expected = {
        "accuracy": metrics.accuracy_score(y, p),
        "precision": precision,
        "recall": recall,
        "f1": f1,
        "specificity": specificity,
    }
    assert {m: s.value for m, s in result.scores.items()} == pytest.approx(expected)


def test_weighted_recall_is_the_accuracy_even_with_a_sixth_answer():
    y, p = answers(np.random.default_rng(1), 250, 0.6)
    p[:20] = 5  # "real", which no image is
    result = attribution_scores(y, p)
    assert result["recall"].value == pytest.approx(result["accuracy"].value)
    expected = metrics.precision_score(y, p, average="weighted", zero_division=0)
    assert result["precision"].value == pytest.approx(expected)
    specificity = np.mean([metrics.recall_score(y != c, p != c) for c in range(5)])
    assert result["specificity"].value == pytest.approx(specificity)


@pytest.mark.parametrize("k", [2, 5])
def test_specificity_follows_from_accuracy_on_balanced_classes(k):
    y, p = answers(np.random.default_rng(2), 100 * k, 0.7, k)
    result = attribution_scores(y, p)
    assert result["specificity"].value == pytest.approx(1 - (1 - result["accuracy"].value) / (k - 1))


def test_names_and_numbers_give_the_same_scores():
    y, p = answers(np.random.default_rng(3), 100, 0.5)
    numbers = attribution_scores(y, p)
    names = attribution_scores([f"t{c}" for c in y], np.array([f"t{c}" for c in p], dtype=object))
    assert names == numbers


def test_baselines_are_the_most_frequent_class_and_chance():
    y = np.repeat([1, 2, 3, 4, 5], [60, 10, 10, 10, 10])
    baselines = attribution_scores(y, y).baselines
    assert list(baselines) == ["most frequent", "random"]
    assert baselines["most frequent"]["accuracy"].value == 0.6
    assert baselines["most frequent"]["f1"].value == pytest.approx(0.6 * 2 * 0.6 / 1.6)
    assert baselines["random"]["accuracy"].value == pytest.approx(0.2)
    sd = np.sqrt(0.2 * 0.8 / 100)
    assert baselines["random"]["accuracy"].high == pytest.approx(0.2 + 1.96 * sd, abs=0.02)


def test_random_band_draws_one_class_a_group():
    y = np.repeat(np.arange(5), 100)
    by_image = attribution_scores(y, y).baselines["random"]["accuracy"]
    by_group = attribution_scores(y, y, groups=np.arange(500) // 10).baselines["random"]["accuracy"]
    ratio = (by_group.high - by_group.low) / (by_image.high - by_image.low)
    assert ratio == pytest.approx(np.sqrt(10), rel=0.2)


@pytest.mark.parametrize(("n", "accuracy"), [(30, 0.4), (50, 0.95), (200, 0.5)])
def test_intervals_cover_the_truth(n, accuracy):
    rng, held = np.random.default_rng(0), 0
    for i in range(300):
        score = attribution_scores(*answers(rng, n, accuracy), n_bootstrap=1000, random_state=i)["accuracy"]
        held += score.low <= accuracy <= score.high
    assert held / 300 > 0.9  # Jeffreys' exact interval covers 0.913 of the samples of the last case


@pytest.mark.parametrize("k", [2, 5, 20])
def test_the_phantom_weighs_the_same_for_any_number_of_classes(k):
    y = np.arange(40 * k) % k
    p = np.where(np.arange(len(y)) % 10 < 3, (y + 1) % k, y)
    score = attribution_scores(y, p, n_bootstrap=50_000)["accuracy"]
    hits = (y == p).sum()
    expected = stats.beta.ppf([0.025, 0.975], hits + 1, len(y) - hits + 1)
    assert score[1:] == pytest.approx(expected, abs=0.004)


def test_intervals_by_group_are_wider_when_groups_agree():
    rng = np.random.default_rng(0)
    y = np.repeat(np.arange(5), 20)
    p = np.repeat(answers(rng, 20, 0.5)[0], 5)  # one answer for every five images
    groups = np.arange(100) // 5
    wide, narrow = attribution_scores(y, p, groups=groups)["accuracy"], attribution_scores(y, p)["accuracy"]
    assert wide.high - wide.low > 1.5 * (narrow.high - narrow.low)


def test_two_classes_agree_with_membership_scores():
    y, p = answers(np.random.default_rng(4), 60, 0.7, 2)
    ours, theirs = attribution_scores(y, p)["accuracy"], membership_scores(y, p)["accuracy"]
    assert ours == pytest.approx(theirs, abs=0.01)
    tp, fp, fn, tn = (np.sum((y == a) & (p == b)) for a, b in [(1, 1), (0, 1), (1, 0), (0, 0)])
    assert ours.value == confusion_scores(tp, fp, fn, tn)["accuracy"]


def test_perfect_and_hopeless_answers_are_finite_and_not_certain():
    y = np.arange(25) % 5
    right, wrong = attribution_scores(y, y), attribution_scores(y, (y + 1) % 5)
    assert right["accuracy"].value == 1
    assert 0.7 < right["accuracy"].low < 0.99
    assert (wrong["f1"].value, wrong["f1"].low) == (0, 0)
    assert 0.01 < wrong["f1"].high < 0.3


def test_only_one_true_class_is_scored_against_wrong_answers():
    result = attribution_scores(["t1"] * 4, ["t1", "t1", "t2", "t1"])
    assert result["accuracy"].value == 0.75
    assert all(np.isfinite(score).all() for score in result.scores.values())


def test_the_table_names_the_baselines():
    assert "most frequent" in str(attribution_scores(["t1", "t2"], ["t1", "t1"]))


@pytest.mark.parametrize(
    ("y_true", "y_pred", "message"),
    [
        (["t1", "t2"], [1, 2], "both be names or both be ints. Got text and number"),
        ([1.5, 2.0], [1, 2], "Got float64 and number"),
        (["t1", None], ["t1", "t2"], "Got object and text"),
        (["t1", "t1"], ["t1", "t1"], "hold the one class t1"),
        (["t1", "t2"], ["t1"], "lengths differ: y_true has 2, y_pred has 1"),
        ([], [], "one value an image"),
    ],
)
def test_wrong_labels_say_what_to_do(y_true, y_pred, message):
    with pytest.raises(ValueError, match=message):
        attribution_scores(y_true, y_pred)
