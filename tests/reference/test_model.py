"""ReferenceModel: what an estimator that knows the generated set says of X."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from sklearn.base import clone
from sklearn.cluster import DBSCAN, KMeans
from sklearn.covariance import EmpiricalCovariance
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.metrics import roc_auc_score
from sklearn.mixture import GaussianMixture
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from fingerprint_features import FeaturePipeline, ImageSet
from fingerprint_features.decide import ThresholdClassifier
from fingerprint_features.reference import ReferenceModel
from fingerprint_features.reference.samples import Samples, by_content
from tests.helpers import Centre, Mean
from tests.reference.worlds import patients

RNG = np.random.default_rng(0)
X, REFERENCE, CONTRAST = (
    RNG.standard_normal((20, 3)),
    RNG.standard_normal((60, 3)) + 0.5,
    RNG.standard_normal((40, 3)) - 1,
)
# in the order in which estimators see them, whatever order they come in
REFERENCE, CONTRAST = (by_content(Samples(table)).data for table in (REFERENCE, CONTRAST))


def column(estimator, **params):
    return ReferenceModel(estimator, REFERENCE, **params).fit_transform(X)[:, 0]


def test_densities_and_squared_distances_of_the_reference():
    mixture = GaussianMixture(2, random_state=0)
    assert_allclose(column(mixture), GaussianMixture(2, random_state=0).fit(REFERENCE).score_samples(X))
    middle, precision = REFERENCE.mean(axis=0), np.linalg.inv(np.cov(REFERENCE.T, bias=True))
    expected = [-(row - middle) @ precision @ (row - middle) for row in X]
    assert_allclose(column(EmpiricalCovariance(), output="mahalanobis"), expected)
    assert not hasattr(mixture, "means_")


def test_distances_to_centres_are_negated_and_components_are_not():
    centres = KMeans(4, n_init=1, random_state=0)
    distances = np.linalg.norm(X[:, None] - centres.fit(REFERENCE).cluster_centers_[None], axis=2)
    assert_allclose(column(centres, output="min_transform"), -distances.min(axis=1))
    model = ReferenceModel(centres, REFERENCE, output="transform")
    assert_allclose(model.fit_transform(X), -distances)
    assert_array_equal(model.get_feature_names_out(), [f"kmeans_transform_{i}" for i in range(4)])
    components = ReferenceModel(PCA(2), REFERENCE, output="transform").fit_transform(X)
    assert_allclose(components, PCA(2).fit(REFERENCE).transform(X))


@pytest.mark.parametrize(
    ("classifier", "output"),
    [(SVC(), "decision_function"), (RandomForestClassifier(5, random_state=0), "predict_proba")],
)
def test_with_a_contrast_a_classifier_tells_the_two_apart(classifier, output):
    scores = column(classifier, contrast=CONTRAST, output=output)
    both, labels = np.vstack([REFERENCE, CONTRAST]), np.repeat([1, 0], [60, 40])
    expected = getattr(classifier.fit(both, labels), output)(X)
    assert_allclose(scores, expected[:, 1] if output == "predict_proba" else expected)
    near = ReferenceModel(classifier, REFERENCE, CONTRAST, output=output).fit(X)
    assert roc_auc_score(labels, near.transform(both)[:, 0]) > 0.9


def test_the_order_of_the_reference_plays_no_part():
    for estimator, params in (
        (KMeans(4, n_init=1, random_state=0), {"output": "transform"}),
        (RandomForestClassifier(5, random_state=0), {"output": "predict_proba", "contrast": CONTRAST[::-1].copy()}),
    ):
        turned = ReferenceModel(estimator, REFERENCE[::-1].copy(), **params).fit_transform(X)
        straight = ReferenceModel(estimator, REFERENCE, **params).fit_transform(X)
        assert_array_equal(turned, straight)


def test_standardising_shifts_and_scales_whatever_the_order_of_the_reference():
    model = ReferenceModel(GaussianMixture(random_state=0), REFERENCE, standardize="zscore", held_out=0.25).fit(X)
    scores = model.estimator_.score_samples(X)
    assert_allclose(model.transform(X)[:, 0], (scores - model.mean_) / model.std_)
    shuffled = clone(model).set_params(reference=REFERENCE[::-1].copy()).fit(X)
    assert_allclose(shuffled.transform(X), model.transform(X))


def test_what_is_held_out_has_mean_zero_and_deviation_one():
    seen = []

    class Spy(EmpiricalCovariance):
        def fit(self, rows, y=None):
            seen.append(rows)
            return super().fit(rows)

    model = ReferenceModel(Spy(), REFERENCE, output="mahalanobis", standardize="zscore", held_out=0.2).fit(X)
    apart = np.array([row for row in REFERENCE if not (seen[0] == row).all(axis=1).any()])
    assert (len(seen[0]), len(apart)) == (48, 12)
    scores = model.transform(apart)
    assert_allclose([scores.mean(), scores.std()], [0, 1], atol=1e-12)


def test_images_go_through_features_fitted_on_x():
    pictures, _ = patients(np.random.default_rng(0), 30)
    reals, generated, contrast = pictures[:8], ImageSet(pictures[8:20]), ImageSet(pictures[20:])
    features = FeaturePipeline([Mean(), Centre()])
    table = features.fit(reals)
    scaler = StandardScaler().fit(table.transform(reals))
    model = ReferenceModel(SVC(), generated, contrast, make_pipeline(features, StandardScaler()), "decision_function")
    both = np.vstack([scaler.transform(table.transform(some)) for some in (generated, contrast)])
    expected = SVC().fit(both, np.repeat([1, 0], [12, 10])).decision_function(scaler.transform(table.transform(reals)))
    assert_allclose(model.fit_transform(reals)[:, 0], expected, rtol=1e-5, atol=1e-5)


def test_a_fixed_cut_makes_it_a_detector():
    detector = make_pipeline(
        ReferenceModel(EmpiricalCovariance(), REFERENCE, output="mahalanobis"), ThresholdClassifier(-3.0)
    )
    assert_array_equal(detector.fit(X).predict(X), column(EmpiricalCovariance(), output="mahalanobis") > -3)


def test_what_it_learns_from_is_the_reference_alone():
    model = ReferenceModel(GaussianMixture(random_state=0), REFERENCE)
    assert_array_equal(model.fit(X[:3]).transform(X), model.fit(X).transform(X))
    assert_allclose(ReferenceModel(PCA(1), output="transform").fit(X).estimator_.mean_, X.mean(axis=0))


@pytest.mark.parametrize(
    ("estimator", "params", "error", "message"),
    [
        (PCA(1), {"output": "predict"}, ValueError, "'output' parameter of ReferenceModel"),
        (PCA(1), {"standardize": "max"}, ValueError, "'standardize' parameter"),
        (PCA(1), {"held_out": 1.0}, ValueError, "'held_out' parameter"),
        (PCA(1), {"contrast": CONTRAST}, ValueError, "'estimator' parameter .* a classifier, when there is a contrast"),
        (GaussianMixture(), {"output": "predict_proba"}, ValueError, "another one without a contrast"),
        (SVC(), {"contrast": CONTRAST}, TypeError, r"needs score_samples, which SVC does not .* \['decision_function"),
        (DBSCAN(), {"output": "transform"}, TypeError, "needs transform, which DBSCAN does not have"),
        (PCA(1), {"standardize": "zscore", "reference": X[:2]}, ValueError, "leaves none to learn from"),
        (PCA(1), {"reference": X[:, :2]}, ValueError, "X has 3, reference has 2 columns"),
    ],
)
def test_errors_say_what_to_change(estimator, params, error, message):
    with pytest.raises(error, match=message):
        ReferenceModel(estimator, **{"reference": REFERENCE, **params}).fit(X)
