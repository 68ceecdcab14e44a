"""A fitted estimator with another generator's images: learn on development reals, then judge test reals."""

import warnings

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.spatial.distance import cdist
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.covariance import EmpiricalCovariance
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from fingerprint_features import FeatureCache, FeaturePipeline, ImageSet
from fingerprint_features.decide import ThresholdClassifier
from fingerprint_features.reference import PairClassifier, ReferenceModel, ReferenceSimilarity
from fingerprint_features.reference.samples import Samples, by_content
from fingerprint_features.similarity import ssim_matrix
from tests.helpers import Mean, count_lines
from tests.reference.worlds import memorising_world, two_sets

RNG = np.random.default_rng(0)
REALS, TEST_REALS = RNG.standard_normal((20, 3)), RNG.standard_normal((9, 3))
GENERATED = RNG.standard_normal((30, 3)) + 0.5
TEST_GENERATED = RNG.standard_normal((50, 3)) - 0.5
HOLDOUT = RNG.standard_normal((12, 3))
Y = np.arange(20) % 2
K = 2


def plain_columns(X, reference, competitors, holdout, radius):
    """Return every column of X by its formula, in plain NumPy."""
    near, far = np.sort(cdist(X, reference), axis=1), np.sort(cdist(X, holdout), axis=1)
    distances, rivals = cdist(X, reference), cdist(competitors, reference)
    ahead = (rivals[None] < distances[:, None]).sum(axis=1)  # competitors nearer to a member than the image
    hit = ahead < K
    behind = (rivals[None] > distances[:, None]).mean(axis=1)
    both = np.hstack([distances, holdout_distances := cdist(X, holdout)])
    nearest = np.argsort(both, axis=1)[:, :K] < len(reference)
    here, there = nearest.sum(axis=1) / len(reference), (~nearest).sum(axis=1) / holdout_distances.shape[1]
    return {
        "max": -near[:, 0],
        "mean": -near.mean(axis=1),
        "topk": -near[:, :K].mean(axis=1),
        "std": near.std(axis=1),
        "min": -near[:, -1],
        "rank": behind.mean(axis=1),
        "hits": hit.sum(axis=1),
        "hit_max": np.where(hit, -distances, -np.inf).max(axis=1),
        "log_ratio": np.log(far[:, K - 1]) - np.log(near[:, K - 1]),
        "diff": far[:, K - 1] - near[:, K - 1],
        "dpi": here / (here + there),
        "monte_carlo": (distances < radius).mean(axis=1),
    }


def test_every_column_compares_with_the_other_reference_and_keeps_what_was_learnt():
    scaler = StandardScaler().fit(REALS)
    X, reals, generated, other, holdout = map(scaler.transform, (TEST_REALS, REALS, GENERATED, TEST_GENERATED, HOLDOUT))
    radius = np.median(cdist(holdout, generated).min(axis=1))  # learnt with the reference of fit
    expected = plain_columns(X, other, reals, holdout, radius)
    model = ReferenceSimilarity(GENERATED, StandardScaler(), reduce=list(expected), holdout=HOLDOUT, k=K).fit(REALS)
    moved = model.with_reference(TEST_GENERATED)
    for name, column in zip(expected, moved.transform(TEST_REALS).T, strict=True):
        hit = np.isfinite(expected[name])
        assert_allclose(column[hit], expected[name][hit], err_msg=name)
        assert (column[~hit] < column[hit].min(initial=np.inf)).all()
    assert_allclose(model.transform(TEST_REALS)[:, 0], -cdist(X, generated).min(axis=1))  # stays as it was
    assert moved.reference is not GENERATED
    assert_allclose(clone(moved).fit(REALS).transform(TEST_REALS)[:, 0], expected["max"])


@pytest.mark.parametrize("null", ["self", "cross", "reference", "both"])
@pytest.mark.parametrize("null_of", ["pairs", "reduced"])
def test_the_null_stays_that_of_fit(null, null_of):
    model = ReferenceSimilarity(GENERATED, null=null, null_of=null_of, standardize="zscore").fit(REALS)
    expected = (-cdist(TEST_REALS, TEST_GENERATED).min(axis=1) - model.null_mean_) / model.null_std_
    assert_allclose(model.with_reference(TEST_GENERATED).transform(TEST_REALS)[:, 0], expected)


def test_unused_rows_stay_the_holdout_and_both_sets_stay_together():
    model = ReferenceSimilarity(GENERATED, reduce="diff", holdout="unused").fit(REALS, Y)
    expected = cdist(TEST_REALS, REALS[Y == 0]).min(axis=1) - cdist(TEST_REALS, TEST_GENERATED).min(axis=1)
    assert_allclose(model.with_reference(TEST_GENERATED).transform(TEST_REALS)[:, 0], expected)
    both = ReferenceSimilarity(GENERATED, against="both", fit_features="both", features=PCA(2)).fit(REALS)
    rows, reals, other = map(PCA(2).fit(np.vstack([REALS, GENERATED])).transform, (TEST_REALS, REALS, TEST_GENERATED))
    expected = -cdist(rows, np.vstack([other, reals])).min(axis=1)
    assert_allclose(both.with_reference(TEST_GENERATED).transform(TEST_REALS)[:, 0], expected)


def test_an_image_without_a_hit_keeps_its_number_where_it_can():
    def without_hit(model):
        return model.transform([[1e3, 1e3, 1e3]])[0, 0]

    model = ReferenceSimilarity(GENERATED, reduce="hit_max").fit(REALS)
    assert without_hit(model.with_reference(GENERATED[:10])) == without_hit(model)
    far = model.with_reference(GENERATED + 100)
    assert without_hit(far) < far.transform(REALS).max() < without_hit(model)


def test_similarities_of_images_are_compared_and_cached_by_the_other_reference(tmp_path):
    reals, generated = two_sets(0)
    test_reals, test_generated = two_sets(1)
    model = ReferenceSimilarity(
        ImageSet(generated), metric="ssim", reduce=["max", "hits"], standardize="max", cache=tmp_path / "rows.cache"
    ).fit(reals)
    moved = model.with_reference(ImageSet(test_generated))
    rows = moved.transform(test_reals)
    across, rivals = ssim_matrix(test_reals, test_generated), ssim_matrix(reals, test_generated)
    among = ssim_matrix(reals, reals)[~np.eye(len(reals), dtype=bool)]
    assert_allclose(rows[:, 0], across.max(axis=1) - among.max(), atol=1e-6)
    assert_array_equal(rows[:, 1], (across > rivals.max(axis=0)).sum(axis=1))
    n = len(FeatureCache(tmp_path / "rows.cache"))
    assert_array_equal(model.with_reference(ImageSet(test_generated)).transform(test_reals), rows)
    assert len(FeatureCache(tmp_path / "rows.cache")) == n


def test_features_are_extracted_for_the_other_reference_alone(tmp_path):
    (reals, generated), (test_reals, test_generated) = two_sets(0), two_sets(1)
    log = tmp_path / "log"
    model = ReferenceSimilarity(ImageSet(generated), FeaturePipeline([Mean(log=str(log))]), reduce="rank").fit(reals)
    before = count_lines(log)
    moved = model.with_reference(test_generated)
    assert count_lines(log) == before + len(test_generated)
    moved.transform(test_reals)
    assert count_lines(log) == before + len(test_generated) + len(test_reals)


@pytest.mark.parametrize("standardize", [None, "zscore"])
def test_a_model_is_fitted_on_the_other_reference_with_the_features_of_fit(standardize):
    model = ReferenceModel(
        EmpiricalCovariance(), GENERATED, features=StandardScaler(), output="mahalanobis", standardize=standardize
    ).fit(REALS)
    scaler = StandardScaler().fit(REALS)
    other = scaler.transform(by_content(Samples(TEST_GENERATED)).data)
    learnt, apart = (other, None) if standardize is None else (other[2:], other[:2])
    plain = EmpiricalCovariance().fit(learnt)
    expected = -plain.mahalanobis(scaler.transform(TEST_REALS))
    if standardize:
        values = -plain.mahalanobis(apart)
        expected = (expected - values.mean()) / values.std()
    moved = model.with_reference(TEST_GENERATED)
    assert_allclose(moved.transform(TEST_REALS)[:, 0], expected)
    assert moved.estimator_ is not model.estimator_


def test_a_contrast_stays():
    model = ReferenceModel(SVC(), GENERATED, HOLDOUT, output="decision_function").fit(REALS)
    expected = ReferenceModel(SVC(), TEST_GENERATED, HOLDOUT, output="decision_function").fit(REALS)
    assert_array_equal(model.with_reference(TEST_GENERATED).transform(TEST_REALS), expected.transform(TEST_REALS))


@pytest.mark.parametrize("aggregate", ["mean", "majority", "max"])
def test_pairs_are_made_with_the_other_reference_and_judged_by_what_was_learnt(aggregate):
    model = PairClassifier(LogisticRegression(), GENERATED, StandardScaler(), "product", None, aggregate).fit(REALS, Y)
    scaler = StandardScaler().fit(REALS)
    reals, generated, X, other = map(scaler.transform, (REALS, GENERATED, TEST_REALS, TEST_GENERATED))
    plain = LogisticRegression().fit([x * g for x in reals for g in generated], np.repeat(Y, len(generated)))
    probabilities = np.array([plain.predict_proba(x * other)[:, 1] for x in X])
    expected = {
        "mean": probabilities.mean(axis=1),
        "majority": (probabilities > 0.5).mean(axis=1),
        "max": probabilities.max(axis=1),
    }[aggregate]
    moved = model.with_reference(TEST_GENERATED)
    assert_allclose(moved.predict_proba(TEST_REALS)[:, 1], expected, atol=1e-3)
    assert moved.estimator_ is model.estimator_


def test_drawn_pairs_are_those_of_a_fit_with_the_other_reference():
    model = PairClassifier(LogisticRegression(), GENERATED, pair="concat", n_pairs=3).fit(REALS, Y)
    refitted = PairClassifier(LogisticRegression(), TEST_GENERATED, pair="concat", n_pairs=3).fit(REALS, Y)
    refitted.estimator_ = model.estimator_
    moved = model.with_reference(TEST_GENERATED[::-1].copy())
    assert_array_equal(moved.predict_proba(TEST_REALS), refitted.predict_proba(TEST_REALS))


def test_what_was_learnt_with_one_generator_finds_the_training_images_of_another():
    X, y, generated, _ = memorising_world(0, 16, memorised=0.6, n=80, n_generated=300)
    test_X, test_y, test_generated, _ = memorising_world(1, 16, memorised=0.6, n=80, n_generated=300)
    columns = ReferenceSimilarity(generated, reduce="log_ratio", holdout="unused").fit(X, y)
    rule = ThresholdClassifier("auto").fit(columns.transform(X), y)
    moved = columns.with_reference(test_generated).transform(test_X)
    assert (rule.predict(moved) == test_y).mean() > 0.75
    # against the first generator's images, nothing can be seen of the second one's training
    assert abs(roc_auc_score(test_y, columns.transform(test_X)[:, 0]) - 0.5) < 0.1


# ---- what cannot be carried over ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (ReferenceSimilarity(), "was fitted without a reference and compares X with itself"),
        (ReferenceModel(PCA(1), output="score_samples"), "was fitted without a reference"),
        (PairClassifier(LogisticRegression()), "was fitted without a reference"),
        (ReferenceSimilarity(GENERATED, reduce=None), r"reduce=None\) has one column for each image of its reference"),
        (ReferenceSimilarity(GENERATED, against="self"), "another reference changes nothing"),
        (ReferenceModel(KMeans(2, n_init=1), GENERATED, output="transform"), "columns that belong to the estimator"),
    ],
)
def test_what_cannot_be_carried_over_says_why(model, message):
    with pytest.raises(ValueError, match=message):
        clone(model).fit(REALS, Y).with_reference(TEST_GENERATED)


def test_the_other_reference_must_be_of_the_same_kind():
    model = ReferenceSimilarity(GENERATED).fit(REALS)
    with pytest.raises(ValueError, match="reference of fit has 3, other reference has 2 columns"):
        model.with_reference(TEST_GENERATED[:, :2])
    with pytest.raises(ValueError, match="reference of fit is a table and other reference is images"):
        model.with_reference(two_sets()[1])
    with pytest.raises(ValueError, match="takes images or a table, and got None"):
        model.with_reference(None)
    with pytest.raises(ValueError, match="not fitted yet"):
        clone(model).with_reference(TEST_GENERATED)


@pytest.mark.parametrize(
    ("model", "name"),
    [
        (ReferenceSimilarity(GENERATED, reduce="diff", holdout=HOLDOUT), "reference"),
        (ReferenceSimilarity(GENERATED, reduce="diff", holdout=HOLDOUT), "holdout"),
        (ReferenceModel(SVC(), GENERATED, HOLDOUT, output="decision_function"), "reference"),
        (ReferenceModel(SVC(), GENERATED, HOLDOUT, output="decision_function"), "contrast"),
        (PairClassifier(LogisticRegression(), GENERATED), "reference"),
    ],
)
def test_a_set_that_is_changed_after_fit_is_not_ignored(model, name):
    model = clone(model).fit(REALS, Y)
    answer = model.predict_proba if hasattr(model, "predict_proba") else model.transform
    before = answer(TEST_REALS)
    model.set_params(**{name: getattr(model, name)})  # the same object: nothing has changed
    assert_array_equal(answer(TEST_REALS), before)
    pipeline = make_pipeline(model)
    pipeline.set_params(**{f"{pipeline.steps[0][0]}__{name}": TEST_GENERATED})
    for ask in (lambda: answer(TEST_REALS), lambda: model.with_reference(GENERATED)):
        with pytest.raises(ValueError, match=f"was fitted with another {name} than it has now: call fit again"):
            ask()
    assert not np.array_equal(model.fit(REALS, Y) and answer(TEST_REALS), before)


def test_the_copy_shares_nothing_that_set_params_changes():
    model = ReferenceSimilarity(GENERATED, PCA(2)).fit(REALS)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        moved = model.with_reference(TEST_GENERATED)
    moved.set_params(features__n_components=1, k=3)
    assert (model.features.n_components, model.k) == (2, 1)
