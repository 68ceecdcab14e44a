"""sample_resolution: what a sample can show before any method is tried."""

import json

import numpy as np
import pytest
from scipy import stats

from fingerprint_features.evaluate import permutation_test, sample_resolution

Y = np.repeat([1, 0], 40)


def test_false_alarm_rates_are_those_of_the_unused_patients():
    patients = np.repeat(np.arange(20), 4)
    result = sample_resolution(Y, groups=patients)
    assert (result.n_used, result.n_unused, result.smallest_fpr) == (10, 10, 0.1)
    exact = stats.binomtest(0, 10, alternative="less").proportion_ci(0.95, method="exact")
    assert result.certified_fpr == pytest.approx(exact.high)
    assert sample_resolution(np.repeat([1, 0], 2995), n_draws=2).certified_fpr < 0.001
    assert sample_resolution(np.repeat([1, 0], 2994), n_draws=2).certified_fpr > 0.001


def test_the_auc_comes_near_to_the_normal_approximation():
    spread = np.sqrt((40 + 40 + 1) / (12 * 40 * 40))  # of a Mann-Whitney AUC under the null
    result = sample_resolution(Y)
    assert result.auc == pytest.approx(0.5 + (1.645 + 0.842) * spread, abs=0.01)
    assert result.kappa == pytest.approx((1.645 + 0.842) / np.sqrt(80), abs=0.03)


def test_an_effect_of_that_size_is_found_four_times_in_five():
    rng, auc, found = np.random.default_rng(0), sample_resolution(Y).auc, 0
    shift = np.sqrt(2) * stats.norm.ppf(auc)
    for seed in range(100):
        scores = rng.normal(size=80) + shift * Y
        found += permutation_test(Y, scores, statistic="auc", n_permutations=99, random_state=seed).detected[0]
    low, high = stats.binom.ppf([0.0005, 0.9995], 100, 0.8)
    assert low <= found <= high


def test_slices_of_a_patient_and_more_methods_show_less():
    one, patients = sample_resolution(Y), sample_resolution(Y, groups=np.repeat(np.arange(40), 2))
    many = sample_resolution(Y, n_methods=29)
    assert one.auc < patients.auc < 1
    assert one.auc < many.auc < 1
    assert one.kappa < many.kappa < 1


def test_too_small_samples_are_called_that():
    result = sample_resolution([1, 1, 0, 0])
    assert result.conclusion == (
        "2 used and 2 unused: false-alarm rates below 50 % cannot be measured, and rates below 77.6 % cannot be shown. "
        "With 1 method, no effect can be found."
    )
    assert str(result) == result.conclusion
    assert json.loads(json.dumps(result.to_dict()))["auc"] is None


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"y_true": [0, 0]}, "resolves nothing without used and unused images; y_true holds one class only"),
        ({"groups": ["a"]}, "there are 2 labels but 1 groups"),
        ({"n_methods": 0}, "'n_methods' parameter of sample_resolution must be an int >= 1"),
        ({"n_draws": 0}, "'n_draws' parameter of sample_resolution must be an int >= 1"),
        ({"confidence": 1.5}, "'confidence' parameter of sample_resolution must be a number between 0 and 1"),
    ],
)
def test_wrong_arguments_say_what_to_do(changed, message):
    with pytest.raises(ValueError, match=message):
        sample_resolution(**{"y_true": [1, 0], **changed})
