"""Neighbours: exact search against scikit-learn's, recall and speed of approximate indexes, a query at a time.

``python -m benchmarks.bench_neighbors --rows 100000`` prints what the flat index, lists and ``"auto"`` take.
"""

import argparse
import time
from functools import cache

import numpy as np
from threadpoolctl import threadpool_limits

from fingerprint_features.neighbors import FaissKNeighborsClassifier, FaissNearestNeighbors

# Small sizes first: the smoke test runs every benchmark at its first parameters.
SHAPES = [(500, 32), (20_000, 1280)]
K = 10


@cache
def rows_and_queries(shape, spread=1.0):
    """Return rows around 200 centres and queries around the same, float32; without a spread there is one centre."""
    n, d = shape
    rng = np.random.default_rng(0)
    centres = spread * rng.standard_normal((200, d), dtype=np.float32)
    n_queries = min(500, n // 5)
    numbers = rng.integers(200, size=n + n_queries)
    rows = rng.standard_normal((n + n_queries, d), dtype=np.float32)
    rows *= 0.5
    rows += centres[numbers]
    return np.split(rows, [n])


@cache
def fitted(shape, metric, index):
    """Return a fitted index and the seconds it took."""
    start = time.perf_counter()
    model = FaissNearestNeighbors(K, metric=metric, index=index).fit(rows_and_queries(shape)[0])
    return model, time.perf_counter() - start


def seconds(work, rounds=3):
    """Return the median seconds of a call on one thread."""
    with threadpool_limits(1):
        work()
        times = []
        for _ in range(rounds):
            start = time.perf_counter()
            work()
            times.append(time.perf_counter() - start)
    return float(np.median(times))


def recall(found, truth):
    """Return the share of the true neighbours that were found."""
    return float(np.mean([len(np.intersect1d(a, b)) / K for a, b in zip(found, truth, strict=True)]))


class Search:
    """All queries at once, one thread."""

    params = (["euclidean", "cosine"], ["flat", "ivf", "hnsw", "pq"], SHAPES)
    param_names = ("metric", "index", "shape")

    def setup(self, metric, index, shape):
        self.model, self.build_seconds = fitted(shape, metric, index)
        self.flat, _ = fitted(shape, metric, "flat")
        self.queries = rows_and_queries(shape)[1]

    def time_kneighbors(self, metric, index, shape):
        self.model.kneighbors(self.queries)

    def time_one_query(self, metric, index, shape):
        self.model.kneighbors(self.queries[:1])

    def track_build_seconds(self, metric, index, shape):
        return self.build_seconds

    def track_recall_at_10(self, metric, index, shape):
        found, truth = (model.kneighbors(self.queries, return_distance=False) for model in (self.model, self.flat))
        return recall(found, truth)

    def track_times_as_fast_as_flat(self, metric, index, shape):
        flat = seconds(lambda: self.flat.kneighbors(self.queries))
        return flat / seconds(lambda: self.model.kneighbors(self.queries))


class AgainstScikitLearn:
    """The exact index and scikit-learn's brute force, the same queries, one thread."""

    params = (["euclidean", "cosine"], SHAPES)
    param_names = ("metric", "shape")

    def setup(self, metric, shape):
        from sklearn.neighbors import NearestNeighbors

        rows, self.queries = rows_and_queries(shape)
        self.ours, _ = fitted(shape, metric, "flat")
        self.theirs = NearestNeighbors(n_neighbors=K, metric=metric, algorithm="brute", n_jobs=1).fit(rows)

    def track_times_as_fast(self, metric, shape):
        theirs = seconds(lambda: self.theirs.kneighbors(self.queries))
        return theirs / seconds(lambda: self.ours.kneighbors(self.queries))

    def track_same_neighbours(self, metric, shape):
        ours, theirs = (model.kneighbors(self.queries, return_distance=False) for model in (self.ours, self.theirs))
        return float((ours == theirs).mean())


class Bits:
    """256 bits a row, as PHash gives."""

    params = ([500, 20_000],)
    param_names = ("rows",)

    def setup(self, n):
        rng = np.random.default_rng(0)
        rows = rng.integers(0, 2, (n, 256)).astype(np.float32)
        self.queries = rows[: n // 10].copy()
        flip = rng.random(self.queries.shape) < 0.05
        self.queries[flip] = 1 - self.queries[flip]
        self.model = FaissKNeighborsClassifier(K, metric="hamming").fit(rows, rng.integers(0, 2, n))

    def time_predict(self, n):
        self.model.predict(self.queries)


def main() -> None:
    """Compare the indexes on rows with clusters and without."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--columns", type=int, default=1280)
    given = parser.parse_args()
    print("CPU time, one thread: seconds to fit, milliseconds a query, share of the 10 nearest that are found\n")
    with threadpool_limits(1):
        for what, spread in (("one cluster", 0.0), ("200 clusters", 1.0)):
            rows, queries = rows_and_queries((given.rows, given.columns), spread)
            truth = None
            for index in ("flat", "ivf", "auto"):
                start = time.process_time()
                model = FaissNearestNeighbors(K, index=index).fit(rows)
                ready = time.process_time()
                found = model.kneighbors(queries, return_distance=False)
                milliseconds = 1e3 * (time.process_time() - ready) / len(queries)
                truth = found if truth is None else truth
                print(
                    f"{what:14}{index:6}{ready - start:8.1f}{milliseconds:8.2f}{recall(found, truth):8.3f}", flush=True
                )


if __name__ == "__main__":
    main()
