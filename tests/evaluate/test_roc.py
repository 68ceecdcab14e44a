"""tpr_at_fpr: ties, resolution, certification."""

import json

import numpy as np
import pytest
from scipy import stats
from sklearn.metrics import roc_curve

from fingerprint_features.evaluate import NotResolvableError, operating_points, tpr_at_fpr


def poisson_task(seed, n=250):
    rng = np.random.default_rng(seed)
    y = np.repeat([1, 0], n)
    return y, rng.poisson(np.where(y, 2.4, 2.0)).astype(float)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("fpr", [0.01, 0.05, 0.1, 0.5])
def test_ties_are_never_split(seed, fpr):
    y, scores = poisson_task(seed)
    point = tpr_at_fpr(y, scores, fpr)
    false_alarms, hits, _ = roc_curve(y, scores, drop_intermediate=False)
    assert point.fpr.value <= fpr
    assert point.tpr.value == pytest.approx(hits[false_alarms <= fpr].max())
    called = scores > point.threshold
    assert point.tpr.value == called[y == 1].mean()
    assert point.fpr.value == called[y == 0].mean()


def test_interpolating_and_overshooting_read_more_from_the_same_scores():
    # hit counts: 250 members and 250 non-members share a handful of scores
    y, scores = poisson_task(1)
    false_alarms, hits, _ = roc_curve(y, scores, drop_intermediate=False)
    ours = tpr_at_fpr(y, scores, 0.01).tpr.value
    interpolated = np.interp(0.01, false_alarms, hits)
    overshot = hits[np.argmax(false_alarms >= 0.01)]
    assert ours < interpolated < overshot
    assert false_alarms[np.argmax(false_alarms >= 0.01)] > 0.01


def test_a_hand_counted_case():
    #   used      5 4 4 2 1      unused      4 3 2 2 1
    # above 3.5: 3 of 5 used, 1 of 5 unused
    y, scores = [1] * 5 + [0] * 5, [5, 4, 4, 2, 1, 4, 3, 2, 2, 1]
    point = tpr_at_fpr(y, scores, 0.2)
    assert (point.tpr.value, point.fpr.value, point.threshold) == (0.6, 0.2, 3.5)
    assert tpr_at_fpr(y, scores, 0.39).threshold == 3.5
    assert tpr_at_fpr(y, scores, 0.4).threshold == 2.5
    assert tpr_at_fpr(y, scores, 0.79).fpr.value == 0.4  # the two unused at 2 come together
    assert tpr_at_fpr(y, scores, 0.8).fpr.value == 0.8


def test_a_tie_at_the_top_calls_nobody():
    point = tpr_at_fpr([1, 1, 0, 0], [7, 7, 7, 7], 0.5)
    assert (point.tpr.value, point.fpr.value, point.threshold) == (0, 0, 7)
    assert point.tpr.high > 0.5


@pytest.mark.parametrize(
    ("fpr", "n", "message"),
    [
        (0.01, 50, "1 % FPR is not resolvable with 50 non-members: the smallest step is 2 %"),
        (0.001, 250, "0.1 % FPR is not resolvable with 250 non-members: the smallest step is 0.4 %"),
        (0.05, 19, "5 % FPR is not resolvable with 19 non-members: the smallest step is 5.26 %"),
    ],
)
def test_what_the_sample_cannot_resolve_is_refused(fpr, n, message):
    with pytest.raises(NotResolvableError) as error:
        tpr_at_fpr(np.repeat([1, 0], n), np.arange(2 * n), fpr)
    assert str(error.value) == message


@pytest.mark.parametrize(("fpr", "n"), [(0.02, 50), (0.01, 100), (0.1, 10), (0.07, 100), (0.001, 1000), (0.3, 10)])
def test_exactly_resolvable_rates_are_used_up_in_spite_of_rounding(fpr, n):
    y = np.repeat([1, 0], n)
    assert tpr_at_fpr(y, np.arange(2 * n), fpr).fpr.value == pytest.approx(fpr)


@pytest.mark.parametrize(("fpr", "needed"), [(0.05, "59"), (0.01, "299"), (0.001, "2,995")])
def test_certification_needs_59_299_and_2995_non_members(fpr, needed):
    n = int(needed.replace(",", ""))
    short = tpr_at_fpr(np.repeat([1, 0], [10, n - 1]), np.arange(n + 9), fpr)
    assert short.note == f"not certified: needs {needed} non-members"
    assert not short.certifiable
    enough = tpr_at_fpr(np.repeat([1, 0], [10, n]), np.arange(n + 10), fpr)
    assert (enough.certifiable, enough.note) == (True, "")
    # what the number means: no false alarm among n shows a rate of at most fpr, among n - 1 it does not
    assert stats.beta.ppf(0.95, 1, n) <= fpr < stats.beta.ppf(0.95, 1, n - 1)


def test_intervals_are_clopper_pearson():
    y, scores = poisson_task(2)
    point = tpr_at_fpr(y, scores, 0.1)
    for rate in (point.tpr, point.fpr):
        exact = stats.binomtest(round(rate.value * 250), 250).proportion_ci(0.95, "exact")
        assert rate[1:] == pytest.approx((exact.low, exact.high), abs=1e-9)


def test_groups_count_patients():
    rng = np.random.default_rng(0)
    y, patients = np.repeat([1, 0], 500), np.arange(1000) // 10
    scores = np.repeat(rng.normal(size=100), 10) + 1e-3 * rng.random(1000)
    with pytest.raises(NotResolvableError, match=r"1 % FPR is not resolvable with 50 non-member groups: .* is 2 %"):
        tpr_at_fpr(y, scores, 0.01, groups=patients)
    by_patient, by_image = tpr_at_fpr(y, scores, 0.1, groups=patients), tpr_at_fpr(y, scores, 0.1)
    assert by_patient.tpr.value == by_image.tpr.value
    assert by_patient.tpr.high - by_patient.tpr.low > 2 * (by_image.tpr.high - by_image.tpr.low)
    assert tpr_at_fpr(y, scores, 0.03, groups=patients).note == "not certified: needs 99 non-member groups"


def test_one_image_a_group_changes_nothing():
    y, scores = poisson_task(3)
    alone, grouped = tpr_at_fpr(y, scores, 0.1), tpr_at_fpr(y, scores, 0.1, groups=np.arange(500))
    assert alone.tpr == pytest.approx(grouped.tpr)
    assert alone.threshold == grouped.threshold


def test_infinite_scores_and_neighbouring_floats_have_a_threshold_between():
    point = tpr_at_fpr([1, 1, 0, 0], [np.inf, 0.0, -np.inf, -np.inf], 0.5)
    assert (point.tpr.value, point.fpr.value) == (1, 0)
    above = np.nextafter(1.0, 2.0)
    point = tpr_at_fpr([1, 0, 0], [above, 1.0, 1.0], 0.5)
    assert (point.tpr.value, point.fpr.value) == (1, 0)


def test_the_result_prints_in_one_line():
    point = tpr_at_fpr(np.repeat([1, 0], 100), np.arange(200)[::-1], 0.01)
    assert str(point) == (
        "TPR 1.000 [0.964, 1.000] at FPR 0.010 [0.000, 0.054], asked 1 % (not certified: needs 299 non-members)"
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"fpr": 0}, "'fpr' parameter of tpr_at_fpr must be a number between 0 and 1"),
        ({"fpr": 1.0}, "'fpr' parameter of tpr_at_fpr must be a number between 0 and 1"),
        ({"y_true": [1, 1]}, "needs used and unused images"),
        ({"scores": [np.nan, 1]}, "1 NaN"),
        ({"scores": [1]}, "lengths differ"),
    ],
)
def test_wrong_arguments_say_what_to_do(arguments, message):
    with pytest.raises(ValueError, match=message):
        tpr_at_fpr(**{"y_true": [1, 0], "scores": [1, 0], "fpr": 0.5, **arguments})


def test_several_rates_say_which_cannot_be_resolved():
    y, scores = poisson_task(0)
    points = operating_points(y, scores)
    assert [point.asked for point in points] == [0.1, 0.05, 0.01, 0.001]
    for point in points[:3]:
        assert point == tpr_at_fpr(y, scores, point.asked)
    assert [point.resolvable for point in points] == [True, True, True, False]
    assert str(points[3]) == "0.1 % FPR is not resolvable with 250 non-members: the smallest step is 0.4 %"
    assert "not certified: needs 299 non-members" in str(points[2])
    assert np.isnan([points[3].threshold, *points[3].tpr, *points[3].fpr]).all()
    kept = [json.loads(json.dumps(point.to_dict(), allow_nan=False)) for point in points]
    assert kept[0]["tpr"]["value"] == points[0].tpr.value
    assert (kept[3]["tpr"], kept[3]["threshold"], kept[3]["note"]) == (None, None, points[3].note)


def test_several_rates_count_patients():
    groups = np.repeat(np.arange(100), 5)
    y, scores = poisson_task(0)
    points = operating_points(y, scores, (0.05, 0.01), groups=groups)
    assert points[1].note == "1 % FPR is not resolvable with 50 non-member groups: the smallest step is 2 %"


def test_other_faults_of_several_rates_are_raised():
    with pytest.raises(ValueError, match="'fpr' parameter of tpr_at_fpr must be a number between 0 and 1"):
        operating_points([1, 0], [1, 0], (0.5, 0))
    with pytest.raises(ValueError, match="y_true holds one class only"):
        operating_points([1, 1], [1, 0])
