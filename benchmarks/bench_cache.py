"""FeatureCache: rows a second in and out."""

import os
import tempfile

import numpy as np

from fingerprint_features import FeatureCache
from fingerprint_features.cache.batch import Batch

TOKEN = b"t" * 32


class Store:
    """20,000 rows of an embedding's width, in batches of 256."""

    params = ([256, 20_000], [59, 1280])
    param_names = ("rows", "width")

    def setup(self, n, width):
        rng = np.random.default_rng(0)
        self.folder = tempfile.TemporaryDirectory()
        self.rows = rng.standard_normal((n, width), dtype=np.float32)
        self.digests = [rng.bytes(32) for _ in range(n)]
        self.about = {"class": "benchmark", "values_version": 1, "params": {}, "state": None, "columns": []}
        self.cache = self.fill("full.cache")
        self.order = rng.permutation(n)

    def fill(self, name):
        """Write all rows into a new file."""
        cache = FeatureCache(os.path.join(self.folder.name, name))
        for start in range(0, len(self.rows), 256):
            part = slice(start, start + 256)
            cache.put_many(TOKEN, self.digests[part], self.rows[part], self.about)
        return cache

    def teardown(self, n, width):
        self.folder.cleanup()

    def time_put(self, n, width):
        self.fill(f"{os.urandom(8).hex()}.cache")

    def time_put_as_a_pass_does(self, n, width):
        with Batch(FeatureCache(os.path.join(self.folder.name, f"{os.urandom(8).hex()}.cache"))) as batch:
            for start in range(0, n, 32):
                part = slice(start, start + 32)
                batch.put_blocks([(TOKEN, self.digests[part], self.rows[part], self.about)])

    def time_get_in_random_order(self, n, width):
        for start in range(0, n, 256):
            digests = [self.digests[i] for i in self.order[start : start + 256]]
            self.cache.get_many(TOKEN, digests, width)

    def time_miss(self, n, width):
        for start in range(0, n, 256):
            self.cache.get_many(b"u" * 32, self.digests[start : start + 256], width)
