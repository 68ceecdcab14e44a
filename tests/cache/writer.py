"""A process that writes rows until it is done or killed: python -m tests.cache.writer CACHE SEED N BATCH [GO]."""

import os
import sys
import time

from fingerprint_features.cache.store import FeatureCache
from tests.cache.rows import fill, hits, make_digests


def main(path, seed, n, batch, go=None):
    digests = make_digests(int(n), seed)
    print("ready", flush=True)
    while go and not os.path.exists(go):
        time.sleep(0.001)
    cache = FeatureCache(path)
    for start in range(0, len(digests), int(batch)):
        part = digests[start : start + int(batch)]
        assert not any(hits(cache, part))
        fill(cache, part)
        print(start + len(part), flush=True)  # these rows are safe now


if __name__ == "__main__":
    main(*sys.argv[1:])
