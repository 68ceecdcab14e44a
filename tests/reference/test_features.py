"""What `features` learns from, and the errors when sets cannot be compared."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from sklearn.decomposition import PCA
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from fingerprint_features import FeatureCache, FeaturePipeline, ImageSet
from fingerprint_features.reference import ReferenceModel, ReferenceSimilarity
from tests.helpers import Centre, Mean, count_lines
from tests.reference.worlds import patients, two_sets

TABLE = np.arange(12.0).reshape(6, 2) ** 1.5


@pytest.mark.parametrize("which", ["x", "reference", "both"])
def test_features_learn_from_the_set_that_fit_features_names(which):
    reference = TABLE + np.array([3.0, -1.0])
    learnt = {"x": TABLE, "reference": reference, "both": np.vstack([TABLE, reference])}[which]
    model = ReferenceSimilarity(reference, features=StandardScaler(), fit_features=which).fit(TABLE)
    assert_allclose(model.features_.mean_, learnt.mean(axis=0))
    scaler = StandardScaler().fit(learnt)
    distances = np.linalg.norm(scaler.transform(TABLE)[:, None] - scaler.transform(reference)[None], axis=2)
    assert_allclose(model.transform(TABLE)[:, 0], -distances.min(axis=1))


def test_image_features_learn_from_both_sets_too(tmp_path):
    reals, generated = two_sets()
    reals, generated = ImageSet(reals), ImageSet(generated)
    levels = {}
    for which in ("x", "reference", "both"):
        model = ReferenceSimilarity(generated, features=Centre(), fit_features=which).fit(reals)
        levels[which] = model.features_.level_
    expected = (levels["x"] * len(reals) + levels["reference"] * len(generated)) / (len(reals) + len(generated))
    assert levels["both"] == pytest.approx(expected)
    smaller = ImageSet(generated.decode(), size=(12, 12))
    with pytest.raises(ValueError, match=r"size=None and size=\(12, 12\): open all alike"):
        ReferenceSimilarity(smaller, features=Centre(), fit_features="both").fit(reals)


def test_the_given_features_stay_unfitted():
    features = PCA(1)
    ReferenceSimilarity(TABLE + 1, features=features).fit(TABLE)
    assert not hasattr(features, "components_")


def test_cached_features_are_extracted_once(tmp_path):
    reals, generated = two_sets()
    log = tmp_path / "log"
    features = FeaturePipeline([Mean(log=str(log))], cache=FeatureCache(tmp_path / "cache"))
    model = make_pipeline(ReferenceSimilarity(ImageSet(generated), features=features), SVC())
    search = GridSearchCV(model, {"referencesimilarity__reduce": ["max", "mean", ["std", "min"]]}, cv=3)
    search.fit(ImageSet(reals), np.arange(len(reals)) % 2)
    assert count_lines(log) == len(reals) + len(generated)


@pytest.mark.parametrize("block", [ReferenceSimilarity, lambda reference: ReferenceModel(PCA(1), reference)])
def test_a_table_against_images_names_the_cure(block):
    reals, generated = two_sets()
    model = make_pipeline(FeaturePipeline([Mean()]), block(ImageSet(generated)))
    with pytest.raises(ValueError, match=r"X is a table and reference is images.*features=FeaturePipeline\(\[LBP"):
        model.fit(reals)
    with pytest.raises(ValueError, match="X is images and reference is a table"):
        block(TABLE).fit(reals)


def test_images_need_features_unless_the_metric_is_ssim():
    reals, generated = two_sets()
    with pytest.raises(ValueError, match=r"got images without features.*features="):
        ReferenceSimilarity(generated).fit(reals)
    with pytest.raises(ValueError, match="compares images, but X is a table"):
        ReferenceSimilarity(TABLE, metric="ssim").fit(TABLE)
    with pytest.raises(ValueError, match="'features' parameter of ReferenceSimilarity must be None with metric='ssim'"):
        ReferenceSimilarity(generated, features=Mean(), metric="ssim").fit(reals)


def test_tables_of_different_widths_are_told_apart():
    with pytest.raises(ValueError, match="X has 2, reference has 3 columns"):
        ReferenceSimilarity(np.ones((4, 3))).fit(TABLE)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        (
            {"reduce": "maximum"},
            "'reduce' parameter of ReferenceSimilarity must be None, one or several of 'max', 'mean'",
        ),
        ({"reduce": []}, "'reduce' parameter"),
        ({"reduce": ["max", "max"]}, "without repetitions"),
        ({"metric": "manhattan"}, "'metric' parameter"),
        ({"against": "x"}, "'against' parameter"),
        ({"null": "x"}, "'null' parameter"),
        ({"standardize": "minmax"}, "'standardize' parameter"),
        ({"diag": 1}, "'diag' parameter"),
        ({"fit_features": "y"}, "'fit_features' parameter"),
        ({"k": 0}, "'k' parameter"),
        ({"holdout": "used"}, "'holdout' parameter"),
        ({"reduce": ["max", "log_ratio"]}, r"reduce=\['log_ratio'\] needs real images that were not used"),
        ({"reference": None, "reduce": "hits"}, r"reduce=\['hits'\] counts over a reference"),
        ({"against": "both", "reduce": "rank"}, r"reduce=\['rank'\] counts over a reference"),
        ({"reference": None, "against": "both"}, "against='both' needs a second set"),
        ({"reference": None, "null": "cross"}, "null='cross' needs a second set"),
        ({"k": 7, "reduce": "topk"}, "found 6 to compare row 0 with among n_samples = 6, .*k=7 asks for 7"),
        (
            {"holdout": "unused", "reduce": "dpi"},
            "takes the rows labelled 0: it requires y to be passed, but the target y is None. Call",
        ),
        ({"metric": lambda A, B: np.ones(3)}, r"must return one similarity per pair, \(6, 6\)"),
        ({"metric": lambda A, B: np.full((6, 6), np.nan)}, "must return finite similarities"),
        ({"metric": lambda A, B: A @ B.T, "reduce": "monte_carlo"}, "need distances"),
        ({"null": []}, "the null has no pairs"),
        ({"reduce": None, "against": "both"}, "reduce=None lists the similarities to a reference"),
        ({"null_of": "rows"}, "'null_of' parameter"),
        ({"null_of": "reduced", "null": [0.1]}, "null_of='reduced' reduces whole rows"),
        ({"null_of": "reduced", "reduce": ["max", "hit_max"]}, r"is for reduce of .* not for \['hit_max'\]"),
        ({"n_jobs": 0}, "'n_jobs' parameter"),
        ({"progress": "yes"}, "'progress' parameter"),
        ({"cache": 3}, "'cache' parameter .* None, a path or a FeatureCache"),
        ({"cache": "rows.cache"}, r"None unless metric='ssim': give it to features=FeaturePipeline"),
    ],
)
def test_bad_parameters_are_told(params, message):
    with pytest.raises(ValueError, match=message):
        ReferenceSimilarity(**{"reference": TABLE + 1, **params}).fit(TABLE).transform(TABLE)


def test_labels_without_a_zero_leave_no_holdout():
    model = ReferenceSimilarity(TABLE + 1, reduce="dpi", holdout="unused")
    with pytest.raises(ValueError, match=r"takes the rows labelled 0, and y holds only \[1, 2\]"):
        model.fit(TABLE, [1, 2, 1, 2, 1, 2])
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        model.fit(TABLE, [0, 1])


def test_a_patient_who_is_the_whole_holdout_cannot_be_scored():
    pictures, numbers = patients(np.random.default_rng(0), 3, n_slices=2)
    X = ImageSet(pictures, groups=numbers)
    model = ReferenceSimilarity(ImageSet(pictures[:1] // 2), Mean(), reduce="diff", holdout="unused")
    with pytest.raises(ValueError, match="give more images of other patients"):
        model.fit_transform(X, (numbers > 0).astype(int))
