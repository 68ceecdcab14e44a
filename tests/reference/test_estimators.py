"""scikit-learn's own checks, in full, in table form."""

import pytest
from sklearn.cluster import KMeans
from sklearn.covariance import EmpiricalCovariance
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.mixture import GaussianMixture
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import check_estimator

from fingerprint_features import FeaturePipeline, Pixels
from fingerprint_features.reference import ReferenceModel, ReferenceSimilarity

ESTIMATORS = {
    "defaults": ReferenceSimilarity(),
    "columns": ReferenceSimilarity(reduce=["max", "mean", "topk", "std", "min", "monte_carlo"]),
    "standardised": ReferenceSimilarity(metric="cosine", standardize="zscore"),
    "as published": ReferenceSimilarity(standardize="max", diag="row_mean"),
    "features": ReferenceSimilarity(features=PCA(1)),
    "mixture": ReferenceModel(GaussianMixture(reg_covar=1e-3, random_state=0)),
    "forest": ReferenceModel(IsolationForest(n_estimators=5, random_state=0), output="decision_function"),
    "centres": ReferenceModel(KMeans(2, n_init=1, random_state=0), output="min_transform"),
    "covariance": ReferenceModel(EmpiricalCovariance(), output="mahalanobis", standardize="zscore", held_out=0.3),
    "components": ReferenceModel(PCA(1), output="transform"),
}


@pytest.mark.parametrize("name", ESTIMATORS)
def test_scikit_learn_finds_no_fault(name):
    results = check_estimator(ESTIMATORS[name], on_skip=None, on_fail=None)
    failed = {result["check_name"]: result["exception"] for result in results if result["status"] == "failed"}
    assert failed == {}
    assert sum(result["status"] == "passed" for result in results) >= 44


def test_tags_say_what_x_may_be():
    table, images = (get_tags(e).input_tags for e in (ReferenceSimilarity(), ReferenceSimilarity(metric="ssim")))
    assert (table.two_d_array, table.three_d_array, table.string) == (True, False, False)
    assert (images.two_d_array, images.three_d_array, images.string) == (False, True, True)
    assert get_tags(ReferenceModel(PCA(), features=FeaturePipeline([Pixels()]))).input_tags.string
    assert get_tags(ReferenceSimilarity(holdout="unused")).target_tags.required
    assert not get_tags(ReferenceSimilarity()).target_tags.required
