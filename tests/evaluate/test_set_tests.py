"""Tests of a whole generated set: published fixtures, independent oracles, nulls that hold, and what may be said."""

import json

import numpy as np
import pytest
from scipy import stats
from scipy.spatial.distance import cdist

from fingerprint_features.evaluate import (
    authenticity_gap,
    copying_test,
    correct_set_tests,
    dataset_inference,
    dcr_share,
    privacy_loss,
)
from tests.evaluate.set_tasks import SetTask

FUNCTIONS = {
    "copying": copying_test,
    "copying in 3 cells": lambda *args, **options: copying_test(*args, cells=3, min_generated=5, **options),
    "authenticity": authenticity_gap,
    "dcr": dcr_share,
    "loss": privacy_loss,
    "inference": dataset_inference,
}
INPUTS = {"copying": "copying", "copying in 3 cells": "copying", "authenticity": "copying"}
INPUTS |= {"dcr": "shares", "loss": "loss", "inference": "scores"}


def run(name, task, **options):
    few = {} if name.startswith("copying") else {"n_bootstrap": 200}
    options = {"groups": task.patients, "n_permutations": 99, **few, **options}
    return FUNCTIONS[name](*getattr(task, INPUTS[name]), **options)


# ---- the fixtures: numbers that are known


@pytest.mark.parametrize(("copied", "used", "gap"), [(1.0, 0.0, -0.80), (0.25, 0.6, -0.20), (0.0, 0.8, 0.0)])
def test_own_slices_are_left_out_of_authenticity(copied, used, gap):
    task = SetTask(np.random.default_rng(0), 40, 40, n_generated=240, width=64, copied=copied)
    result = run("authenticity", task, n_permutations=19)
    assert result.parts["used"] == pytest.approx(used, abs=0.1)
    assert result.value == pytest.approx(gap, abs=0.1)
    assert result.interval[0] <= result.value <= result.interval[1]
    assert (result.interval[1] < 0) == (copied == 1) or copied == 0.25


def test_a_plain_authenticity_calls_copies_of_everything_authentic():
    task = SetTask(np.random.default_rng(0), 40, 40, n_generated=160, width=64, copied=1.0)
    plain = authenticity_gap(*task.copying, n_permutations=9)
    assert plain.parts["used"] > 0.99
    assert run("authenticity", task, n_permutations=9).parts["used"] == 0


@pytest.mark.parametrize(("width", "share"), [(2, 0.37), (16, 0.69), (64, 0.81)])
def test_authenticity_without_copies_depends_on_the_number_of_columns(width, share):
    task = SetTask(np.random.default_rng(0), 250, 250, slices=1, n_generated=500, width=width)
    plain = authenticity_gap(*task.copying, n_permutations=1)
    assert np.mean(list(plain.parts.values())) == pytest.approx(share, abs=0.06)
    assert abs(plain.value) < 0.12


def test_unused_slices_of_used_patients_hide_copying():
    rng = np.random.default_rng(0)
    honest = SetTask(rng, 40, 40, n_generated=160, copied=1.0)
    most = np.sqrt(3 * 160 * 160 / 321)  # every generated image closer than every unused one
    assert run("copying", honest).value == pytest.approx(-most)
    assert run("dcr", honest).value == 1

    siblings = SetTask(rng, 80, 0, n_generated=160, copied=1.0)
    siblings.y = np.tile([1, 1, 0, 0], 80)
    originals = siblings.reals[siblings.y == 1]
    generated = originals + 0.3 * rng.normal(size=originals.shape)
    siblings.generated_real = cdist(generated, siblings.reals)
    hidden = copying_test(*siblings.copying, n_permutations=9)
    assert hidden.value == pytest.approx(most, abs=0.5)
    assert not hidden.detected
    assert 0.8 < dcr_share(*siblings.shares, n_permutations=9).value < 0.97
    for name in ("copying", "authenticity", "dcr"):
        with pytest.raises(ValueError, match=r"80 groups hold images of several labels \(0, 1, 2, 3, 4, \.\.\.\)"):
            run(name, siblings)


@pytest.mark.parametrize(("n_used", "n_unused", "expected"), [(32, 8, 0.8), (8, 32, 0.2), (20, 20, 0.5)])
def test_the_null_of_the_dcr_share_follows_the_sizes(n_used, n_unused, expected):
    task = SetTask(np.random.default_rng(1), n_used, n_unused, width=8)
    result = run("dcr", task, n_permutations=499)
    assert result.parts["expected"] == expected
    assert result.null.value == pytest.approx(expected, abs=0.02)
    assert result.null.low < result.value < result.null.high
    assert result.interval[0] < expected < result.interval[1]


def test_a_generator_that_leaves_out_a_kind_of_image_does_not_cover_it():
    rng = np.random.default_rng(0)
    task = SetTask(rng, 20, 20, slices=1, n_generated=40, width=4)
    kind = np.where(np.arange(40) % 4 == 0, 50.0, 0.0)  # one real image in four
    task.reals[:, 0] += kind
    task.generated_real, task.real_real = cdist(task.generated, task.reals), cdist(task.reals, task.reals)
    result = copying_test(*task.copying, cells=2, n_permutations=9)
    assert (result.parts["cells"], result.parts["coverage"]) == (1, 0.75)


# ---- independent oracles


def test_one_cell_equals_the_mann_whitney_test():
    task = SetTask(np.random.default_rng(2), 15, 10, slices=1, n_generated=30, width=3)
    task.generated_real, task.real_real = np.round(task.generated_real, 1), np.round(task.real_real, 1)  # with ties
    to_used = task.generated_real[:, task.y == 1].min(axis=1)
    from_unused = task.real_real[task.y == 0][:, task.y == 1].min(axis=1)
    p = stats.mannwhitneyu(to_used, from_unused, alternative="less", method="asymptotic", use_continuity=False).pvalue
    result = copying_test(*task.copying, n_permutations=9)
    assert stats.norm.cdf(result.value) == pytest.approx(p, rel=1e-12)
    assert result.parts == {"C_T": result.value, "cells": 1, "coverage": 1}


def test_cells_are_joined_by_stouffers_method():
    rng = np.random.default_rng(3)
    task = SetTask(rng, 30, 30, slices=1, n_generated=90, width=2, within=0)
    centres = np.array([[0, 0], [60, 0], [0, 60]])
    place, generated_place = np.arange(60) % 3, np.arange(90) % 3
    place[:10] = 0  # unequal cells
    task.reals, task.generated = task.reals + centres[place], task.generated + centres[generated_place]
    task.generated_real, task.real_real = cdist(task.generated, task.reals), cdist(task.reals, task.reals)
    z, weights = [], []
    for cell in range(3):
        unused = (place == cell) & (task.y == 0)
        to_used = task.generated_real[generated_place == cell][:, task.y == 1].min(axis=1)
        from_unused = task.real_real[unused][:, task.y == 1].min(axis=1)
        test = stats.mannwhitneyu(to_used, from_unused, alternative="less", method="asymptotic", use_continuity=False)
        z.append(test.pvalue)
        weights.append(unused.mean())
    combined = stats.combine_pvalues(z, method="stouffer", weights=weights)
    result = copying_test(*task.copying, cells=3, n_permutations=9)
    assert result.value == pytest.approx(-combined.statistic)
    assert result.parts["C_T"] == pytest.approx(np.average(stats.norm.ppf(z), weights=weights))
    assert (result.parts["cells"], result.parts["coverage"]) == (3, 1)


def test_authenticity_and_privacy_loss_equal_loops_over_images():
    task = SetTask(np.random.default_rng(4), 5, 6, slices=3, n_generated=25, width=2, within=0.5, copied=0.4)
    shares, accuracies = {}, {}
    for name, label in (("used", 1), ("unused", 0)):
        members = [i for i in range(33) if task.y[i] == label]

        def from_others(i, members=members):
            return min(task.real_real[i, j] for j in members if task.patients[j] != task.patients[i])

        authentic, apart_generated, apart_real = [], [], []
        for row, near in zip(task.generated_real, task.generated_nearest, strict=True):
            closest = min(members, key=lambda i: row[i])
            authentic.append(from_others(closest) < row[closest])
            apart_generated.append(row[closest] > near)
        for i in members:
            apart_real.append(min(task.generated_real[:, i]) > from_others(i))
        shares[name] = np.mean(authentic)
        accuracies[name] = (np.mean(apart_generated) + np.mean(apart_real)) / 2
    authenticity, loss = run("authenticity", task), run("loss", task)
    assert authenticity.parts == pytest.approx(shares)
    assert authenticity.value == pytest.approx(shares["used"] - shares["unused"])
    assert loss.parts == pytest.approx(accuracies)
    assert loss.value == pytest.approx(accuracies["unused"] - accuracies["used"])


def test_a_hand_counted_share():
    # nearest is used, used, unused, and one at the same distance from both
    rows = [[1, 2, 9, 9], [9, 1, 2, 9], [9, 9, 1, 2], [9, 3, 3, 9]]
    result = dcr_share(rows, [1, 1, 0, 0], n_permutations=9)
    assert result.value == (1 + 1 + 0 + 0.5) / 4


def test_p_values_equal_those_of_all_shuffles():
    rng = np.random.default_rng(5)
    scores, y = rng.normal(size=8), np.repeat([1, 0], 4)
    scores[:4] += 1
    exact = stats.permutation_test(
        (scores[:4], scores[4:]),
        lambda a, b: a.mean() - b.mean(),
        permutation_type="independent",
        alternative="greater",
    )
    ours = dataset_inference(scores, y, n_permutations=4000)
    assert ours.p_value == pytest.approx(exact.pvalue, abs=0.02)
    # slices of one patient move together: 3 patients each, one split of 20 is as good
    patients = np.arange(12) // 2
    slices = dataset_inference(np.repeat([6, 5, 4, 3, 2, 1], 2), np.repeat([1, 0], 6), groups=patients)
    assert slices.n_shuffles == 20
    assert slices.p_value == pytest.approx(1 / 20, abs=0.03)


# ---- false alarms and power


def test_shuffling_slices_raises_false_alarms_that_shuffling_patients_does_not():
    rng, alarms = np.random.default_rng(7), {"slices": 0, "patients": 0}
    for seed in range(60):
        patients = np.repeat(np.arange(30), 10)
        scores = rng.normal(size=30)[patients] + 0.8 * rng.normal(size=300)
        for name, groups in (("slices", None), ("patients", patients)):
            options = {"n_permutations": 39, "n_bootstrap": 2, "random_state": seed}
            alarms[name] += dataset_inference(scores, patients < 15, groups=groups, **options).detected
    low, high = stats.binom.ppf([0.0005, 0.9995], 60, 0.05)
    assert low <= alarms["patients"] <= high < alarms["slices"]


@pytest.mark.parametrize("name", FUNCTIONS)
def test_copies_of_half_the_generated_set_are_found(name):
    result = run(name, SetTask(np.random.default_rng(8), copied=0.5))
    assert result.detected
    assert result.conclusion == f"detected: {result.side} what chance gives (p = {result.p_value:.3g})"


def test_a_bad_generator_that_copies_is_found_though_its_copying_score_is_above_zero():
    task = SetTask(np.random.default_rng(9), within=0.3, noise=1.35, copied=1.0, width=64)
    result = run("copying", task)
    assert result.value > 0
    assert result.detected


# ---- several tests


def test_one_test_needs_no_correction_and_copies_of_it_cost_nothing():
    result = run("dcr", SetTask(np.random.default_rng(10), copied=0.1))
    assert correct_set_tests([result]) == [result.p_value]
    np.testing.assert_array_equal(correct_set_tests([result] * 4), [result.p_value] * 4)


def test_the_correction_is_the_share_of_shuffles_whose_best_test_does_as_well():
    task = SetTask(np.random.default_rng(12), copied=0.1)
    tests = [run(name, task, n_permutations=49) for name in FUNCTIONS]
    corrected = correct_set_tests(tests)
    for i, test in enumerate(tests):
        scaled = []
        for other in tests:
            values = np.array([other.value, *other.shuffled]) * (-1 if other.side == "below" else 1)
            scaled.append((values - values.mean()) / values.std())
        assert corrected[i] == np.mean(np.max(scaled, axis=0) >= scaled[i][0] - 1e-9)
        assert corrected[i] >= test.p_value


def test_false_alarms_stay_in_the_binomial_band_for_each_test_and_for_all_together():
    rng, n_seeds = np.random.default_rng(13), 60
    p_values = []
    for seed in range(n_seeds):
        task = SetTask(rng, 12, 8, slices=3, n_generated=40, width=8)
        tests = [run(name, task, n_permutations=39, random_state=seed) for name in FUNCTIONS]
        p_values.append([*(test.p_value for test in tests), correct_set_tests(tests).min()])
    p_values = np.array(p_values)
    for level in (0.05, 0.5):
        low, high = stats.binom.ppf([0.0005, 0.9995], n_seeds, level)
        alarms = (p_values <= level).sum(axis=0)
        assert ((low <= alarms) & (alarms <= high)).all(), (level, alarms)
    alone = (p_values[:, :-1].min(axis=1) <= 0.05).sum()
    assert (p_values[:, -1] <= 0.05).sum() < alone


def test_tests_that_were_shuffled_differently_are_not_corrected_together():
    task = SetTask(np.random.default_rng(10))
    with pytest.raises(ValueError, match=r"shuffled differently.*one int as random_state"):
        correct_set_tests([run("dcr", task), run("dcr", task, random_state=1)])
    with pytest.raises(ValueError, match="no test to correct"):
        correct_set_tests([])


# ---- what is said


def test_results_print_and_become_json():
    result = run("dcr", SetTask(np.random.default_rng(8), copied=0.5))
    first, parts, last = str(result).splitlines()
    assert first.startswith(f"DCR share: {result.value:.3f} [{result.interval[0]:.3f}")
    assert f"by chance {result.null}; p = 0.01" in first
    assert parts == "expected 0.5"
    assert last == result.conclusion
    page = result._repr_html_()
    assert f"<td>{result.null}</td>" in page
    assert result.conclusion in page
    kept = json.loads(json.dumps(result.to_dict(), allow_nan=False))
    assert kept["value"] == result.value
    assert kept["interval"] == list(result.interval)
    assert kept["conclusion"] == result.conclusion


def test_not_detected_does_not_read_as_safe():
    task = SetTask(np.random.default_rng(10))
    for name, weaker in (("dcr", "below"), ("authenticity", "above")):
        result = run(name, task)
        assert not result.detected
        assert result.conclusion == (
            "not detected; that does not mean safe: "
            f"a true value {weaker} {result.detectable:.3g} is missed more often than one time in five"
        )
    with_few = run("dcr", task, n_permutations=18)
    assert with_few.conclusion == "not assessed: n_permutations = 18 is too small for any p-value to be small enough"
    assert run("dcr", task, n_permutations=19).can_detect
    few = dcr_share(np.ones((3, 2)), [1, 0])
    assert few.conclusion == "not detected; that does not mean safe: this sample is too small to detect anything"
    assert few.to_dict()["detectable"] is None


def test_labels_that_patient_size_gives_away_are_not_assessed():
    patients = np.repeat(np.arange(6), [10, 10, 10, 1, 1, 1])
    result = dcr_share(np.random.default_rng(0).random((9, 33)), patients < 3, groups=patients)
    assert result.conclusion == (
        "not assessed: group size goes with the label, and the labels of groups of similar size can be shuffled in "
        "1 way only"
    )


@pytest.mark.parametrize("name", FUNCTIONS)
def test_flat_images_say_nothing(name):
    task = SetTask(np.random.default_rng(0), n_used=5, n_unused=5, slices=1)
    task.generated_real, task.real_real = np.zeros((80, 10)), np.zeros((10, 10))
    task.generated_nearest = np.zeros(80)
    if name == "copying in 3 cells":
        with pytest.raises(ValueError, match="cannot part 10 real images into 3 cells: lower cells"):
            run(name, task)
    else:
        result = run(name, task)
        assert (result.value, result.p_value) == (0.5 if name == "dcr" else 0, 1)
        assert not result.detected


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_seed_decides_and_the_order_of_images_does_not(name):
    task = SetTask(np.random.default_rng(11), 6, 6, n_generated=40, copied=0.2)
    first, again = run(name, task), run(name, task)
    assert first == again
    order = np.random.default_rng(0).permutation(48)
    task.generated_real, task.real_real = task.generated_real[:, order], task.real_real[order][:, order]
    task.y, task.patients = task.y[order], task.patients[order]
    assert run(name, task).value == pytest.approx(first.value)


GOOD = {"generated_real": np.ones((3, 4)), "real_real": 1 - np.eye(4), "y_true": [1, 1, 0, 0]}


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"y_true": [1, 1, 2, 0]}, "y_true must hold 0 .not used. and 1 .used.. Got 2"),
        ({"y_true": [1, 1, 1, 1]}, "all images have the same label"),
        (
            {"generated_real": np.ones((3, 5))},
            r"generated_real must be .* \(n_generated, 4\), one .* Got shape \(3, 5\)",
        ),
        ({"generated_real": np.ones((0, 4))}, r"Got shape \(0, 4\)"),
        ({"real_real": np.ones((3, 4))}, r"real_real must be distances of shape \(4, 4\)"),
        ({"real_real": np.full((4, 4), np.nan)}, "real_real holds 16 values that are not finite: drop those images"),
        ({"real_real": np.eye(4)}, r"real_real looks like similarities: .* Pass 1 - real_real, or -real_real"),
        ({"groups": ["a", "b"]}, "there are 4 labels but 2 groups"),
        ({"groups": ["a", "a", "b", "c"]}, "own patient does not count.*Got 1 used and 2 unused"),
        ({"n_permutations": 0}, "'n_permutations' parameter of authenticity_gap must be an int >= 1"),
        ({"n_bootstrap": 0}, "'n_bootstrap' parameter of authenticity_gap must be an int >= 1"),
        ({"confidence": 1}, "'confidence' parameter of authenticity_gap must be a number between 0 and 1"),
    ],
)
def test_wrong_arguments_say_what_to_do(changed, message):
    with pytest.raises(ValueError, match=message):
        authenticity_gap(**{**GOOD, **changed})


def test_other_wrong_arguments_say_what_to_do():
    with pytest.raises(ValueError, match=r"no cell holds unused images and min_generated = 20 .*There are 3 generated"):
        copying_test(**GOOD)
    with pytest.raises(ValueError, match="'cells' parameter of copying_test must be an int >= 1"):
        copying_test(**GOOD, cells=0)
    with pytest.raises(ValueError, match="generated_nearest has 2 distances, but generated_real has 3 rows: pass one"):
        privacy_loss(**GOOD, generated_nearest=[1, 1])
    with pytest.raises(ValueError, match="scores must be finite"):
        dataset_inference([1, np.inf, 0, 0], [1, 1, 0, 0])
    with pytest.raises(ValueError, match="lengths differ: scores has 3, y_true has 4"):
        dataset_inference([1, 0, 0], [1, 1, 0, 0])


def test_no_share_above_one_is_called_detectable():
    rng = np.random.default_rng(0)
    reals, generated = rng.normal(size=(12, 4)), rng.normal(size=(4, 4))  # a share of four varies widely
    result = dcr_share(cdist(generated, reals), np.repeat([1, 0], 6))
    assert result.detectable == np.inf
    assert not result.detected
    assert result.conclusion == "not detected; that does not mean safe: this sample is too small to detect anything"
