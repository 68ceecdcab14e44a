"""Running a network: how many threads at a time, on how many cores each, and in which batches."""

import threading
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from . import folding
from .layers import Collector

if TYPE_CHECKING:
    import torch

    from .backbones import Backbone
    from .embedding import Layout

_MOST_NETWORKS = 4
_ON_CPU = 4  # images a thread: larger batches do not fit its cache, and are up to twice as slow

_networks_lock = threading.Lock()
_networks: "OrderedDict[tuple, _Ready]" = OrderedDict()  # the last used at the end


class _Turns:
    """Several threads may run networks at the same time, or one thread may prepare one."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._running = 0

    @contextmanager
    def running(self, most: int) -> Iterator[int]:
        """Wait for one of `most` places; give the number of threads that run a network now."""
        with self._changed:
            self._changed.wait_for(lambda: self._running < most)
            self._running += 1
            running = self._running
        try:
            yield running
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify_all()

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Keep all other threads from running: tracing a network changes the calls of all modules in the process."""
        with self._changed:
            self._changed.wait_for(lambda: not self._running)
            yield


turns = _Turns()


class _Ready:
    """A network on its device, ready to run, and the largest batch that may fit."""

    def __init__(self, backbone, device, precision, kept):
        import torch

        net = backbone.network().eval().requires_grad_(False)
        folding.fold(net, kept)
        dtype = torch.bfloat16 if precision == "bf16" else torch.float32
        self.collector = Collector(net.to(device=device, dtype=dtype, memory_format=torch.channels_last))
        self.device, self.dtype = device, dtype
        self.most = 4096

    def rows(self, taps, pool, preprocessing, pixels):
        """Return the rows of some images, given as 8-bit pixels."""
        import torch

        pixels = torch.from_numpy(pixels)
        if self.device.type == "cuda":
            pixels = pixels.pin_memory()
        inputs = preprocessing.scale(pixels.to(self.device, non_blocking=True)).to(self.dtype)
        return torch.cat(self.collector.collect(taps, pool, inputs), dim=1).cpu().numpy()


def run(
    backbone: "Backbone",
    layout: "Layout",
    pool: str,
    pixels: NDArray[np.uint8],
    device: "torch.device",
    precision: str,
    batch_size: int,
) -> NDArray[np.float32]:
    """Return the rows of images, given as 8-bit pixels (n, crop, crop, channels)."""
    import torch

    rows = np.empty((len(pixels), sum(layout.widths)), dtype=np.float32)
    ready = _ready(backbone, device, precision, layout)
    cores = torch.get_num_threads() if device.type == "cpu" else 1
    with turns.running(cores) as running, _limits(device, cores // running):
        if device.type == "cpu":
            batch_size = min(batch_size, _ON_CPU * (cores // running))
        start = 0
        while start < len(pixels):
            size = min(batch_size, ready.most, len(pixels) - start)
            try:
                part = ready.rows(layout.taps, pool, layout.preprocessing, pixels[start : start + size])
            except torch.OutOfMemoryError:
                if size == 1:
                    raise
                ready.most = size // 2
                part = None
            if part is None:  # outside of except, where the error still holds the memory
                torch.cuda.empty_cache()
                continue
            rows[start : start + size] = part
            start += size
    return rows


def _ready(backbone, device, precision, layout):
    key = backbone.key(), str(device), precision, layout.kept
    with _networks_lock:
        if key not in _networks:
            while len(_networks) >= _MOST_NETWORKS:
                _networks.popitem(last=False)
            with turns.alone():
                _networks[key] = _Ready(backbone, device, precision, layout.kept)
        ready = _networks[key]
        if not ready.collector.taps.issuperset(layout.taps):
            with turns.alone():
                ready.collector.watch(layout.taps)
        _networks.move_to_end(key)
        return ready


def _limits(device, cores):
    """Return a context in which this thread runs a network on this many cores, in full precision."""
    if device.type == "cpu":
        return _pools().limit(limits=cores, user_api="openmp")
    return full_precision() if device.type == "cuda" else nullcontext()


@cache
def _pools():
    import torch  # noqa: F401  (its threads must be there to be found)
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


@contextmanager
def full_precision() -> Iterator[None]:
    """Keep CUDA from rounding float32 to TF32, which has three digits; restore the user's setting afterwards."""
    import torch

    cuda, cudnn = torch.backends.cuda.matmul, torch.backends.cudnn
    if hasattr(cuda, "fp32_precision"):
        knobs = [(cudnn.conv, "fp32_precision", "ieee"), (cuda, "fp32_precision", "ieee")]
    else:  # before PyTorch 2.9
        knobs = [(cudnn, "allow_tf32", False), (cuda, "allow_tf32", False)]
    before = [getattr(owner, name) for owner, name, _ in knobs]
    try:
        for owner, name, exact in knobs:
            setattr(owner, name, exact)
        yield
    finally:
        for (owner, name, _), value in zip(knobs, before, strict=True):
            setattr(owner, name, value)
