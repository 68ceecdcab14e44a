"""Confusion counts to scores: every published result row, and the undefined ratios."""

import numpy as np
import pytest
from sklearn import metrics

from fingerprint_features.evaluate import confusion_scores

# run id, TP, FP, FN, TN on 250 used and 250 unused images, and the published kappa
ROWS_2025 = """
1878 151 114  99 136  .148
1803 163 129  87 121  .136
1802 170 137  80 113  .132
1801 176 144  74 106  .128
1880  92  74 158 176  .072
1359  75  59 175 191  .064
1367  60  49 190 201  .044
1696 143 134 107 116  .036
1364  24  16 226 234  .032
1881  94  86 156 164  .032
1360 160 152  90  98  .032
1877 110 103 140 147  .028
1366 183 178  67  72  .020
1872  57  53 193 197  .016
1288 130 126 120 124  .016
1368  83  80 167 170  .012
1811 123 120 127 130  .012
1427 103 107 147 143 -.016
1879  53  59 197 191 -.024
1882  46  53 204 197 -.028
1355 205 213  45  37 -.032
1160 114 122 136 128 -.032
1779  27  35 223 215 -.032
1492 155 166  95  84 -.044
1330 230 247  20   3 -.068
1369 163 187  87  63 -.096
1778 120 149 130 101 -.116
1356  56  89 194 161 -.132
1776  67 111 183 139 -.176
"""
ROWS_2025 = [line.split() for line in ROWS_2025.strip().splitlines()]

# run, TP, FP, FN, TN on 100 used and 100 unused images, and the published F1 (cut off after three digits)
ROWS_2023 = [
    ("VCMI 2", 77, 15, 23, 85, 0.802),
    ("CLEF-CSE 1", 79, 78, 21, 22, 0.614),
    ("CLEF-CSE 2", 55, 56, 45, 44, 0.521),
    ("CLEF-CSE 3", 36, 31, 64, 69, 0.431),
]


@pytest.mark.parametrize("row", ROWS_2025, ids=[row[0] for row in ROWS_2025])
def test_published_kappas_of_2025_reproduce_to_the_printed_digits(row):
    tp, fp, fn, tn = map(int, row[1:5])
    assert (tp + fn, fp + tn) == (250, 250)
    scores = confusion_scores(tp, fp, fn, tn)
    assert scores["kappa"] == pytest.approx(float(row[5]), abs=1e-12)
    assert scores["kappa"] == pytest.approx(2 * scores["accuracy"] - 1, abs=1e-12)


def test_there_are_29_distinct_rows():
    assert len({tuple(row[1:5]) for row in ROWS_2025}) == 29


@pytest.mark.parametrize(("run", "tp", "fp", "fn", "tn", "f1"), ROWS_2023)
def test_published_f1s_of_2023_reproduce_to_the_printed_digits(run, tp, fp, fn, tn, f1):
    assert np.floor(1000 * confusion_scores(tp, fp, fn, tn)["f1"]) / 1000 == f1


def test_winner_of_2023_has_f1_8021_and_accuracy_81():
    scores = confusion_scores(77, 15, 23, 85)
    assert (round(scores["f1"], 4), scores["accuracy"]) == (0.8021, 0.81)


def test_scores_agree_with_scikit_learn():
    rng = np.random.default_rng(0)
    for _ in range(20):
        y, p = rng.integers(0, 2, (2, 30))
        (tn, fp), (fn, tp) = metrics.confusion_matrix(y, p, labels=[0, 1])
        expected = {
            "kappa": metrics.cohen_kappa_score(y, p),
            "f1": metrics.f1_score(y, p),
            "accuracy": metrics.accuracy_score(y, p),
            "balanced_accuracy": metrics.balanced_accuracy_score(y, p),
            "precision": metrics.precision_score(y, p),
            "recall": metrics.recall_score(y, p),
            "specificity": metrics.recall_score(y, p, pos_label=0),
        }
        assert confusion_scores(tp, fp, fn, tn) == pytest.approx(expected, abs=1e-12)


@pytest.mark.parametrize("counts", [(5, 0, 0, 0), (0, 5, 0, 0), (0, 0, 5, 0), (0, 0, 0, 5), (0, 0, 0, 0), (3, 4, 0, 0)])
def test_ratios_of_nothing_are_zero_and_finite(counts):
    tp, fp, _, tn = counts
    scores = confusion_scores(*counts)
    assert all(type(value) is float and np.isfinite(value) for value in scores.values())
    assert scores["kappa"] == 0
    if not tp + fp:
        assert scores["precision"] == 0
    if not fp + tn:
        assert scores["specificity"] == 0


def test_arrays_of_counts_give_arrays_of_scores():
    counts = np.array([row[1:5] for row in ROWS_2025], dtype=int).T
    np.testing.assert_allclose(confusion_scores(*counts)["kappa"], [float(row[5]) for row in ROWS_2025], atol=1e-12)


@pytest.mark.parametrize("bad", [-1, np.nan])
def test_negative_or_missing_counts_raise(bad):
    with pytest.raises(ValueError, match="0 or more"):
        confusion_scores(bad, 1, 1, 1)
