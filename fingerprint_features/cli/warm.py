"""fingerprint-features warm: compile now what is otherwise compiled when it is first used."""

import os
import time
from collections.abc import Callable
from functools import partial

import numpy as np
import typer

from ..compiled import kernels
from ..images.errors import printable
from .options import Progress

_SIDE = 32  # pixels
_RANGES = {np.uint8: None, np.uint16: None, np.float32: (0, 1)}  # from black to white, where the type does not say it


def warm(progress: Progress = True) -> None:
    """Compile every kernel and keep the machine code, as after an installation: a minute or two, once for each machine.

    Exit code 1 when the code cannot be kept.
    """
    from tqdm import tqdm

    start = time.perf_counter()
    parts = _parts()
    with tqdm(parts, unit="part", disable=not progress) as bar:
        for name, work in parts.items():
            bar.set_description(name)
            work()
            bar.update()
    _report([kernel.stats for kernel in kernels()], time.perf_counter() - start)


def _report(stats, seconds):
    kept = [stat for stat in stats if stat.cache_path]
    if not kept:
        typer.echo(
            "error: there is no folder where compiled code can be kept, so every process compiles its own: set "
            "NUMBA_CACHE_DIR to a folder that can be written",
            err=True,
        )
        raise typer.Exit(1)
    new, known = (sum(sum(getattr(stat, name).values()) for stat in kept) for name in ("cache_misses", "cache_hits"))
    folder = printable(os.path.commonpath(stat.cache_path for stat in kept))
    typer.echo(f"{new} kernels compiled in {seconds:.0f} s, {known} were there already: they are kept below {folder}")


def _parts() -> dict[str, Callable[[], object]]:
    """Return tiny calls that use every kernel, by what they are for."""
    return {
        "PNG files": _files,
        "extractors": _extractors,
        "similarity": _similarity,
        "ranks": _ranks,
        "made images": _tasks,
    }


def _images(dtype=np.uint8):
    images = np.random.default_rng(0).integers(0, 256, (3, _SIDE, _SIDE)).astype(dtype)
    return images / np.float32(255) if dtype is np.float32 else images


def _files():
    import cv2

    from ..images import ImageSet

    grey = _images()[0]
    files = [{"bytes": cv2.imencode(".png", image)[1].tobytes()} for image in (grey, np.dstack([grey] * 3))]
    ImageSet(files).decode()


def _extractors():
    from ..extractors import GLCM, LBP, Gabor, ImageStats, PHash, TextureCDF, Wavelet
    from ..images import DecodeOptions, ImageSet

    several = [
        *(LBP(), LBP(16, 2), LBP(8, 1, "ror"), LBP(grid=(2, 2)), GLCM(), GLCM(levels=256), Gabor()),
        *(Gabor(response="real"), Wavelet(), Wavelet("db4"), ImageStats(), PHash(), TextureCDF()),
    ]
    sets = [ImageSet(_images(dtype), options=DecodeOptions(value_range=_RANGES[dtype])) for dtype in _RANGES]
    for extractor in several:
        for images in sets:
            extractor.transform(images)
    Gabor().transform(np.zeros((1, 4, 10 * _SIDE), dtype=np.uint8))  # wide images have a kernel of their own


def _similarity():
    from ..similarity import METRICS, pairwise_similarity, ssim_matrix

    rng = np.random.default_rng(0)
    numbers, bits = rng.random((3, 70)), rng.integers(0, 2, (3, 70))
    for dtype in (np.float32, np.float64):
        for name in METRICS:
            if name != "ssim":
                pairwise_similarity(bits.astype(dtype), bits.astype(dtype), name)
            if name not in ("ssim", "jaccard"):  # jaccard compares bits
                pairwise_similarity(numbers.astype(dtype), numbers.astype(dtype), name)
    for dtype in _RANGES:
        for gaussian in (False, True):
            ssim_matrix(_images(dtype), _images(dtype), gaussian=gaussian)


def _ranks():
    from ..similarity import hit_max, hits, margins, rank

    for dtype in (np.float32, np.float64):
        pairs = np.random.default_rng(0).random((6, 5)).astype(dtype)
        for measure in (rank, hits, partial(hit_max, missing=-1), margins):
            measure(pairs, pairs[:4])


def _tasks():
    from ..datasets import make_membership_task

    make_membership_task(2, 2, 2, image_size=_SIDE, random_state=0)
