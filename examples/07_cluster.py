"""
Extracting on a cluster
=======================

The same lines extract features on one machine or on many: joblib hands the images out. Here a Dask cluster of two
processes stands for the many, and one of the images makes its process crash.

Run it with ``python examples/07_cluster.py``; it needs the extra ``dask`` and saves nothing.
"""

import os
import tempfile
import time
import warnings

import joblib
import numpy as np
from dask.distributed import Client, LocalCluster

from fingerprint_features import LBP, BaseExtractor, FeatureCache, FeaturePipeline, drop_failed, make_membership_task


class Brittle(BaseExtractor):
    """The mean intensity, by code that crashes at an image whose first pixel is white."""

    def _column_names(self):
        return ["mean"]

    def _extract_one(self, image):
        if image[0, 0] == 255:
            os._exit(1)  # as a fault in a compiled decoder would
        return [image.mean()]


def main():
    """Extract twice, the first time on the cluster."""
    # %%
    # Images and features
    # -------------------
    # Paths, URLs or arrays: a chunk of an array carries its own images only. Paths must mean the same file on every
    # machine.

    images = make_membership_task(n_used=20, n_unused=20, n_generated=1, image_size=64, random_state=0).X.decode()
    images[7, 0, 0] = 255
    folder = tempfile.TemporaryDirectory()
    cache = FeatureCache(f"{folder.name}/features.cache")
    features = FeaturePipeline([LBP(), Brittle()], cache=cache, batch_size=8, on_error="nan")

    # %%
    # A cluster
    # ---------
    # ``Client("scheduler-address:8786")`` would join one that runs already. Everything inside `parallel_config` is
    # sent there: the extractors once to each worker, the images in chunks.

    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50) as cluster,
        Client(cluster),
        joblib.parallel_config("dask"),
        warnings.catch_warnings(record=True) as caught,
    ):
        warnings.simplefilter("always")
        rows = features.fit_transform(images)
    print(f"{rows.shape[0]} images, {rows.shape[1]} columns from two processes")

    # %%
    # The image that crashes its process is named, and all others have their rows.

    print(next(str(warning.message) for warning in caught if "NaN" in str(warning.message)))
    good, ids = drop_failed(rows, np.arange(len(images)))
    print(f"{len(good)} rows are good; the first image without one is {np.setdiff1d(np.arange(len(images)), ids)[0]}")

    # %%
    # The second run
    # --------------
    # The rows came back to the cache of this process. Nothing is computed again, with or without the cluster.

    start = time.perf_counter()
    again = features.transform(images[ids])
    seconds = time.perf_counter() - start
    outcome = "equal" if np.array_equal(again, good) else "different"
    print(f"{len(cache)} rows in the cache; the second run is {outcome} and took {seconds:.2f} seconds")
    folder.cleanup()


if __name__ == "__main__":  # the processes of a local cluster import this file
    main()
