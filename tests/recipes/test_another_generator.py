"""A fitted model that is asked about another generator's images: the copy answers by these, the original does not."""

from copy import copy

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import VotingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import FeatureUnion, make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.utils.validation import check_is_fitted

from fingerprint_features import SSIM, ClusterClassifier, FeaturePipeline, ThresholdClassifier, recipes

OLD, NEW = np.array([[0.0, 0.0]]), np.array([[9.0, 9.0]])
RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(40, 2)) * 3, np.arange(40) % 2


class Nearness(TransformerMixin, BaseEstimator):
    """Minus the distance to the nearest row of a reference, less the largest one seen in fit."""

    def __init__(self, reference=None):
        self.reference = reference

    def fit(self, X, y=None):
        self.learnt_ = self._nearness(X).max()
        return self

    def transform(self, X):
        return self._nearness(X) - self.learnt_

    def with_reference(self, pool):
        check_is_fitted(self)
        other = copy(self)
        other.reference = pool
        return other

    def _nearness(self, X):
        return -np.linalg.norm(X[:, None] - self.reference[None], axis=2).min(axis=1, keepdims=True)


def expected(X, reference):
    """What `Nearness` fitted on X with OLD gives with a reference."""
    nearest = [[-min(np.hypot(*(row - other)) for other in group) for group in (OLD, reference)] for row in X]
    old, new = np.array(nearest).T
    return (new - old.max())[:, None]


def scores(model):
    return model.decision_function(X) if hasattr(model, "decision_function") else model.predict_proba(X)[:, 1]


BY_HAND = LogisticRegression().fit(expected(X, OLD), Y)
MODELS = {
    "pipeline": make_pipeline(Nearness(OLD), LogisticRegression()),
    "nested pipeline": make_pipeline(make_pipeline(FunctionTransformer(), Nearness(OLD)), LogisticRegression()),
    "union": make_pipeline(FeatureUnion([("near", Nearness(OLD))]), LogisticRegression()),
    "columns": make_pipeline(ColumnTransformer([("near", Nearness(OLD), [0, 1])]), LogisticRegression()),
    "search": GridSearchCV(make_pipeline(Nearness(OLD), LogisticRegression()), {"logisticregression__C": [1.0]}),
    "voting": VotingClassifier([("one", make_pipeline(Nearness(OLD), LogisticRegression()))], voting="soft"),
}


@pytest.mark.parametrize("name", MODELS)
def test_the_copy_compares_with_the_new_reference_and_keeps_what_was_learnt(name):
    model = MODELS[name].fit(X, Y)
    before = scores(model)
    moved = recipes.with_reference(model, NEW)
    of_new, of_old = (
        BY_HAND.predict_proba(expected(X, reference))[:, 1]
        if name == "voting"
        else BY_HAND.decision_function(expected(X, reference))
        for reference in (NEW, OLD)
    )
    np.testing.assert_allclose(scores(moved), of_new)
    assert_array_equal(scores(model), before)
    np.testing.assert_allclose(before, of_old)
    assert not np.allclose(of_new, of_old)


@pytest.mark.parametrize("name", MODELS)
def test_the_copy_fitted_again_keeps_the_new_reference(name):
    moved = recipes.with_reference(MODELS[name].fit(X, Y), NEW)
    again = make_pipeline(Nearness(NEW), LogisticRegression()).fit(X, Y)
    want = again.predict_proba(X)[:, 1] if name == "voting" else again.decision_function(X)
    np.testing.assert_allclose(scores(moved.fit(X, Y)), want)


def test_copies_hidden_in_private_objects_are_reached():
    model = CalibratedClassifierCV(make_pipeline(Nearness(OLD), LogisticRegression()), cv=3).fit(X, Y)
    moved = recipes.with_reference(model, NEW)
    for made, reference in ((moved, NEW), (model, OLD)):
        for one in made.calibrated_classifiers_:
            assert_array_equal(one.estimator[0].reference, reference)


def test_one_part_kept_in_two_places_stays_one():
    model = VotingClassifier([("one", make_pipeline(Nearness(OLD), LogisticRegression()))]).fit(X, Y)
    moved = recipes.with_reference(model, NEW)
    assert moved.named_estimators_["one"] is moved.estimators_[0]


def test_what_is_not_fitted_or_has_no_reference_says_so():
    with pytest.raises(NotFittedError):
        recipes.with_reference(make_pipeline(Nearness(OLD), LogisticRegression()), NEW)
    with pytest.raises(TypeError, match="nothing in this Pipeline compares with a reference"):
        recipes.with_reference(make_pipeline(StandardScaler(), LogisticRegression()).fit(X, Y), NEW)


def test_what_was_fitted_on_the_old_reference_says_so():
    clusters = make_pipeline(StandardScaler(), ClusterClassifier(mapping="reference_share", reference=OLD)).fit(X)
    with pytest.raises(TypeError, match="ClusterClassifier cannot be given another reference, since it was fitted on"):
        recipes.with_reference(clusters, NEW)


IMAGES = RNG.integers(0, 256, (12, 16, 16), dtype=np.uint8)


@pytest.mark.parametrize("wrap", [lambda ssim: ssim, lambda ssim: FeaturePipeline([ssim])])
def test_structural_similarity_is_reached_too(wrap):
    old, new = IMAGES[:3], IMAGES[3:6]
    model = make_pipeline(wrap(SSIM(old)), ThresholdClassifier("auto")).fit(IMAGES[6:], np.arange(6) % 2)
    moved = recipes.with_reference(model, new)
    assert moved[-1].threshold_ == model[-1].threshold_
    assert_array_equal(moved[0].transform(IMAGES[6:]), SSIM(new).fit_transform(IMAGES[6:]))
    assert_array_equal(model[0].transform(IMAGES[6:]), SSIM(old).fit_transform(IMAGES[6:]))


def test_a_column_for_each_old_image_cannot_be_carried_over():
    model = make_pipeline(SSIM(IMAGES[:3], reduce=None), LogisticRegression()).fit(IMAGES[6:], np.arange(6) % 2)
    with pytest.raises(TypeError, match="SSIM cannot be given another reference, since its columns are the images"):
        recipes.with_reference(model, IMAGES[3:6])
