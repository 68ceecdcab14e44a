"""A Ray cluster of this machine: the same numbers, and rows come back to the cache. Ray is not among the extras."""

import os
import warnings

import joblib
import numpy as np
import pytest

from fingerprint_features import FeatureCache, FeaturePipeline, ImageStats
from tests.helpers import Fatal, Mean, count_lines, images_of_which_one_is_fatal, random_images, write_images

ray = pytest.importorskip("ray", reason="ray is not installed")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    pytest.mark.filterwarnings("ignore"),  # Ray's own
]


@pytest.fixture(scope="module", autouse=True)
def on_ray():
    from ray.util.joblib import register_ray

    here = {"env_vars": {"PYTHONPATH": os.getcwd()}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ray.init(num_cpus=2, include_dashboard=False, runtime_env=here)
        register_ray()
        with joblib.parallel_config("ray", n_jobs=2):
            yield
        ray.shutdown()


def test_rows_are_those_of_one_process():
    images = random_images(12)
    features = FeaturePipeline([ImageStats(), Mean()], batch_size=3)
    rows = features.fit_transform(images)
    with joblib.parallel_config("threading"):
        np.testing.assert_array_equal(rows, features.fit_transform(images))


def test_rows_flow_back_to_the_cache_of_the_client(tmp_path):
    log, cache = tmp_path / "log", FeatureCache(tmp_path / "features.cache")
    paths = write_images(tmp_path / "png", random_images(6))
    features = FeaturePipeline([Mean(log=log)], cache=cache, batch_size=2)
    rows = features.fit_transform(paths)
    np.testing.assert_array_equal(rows, features.fit_transform(paths))
    assert count_lines(log) == len(cache) == 6


def test_an_image_that_ends_its_worker_is_named():
    images = images_of_which_one_is_fatal(8, place=5)
    with pytest.warns(UserWarning, match="5: it ended the process that worked on it"):
        rows = FeaturePipeline([Fatal()], on_error="nan", batch_size=4).fit_transform(images)
    assert np.flatnonzero(np.isnan(rows[:, 0])).tolist() == [5]
