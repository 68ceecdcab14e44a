"""One table of speed ratios against other libraries, worst first: ``python -m benchmarks.ratios``.

Both sides do the same work on the same images in the same run, in turns, on one thread unless stated. The table has
the CPU time of the best round on either side, their ratio, and the figure we aim for. Peers that are not installed are
left out.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import NearestNeighbors
from threadpoolctl import threadpool_limits

from fingerprint_features import GLCM, LBP, FeaturePipeline, Gabor, ImageStats, PHash, Wavelet
from fingerprint_features.images import DecodeOptions
from fingerprint_features.images.decode import decode_bytes
from fingerprint_features.neighbors import FaissNearestNeighbors
from fingerprint_features.similarity import pairwise_similarity, rank, ssim_matrix

from . import peers
from .bench_cnn import DEVICE, embedding
from .bench_pipeline import FEW, peak_megabytes
from .common import four, slices, write_png

ROUNDS = 5


def seconds(work: Callable[[], Any], clock: Callable[[], float] = time.process_time) -> float:
    """Return the seconds that a call takes."""
    start = clock()
    work()
    return clock() - start


def compare(
    ours: Callable[[], Any],
    peer: Callable[[], Any],
    ours_per_call: int,
    peer_per_call: int,
    rounds: int,
    clock: Callable[[], float] = time.process_time,
) -> tuple[float, float, float]:
    """Time two calls in turns; return the best of both per image, and their ratio."""
    ours(), peer()  # compiled, imported, in the file cache
    pairs = [(seconds(ours, clock) / ours_per_call, seconds(peer, clock) / peer_per_call) for _ in range(rounds)]
    mine, other = (min(column) for column in zip(*pairs, strict=True))
    return mine, other, other / mine


def against_peers(images: NDArray[np.uint8], rounds: int) -> Iterator[tuple]:
    """Yield one row per extractor: images in memory, ours on all of them, the peer's on a few where it is slow."""
    cases = [
        ("LBP(8, 1)", LBP(), peers.lbp, 16, 40, 80),
        ("GLCM, 256 levels", GLCM(levels=256), lambda image: peers.glcm(image, 256), 8, 20, 40),
        ("GLCM, 32 levels", GLCM(), lambda image: peers.glcm(image, 32), 16, 1.5, 3),
        ("Gabor, 16 filters", Gabor(), peers.gabor, 1, 50, 150),
        ("pHash, 256 bits", PHash(), peers.phash, 32, 5, 9),
        ("Wavelet db1", Wavelet(), peers.wavelet, 16, None, None),
        ("ImageStats", ImageStats(), peers.image_stats, 8, None, None),
    ]
    for name, extractor, peer, few, least, aim in cases:
        result = compare(
            lambda extractor=extractor: extractor.transform(images),
            lambda peer=peer, few=few: [peer(image) for image in images[:few]],
            len(images),
            few,
            rounds,
        )
        yield name, *result, least, aim
    result = compare(
        lambda: ssim_matrix(images, images),
        lambda: [peers.ssim(images[0], other) for other in images[:8]],
        len(images) ** 2,
        8,
        rounds,
    )
    yield "SSIM, all pairs (per pair)", *result, 50, 100


def from_files(images: NDArray[np.uint8], folder: str, rounds: int) -> Iterator[tuple]:
    """Yield the rows that read PNG files: against the peers, cached, in two threads."""
    paths = write_png(folder, images)
    features = FeaturePipeline(four())
    result = compare(
        lambda: features.transform(paths),
        lambda: [peers.four_from_png(path) for path in paths[:2]],
        len(paths),
        2,
        rounds,
    )
    yield "the four from PNG", *result, 40, 100

    def first():
        FeaturePipeline(four(), cache=os.path.join(folder, f"{time.time_ns()}.cache")).transform(paths)

    warm = FeaturePipeline(four(), cache=os.path.join(folder, "warm.cache"))
    warm.transform(paths)
    result = compare(lambda: warm.transform(paths), first, len(paths), len(paths), rounds)
    yield "second call, cached, vs first", *result, 30, None
    if find_spec("torchvision"):
        yield from networks(paths, rounds)
    two = FeaturePipeline(four(), n_jobs=2, batch_size=4)
    wall = time.perf_counter
    result = compare(
        lambda: two.transform(paths), lambda: features.transform(paths), len(paths), len(paths), rounds, wall
    )
    yield "two threads vs one (wall clock)", *result, 1.7, 1.95
    with tempfile.TemporaryDirectory() as small:
        paths = write_png(small, slices(64, 4 * len(images)))
        n = len(paths)
        one, two = (FeaturePipeline([PHash(), LBP()], n_jobs=n_jobs) for n_jobs in (1, 2))
        result = compare(lambda: two.transform(paths), lambda: one.transform(paths), n, n, rounds, wall)
    yield "pHash+LBP, 64 x 64, two threads", *result, None, None


def where_others_may_lead(images: NDArray[np.uint8], folder: str, rounds: int) -> Iterator[tuple]:
    """Yield one row for each peer that is known to be fast at a part of the work."""
    n, paths = len(images), write_png(folder, images)
    yield from decoding(images, rounds)
    if find_spec("imgdd"):
        result = compare(lambda: PHash(8).transform(paths), lambda: peers.hash_imgdd(folder), n, n, rounds)
        yield "pHash of files, vs imgdd", *result, None, None
    if find_spec("mahotas"):
        result = compare(
            lambda: Wavelet().transform(images), lambda: [peers.haar_mahotas(image) for image in images], n, n, rounds
        )
        yield "Wavelet db1, vs mahotas", *result, None, None
    rng = np.random.default_rng(0)
    bits = rng.integers(0, 2, (1000, 256)).astype(np.float32)
    result = compare(
        lambda: pairwise_similarity(bits, bits, "hamming"), lambda: peers.hamming(bits, bits), 1000**2, 1000**2, rounds
    )
    yield "Hamming (per pair), vs product", *result, None, None
    rows = rng.standard_normal((1500, 256)).astype(np.float32)
    ours, peer = FaissNearestNeighbors(10).fit(rows), NearestNeighbors(n_neighbors=10, algorithm="brute").fit(rows)
    result = compare(lambda: ours.kneighbors(rows), lambda: peer.kneighbors(rows), 1500, 1500, rounds)
    yield "10 of 1,500 rows, vs sklearn", *result, None, None
    if rounds > 1:
        result = compare(lambda: _fresh(_OURS, folder), lambda: _fresh(_PEERS, folder), n, n, 2, _time_of_children)
        yield "the four, fresh process", *result, None, None


def decoding(images: NDArray[np.uint8], rounds: int) -> Iterator[tuple]:
    """Yield the rows of PNG files in memory, by size: against OpenCV, and against kornia-rs."""
    for side in (64, 256, 1024):
        n = max(1, len(images) * 256 // side // 4)
        shown = [cv2.resize(image, (side, side), interpolation=cv2.INTER_AREA) for image in images[:n]]
        raws = [cv2.imencode(".png", image)[1].tobytes() for image in shown]

        def ours(raws=raws):
            return [decode_bytes(raw, DecodeOptions()) for raw in raws]

        result = compare(ours, lambda raws=raws: peers.decode_opencv(raws), len(raws), len(raws), rounds)
        yield f"PNG of {side} x {side}, vs OpenCV", *result, None, None
        if find_spec("kornia_rs"):
            result = compare(
                ours, lambda raws=raws, side=side: peers.decode_kornia(raws, (side, side)), len(raws), len(raws), rounds
            )
            yield f"PNG of {side} x {side}, vs kornia-rs", *result, None, None


_OURS = (
    "from fingerprint_features import GLCM, LBP, FeaturePipeline, Gabor, PHash; "
    "FeaturePipeline([LBP(), GLCM(), Gabor(), PHash()]).transform(paths[:10])"
)
_PEERS = "from benchmarks import peers; [peers.four_from_png(path) for path in paths[:10]]"


def _fresh(code, folder):
    paths = f"import glob; paths = sorted(glob.glob({folder + '/*.png'!r}))"
    subprocess.run([sys.executable, "-c", f"{paths}; {code}"], check=True)


def _time_of_children():
    used = os.times()
    return used.children_user + used.children_system


def growth_of_rank(rounds: int) -> float:
    """Return how much longer the mean ranks of twice as many images take, over twice as many reference images."""
    times = []
    for n in (400, 800):
        S = np.random.default_rng(0).random((n, n))
        times.append(min(seconds(lambda S=S: rank(S, S)) for _ in range(rounds + 1)))
    return times[1] / times[0]


def networks(paths: list[Path], rounds: int) -> Iterator[tuple]:
    """Yield the rows of frozen networks, PyTorch too on one thread."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    for backbone in ("resnet50", "efficientnet_lite0"):
        ours, loop = embedding(backbone, device=DEVICE), peers.EmbeddingLoop(backbone, DEVICE)
        result = compare(
            lambda ours=ours: ours.transform(paths), lambda loop=loop: loop(paths), len(paths), len(paths), rounds
        )
        yield f"{backbone} from PNG", *result, 1.5, None
    torch.set_num_threads(threads)


def main(rounds: int = ROUNDS) -> None:
    """Measure and print."""
    cv2.setNumThreads(1)
    images = slices()
    with threadpool_limits(1), tempfile.TemporaryDirectory() as folder:
        rows = [*against_peers(images, rounds), *from_files(images, folder, rounds)]
        with tempfile.TemporaryDirectory() as images_alone:
            rows += where_others_may_lead(images, images_alone, rounds)
        paths = write_png(folder, images)
        memory = peak_megabytes(paths, 10 * FEW) / peak_megabytes(paths, FEW)
    rows.sort(key=lambda row: row[3] / (row[4] or 1))
    print(f"{len(images)} CT-like slices of 256 x 256, 8 bits; CPU milliseconds per image, best of {rounds} rounds\n")
    print(f"{'':31}{'ours':>9}{'peer':>9}{'ratio':>8}  at least   aim")
    for name, mine, other, ratio, least, aim in rows:
        goals = f"{least or '-':>8}{aim or '-':>8}"
        digits = 3 if mine > 1e-5 else 6
        print(f"{name:<31}{1000 * mine:>9.{digits}f}{1000 * other:>9.{digits}f}{ratio:>7.1f}x  {goals}")
    print(f"\nmean ranks of twice as many images take {growth_of_rank(rounds):.1f} times as long (8 would be the cube)")
    print(f"peak memory, {10 * FEW} images over {FEW}, features excluded: {memory:.2f} (at most 1.2)")


if __name__ == "__main__":
    main()
