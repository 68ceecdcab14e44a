"""The result object: table, dict, frame."""

import dataclasses
import json
import sys

import numpy as np
import pytest

from fingerprint_features.evaluate import Score, membership_scores

TRUTH, ANSWERS = np.repeat([1, 0], 20), np.tile([1, 1, 1, 0], 10)


def test_the_table_is_aligned_and_complete():
    lines = str(membership_scores(TRUTH, ANSWERS, scores=ANSWERS)).splitlines()
    assert lines[0] == "40 images, intervals by image"
    assert lines[1].split("  ")[-1] == "95 % of random"
    assert [line.split()[0] for line in lines[2:]] == [
        "kappa", "f1", "accuracy", "balanced_accuracy", "precision", "recall", "specificity", "auc"
    ]  # fmt: skip
    assert len({len(line) for line in lines[1:]}) == 1
    assert "intervals by group (8 groups)" in str(membership_scores(TRUTH, ANSWERS, groups=np.arange(40) // 5))
    assert "90 % interval" in str(membership_scores(TRUTH, ANSWERS, confidence=0.9))


def test_the_dict_survives_json_and_holds_everything():
    result = membership_scores(TRUTH, ANSWERS, groups=np.arange(40) // 5, scores=ANSWERS)
    copy = json.loads(json.dumps(result.to_dict()))
    assert copy == result.to_dict()
    assert Score(**copy["scores"]["kappa"]) == result["kappa"]
    assert copy["baselines"]["random"]["auc"]["value"] == 0.5
    assert (copy["n_images"], copy["n_groups"], copy["confidence"]) == (40, 8, 0.95)


def test_the_frame_has_one_row_a_metric():
    result = membership_scores(TRUTH, ANSWERS)
    frame = result.frame()
    assert list(frame.columns) == [
        "value", "low", "high", "all used", "none used", "random", "random low", "random high"
    ]  # fmt: skip
    assert frame.loc["kappa", "low"] == result["kappa"].low
    assert frame.loc["f1", "all used"] == pytest.approx(2 / 3)


def test_without_pandas_the_frame_says_what_to_do(monkeypatch):
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(ImportError, match=r"needs pandas: pip install pandas .*to_dict"):
        membership_scores(TRUTH, ANSWERS).frame()


def test_a_result_is_frozen_and_a_score_prints_its_interval():
    result = membership_scores(TRUTH, ANSWERS)
    with pytest.raises(dataclasses.FrozenInstanceError):
        result.n_images = 3
    assert str(Score(0.148, 0.0612, 0.2349)) == "0.148 [0.061, 0.235]"
