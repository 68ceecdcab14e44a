"""epsilon_lower_bound: closed forms, mechanisms of known epsilon, and the assumption."""

import json

import numpy as np
import pytest
from scipy import stats

from fingerprint_features.evaluate import epsilon_lower_bound


@pytest.mark.parametrize("n", [20, 100])
def test_perfect_scores_give_the_closed_form(n):
    y = np.repeat([1, 0], n)
    bound = epsilon_lower_bound(y, y)
    all_of_half = 0.025 ** (2 / n)  # lower end of n / 2 hits in n / 2
    assert bound.epsilon == pytest.approx(np.log(all_of_half / (1 - all_of_half)))
    assert (bound.n_used, bound.n_unused, bound.tpr.value, bound.fpr.value) == (n // 2, n // 2, 1, 0)


def test_the_rates_come_from_the_half_that_did_not_choose_the_threshold():
    rng = np.random.default_rng(0)
    y = np.repeat([1, 0], 50)
    scores = rng.normal(size=100) + y
    bound = epsilon_lower_bound(y, scores)
    called = scores > bound.threshold
    assert bound.n_used + bound.n_unused == 50
    assert bound.tpr.value * bound.n_used <= called[y == 1].sum()
    hits = round(bound.tpr.value * bound.n_used)
    exact = stats.binomtest(hits, bound.n_used).proportion_ci(0.95, method="exact")
    assert (bound.tpr.low, bound.tpr.high) == pytest.approx((exact.low, exact.high))
    assert epsilon_lower_bound(y, scores, random_state=1).tpr != bound.tpr


@pytest.mark.parametrize("epsilon", [0.0, 1.0])
def test_the_bound_of_randomized_response_is_rarely_above_its_epsilon(epsilon):
    rng, n_trials = np.random.default_rng(1), 60
    y, above, bounds = np.repeat([1, 0], 100), 0, []
    for seed in range(n_trials):
        honest = rng.random(200) < np.exp(epsilon) / (1 + np.exp(epsilon))
        bounds.append(epsilon_lower_bound(y, np.where(honest, y, 1 - y), random_state=seed).epsilon)
        above += bounds[-1] > epsilon
    assert above <= stats.binom.ppf(0.9995, n_trials, 0.05)
    if epsilon:
        assert np.median(bounds) > 0.1


def test_the_bound_of_a_large_sample_is_close():
    rng = np.random.default_rng(2)
    y = np.repeat([1, 0], 20_000)
    honest = rng.random(40_000) < np.e / (1 + np.e)
    assert 0.9 < epsilon_lower_bound(y, np.where(honest, y, 1 - y)).epsilon < 1


def test_images_called_unused_can_show_more_than_those_called_used():
    # every used image scores 1, and so do half of the unused: an image at 0 was surely not used
    y = np.repeat([1, 0], 100)
    scores = np.r_[np.ones(100), np.tile([0, 1], 50)]
    bound = epsilon_lower_bound(y, scores)
    assert not bound.calls_used
    assert bound.epsilon == pytest.approx(np.log((1 - bound.fpr.high) / (1 - bound.tpr.low)))
    mirrored = epsilon_lower_bound(1 - y, -scores)
    assert mirrored.calls_used
    assert mirrored.epsilon == pytest.approx(bound.epsilon)


def test_a_patient_counts_once_with_its_largest_score():
    patients = np.repeat(np.arange(80), 5)
    y = (patients < 40).astype(int)
    scores = np.random.default_rng(3).random(400) - 1
    scores[patients % 5 == 0] -= 1
    scores[::5] = y[::5]  # the first slice of each patient tells
    by_patient = epsilon_lower_bound(y, scores, groups=patients)
    assert (by_patient.n_used, by_patient.n_unused) == (20, 20)
    assert by_patient.epsilon == epsilon_lower_bound(y[::5], y[::5]).epsilon


def test_noise_shows_nothing_and_that_is_printed_with_the_assumption():
    y = np.repeat([1, 0], 30)
    bound = epsilon_lower_bound(y, np.tile([0, 1], 30))
    assert bound.epsilon == 0
    first, second = str(bound).splitlines()
    assert first.startswith("epsilon >= 0.000 (95 % confidence; TPR ")
    assert second == bound.assumption
    assert "chance decided about each patient apart who was used" in bound.assumption
    kept = json.loads(json.dumps(bound.to_dict()))
    assert (kept["epsilon"], kept["assumption"]) == (0, bound.assumption)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"scores": [1, 2, 3]}, "lengths differ: y_true has 4, scores has 3"),
        ({"scores": [1, 2, 3, np.nan]}, "scores holds 1 NaN"),
        ({"y_true": [1, 1, 1, 1]}, "all images have the same label"),
        ({"y_true": [1, 1, 1, 0]}, "two or more groups of each class.*add patients"),
        ({"groups": ["a", "b", "b", "c"]}, r"1 group holds images of several labels \('b'\)"),
        ({"confidence": 0}, "'confidence' parameter of epsilon_lower_bound must be a number between 0 and 1"),
    ],
)
def test_wrong_arguments_say_what_to_do(changed, message):
    with pytest.raises(ValueError, match=message):
        epsilon_lower_bound(**{"y_true": [1, 1, 0, 0], "scores": [1, 2, 3, 4], **changed})
