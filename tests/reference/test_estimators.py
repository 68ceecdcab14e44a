"""scikit-learn's own checks, in full, in table form."""

import numpy as np
import pytest
from sklearn.cluster import KMeans
from sklearn.covariance import EmpiricalCovariance
from sklearn.decomposition import PCA
from sklearn.ensemble import IsolationForest
from sklearn.linear_model import LogisticRegression
from sklearn.mixture import GaussianMixture
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import check_estimator, check_requires_y_none

from fingerprint_features import FeaturePipeline, Pixels
from fingerprint_features.reference import PairClassifier, ReferenceModel, ReferenceSimilarity

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


def test_pairs_that_hold_no_image_make_a_poor_classifier_of_the_checks_task():
    """A linear estimator sees nothing in differences; scikit-learn's accuracy check must not be asked."""
    for pair, poor in (("absdiff", True), ("product", True), (np.subtract, True), ("concat", False)):
        model = PairClassifier(LogisticRegression(), pair=pair)
        assert get_tags(model).classifier_tags.poor_score == poor
    results = check_estimator(PairClassifier(LogisticRegression()), on_skip=None, on_fail=None)
    assert [result["check_name"] for result in results if result["status"] == "failed"] == []


def test_without_labels_the_unused_rows_are_missed_in_scikit_learns_words():
    check_requires_y_none("ReferenceSimilarity", ReferenceSimilarity(holdout="unused"))
    with pytest.raises(ValueError, match="requires y to be passed, but the target y is None"):
        ReferenceSimilarity([[0.0]], reduce="log_ratio", holdout="unused").fit([[1.0]])


def test_tags_say_what_x_may_be():
    table, images = (get_tags(e).input_tags for e in (ReferenceSimilarity(), ReferenceSimilarity(metric="ssim")))
    assert (table.two_d_array, table.three_d_array, table.string) == (True, False, False)
    assert (images.two_d_array, images.three_d_array, images.string) == (False, True, True)
    assert get_tags(ReferenceModel(PCA(), features=FeaturePipeline([Pixels()]))).input_tags.string
    assert get_tags(ReferenceSimilarity(holdout="unused")).target_tags.required
    assert not get_tags(ReferenceSimilarity()).target_tags.required


def test_ssim_of_images_of_several_sizes_is_refused_before_any_is_compared():
    images, reference = [np.eye(16, k=k, dtype=np.uint8) for k in range(4)], [np.eye(16, 15, dtype=np.uint8)]
    with pytest.raises(
        ValueError, match=r"ReferenceSimilarity .* X 0 is 16 x 16, reference 0 is 16 x 15: .*\(16, 16\)"
    ):
        ReferenceSimilarity(reference, metric="ssim").fit(images)
