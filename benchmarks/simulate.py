"""Ten million rows, on this machine: ``python -m benchmarks.simulate``. The rows are random, their number is real.

PLANNING.md multiplies the cost of small sets. This shows whether costs grow as it says: rows in a memory-mapped file,
the nearest of many hashes, and a cache that fills up. It needs 1 KB of disk a row in the folder for temporary files.
Each step runs in a process of its own; times are of the processor. The peak of memory counts the pages of a mapped
file, which the system takes back when it needs them.
"""

import argparse
import hashlib
import json
import tempfile
import time
from pathlib import Path

import numpy as np

from .scale import in_a_process, peak

_COLUMNS = 126  # of LBP, GLCM and Gabor
_BITS = 256
_QUERIES = 1_000
_BATCH = 1_000  # rows that the cache takes at a time


def main() -> None:
    """Simulate and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rows", type=int, default=10_000_000)
    given = parser.parse_args()
    print(f"{given.rows:,} rows; {_QUERIES:,} queries")
    for step in (memory_mapped, hashes, cache):
        with tempfile.TemporaryDirectory() as folder:
            print(f"{step.__name__:16}{json.dumps(in_a_process(measured, step, Path(folder), given.rows))}", flush=True)


def measured(step, folder: Path, n: int) -> dict:
    """Return what a step returns, and the seconds and the peak memory that it adds."""
    import fingerprint_features.cache
    import fingerprint_features.neighbors

    fingerprint_features.neighbors.FaissNearestNeighbors(1, metric="hamming").fit(np.eye(2)).kneighbors()
    before, start = peak(), time.process_time()
    more = step(folder, n)
    return {"seconds": round(time.process_time() - start, 1), "peak_mb": round(peak() - before), **more}


def memory_mapped(folder: Path, n: int) -> dict:
    """Write rows in parts into a memory-mapped file, and read them once: their mean."""
    rows = np.lib.format.open_memmap(folder / "rows.npy", "w+", np.float32, (n, _COLUMNS))
    part = np.random.default_rng(0).random((_BATCH, _COLUMNS), dtype=np.float32)
    for start in range(0, n, _BATCH):
        rows[start : start + _BATCH] = part[: n - start]
    rows.flush()
    mean = np.load(folder / "rows.npy", mmap_mode="r").mean(dtype=np.float64)
    return {"gb": round((folder / "rows.npy").stat().st_size / 1e9, 2), "mean": round(float(mean), 3)}


def hashes(folder: Path, n: int) -> dict:
    """Find the nearest of n hashes for each query; one query in two is a row with ten bits changed."""
    from fingerprint_features import FaissNearestNeighbors

    rng = np.random.default_rng(0)
    rows = np.lib.format.open_memmap(folder / "bits.npy", "w+", np.float32, (n, _BITS))
    for start in range(0, n, _BATCH):
        bits = np.unpackbits(rng.integers(0, 256, (_BATCH, _BITS // 8), dtype=np.uint8), axis=1)
        rows[start : start + _BATCH] = bits[: n - start]
    copied = rng.choice(n, _QUERIES // 2, replace=False)
    queries = rng.integers(0, 2, (_QUERIES, _BITS)).astype(np.float32)
    queries[: len(copied)] = rows[copied]
    queries[:, :10] = 1 - queries[:, :10]
    start = time.process_time()
    model = FaissNearestNeighbors(1, metric="hamming").fit(rows)
    fitted = time.process_time()
    distances, found = model.kneighbors(queries)
    seconds = time.process_time() - fitted
    return {
        "fit_seconds": round(fitted - start, 1),
        "ns_a_pair": round(1e9 * seconds / n / _QUERIES, 3),
        "copies_found": float(np.mean(found[: len(copied), 0] == copied)),
        "bits_of_the_others": round(float(np.median(distances[len(copied) :]) * _BITS)),
    }


def cache(folder: Path, n: int) -> dict:
    """Fill a cache, and look rows up: the cost of a row in the first and in the last tenth."""
    from fingerprint_features import FeatureCache

    def named(numbers):
        return [hashlib.blake2b(b"%d" % i, digest_size=32).digest() for i in numbers]

    def timed(work, numbers):
        names = named(numbers)
        start = time.process_time()
        work(names)
        return time.process_time() - start

    token, rows = b"t" * 32, np.random.default_rng(0).random((_BATCH, _COLUMNS), dtype=np.float32)
    about = {"class": "Random", "params": {}, "columns": []}
    kept = FeatureCache(folder / "features.cache")
    put = [
        timed(lambda names: kept.put_many(token, names, rows[: len(names)], about), range(i, min(i + _BATCH, n)))
        for i in range(0, n, _BATCH)
    ]
    asked = np.random.default_rng(1).choice(n, min(n, 10 * _BATCH), replace=False)
    found = []
    get = timed(lambda names: found.extend(kept.get_many(token, names, _COLUMNS)), asked)
    tenth = max(1, len(put) // 10)
    size = sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    return {
        "put_us_a_row_first": round(1e6 * np.mean(put[:tenth]) / _BATCH, 1),
        "put_us_a_row_last": round(1e6 * np.mean(put[-tenth:]) / _BATCH, 1),
        "get_us_a_row": round(1e6 * get / len(asked), 1),
        "found": sum(row is not None for row in found) / len(asked),
        "bytes_a_row": round(size / n),
    }


if __name__ == "__main__":
    main()
