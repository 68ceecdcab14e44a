"""The ROC picture shows the rates and intervals that it is given."""

import numpy as np
import pytest
from scipy.stats import binomtest
from sklearn.metrics import roc_curve

from fingerprint_features.evaluate import roc_band
from fingerprint_features.report import draw_roc


def sample(n_used, n_unused, seed=0, levels=None):
    rng = np.random.default_rng(seed)
    y = np.repeat([1, 0], [n_used, n_unused])
    scores = rng.normal(size=len(y)) + y
    return y, scores if levels is None else np.round(scores * levels)


@pytest.mark.parametrize("levels", [None, 2])
def test_the_rates_are_those_of_scikit_learn(levels):
    y, scores = sample(30, 40, levels=levels)
    fpr, tpr, thresholds = roc_curve(y, scores, drop_intermediate=False)
    band = roc_band(y, scores)
    np.testing.assert_allclose(np.column_stack([band.fpr, band.tpr]), np.column_stack([fpr, tpr]))
    np.testing.assert_array_equal(band.thresholds[:-1], thresholds[1:])  # "above" here, "at least" there


def test_the_intervals_are_those_of_clopper_and_pearson_at_half_the_error():
    y, scores = sample(12, 15)
    band = roc_band(y, scores, confidence=0.9)
    for i, threshold in enumerate(band.thresholds):
        for label, low, high in ((1, band.tpr_low, band.tpr_high), (0, band.fpr_low, band.fpr_high)):
            here = scores[y == label]
            exact = binomtest(int((here > threshold).sum()), len(here)).proportion_ci(0.95, method="exact")
            np.testing.assert_allclose((low[i], high[i]), exact, atol=1e-9)


def test_patients_whose_images_agree_count_once():
    y, scores = sample(10, 10)
    alone = roc_band(y, scores)
    copied = roc_band(np.repeat(y, 4), np.repeat(scores, 4), groups=np.repeat(np.arange(20), 4))
    naive = roc_band(np.repeat(y, 4), np.repeat(scores, 4))
    assert copied.n_unused == 10
    middle = (alone.tpr > 0) & (alone.tpr < 1)
    np.testing.assert_allclose(copied.tpr_high[~middle], alone.tpr_high[~middle])
    assert (copied.tpr_high - copied.tpr_low)[middle].mean() > 1.5 * (naive.tpr_high - naive.tpr_low)[middle].mean()


def test_infinite_scores_are_scores():
    band = roc_band([1, 1, 0, 0], [np.inf, 1, -np.inf, 0])
    assert band.tpr.tolist() == [0, 0.5, 1, 1, 1]
    assert band.fpr.tolist() == [0, 0, 0, 0.5, 1]


def test_many_cuts_are_thinned_where_false_alarms_are_common():
    y, scores = sample(2000, 2000)
    band = roc_band(y, scores)
    assert len(band.fpr) <= 201
    assert (band.tpr[-1], band.fpr[-1]) == (1, 1)
    assert (np.diff(band.thresholds) < 0).all()


def test_one_class_has_no_curve():
    with pytest.raises(ValueError, match="one class only"):
        roc_band([1, 1], [0, 1])


def test_the_picture_has_the_curve_the_band_and_the_finest_rate():
    y, scores = sample(30, 40)
    axes = draw_roc(y, scores, title="a $title$ with _{").axes[0]
    lines = {line.get_label(): line.get_xydata() for line in axes.get_lines()}
    assert lines["one unused image of 40"][0, 0] == 1 / 40
    band, curve = roc_band(y, scores), lines["found"]
    corners = set(map(tuple, np.round(curve, 9)))
    assert {tuple(p) for p in np.round(np.column_stack([band.fpr, band.tpr])[band.fpr > 0], 9)} <= corners
    (area,) = axes.patches
    inside = area.get_path().contains_points(axes.transData.inverted().transform(axes.transData.transform(curve)))
    assert area.get_label() == "95 % of samples, at each cut"
    assert inside.mean() > 0.9  # but for points on its edge
    assert axes.get_title() == "a $title$ with _{"
    axes.figure.canvas.draw()  # a title that is no formula


def test_the_picture_counts_patients():
    y, scores = sample(6, 8)
    axes = draw_roc(np.repeat(y, 3), np.repeat(scores, 3), groups=np.repeat(np.arange(14), 3)).axes[0]
    assert "one unused group of 8" in [line.get_label() for line in axes.get_lines()]
