"""All pairs: SSIM per pair and how it grows, feature rows per pair, and whether values moved."""

import time

import numpy as np

from fingerprint_features import similarity
from fingerprint_features.similarity import METRICS, SSIMPool, pairwise_similarity, ssim_matrix

from .common import COUNT, SIZES, checksum, slices

DEPTHS = ["uint8", "uint16", "float32"]
ROW_METRICS = [name for name, metric in METRICS.items() if metric.of != "images"]


class SSIM:
    """Structural similarity of all pairs of images in memory, one thread."""

    params = (SIZES, DEPTHS, [False, True])
    param_names = ("size", "depth", "gaussian")

    def setup(self, size, depth, gaussian):
        images = slices(size)
        if depth != "uint8":
            images = images * np.uint16(257) if depth == "uint16" else (images / 255).astype(np.float32)
        self.images = images
        ssim_matrix(self.images[:2], self.images[:2], gaussian=gaussian)  # compiled before anything is timed

    def time_matrix(self, size, depth, gaussian):
        ssim_matrix(self.images, self.images, gaussian=gaussian)

    def track_ms_per_pair(self, size, depth, gaussian):
        start = time.perf_counter()
        ssim_matrix(self.images, self.images, gaussian=gaussian)
        return 1000 * (time.perf_counter() - start) / len(self.images) ** 2

    def track_values(self, size, depth, gaussian):
        """The same number as before, unless the values changed."""
        return checksum(ssim_matrix(self.images[:8], self.images[:8], gaussian=gaussian))

    track_ms_per_pair.unit = "ms"
    track_values.unit = "checksum"


class Stream:
    """A pool of 200 images against many that are drawn one by one."""

    params = ([1, 2], [COUNT, 50 * COUNT])
    param_names = ("n_jobs", "images")
    timeout = 600

    def setup(self, n_jobs, images):
        self.slices = slices(256)
        self.pool = SSIMPool([self.slices[i % COUNT] for i in range(200 if images > COUNT else COUNT)])
        self.pool.row(self.slices[0])

    def _drawn(self, images):
        return (np.roll(self.slices[i % COUNT], i, axis=0) for i in range(images))

    def time_stream(self, n_jobs, images):
        self.pool.matrix(self._drawn(images), n_jobs=n_jobs)

    def peakmem_stream(self, n_jobs, images):
        self.pool.matrix(self._drawn(images), n_jobs=n_jobs)


class Rows:
    """Feature rows as wide as a small network's embedding, one thread."""

    params = ROW_METRICS
    param_names = ("metric",)

    def setup(self, metric):
        rng = np.random.default_rng(0)
        self.A, self.B = (rng.integers(0, 2, (n, 1280)).astype(np.float32) for n in (COUNT, 10 * COUNT))
        pairwise_similarity(self.A[:1], self.B[:1], metric)

    def time_rows(self, metric):
        pairwise_similarity(self.A, self.B, metric)

    def track_values(self, metric):
        return checksum(pairwise_similarity(self.A, self.B, metric))


class Places:
    """Columns that count competitors, each image against all others, and how they grow with the number of images."""

    params = (["rank", "hits", "hit_max", "margins"], [COUNT, 10 * COUNT])
    param_names = ("column", "images")
    timeout = 600

    def setup(self, column, images):
        self.S = np.random.default_rng(0).random((images, images))
        self.rules = {"exclude": np.eye(images, dtype=bool)} | ({"missing": -2.0} if column == "hit_max" else {})
        self.function = getattr(similarity, column)
        self.time_column(column, images)

    def time_column(self, column, images):
        self.function(self.S, self.S, **self.rules)

    def peakmem_column(self, column, images):
        self.function(self.S, self.S, **self.rules)

    def track_values(self, column, images):
        return checksum(np.reshape(self.function(self.S, self.S, **self.rules), (images, -1)))
