"""Intervals cover the truth as often as they say: small samples, extreme rates, slices of one patient."""

import numpy as np
import pytest
from scipy import stats

from fingerprint_features.evaluate import confusion_scores, membership_scores
from fingerprint_features.evaluate.intervals import bounds, clopper_pearson, proportion_interval, resample_counts

REPEATS = 300


def draw(rng, n_patients, n_slices, sensitivity, specificity, correlation):
    """Answers for half used and half unused patients, whose slices are called alike with some correlation."""
    used = np.repeat([1, 0], n_patients // 2)
    rate = np.where(used, sensitivity, 1 - specificity)
    if correlation:
        scale = (1 - correlation) / correlation
        rate = rng.beta(rate * scale, (1 - rate) * scale)
    called = rng.random((n_patients, n_slices)) < rate[:, None]
    return np.repeat(used, n_slices), called.ravel(), np.repeat(np.arange(n_patients), n_slices)


def coverage(n_patients, n_slices, sensitivity, specificity, correlation=0.0, by_patient=True, seed=0):
    """Share of samples whose interval holds the true value, and the mean width, by metric."""
    truth = confusion_scores(sensitivity / 2, (1 - specificity) / 2, (1 - sensitivity) / 2, specificity / 2)
    rng = np.random.default_rng(seed)
    held, width = dict.fromkeys(truth, 0.0), dict.fromkeys(truth, 0.0)
    for i in range(REPEATS):
        y, called, patients = draw(rng, n_patients, n_slices, sensitivity, specificity, correlation)
        result = membership_scores(y, called, groups=patients if by_patient else None, n_bootstrap=500, random_state=i)
        for metric, value in truth.items():
            held[metric] += (result[metric].low <= value <= result[metric].high) / REPEATS
            width[metric] += (result[metric].high - result[metric].low) / REPEATS
    return held, width


@pytest.mark.parametrize(
    ("n_patients", "n_slices", "sensitivity", "specificity", "correlation"),
    [
        (12, 1, 0.6, 0.6, 0),
        (20, 1, 0.95, 0.95, 0),
        (60, 1, 0.9, 0.6, 0),
        (10, 10, 0.6, 0.6, 0.5),
        (20, 10, 0.9, 0.9, 0.5),
    ],
)
def test_intervals_cover_the_truth(n_patients, n_slices, sensitivity, specificity, correlation):
    held, _ = coverage(n_patients, n_slices, sensitivity, specificity, correlation)
    # 95 % nominal; the simulation's own error is 1.3 %
    assert min(held.values()) > 0.92, held


def test_slice_level_intervals_are_too_narrow_where_patient_level_ones_are_not():
    by_slice, _ = coverage(20, 10, 0.6, 0.6, 0.6, by_patient=False)
    by_patient, _ = coverage(20, 10, 0.6, 0.6, 0.6)
    assert max(by_slice["kappa"], by_slice["recall"], by_slice["specificity"]) < 0.75, by_slice
    assert min(by_patient.values()) > 0.92, by_patient


def test_plain_percentile_intervals_fail_where_ours_hold():
    # the reason for the phantom group: 10 used images of which a true 95 % are found
    rng = np.random.default_rng(0)
    percentile = ours = 0
    for i in range(REPEATS):
        y, called, _ = draw(rng, 20, 1, 0.95, 0.95, 0)
        tp = called[y == 1].sum()
        low, high = np.quantile(rng.binomial(10, tp / 10, 500) / 10, (0.025, 0.975))
        percentile += low <= 0.95 <= high
        score = membership_scores(y, called, n_bootstrap=500, random_state=i)["recall"]
        ours += score.low <= 0.95 <= score.high
    assert percentile / REPEATS < 0.7
    assert ours / REPEATS > 0.93


def test_large_samples_give_the_textbook_width():
    _, width = coverage(2000, 1, 0.7, 0.7)
    assert width["recall"] == pytest.approx(2 * 1.96 * np.sqrt(0.7 * 0.3 / 1000), rel=0.05)
    assert width["kappa"] == pytest.approx(2 * 1.96 * 2 * np.sqrt(0.7 * 0.3 / 2000), rel=0.05)


def test_a_rate_with_one_image_a_group_is_resampled_from_jeffreys_posterior():
    table = np.repeat(np.eye(4, dtype=int), [7, 3, 2, 8], axis=0)  # tp, fn, fp, tn
    totals = resample_counts(table, 0.5, 50_000, np.random.default_rng(0))
    recall = totals[:, 0] / (totals[:, 0] + totals[:, 1])
    assert stats.kstest(recall, stats.beta(7.5, 3.5).cdf).pvalue > 0.01


def test_few_groups_take_quantiles_of_student_and_one_group_takes_everything():
    samples = np.random.default_rng(0).normal(size=200_000)
    low, high = bounds(0.0, samples, 5, 0.95)
    assert high == pytest.approx(np.sqrt(5 / 4) * stats.t.ppf(0.975, 4), rel=0.03)
    assert low == pytest.approx(-high, rel=0.05)
    assert bounds(0.0, samples, 10**9, 0.95) == pytest.approx((-1.96, 1.96), abs=0.02)
    assert bounds(0.0, samples, 1, 0.95) == (samples.min(), samples.max())


def test_the_interval_contains_its_value():
    assert bounds(2.0, np.linspace(0, 1, 100), 50, 0.95)[1] == 2.0
    assert bounds(-1.0, np.linspace(0, 1, 100), 50, 0.95)[0] == -1.0


@pytest.mark.parametrize(("hits", "n"), [(0, 50), (1, 50), (20, 50), (50, 50), (1, 1)])
def test_clopper_pearson_is_that_of_scipy(hits, n):
    exact = stats.binomtest(hits, n).proportion_ci(0.95, "exact")
    assert clopper_pearson(hits, n, 0.95) == pytest.approx((exact.low, exact.high), abs=1e-9)
    single = proportion_interval(np.repeat([1, 0], [hits, n - hits]), np.ones(n), 0.95)
    assert single == pytest.approx((exact.low, exact.high), abs=1e-9)


def test_groups_that_always_agree_count_once():
    hits = np.repeat([10, 0], [6, 14])
    few = stats.t.isf(0.025, 199) / stats.t.isf(0.025, 19)
    assert proportion_interval(hits, np.full(20, 10), 0.95) == pytest.approx(
        clopper_pearson(6 * few**2, 20 * few**2, 0.95), abs=1e-9
    )
    assert proportion_interval(np.zeros(20), np.full(20, 10), 0.95) == clopper_pearson(0, 20, 0.95)


def test_proportions_of_clustered_trials_are_covered():
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(500):
        rate = rng.beta(0.2, 0.8, size=25)  # mean 0.2, correlation 0.5
        low, high = proportion_interval(rng.binomial(8, rate), np.full(25, 8), 0.95)
        held += low <= 0.2 <= high
    assert held / 500 > 0.92


def test_one_group_gives_nearly_no_information():
    low, high = proportion_interval(np.array([5]), np.array([10]), 0.95)
    assert low < 0.05
    assert high > 0.95
