"""SSIM: scikit-image's numbers, whole rows in the cache, and clear words about sizes and the reference."""

import os
from pathlib import Path

import numpy as np
import pytest
import skimage
from skimage.metrics import structural_similarity
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from fingerprint_features import (
    SSIM,
    FeatureCache,
    FeaturePipeline,
    Filtered,
    ImageReadError,
    ImageSet,
    Patches,
    ReferenceSimilarity,
    ThresholdClassifier,
)
from fingerprint_features.cache import extractor_token
from tests.helpers import write_images


def tiles(name, n=8, side=48):
    photograph = skimage.io.imread(os.path.join(os.path.dirname(skimage.data.__file__), name))
    return np.stack([photograph[100 + 30 * i :, 40 + 25 * i :][:side, :side] for i in range(n)])


REALS, GENERATED = tiles("brick.png"), tiles("gravel.png")


def pairs(a, b, **settings):
    return np.array([[structural_similarity(p, q, **settings) for q in b] for p in a])


@pytest.mark.parametrize("gaussian", [False, True])
def test_all_pairs_are_those_of_scikit_image(gaussian):
    rows = SSIM(GENERATED, None, gaussian=gaussian).fit_transform(REALS)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(rows, pairs(REALS, GENERATED, gaussian_weights=gaussian), atol=1e-5)


def test_reductions_of_the_row():
    names = ["max", "mean", "topk", "std", "min"]
    extractor = SSIM(GENERATED, names, k=2)
    S = pairs(REALS, GENERATED)
    expected = [S.max(axis=1), S.mean(axis=1), np.sort(S, axis=1)[:, -2:].mean(axis=1), S.std(axis=1), S.min(axis=1)]
    np.testing.assert_allclose(extractor.fit_transform(REALS), np.column_stack(expected), atol=1e-5)
    assert list(extractor.get_feature_names_out()) == ["ssim_max", "ssim_mean", "ssim_topk_k2", "ssim_std", "ssim_min"]
    np.testing.assert_array_equal(FeaturePipeline([extractor]).fit_transform(REALS), extractor.fit_transform(REALS))


def test_columns_without_reduction_are_named_after_the_reference():
    reference = ImageSet(GENERATED[:2], ids=["a/1.png", "a/2.png"])
    assert list(SSIM(reference, None).get_feature_names_out()) == ["ssim_a/1.png", "ssim_a/2.png"]
    assert SSIM(reference, None, gaussian=True).get_feature_names_out()[0] == "ssim_gaussian_a/1.png"


def test_a_large_reference_is_read_in_a_stream_with_the_same_numbers(monkeypatch):
    kept = SSIM(ImageSet(GENERATED), None).fit_transform(REALS)
    monkeypatch.setattr("fingerprint_features.extractors.ssim._KEPT", 1000)
    np.testing.assert_array_equal(SSIM(ImageSet(GENERATED), None).fit_transform(REALS), kept)


class Counting(ImageSet):
    """Counts how often a picture is decoded."""

    decoded = 0

    def decode_one(self, raw, i):
        type(self).decoded += 1
        return super().decode_one(raw, i)


@pytest.fixture
def counting():
    Counting.decoded = 0
    return Counting(GENERATED)


def test_another_reduction_fold_or_order_is_answered_by_the_cache(tmp_path, counting):
    cache = FeatureCache(tmp_path / "rows.cache")
    first = FeaturePipeline([SSIM(counting)], cache=cache).fit_transform(REALS)
    assert len(cache) == len(REALS)
    decoded = Counting.decoded
    model = FeaturePipeline([SSIM(counting, ["topk", "std"])], cache=cache).fit(REALS[:3])
    expected = SSIM(GENERATED, ["topk", "std"], k=1).fit_transform(REALS[::-2])
    np.testing.assert_array_equal(model.set_params(ssim__k=1).transform(REALS[::-2]), expected)
    again = FeaturePipeline([SSIM(Counting(GENERATED.copy()))], cache=cache).fit_transform(REALS)
    np.testing.assert_array_equal(again, first)
    assert (len(cache), Counting.decoded) == (len(REALS), decoded)  # neither new rows nor pictures


def test_another_reference_order_or_window_has_rows_of_its_own(tmp_path):
    cache = FeatureCache(tmp_path / "rows.cache")
    for n, extractor in enumerate(
        [SSIM(GENERATED), SSIM(GENERATED[::-1]), SSIM(GENERATED[1:]), SSIM(GENERATED, gaussian=True)], start=1
    ):
        rows = FeaturePipeline([extractor], cache=cache).fit_transform(REALS)
        assert len(cache) == n * len(REALS)
        np.testing.assert_array_equal(rows, extractor.fit_transform(REALS))
    info = cache.info()["extractors"]
    assert {kind["class"] for kind in info} == {"fingerprint_features.extractors.ssim.SSIM"}


def test_the_same_pictures_in_other_files_are_the_same_reference(tmp_path):
    here = write_images(tmp_path / "here", GENERATED)
    there = write_images(tmp_path / "there", GENERATED, names=[f"other{i}.png" for i in range(len(GENERATED))])
    assert extractor_token(SSIM(here)) == extractor_token(SSIM(there)) != extractor_token(SSIM(there[::-1]))


def test_a_reference_that_changes_under_way_is_noticed(tmp_path):
    paths = write_images(tmp_path, GENERATED)
    reference = ImageSet(paths)
    extractor_token(SSIM(reference))
    write_images(tmp_path, GENERATED[::-1])
    with pytest.raises(RuntimeError, match=r"image0\.png has changed: open the reference set again"):
        SSIM(reference).fit_transform(REALS)
    np.testing.assert_array_equal(
        SSIM(ImageSet(paths), None).fit_transform(REALS), SSIM(GENERATED[::-1], None).fit_transform(REALS)
    )


def test_a_grid_over_reductions_computes_each_row_once_per_image(tmp_path, counting):
    labels = np.arange(len(REALS)) % 2
    cache = FeatureCache(tmp_path / "rows.cache")
    model = make_pipeline(FeaturePipeline([SSIM(counting)], cache=cache), SVC())
    grid = {"featurepipeline__ssim__reduce": ["max", "mean", ["max", "std"]], "svc__C": [1, 10]}
    GridSearchCV(model, grid, cv=2).fit(REALS, labels)
    assert len(cache) == len(REALS)
    assert Counting.decoded <= 2 * len(GENERATED) + 2  # its size, then itself, once


def test_the_rule_of_2023_with_labels():
    reals = np.concatenate([REALS, GENERATED[:4] // 2 + tiles("grass.png", 4) // 2])
    model = make_pipeline(SSIM(GENERATED), ThresholdClassifier("auto", metric="kappa"))
    labels = np.repeat([0, 1], [len(REALS), 4])
    assert (model.fit(reals, labels).predict(reals) == labels).all()


# ---- errors ---------------------------------------------------------------------------------------------


def test_images_of_another_size_are_named_with_the_cure():
    images = [REALS[0], REALS[1][:40]]
    with pytest.raises(ImageReadError, match=r"40 x 48, those of the reference are 48 x 48: .* size=\(48, 48\)"):
        SSIM(GENERATED).fit_transform(images)
    with pytest.warns(UserWarning, match="40 x 48"):
        rows = FeaturePipeline([SSIM(GENERATED)], on_error="nan").fit_transform(images)
    assert np.isnan(rows).ravel().tolist() == [False, True]


def test_a_reference_of_several_sizes_or_with_a_bad_file_is_no_fault_of_the_images(tmp_path):
    with pytest.raises(ValueError, match=r"one size, and 0 is 48 x 48, 1 is 40 x 48") as caught:
        FeaturePipeline([SSIM([GENERATED[0], GENERATED[1][:40]])], on_error="nan").fit_transform(REALS)
    assert not isinstance(caught.value, ImageReadError)
    paths = write_images(tmp_path, GENERATED)
    Path(paths[2]).write_bytes(b"<html>")
    with pytest.raises(ValueError, match=r"cannot read what it compares images with: .*image2\.png"):
        FeaturePipeline([SSIM(paths)], on_error="nan").fit_transform(REALS)


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"reference": 3}, "'reference' parameter of SSIM must be a set of images"),
        ({"reference": []}, "a set of at least one image"),
        ({"reduce": "median"}, "'reduce' parameter of SSIM must be None, one or several of 'max', 'mean'"),
        ({"reduce": []}, "'reduce' parameter"),
        ({"k": 0}, "'k' parameter"),
        ({"gaussian": 2}, "'gaussian' parameter"),
        ({"device": 0}, "'device' parameter"),
    ],
)
def test_bad_parameters_are_told(params, message):
    with pytest.raises(ValueError, match=message):
        SSIM(**{"reference": GENERATED, **params}).fit(REALS)


@pytest.mark.parametrize("wrap", [Filtered, Patches])
def test_wrappers_refuse_it_since_the_reference_would_stay_as_it_is(wrap):
    with pytest.raises(ValueError, match="one that looks at each image alone"):
        wrap(SSIM(GENERATED)).fit_transform(REALS)


def test_a_similarity_takes_its_rows_from_the_cache_of_the_extractor(tmp_path):
    cache = FeatureCache(tmp_path / "rows.cache")
    rows = FeaturePipeline([SSIM(GENERATED)], cache=cache).fit_transform(REALS)
    model = ReferenceSimilarity(GENERATED, metric="ssim", reduce=["max", "hits"], cache=cache, n_jobs=2)
    np.testing.assert_array_equal(model.fit_transform(REALS)[:, :1], rows)
    assert len(cache) == len(REALS)
