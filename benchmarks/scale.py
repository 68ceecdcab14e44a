"""What a large set costs: time an image, memory, cache, and what that means for more: ``python -m benchmarks.scale``.

Writes real PNG files, each different, into a temporary folder, and works on them as a user would, on one core: extracts
them cold and warm, asks which were used, compares hashes and pictures. Each step runs in a process of its own, so that
its peak memory is its own. Times are of the processor, so that other work on the machine does not count. The last table
multiplies the measured costs; PLANNING.md explains them.
"""

import argparse
import json
import multiprocessing
import os
import resource
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

_KINDS = 64  # different slices; the files are these with noise of their own
_HASHES = 3_000  # each is compared with all


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=5_000)
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--reference", type=int, default=100, help="generated images")
    parser.add_argument("--recipe", default="dmk-2023-phash", help="that detect takes")
    parser.add_argument("--plan", type=int, default=10_000_000, help="images that the last table is for")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        print(f"{given.images} PNG files of {given.size} x {given.size} pixels, one thread\n")
        costs = {}
        for step in (write, cold, warm, used, hashes, ssim):
            costs[step.__name__] = cost = in_a_process(measured, step, folder, given)
            print(f"{step.__name__:8}{json.dumps(cost)}", flush=True)
        cache = os.path.getsize(f"{folder}/features.cache") / given.images
    print(f"cache   {cache:.0f} bytes an image\n")
    for line in plan(costs, cache, given):
        print(line)


def in_a_process(work, *given) -> dict:
    """Return what a function returns in a process of its own."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(work, given)


def measured(step, folder, given) -> dict:
    """Return what a step returns, and the seconds and the peak memory that it adds after imports and compilation."""
    from fingerprint_features import FeaturePipeline, PHash

    from .common import four

    FeaturePipeline([*four(), PHash()]).fit_transform(np.zeros((1, given.size, given.size), dtype=np.uint8))
    before = peak()
    start = time.process_time()
    more = step(Path(folder), given) or {}
    seconds = time.process_time() - start
    return {"seconds": round(seconds, 2), "peak_mb": round(peak() - before, 1), **more}


def peak() -> float:
    """Return the highest memory of this process so far, in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e6 if sys.platform == "darwin" else 1e3)


def write(folder, given) -> dict:
    """Write the files."""
    import cv2

    from .common import slices

    kinds, rng = slices(given.size, _KINDS).astype(np.int16), np.random.default_rng(0)
    n_bytes = 0
    (folder / "png").mkdir()
    for i in range(given.images):
        image = np.clip(kinds[i % _KINDS] + rng.integers(-6, 7, (given.size, given.size)), 0, 255).astype(np.uint8)
        data = cv2.imencode(".png", image)[1].tobytes()
        (folder / "png" / f"{i:08d}.png").write_bytes(data)
        n_bytes += len(data)
    return {"bytes_an_image": round(n_bytes / given.images)}


def cold(folder, given) -> dict:
    """Extract the four of the headline figure, with an empty cache."""
    return extract(folder, given)


def warm(folder, given) -> dict:
    """Extract them again."""
    return extract(folder, given)


def extract(folder, given) -> dict:
    """Extract the four; return the time an image and the bytes of a row."""
    from fingerprint_features import FeaturePipeline, ImageSet

    from .common import four

    start = time.process_time()
    images = ImageSet.from_folder(folder / "png")
    rows = FeaturePipeline(four(), cache=folder / "features.cache").fit_transform(images)
    milliseconds = 1e3 * (time.process_time() - start) / given.images
    return {"ms_an_image": round(milliseconds, 3), "bytes_a_row": rows.nbytes // len(rows)}


def used(folder, given) -> dict:
    """Ask `detect` which were used; the last ones play the generated images."""
    from fingerprint_features import ImageSet, detect

    images = ImageSet.from_folder(folder / "png")
    real, generated = images[: -given.reference], images[-given.reference :]
    start = time.process_time()
    detect(real, generated, recipe=given.recipe, patients="none", cache=folder / "detect.cache")
    return {"ms_an_image": round(1e3 * (time.process_time() - start) / len(real), 3)}


def hashes(folder, given) -> dict:
    """Compare hashes of 256 bits, each with all others."""
    from fingerprint_features import FaissNearestNeighbors

    rng = np.random.default_rng(0)
    bits = rng.integers(0, 2, (_HASHES, 256)).astype(np.float32)
    FaissNearestNeighbors(n_neighbors=1, metric="hamming").fit(bits[:10]).kneighbors(bits[:10])
    start = time.process_time()
    FaissNearestNeighbors(n_neighbors=1, metric="hamming").fit(bits).kneighbors(bits)
    return {"ns_a_pair": round(1e9 * (time.process_time() - start) / len(bits) ** 2, 3)}


def ssim(folder, given) -> dict:
    """Compare some of the images with a reference by SSIM."""
    from fingerprint_features import SSIM, ImageSet

    images = ImageSet.from_folder(folder / "png")
    queries, reference = images[:200], images[-given.reference :]
    SSIM(reference).transform(queries[:1])
    start = time.process_time()
    SSIM(reference).transform(queries)
    seconds = time.process_time() - start
    return {"us_a_pair": round(1e6 * seconds / (len(queries) * len(reference)), 2)}


def plan(costs, cache, given):
    """Yield the lines of what `given.plan` images would cost one core."""
    n = given.plan
    rows = n * costs["cold"]["bytes_a_row"] / 1e9
    yield f"for {n:,} images, one core:"
    yield f"  files            {n * costs['write']['bytes_an_image'] / 1e9:9.1f} GB"
    yield f"  extract, cold    {n * costs['cold']['ms_an_image'] / 3.6e6:9.1f} h"
    yield f"  extract, warm    {n * costs['warm']['ms_an_image'] / 3.6e6:9.1f} h"
    yield f"  detect           {n * costs['used']['ms_an_image'] / 3.6e6:9.1f} h"
    yield f"  cache            {n * cache / 1e9:9.1f} GB"
    yield f"  features         {rows:9.1f} GB of memory"
    yield f"  hashes, all pairs{n**2 * costs['hashes']['ns_a_pair'] / 3.6e12:9.1f} h"
    yield f"  SSIM with 1,000  {n * 1000 * costs['ssim']['us_a_pair'] / 3.6e9:9.1f} h"


if __name__ == "__main__":
    main()
