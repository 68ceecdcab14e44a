"""What our own recipe finds where it is known, and that it finds nothing where there is nothing."""

from functools import lru_cache

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fingerprint_features import LBP, FeaturePipeline, ImageSet, make_membership_task, recipes

SEEDS = range(3)


@lru_cache
def world(seed, **params):
    return make_membership_task(24, 24, 96, n_holdout=24, image_size=48, random_state=seed, **params)


def area(known_holdout, **params):
    """Return the mean area under the ROC curve; each image is judged by a fold that does not hold its patient."""
    found = []
    for seed in SEEDS:
        task = world(seed, **params)
        holdout = task.holdout if known_holdout else None
        model = recipes.make("calibrated-log-ratio", reference=task.reference, holdout=holdout)
        scores = cross_val_predict(
            model, task.X, task.y, groups=task.groups, cv=GroupKFold(3), method="decision_function"
        )
        found.append(roc_auc_score(task.y, scores))
    return np.mean(found)


@pytest.mark.parametrize("known_holdout", [False, True])
def test_memory_is_found(known_holdout):
    assert area(known_holdout, memorization=0.5) > 0.85


@pytest.mark.parametrize("known_holdout", [False, True])
def test_memory_is_found_in_several_slices_of_a_patient(known_holdout):
    assert area(known_holdout, memorization=0.5, slices_per_patient=4) > 0.95


@pytest.mark.parametrize("known_holdout", [False, True])
@pytest.mark.parametrize("params", [{"shift": 1.0}, {"slices_per_patient": 4}], ids=["other scanner", "slices"])
def test_nothing_is_found_where_nothing_was_memorised(known_holdout, params):
    assert abs(area(known_holdout, memorization=0.0, **params) - 0.5) < 0.12


def test_a_holdout_that_holds_the_images_judged_is_refused():
    task = make_membership_task(8, 8, 12, n_holdout=4, image_size=32, random_state=0)
    model = recipes.make("calibrated-log-ratio", reference=task.reference, holdout=task.X[:4])
    with pytest.raises(ValueError, match="X and holdout share 4 of 16"):
        model.fit(task.X, task.y)


def test_a_holdout_and_a_cut_of_ones_own_need_no_labels():
    task = make_membership_task(8, 8, 40, n_holdout=8, image_size=32, random_state=0)
    model = recipes.make("calibrated-log-ratio", reference=task.reference, holdout=task.holdout, threshold=0.0)
    bits = FeaturePipeline(model[0].features.extractors).fit(task.X).transform
    there, here = (
        np.array([min((row != other).sum() for other in bits(images)) for row in bits(task.X)])
        for images in (task.holdout, task.reference)
    )
    np.testing.assert_array_equal(model.fit(task.X).predict(task.X), there > here)


def test_other_features_may_take_the_place_of_hashes():
    task = make_membership_task(10, 10, 20, image_size=32, random_state=0)
    features = make_pipeline(FeaturePipeline([LBP()]), StandardScaler())
    model = recipes.make(
        "calibrated-log-ratio", reference=task.reference, features=features, metric="euclidean", k=2
    ).fit(task.X, task.y)
    assert model[0].get_feature_names_out().tolist() == ["euclidean_log_ratio_k2"]


def test_the_warning_tells_the_cure():
    task = make_membership_task(10, 10, 20, image_size=32, random_state=0)
    with pytest.warns(UserWarning, match=r"groups=ids if no patient occurs twice"):
        recipes.make("calibrated-log-ratio", reference=task.reference).fit(ImageSet(np.stack(list(task.X))), task.y)
