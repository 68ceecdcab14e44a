"""Known truth: what the calibrated score finds, and that nothing is found where nothing was memorised."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from fingerprint_features.decide import ThresholdClassifier
from fingerprint_features.reference import ReferenceSimilarity
from tests.reference.worlds import memorising_world, population

NAMES = ["max", "hits", "rank", "log_ratio", "diff", "dpi", "monte_carlo"]


def areas(width, memorised, names=NAMES, seeds=3):
    """Return the mean area under the ROC curve of each reduction."""
    found = []
    for seed in range(seeds):
        X, y, generated, holdout = memorising_world(seed, width, memorised)
        columns = ReferenceSimilarity(generated, reduce=names, holdout=holdout).fit(X).transform(X)
        found.append([roc_auc_score(y, column) for column in columns.T])
    return dict(zip(names, np.mean(found, axis=0), strict=True))


@pytest.mark.parametrize("width", [16, 256])
def test_the_ratio_beats_plain_distance_and_hits_where_rows_differ_in_spread(width):
    auc = areas(width, memorised=0.35)
    assert auc["log_ratio"] > 0.8
    assert auc["log_ratio"] > auc["max"] + 0.1
    assert auc["log_ratio"] > auc["hits"] + 0.04


@pytest.mark.parametrize("width", [16, 256])
def test_nothing_is_found_where_nothing_was_memorised(width):
    assert all(abs(auc - 0.5) < 0.05 for auc in areas(width, memorised=0).values())


def test_a_shift_between_used_and_unused_does_not_fool_the_ratio():
    found = []
    for seed in range(6):
        rng = np.random.default_rng(seed)
        used, unused, holdout, generated = (population(rng, n, 4)[0] for n in (300, 300, 600, 600))
        unused[:, 0] += 3  # another scanner; the generator learnt the first one's images, and memorised none
        X, y = np.vstack([used, unused]), np.repeat([1, 0], 300)
        columns = ReferenceSimilarity(generated, reduce=["log_ratio", "max"], holdout=holdout).fit_transform(X)
        found.append([roc_auc_score(y, column) for column in columns.T])
    ratio, plain = np.mean(found, axis=0)
    assert plain > 0.75
    assert abs(ratio - 0.5) < 0.06


def test_the_whole_rule_is_learnt_and_tuned_by_cross_validation():
    X, y, generated, _ = memorising_world(0, 16, memorised=0.6, n=120)
    model = make_pipeline(
        ReferenceSimilarity(generated, reduce="log_ratio", holdout="unused"), ThresholdClassifier("auto")
    )
    search = GridSearchCV(
        model, {"referencesimilarity__k": [1, 20]}, cv=StratifiedKFold(4, shuffle=True, random_state=0)
    )
    search.fit(X, y)
    assert search.best_params_ == {"referencesimilarity__k": 1}  # k above the copies of an image dilutes
    assert search.best_score_ > 0.8


def test_several_columns_feed_a_classifier():
    X, y, generated, holdout = memorising_world(1, 16, memorised=0.6)
    order = np.random.default_rng(0).permutation(len(y))
    X, y = X[order], y[order]
    model = make_pipeline(ReferenceSimilarity(generated, reduce=["log_ratio", "diff"], holdout=holdout), LinearSVC())
    assert model.fit(X[:250], y[:250]).score(X[250:], y[250:]) > 0.8
