"""A Dask cluster of two processes: the same numbers, and nothing is lost or waits for ever."""

import joblib
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline

from fingerprint_features import SSIM, FeatureCache, FeaturePipeline, ImageSet, ImageStats, ReferenceSimilarity
from tests.helpers import (
    Fatal,
    Mean,
    Opened,
    count_lines,
    images_of_which_one_is_fatal,
    random_images,
    write_images,
)

distributed = pytest.importorskip("distributed", reason="dask is not installed")


@pytest.fixture(scope="module")
def cluster():
    import dask

    patient = {"distributed.deploy.lost-worker-timeout": "5 minutes"}  # a busy machine is slow to replace a worker
    kind = {"n_workers": 2, "threads_per_worker": 1, "processes": True, "dashboard_address": None}
    with (
        dask.config.set(patient),
        distributed.LocalCluster(silence_logs=50, **kind) as cluster,
        distributed.Client(cluster) as client,
    ):
        yield client


@pytest.fixture
def on_dask(cluster):
    with joblib.parallel_config("dask"):
        yield cluster


def test_rows_are_those_of_one_process(on_dask, tmp_path):
    images = random_images(20)
    paths = write_images(tmp_path / "png", images)
    features = FeaturePipeline([ImageStats(), Mean()], batch_size=3)
    with joblib.parallel_config("threading"):
        expected = features.fit_transform(images)
    for given in (images, list(images), ImageSet(images)[3:], paths):
        rows = features.fit_transform(given)
        np.testing.assert_array_equal(rows, expected[-len(given) :])


def test_a_search_and_a_reference_have_the_values_of_one_process(on_dask):
    images, y = random_images(24), np.arange(24) % 2
    model = make_pipeline(
        ReferenceSimilarity(random_images(5, seed=1), FeaturePipeline([ImageStats()])), LogisticRegression()
    )
    search = GridSearchCV(model, {"referencesimilarity__reduce": ["max", "mean"]}, cv=2)
    far = search.fit(images, y).cv_results_["mean_test_score"]
    with joblib.parallel_config("threading"):
        near = search.fit(images, y).cv_results_["mean_test_score"]
    np.testing.assert_array_equal(far, near)


@pytest.mark.timeout(200)
def test_an_image_that_ends_its_worker_is_named_and_the_others_have_their_rows(on_dask):
    images = images_of_which_one_is_fatal()
    with pytest.warns(UserWarning, match="13: it ended the process that worked on it .exit status 3"):
        rows = FeaturePipeline([Fatal()], batch_size=4, on_error="nan").fit_transform(images)
    assert np.flatnonzero(np.isnan(rows[:, 0])).tolist() == [13]
    keep = np.arange(24) != 13
    with joblib.parallel_config("threading"):
        np.testing.assert_array_equal(rows[keep], FeaturePipeline([Mean()]).fit_transform(images[keep]))


def test_a_worker_opens_what_it_needs_once_however_large_it_is(on_dask, tmp_path):
    images = random_images(24)
    reference = random_images(100)  # more than is sent with every part
    features = FeaturePipeline([Opened(log=tmp_path / "log"), SSIM(reference)], batch_size=2)
    rows = features.fit_transform(images)
    processes = (tmp_path / "log").read_text().split()
    assert len(processes) == len(set(processes)) <= 2
    with joblib.parallel_config("threading"):
        np.testing.assert_array_equal(rows, features.fit_transform(images))
    assert not any(on_dask.run(what_is_kept).values())


def test_rows_flow_back_to_the_cache_of_the_client_and_the_second_run_computes_nothing(on_dask, tmp_path):
    on_dask.run(take_the_caches_away)
    paths = write_images(tmp_path / "png", random_images(20))
    (tmp_path / "png" / "image3.png").write_bytes(b"no image")
    log, cache = tmp_path / "log", FeatureCache(tmp_path / "c")
    features = FeaturePipeline([Mean(log=log), SSIM(random_images(3))], cache=cache, batch_size=3, on_error="nan")
    with pytest.warns(UserWarning, match="image3.png"):
        first = features.fit_transform(paths)
    assert (count_lines(log), len(cache)) == (19, 38)
    features.set_params(extractors=[SSIM(random_images(3), "mean"), ImageStats(), Mean(log=log)])
    with pytest.warns(UserWarning, match="image3.png"):
        second = features.fit_transform(paths)
    assert (count_lines(log), len(cache)) == (19, 57)  # only the statistics are new
    with joblib.parallel_config("threading"), pytest.warns(UserWarning, match="image3.png"):
        np.testing.assert_array_equal(second, features.set_params(cache=None).fit_transform(paths))
    np.testing.assert_array_equal(first[:, 0], second[:, -1])


def take_the_caches_away():
    from fingerprint_features import FeatureCache

    def refuse(*args, **kwargs):
        raise AssertionError("a worker used a cache of its own")

    FeatureCache.get_blocks = FeatureCache.put_blocks = refuse


def what_is_kept():
    from fingerprint_features import workers

    return list(workers._parcels)
