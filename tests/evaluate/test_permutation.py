"""permutation_test: exact p-values, patients, many methods, and what "not detected" means."""

import json

import numpy as np
import pandas as pd
import polars as pl
import pytest
from scipy import stats
from sklearn.metrics import cohen_kappa_score, roc_auc_score

from fingerprint_features.evaluate import permutation_test


def test_the_p_value_is_that_of_all_splits():
    # 4 used, 4 unused, all right: one of the 70 ways to choose the used ones
    y = np.repeat([1, 0], 4)
    result = permutation_test(y, y, n_permutations=20_000)
    assert result.values == [1.0]
    assert result.p_values[0] == pytest.approx(1 / 70, abs=0.003)
    scores = np.arange(8)[::-1]
    exact = stats.mannwhitneyu(scores[:4], [3, 2, 1, 7.5], alternative="greater", method="exact").pvalue
    result = permutation_test(y, [7, 6, 5, 4, 3, 2, 1, 7.5], statistic="auc", n_permutations=20_000)
    assert result.p_values[0] == pytest.approx(exact, abs=0.01)


def test_the_smallest_p_value_is_one_over_one_plus_b():
    y = np.repeat([1, 0], 50)
    assert permutation_test(y, y, n_permutations=99).p_values[0] == 0.01


@pytest.mark.parametrize(("name", "function"), [("kappa", cohen_kappa_score), ("auc", roc_auc_score)])
def test_named_statistics_equal_scikit_learn_shuffle_by_shuffle(name, function):
    rng = np.random.default_rng(0)
    patients = np.repeat(np.arange(15), rng.integers(1, 5, 15))
    y = (np.arange(15) % 2)[patients]
    predictions = rng.integers(0, 2 if name == "kappa" else 5, (len(y), 3))
    fast = permutation_test(y, predictions, statistic=name, groups=patients, n_permutations=50)
    slow = permutation_test(y, predictions, statistic=function, groups=patients, n_permutations=50)
    np.testing.assert_allclose(fast.values, slow.values, atol=1e-12)
    np.testing.assert_array_equal(fast.p_values, slow.p_values)
    np.testing.assert_array_equal(fast.p_corrected, slow.p_corrected)
    np.testing.assert_allclose(fast.detectable, slow.detectable)


def test_patients_hold_the_false_alarm_rate_where_slices_do_not():
    # 25 + 25 patients of 10 slices, correlation 0.6 within a patient, no effect
    rng = np.random.default_rng(0)
    patients = np.arange(500) // 10
    y = (patients < 25).astype(int)
    alarms = {"slices": 0, "patients": 0}
    for i in range(200):
        scores = np.sqrt(0.6) * rng.normal(size=50)[patients] + np.sqrt(0.4) * rng.normal(size=500)
        for name, groups in (("slices", None), ("patients", patients)):
            both = np.column_stack([scores, -scores])  # either direction, corrected for having two
            test = permutation_test(y, both, statistic="auc", groups=groups, n_permutations=99, random_state=i)
            alarms[name] += test.p_corrected.min() <= 0.05
    assert alarms["slices"] / 200 > 0.35
    assert 0.01 <= alarms["patients"] / 200 <= 0.09


@pytest.mark.parametrize(
    ("used", "unused"), [([10] * 2, [1] * 8), ([6] * 5, [4] * 20), ([2, 4, 9] * 4, [1, 2, 4, 9] * 6)]
)
def test_the_false_alarm_rate_holds_where_patient_size_goes_with_the_label(used, unused):
    rng = np.random.default_rng(0)
    sizes = np.r_[used, unused]
    patients = np.repeat(np.arange(len(sizes)), sizes)
    y = (patients < len(used)).astype(int)
    alarms, n_trials = 0, 200
    for i in range(n_trials):
        scores = rng.normal(size=len(sizes))[patients] + rng.normal(size=len(y))
        test = permutation_test(y, (scores > -0.5).astype(int), groups=patients, n_permutations=99, random_state=i)
        alarms += test.detected[0]
    assert alarms <= stats.binom.ppf(0.9995, n_trials, 0.05)


def test_labels_that_size_gives_away_are_not_assessed():
    patients = np.repeat(np.arange(10), [10, 10, *[1] * 8])
    y = (patients < 2).astype(int)
    test = permutation_test(y, y, groups=patients)
    assert (test.n_shuffles, test.p_values[0]) == (1, 1)
    assert test.conclusion("prediction") == (
        "not assessed: group size goes with the label, and the labels of groups of similar size can be shuffled in "
        "1 way only"
    )


def test_labels_are_shuffled_in_so_many_ways():
    patients = np.repeat(np.arange(8), [1, 1, 1, 1, 8, 9, 9, 7])
    y = np.isin(patients, [0, 4]).astype(int)
    test = permutation_test(y, y, groups=patients)
    assert (test.n_strata, test.n_shuffles) == (2, 16)


def test_the_correction_holds_the_family_of_29_noise_methods():
    rng = np.random.default_rng(0)
    y = np.repeat([1, 0], 50)
    corrected = uncorrected = 0
    for i in range(200):
        answers = (rng.random((100, 29)) < rng.uniform(0.1, 0.9, 29)).astype(int)
        test = permutation_test(y, answers, n_permutations=199, random_state=i)
        corrected += test.p_corrected.min() <= 0.05
        uncorrected += test.p_values.min() <= 0.05
    assert 0.015 <= corrected / 200 <= 0.09
    assert uncorrected / 200 > 0.5


def test_one_method_needs_no_correction_and_copies_cost_nothing():
    rng = np.random.default_rng(1)
    y, answers = np.repeat([1, 0], 40), rng.integers(0, 2, 80)
    alone = permutation_test(y, answers)
    copies = permutation_test(y, np.column_stack([answers] * 10))
    assert alone.p_corrected == alone.p_values
    np.testing.assert_array_equal(copies.p_corrected, np.repeat(alone.p_values, 10))


def test_corrected_p_values_are_never_smaller():
    rng = np.random.default_rng(2)
    y = np.repeat([1, 0], 40)
    test = permutation_test(y, rng.integers(0, 2, (80, 12)))
    assert (test.p_corrected >= test.p_values).all()
    assert (test.p_corrected > test.p_values).any()


def test_the_direction_is_the_methods_own():
    y = np.repeat([1, 0], 20)
    test = permutation_test(y, 1 - y)
    assert test.values == [-1]
    assert test.p_values == [1]


def test_a_method_that_never_varies_has_p_one_and_takes_no_part():
    y = np.repeat([1, 0], 20)
    answers = np.r_[np.ones(16), np.zeros(24)].astype(int)
    test = permutation_test(y, {"some": answers, "all used": np.ones(40, int)})
    assert test.p_corrected[1] == 1
    assert test.p_corrected[0] == permutation_test(y, answers).p_values[0]
    assert test.conclusion("all used") == "not assessed: its answers are the same for all labels"


def test_an_effect_of_detectable_size_is_found_four_times_in_five():
    rng, y = np.random.default_rng(0), np.repeat([1, 0], 60)
    effect = permutation_test(y, rng.integers(0, 2, 120)).detectable[0]
    rate = 0.5 + effect / 2  # on balanced classes kappa = 2 * accuracy - 1
    found = 0
    for i in range(300):
        answers = np.where(rng.random(120) < rate, y, 1 - y)
        found += permutation_test(y, answers, n_permutations=199, random_state=i).detected[0]
    assert 0.7 < found / 300 < 0.9


def test_not_detected_does_not_read_as_safe():
    y = np.repeat([1, 0], 100)
    test = permutation_test(y, np.tile([1, 0], 100))
    assert test.conclusion("prediction") == (
        f"not detected; that does not mean safe: a true kappa below {test.detectable[0]:.2f} "
        "is missed more often than one time in five"
    )
    assert 0.15 < test.detectable[0] < 0.25
    few = permutation_test([1, 1, 0, 0], [1, 1, 0, 0])
    assert few.conclusion("prediction") == (
        "not detected; that does not mean safe: this sample is too small to detect anything"
    )
    assert permutation_test(y, y).conclusion("prediction") == "detected (corrected p = 0.001)"


def test_the_table_lists_every_method():
    y = np.repeat([1, 0], 20)
    lines = str(permutation_test(y, {"good": y, "always": np.ones(40, int)})).splitlines()
    assert lines[0].split() == ["method", "kappa", "p", "corrected", "conclusion"]
    assert lines[1].startswith("good        1.000  0.0010     0.0010  detected")
    assert lines[2].startswith("always      0.000  1.0000     1.0000  not assessed")


def test_results_become_json_and_html():
    y = np.repeat([1, 0], 20)
    test = permutation_test(y, {"<good>": y, "always": np.ones(40, int)}, n_permutations=99)
    kept = json.loads(json.dumps(test.to_dict(), allow_nan=False))
    assert kept["methods"]["<good>"]["p_corrected"] == 0.01
    assert kept["methods"]["always"]["detectable"] is None
    assert kept["methods"]["always"]["conclusion"] == test.conclusion("always")
    assert (kept["statistic"], kept["n_permutations"]) == ("kappa", 99)
    page = test._repr_html_()
    assert "<th>&lt;good&gt;</th><td>1.000</td><td>0.0100</td>" in page


@pytest.mark.parametrize("frame", [pd.DataFrame, pl.DataFrame, dict])
def test_frames_and_mappings_name_the_methods(frame):
    y = np.repeat([1, 0], 10)
    test = permutation_test(y, frame({"a": y, "b": 1 - y}))
    assert test.methods == ("a", "b")
    np.testing.assert_array_equal(test.values, [1, -1])


def test_columns_and_series_get_plain_names():
    y = np.repeat([1, 0], 10)
    assert permutation_test(y, np.column_stack([y, y])).methods == ("method 0", "method 1")
    assert permutation_test(pd.Series(y, index=range(5, 25)), pd.Series(y)).methods == ("prediction",)


def test_a_callable_takes_any_labels():
    y = np.repeat(["t1", "t2", "t3"], 10)

    def accuracy(truth, answer):
        return np.mean(truth == answer)

    test = permutation_test(y, y, statistic=accuracy)
    assert (test.statistic, test.values[0], test.p_values[0]) == ("accuracy", 1, 0.001)


def test_the_seed_decides():
    y, answers = np.repeat([1, 0], 20), np.tile([1, 1, 0], 14)[:40]
    p = [permutation_test(y, answers, random_state=seed).p_values[0] for seed in (0, 0, 1)]
    assert p[0] == p[1] != p[2]


def test_a_patient_of_both_labels_is_named():
    y, groups = [1, 0, 1, 1, 0, 0], pd.Series(["ann", "ann", "bo", "bo", "cy", "cy"], index=range(9, 15))
    with pytest.raises(ValueError, match=r"1 group holds images of several labels \('ann'\).*leave such patients out"):
        permutation_test(y, y, groups=groups)
    with pytest.raises(ValueError, match=r"7 groups hold .*\(0, 1, 2, 3, 4, \.\.\.\)"):
        permutation_test([1, 0] * 7, [1, 0] * 7, groups=np.arange(14) // 2)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"statistic": "f1"}, "statistic must be 'kappa', 'auc' or a callable. Got 'f1'"),
        ({"y_true": [1, 1, 1, 1]}, "same label: there is nothing to shuffle"),
        ({"predictions": [0.1, 0.2, 0.3, 0.4]}, 'continuous scores need statistic="auc"'),
        ({"predictions": [1, 0]}, r"y_true has 4 labels, but 'prediction' among the predictions has shape \(2,\)"),
        ({"predictions": {"a": [1, 0, 1]}}, "y_true has 4 labels, but 'a' among"),
        ({"predictions": {}}, "holds no method"),
        ({"predictions": np.zeros((4, 1, 1))}, r"Got shape \(4, 1, 1\)"),
        ({"statistic": lambda y, p: np.nan}, "not finite for every shuffle"),
        ({"n_permutations": 0}, "'n_permutations' parameter of permutation_test must be an int >= 1"),
        ({"confidence": 1}, "'confidence' parameter of permutation_test must be a number between 0 and 1"),
    ],
)
def test_wrong_arguments_say_what_to_do(arguments, message):
    with pytest.raises(ValueError, match=message):
        permutation_test(**{"y_true": [1, 0, 1, 0], "predictions": [1, 0, 1, 0], **arguments})
