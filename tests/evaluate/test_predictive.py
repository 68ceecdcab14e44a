"""predictive_values: Bayes' rule by hand, coverage, and undefined cases."""

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import precision_score

from fingerprint_features.evaluate import predictive_values


def test_bayes_rule_by_hand():
    # 6 of 10 used and 1 of 10 unused are called used
    y_true, y_pred = [1] * 10 + [0] * 10, [1] * 6 + [0] * 4 + [1] + [0] * 9
    values = predictive_values(y_true, y_pred, (0.5, 0.1, 0.01))
    assert list(values) == [0.5, 0.1, 0.01]
    expected = [0.30 / 0.35, 0.06 / 0.15, 0.006 / 0.105]
    assert [score.value for score in values.values()] == pytest.approx(expected)
    assert values[0.5].value == pytest.approx(precision_score(y_true, y_pred))
    for score in values.values():
        assert 0 <= score.low < score.value < score.high <= 1


def test_intervals_hold_the_truth_by_patient():
    rng, n_trials, held = np.random.default_rng(0), 200, {0.5: 0, 0.01: 0}
    patients = np.repeat(np.arange(80), 3)
    y = (patients < 40).astype(int)
    truth = {prior: 0.6 * prior / (0.6 * prior + 0.15 * (1 - prior)) for prior in held}
    for seed in range(n_trials):
        alike = rng.random(80)[patients]  # the slices of a patient get one answer
        answers = (alike < np.where(y == 1, 0.6, 0.15)).astype(int)
        values = predictive_values(y, answers, tuple(held), groups=patients, n_bootstrap=400, random_state=seed)
        for prior in held:
            held[prior] += values[prior].low <= truth[prior] <= values[prior].high
    assert min(held.values()) >= stats.binom.ppf(0.0005, n_trials, 0.95)


def test_no_false_alarm_in_few_images_means_little_at_a_small_prior():
    values = predictive_values([1] * 20 + [0] * 20, [1] * 20 + [0] * 20)
    assert [score.value for score in values.values()] == [1, 1, 1]
    assert values[0.5].low > 0.8
    assert values[0.01].low < 0.15


def test_nobody_called_used_gives_zero():
    assert predictive_values([1, 1, 0, 0], [0, 0, 0, 0])[0.1].value == 0


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"priors": (0.5, 1)}, "'prior' parameter of predictive_values must be a number between 0 and 1"),
        ({"y_true": [1, 1, 1, 1]}, "need used and unused images; y_true holds one class only"),
        ({"y_pred": [0.2, 1, 0, 1]}, "y_pred must hold 0 .not used. and 1 .used.. Got 0.2"),
        ({"y_pred": [1, 0]}, "lengths differ: y_true has 4, y_pred has 2"),
        ({"groups": ["a"]}, "there are 4 labels but 1 groups"),
        ({"n_bootstrap": 0}, "'n_bootstrap' parameter of predictive_values must be an int >= 1"),
        ({"confidence": 1}, "'confidence' parameter of predictive_values must be a number between 0 and 1"),
    ],
)
def test_wrong_arguments_say_what_to_do(changed, message):
    with pytest.raises(ValueError, match=message):
        predictive_values(**{"y_true": [1, 1, 0, 0], "y_pred": [1, 0, 0, 0], **changed})
