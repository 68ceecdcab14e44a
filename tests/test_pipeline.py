"""FeaturePipeline: naming, caching, bad images, threads."""

import os
import pickle
import threading
import time

import joblib
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from fingerprint_features import (
    FeatureCache,
    FeaturePipeline,
    ImageReadError,
    ImageSet,
    ImageStats,
    Patches,
    Pixels,
    SIFTWords,
    drop_failed,
    make_extractor,
)
from fingerprint_features.threads import count_threads
from tests.helpers import Centre, Mean, count_lines, random_images, write_images


@pytest.fixture
def log(tmp_path):
    return tmp_path / "log"


# ---- names and parameters -------------------------------------------------------------------------------


def names(pipeline):
    return [key for key, value in pipeline.get_params().items() if isinstance(value, Mean)]


def test_unnamed_extractors_are_called_by_their_class():
    assert names(FeaturePipeline([Mean(), Mean(2), Mean(3)])) == ["mean", "mean-2", "mean-3"]


def test_a_given_name_is_not_taken_by_an_unnamed_extractor():
    assert names(FeaturePipeline([Mean(), ("mean", Mean(2))])) == ["mean-2", "mean"]


def test_one_extractor_alone_may_stand_without_a_list():
    pipeline = FeaturePipeline(Mean())
    pipeline.set_params(mean__factor=3)
    assert list(pipeline.get_feature_names_out()) == ["mean_x3"]


def test_set_params_equals_a_fresh_object(tmp_path):
    images = random_images()
    used = FeaturePipeline([Mean(), ImageStats()], cache=tmp_path / "c").fit(images)
    used.transform(images)
    used.set_params(mean__factor=5, imagestats="drop", batch_size=3)
    fresh = FeaturePipeline([Mean(5)], cache=tmp_path / "c2", batch_size=3)
    assert list(used.get_feature_names_out()) == list(fresh.get_feature_names_out())
    np.testing.assert_array_equal(used.transform(images), fresh.transform(images))


def test_set_params_replaces_drops_and_brings_back_without_touching_the_users_list():
    extractors = [Mean(), ImageStats()]
    pipeline = FeaturePipeline(extractors)
    pipeline.set_params(mean=Mean(7))
    assert pipeline.get_feature_names_out()[0] == "mean_x7"
    pipeline.set_params(mean="drop")
    assert not any(name.startswith("mean_x") for name in pipeline.get_feature_names_out())
    pipeline.set_params(mean=Mean(2))
    assert pipeline.get_feature_names_out()[0] == "mean_x2"
    assert extractors[0].factor == 1.0


@pytest.mark.parametrize("key", ["men", "mean__facto", "men__factor"])
def test_an_unknown_name_raises(key):
    with pytest.raises(ValueError, match="Invalid parameter"):
        FeaturePipeline([Mean()]).set_params(**{key: 2})


def test_columns_are_prefixed_only_where_two_would_collide():
    pipeline = FeaturePipeline([("a", Mean()), ("b", Mean()), ("c", Mean(2))])
    assert list(pipeline.get_feature_names_out()) == ["a__mean_x1", "b__mean_x1", "mean_x2"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ({"extractors": [("cache", Mean())]}, "'cache' cannot be used"),
        ({"extractors": [("a__b", Mean())]}, "'a__b' cannot be used"),
        ({"extractors": [("a", Mean()), ("a", Mean())]}, "'a' cannot be used"),
        ({"extractors": ["lbp"]}, "make_extractor"),
        ({"extractors": [("a", Mean(), 3)]}, "pairs"),
        ({"extractors": Mean(), "n_jobs": 0}, "'n_jobs' parameter of FeaturePipeline"),
        ({"extractors": Mean(), "batch_size": 0}, "'batch_size' parameter of FeaturePipeline"),
        ({"extractors": Mean(), "on_error": "skip"}, "'raise', 'nan'"),
        ({"extractors": Mean(), "progress": 2}, "'progress' parameter"),
        ({"extractors": Mean(), "cache": 3}, "'cache' parameter"),
    ],
)
def test_bad_parameters_raise_when_used_and_not_before(arguments, words):
    pipeline = FeaturePipeline(**arguments)
    with pytest.raises((ValueError, TypeError), match=words):
        pipeline.fit(random_images(2))
    with pytest.raises((ValueError, TypeError), match=words):
        pipeline.transform(random_images(2))


def test_clone_and_pickle_are_small_and_give_the_same_rows(tmp_path):
    pipeline = FeaturePipeline([Mean(3), ImageStats()], cache=FeatureCache(tmp_path / "c"))
    images = random_images()
    rows = pipeline.fit_transform(images)
    for other in (clone(pipeline), pickle.loads(pickle.dumps(pipeline))):
        np.testing.assert_array_equal(other.transform(images), rows)
    assert len(pickle.dumps(pipeline)) < 3000


def test_html_repr_names_the_extractors():
    assert "ImageStats" in FeaturePipeline([ImageStats()])._repr_html_()


# ---- rows -----------------------------------------------------------------------------------------------


def test_rows_are_float32_and_those_of_the_extractors():
    images = random_images()
    rows = FeaturePipeline([Mean(2), ImageStats()]).fit_transform(images)
    assert rows.dtype == np.float32
    expected = np.column_stack([Mean(2).fit_transform(images), ImageStats().fit_transform(images)])
    np.testing.assert_array_equal(rows, expected)


def test_an_image_alone_has_the_row_it_has_in_any_batch_order_and_container(tmp_path):
    images = random_images(9)
    paths = write_images(tmp_path / "png", images)
    rows = FeaturePipeline([ImageStats()]).fit_transform(images)
    order = np.random.default_rng(1).permutation(9)
    for variant in [
        FeaturePipeline([ImageStats()], batch_size=1).fit_transform(images),
        FeaturePipeline([ImageStats()], batch_size=4, n_jobs=2).fit_transform(images),
        FeaturePipeline([ImageStats()], cache=tmp_path / "c").fit_transform(paths),
        FeaturePipeline([ImageStats()], cache=tmp_path / "c", n_jobs=2).fit_transform(ImageSet(paths)),
        FeaturePipeline([ImageStats()]).fit_transform(list(images)),
        np.vstack([FeaturePipeline([ImageStats()]).fit_transform(image[None]) for image in images]),
        FeaturePipeline([ImageStats()]).fit_transform(images[order])[np.argsort(order)],
    ]:
        np.testing.assert_array_equal(variant, rows)


def test_rows_go_into_a_memory_mapped_file(tmp_path):
    images = random_images(5)
    rows = np.lib.format.open_memmap(tmp_path / "rows.npy", "w+", np.float32, (7, 1))
    pipeline = FeaturePipeline([Mean()]).fit(images)
    part = rows[1:6]
    assert pipeline.transform(images, out=part) is part
    rows.flush()
    assert np.array_equal(np.load(tmp_path / "rows.npy")[1:6], pipeline.transform(images))
    assert not np.load(tmp_path / "rows.npy")[[0, 6]].any()


def test_an_out_that_does_not_fit_is_refused_before_any_work():
    images, pipeline = random_images(5), FeaturePipeline([Mean()])
    for out, words in (
        (np.empty((4, 1), np.float32), r"shape \(5, 1\) and dtype float32, got \(4, 1\) and float32"),
        (np.empty((5, 1)), r"float32, got \(5, 1\) and float64"),
        ([0.0] * 5, "got list"),
        (np.broadcast_to(np.float32(0), (5, 1)), "read-only: open it with mode"),
    ):
        with pytest.raises(ValueError, match=f"FeaturePipeline: out .*{words}"):
            pipeline.transform(images, out=out)


def test_no_images_give_no_rows():
    assert FeaturePipeline([Mean(), ImageStats()]).fit_transform([]).shape == (0, 8)


def test_all_extractors_dropped_give_no_columns():
    assert FeaturePipeline([Mean()]).set_params(mean="drop").fit_transform(random_images(3)).shape == (3, 0)


def test_an_extractor_that_learns_is_fitted_on_a_copy(tmp_path):
    images = random_images()
    extractor = Centre()
    pipeline = FeaturePipeline([extractor, Mean()], cache=tmp_path / "c")
    with pytest.raises(NotFittedError, match="call fit before transform"):
        pipeline.transform(images)
    pipeline.fit(images[:6])
    expected = images.reshape(12, -1).mean(axis=1) - images[:6].mean()
    np.testing.assert_allclose(pipeline.transform(images)[:, 0], expected, rtol=1e-5, atol=1e-4)
    assert not hasattr(extractor, "level_")
    other = clone(pipeline).fit(images[6:])  # other fitted state, other rows, same cache
    expected = images.reshape(12, -1).mean(axis=1) - images[6:].mean()
    np.testing.assert_allclose(other.transform(images)[:, 0], expected, rtol=1e-5, atol=1e-4)


def test_pixels_take_their_width_from_the_image_sets_size():
    images = ImageSet(random_images(4, 16), size=(4, 4))
    assert FeaturePipeline([Pixels()]).fit_transform(images).shape == (4, 16)


# ---- cache ----------------------------------------------------------------------------------------------


def test_the_second_call_extracts_nothing(tmp_path, log):
    paths = write_images(tmp_path / "png", random_images())
    pipeline = FeaturePipeline([Mean(log=log)], cache=tmp_path / "c")
    first = pipeline.fit_transform(paths)
    assert count_lines(log) == 12
    np.testing.assert_array_equal(clone(pipeline).fit_transform(paths[::-1])[::-1], first)
    assert count_lines(log) == 12


def test_a_hit_never_decodes(tmp_path, monkeypatch):
    paths = write_images(tmp_path / "png", random_images())
    pipeline = FeaturePipeline([Mean()], cache=tmp_path / "c")
    first = pipeline.fit_transform(paths)
    monkeypatch.setattr(ImageSet, "decode_one", lambda *_: pytest.fail("decoded"))
    np.testing.assert_array_equal(pipeline.transform(paths), first)


def test_each_image_is_decoded_once_for_all_extractors(monkeypatch):
    calls = []
    decode = ImageSet.decode_one
    monkeypatch.setattr(ImageSet, "decode_one", lambda self, raw, i: (calls.append(i), decode(self, raw, i))[1])
    FeaturePipeline([Mean(), Mean(2), ImageStats()]).fit_transform(random_images(5))
    assert len(calls) == 5


def test_only_the_missing_extractor_is_computed(tmp_path, log):
    images = random_images()
    FeaturePipeline([Mean(2, log=log)], cache=tmp_path / "c").fit_transform(images)
    FeaturePipeline([Mean(2, log=log), Mean(3, log=log)], cache=tmp_path / "c").fit_transform(images)
    lines = log.read_text().splitlines()
    assert sum(line.startswith("2 ") for line in lines) == 12
    assert sum(line.startswith("3 ") for line in lines) == 12


def test_parameters_miss_runtime_parameters_hit_and_1_is_1_0(tmp_path, log):
    images = random_images()

    def run(**params):
        before = count_lines(log)
        FeaturePipeline([Mean(**params)], cache=tmp_path / "c").fit_transform(images)
        return count_lines(log) - before

    assert run(factor=1, log=log) == 12
    assert run(factor=1.0, log=str(log)) == 0
    assert run(factor=np.float64(1), log=log) == 0
    assert run(factor=2, log=log) == 12


def test_a_replaced_file_of_the_same_name_misses_and_a_copied_one_hits(tmp_path, log):
    images = random_images(2)
    (path,) = write_images(tmp_path / "png", images[:1])
    pipeline = FeaturePipeline([Mean(log=log)], cache=tmp_path / "c")
    first = pipeline.fit_transform([path])
    write_images(tmp_path / "png", images[1:])
    assert pipeline.transform([path]) != first
    (copy,) = write_images(tmp_path / "copy", images[:1], ["other name.PNG"])
    assert pipeline.transform([copy]) == first
    assert count_lines(log) == 2


def test_equal_images_are_extracted_once(tmp_path, log):
    images = random_images(3)[[0, 1, 0, 2, 1, 0]]
    rows = FeaturePipeline([Mean(log=log)], cache=tmp_path / "c", batch_size=4).fit_transform(images)
    assert count_lines(log) == 3
    np.testing.assert_allclose(rows[:, 0], images.reshape(6, -1).mean(axis=1), rtol=1e-6)


def test_decode_options_are_part_of_the_key(tmp_path, log):
    paths = write_images(tmp_path / "png", random_images(3))
    pipeline = FeaturePipeline([Mean(log=log)], cache=tmp_path / "c")
    pipeline.fit_transform(ImageSet(paths))
    pipeline.fit_transform(ImageSet(paths, size=(8, 8)))
    assert count_lines(log) == 6


# ---- bad images -----------------------------------------------------------------------------------------


@pytest.fixture
def mixed(tmp_path):
    """Seven files of which two are bad."""
    paths = write_images(tmp_path / "png", random_images(7))
    open(paths[2], "w").close()
    os.unlink(paths[5])
    return paths


def test_raise_names_every_bad_file_and_keeps_every_good_row(mixed, tmp_path, log):
    pipeline = FeaturePipeline([Mean(log=log)], cache=tmp_path / "c", batch_size=2)
    with pytest.raises(ImageReadError, match="2 images cannot be used") as caught:
        pipeline.fit_transform(mixed)
    assert [failure.kind for failure in caught.value.failures] == ["empty", "missing"]
    assert "image2.png" in str(caught.value)
    assert "image5.png" in str(caught.value)
    assert count_lines(log) == 5
    good = [path for path in mixed if path not in (mixed[2], mixed[5])]
    pipeline.transform(good)
    assert count_lines(log) == 5


@pytest.mark.parametrize("n_jobs", [1, 2])
def test_nan_leaves_a_row_for_each_bad_file_and_warns_once(mixed, n_jobs):
    pipeline = FeaturePipeline([Mean(), ImageStats()], on_error="nan", batch_size=2, n_jobs=n_jobs)
    with pytest.warns(UserWarning, match=r"rows of NaN(.|\n)*image2.png(.|\n)*image5.png") as caught:
        rows = pipeline.fit_transform(mixed)
    assert len(caught) == 1
    assert np.isnan(rows).all(axis=1).nonzero()[0].tolist() == [2, 5]
    assert np.isfinite(np.delete(rows, [2, 5], axis=0)).all()
    kept, ids = drop_failed(rows, ImageSet(mixed))
    assert kept.shape[0] == len(ids) == 5


def test_nan_leaves_bad_files_out_of_fit_with_their_labels(mixed):
    class Labelled(Centre):
        def _fit(self, images, y):
            super()._fit(images, y)
            self.seen_ = list(images.ids), list(y)

    pipeline = FeaturePipeline([Labelled(), Mean()], on_error="nan")
    with pytest.warns(UserWarning, match=r"left out of fit(.|\n)*image2.png(.|\n)*image5.png") as caught:
        pipeline.fit(mixed, [0, 1, 2, 3, 4, 5, 6])
    assert len(caught) == 1
    good = [0, 1, 3, 4, 6]
    assert dict(pipeline.extractors_)["labelled"].seen_ == ([mixed[i] for i in good], good)
    expected = FeaturePipeline([Centre()]).fit([mixed[i] for i in good])
    np.testing.assert_array_equal(pipeline.transform([mixed[0]])[:, 0], expected.transform([mixed[0]])[:, 0])


def test_nan_warns_once_of_bad_files_in_fit_and_transform_together(mixed):
    pipeline = FeaturePipeline([SIFTWords(n_words=2), Centre(), Mean()], on_error="nan")
    with pytest.warns(UserWarning, match="rows of NaN") as caught:
        rows = pipeline.fit_transform(mixed)
    assert len(caught) == 1
    assert np.isnan(rows).all(axis=1).nonzero()[0].tolist() == [2, 5]


def test_nan_leaves_out_of_fit_what_an_extractor_refuses():
    images = [*random_images(3, 16), random_images(1, 2)[0]]
    pipeline = FeaturePipeline([Patches(Centre(), grid=(4, 4))], on_error="nan")
    with pytest.warns(UserWarning, match=r"left out of fit: 3: .*too small for 4 x 4 patches"):
        pipeline.fit(images)
    expected = FeaturePipeline([Patches(Centre(), grid=(4, 4))]).fit(images[:3])
    np.testing.assert_array_equal(pipeline.transform(images[:3]), expected.transform(images[:3]))


def test_an_extractor_that_cannot_learn_says_so_under_nan_too(mixed):
    good = [mixed[i] for i in (0, 1)]
    with pytest.raises(ImageReadError, match="cannot learn 5000 words"):
        FeaturePipeline([SIFTWords(n_words=5000)], on_error="nan").fit(good)
    with pytest.raises(ImageReadError, match="2 images cannot be used"):
        FeaturePipeline([Centre()], on_error="nan").fit([mixed[2], mixed[5]])
    with pytest.raises(ImageReadError):
        FeaturePipeline([Centre()]).fit(mixed)


def test_an_image_that_one_extractor_cannot_use_is_named_with_the_extractor(tmp_path):
    images = [*random_images(3, 16), random_images(1, 8)[0]]
    pipeline = FeaturePipeline([Mean(), Pixels()], cache=tmp_path / "c").fit(images)
    with pytest.raises(ImageReadError, match=r"3: Pixels: the image is 8 x 8.*size=\(16, 16\)"):
        pipeline.transform(images)


def test_a_bug_in_an_extractor_is_no_bad_image():
    images = random_images(3)

    class Broken(Mean):
        def _extract_one(self, image):
            if np.array_equal(image, images[1]):
                raise ZeroDivisionError("a bug")
            return [0]

    with pytest.raises(ZeroDivisionError) as caught:
        FeaturePipeline([Broken()], on_error="nan").fit_transform(images)
    assert caught.value.__notes__ == ["while Broken read 1"]


def test_a_wrong_width_says_what_to_write():
    class Wide(Mean):
        def _extract_one(self, image):
            return [1, 2]

    with pytest.raises(RuntimeError, match="one number per name in _column_names"):
        FeaturePipeline([Wide()]).fit_transform(random_images(2))


def test_features_that_are_not_finite_never_reach_the_cache(tmp_path):
    class Hole(Mean):
        def _extract_one(self, image):
            return [np.nan]

    with pytest.raises(ImageReadError, match="NaN or infinite"):
        FeaturePipeline([Hole()], cache=tmp_path / "c").fit_transform(random_images(2))
    assert len(FeatureCache(tmp_path / "c")) == 0


# ---- workers --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("backend", ["threading", "loky", "multiprocessing"])
def test_joblibs_backends_give_the_same_rows(backend, tmp_path):
    paths = write_images(tmp_path / "png", random_images(20))
    expected = FeaturePipeline([ImageStats()]).fit_transform(paths)
    with joblib.parallel_config(backend, n_jobs=2):
        rows = FeaturePipeline([ImageStats()], cache=tmp_path / "c", batch_size=4).fit_transform(paths)
    np.testing.assert_array_equal(rows, expected)
    assert len(FeatureCache(tmp_path / "c")) == 20


def threads_at_work(extractor_kind=Mean, **params):
    """Return in how many threads a pipeline works on 12 images in chunks of 2."""
    seen = set()

    class Watched(extractor_kind):
        def _extract_one(self, image):
            seen.add(threading.get_ident())
            time.sleep(0.01)
            return super()._extract_one(image)

    FeaturePipeline([Watched()], batch_size=2, **params).fit_transform(random_images(12))
    return len(seen)


def test_the_number_of_workers_is_the_one_joblib_is_configured_to():
    assert threads_at_work() == 1
    with joblib.parallel_config(n_jobs=3):
        assert threads_at_work() == 3
        assert threads_at_work(n_jobs=1) == 1
    assert threads_at_work(n_jobs=2) == 2


def test_there_are_never_more_workers_than_chunks():
    assert threads_at_work(n_jobs=100_000) <= 6
    with joblib.parallel_config(n_jobs=100_000):
        assert threads_at_work() <= 6


def test_a_worker_starts_no_threads_of_its_own():
    counts = []

    class Counting(Mean):
        def _extract_one(self, image):
            counts.append(count_threads())
            return super()._extract_one(image)

    with joblib.parallel_config(n_jobs=2):
        FeaturePipeline([Counting()], batch_size=2).fit_transform(random_images(8))
        FeaturePipeline([Counting()], n_jobs=1).fit_transform(random_images(2))
        Counting().transform(random_images(2))
    assert set(counts) == {1}


@pytest.mark.parametrize("use", [lambda e, x: e.fit_transform(x), lambda e, x: FeaturePipeline([e]).fit_transform(x)])
def test_opencv_has_one_thread_while_an_extractor_learns_and_works(use):
    import cv2

    seen = []

    class Watching(Centre):
        def _fit(self, images, y):
            seen.append(cv2.getNumThreads())
            super()._fit(images, y)

        def _extract_one(self, image):
            seen.append(cv2.getNumThreads())
            return super()._extract_one(image)

    before = cv2.getNumThreads()
    cv2.setNumThreads(3)
    try:
        use(Watching(), random_images(2))
        assert cv2.getNumThreads() == 3
    finally:
        cv2.setNumThreads(before)
    assert seen == [1, 1, 1]


def test_opencvs_threads_are_given_back():
    import cv2

    before = cv2.getNumThreads()
    FeaturePipeline([ImageStats()], n_jobs=2, batch_size=2).fit_transform(random_images(20))
    assert cv2.getNumThreads() == before


def test_progress_shows_images_per_second_when_a_pass_takes_long(capsys, monkeypatch):
    FeaturePipeline([Mean()], progress=True).fit_transform(random_images(5))
    assert capsys.readouterr().err == ""
    monkeypatch.setattr("fingerprint_features.extractors.one_pass._PATIENCE", 0)
    FeaturePipeline([Mean()], progress=True).fit_transform(random_images(5))
    assert "5/5" in (text := capsys.readouterr().err)
    assert "image/s" in text


def test_extractors_made_by_name_work():
    assert FeaturePipeline([make_extractor("image_stats")]).fit_transform(random_images(2)).shape == (2, 7)


def test_a_replaced_learner_must_be_fitted_anew_and_nothing_else():
    images = random_images()
    pipeline = FeaturePipeline([("a", Centre()), Mean()]).fit(images)
    assert pipeline.set_params(mean__factor=2, batch_size=3).transform(images).shape == (12, 2)
    with pytest.raises(NotFittedError):
        pipeline.set_params(a=Pixels()).transform(images)
    assert pipeline.fit(images).transform(images).shape == (12, 257)
    with pytest.raises(NotFittedError):
        pipeline.set_params(extractors=[Centre()]).transform(images)


def test_the_extractors_in_use_are_listed_after_set_params():
    images = random_images()
    pipeline = FeaturePipeline([("a", Centre()), Mean(), ImageStats()])
    assert not hasattr(pipeline, "extractors_")
    pipeline.fit(images).set_params(mean__factor=2, imagestats="drop", batch_size=3)
    assert [name for name, _ in pipeline.extractors_] == ["a", "mean"]
    learnt, mean = (extractor for _, extractor in pipeline.extractors_)
    assert learnt.level_ == pytest.approx(images.mean())
    assert mean.factor == 2
    with pytest.raises(NotFittedError, match="FeaturePipeline is not fitted"):
        _ = pipeline.set_params(a=Centre()).extractors_


def test_a_class_in_place_of_an_instance_can_be_shown_and_is_refused_when_used():
    pipeline = FeaturePipeline([Mean]).set_params(batch_size=3)
    assert "Mean" in pipeline._repr_html_()
    with pytest.raises(TypeError, match="pass an instance"):
        pipeline.fit(random_images(2))
