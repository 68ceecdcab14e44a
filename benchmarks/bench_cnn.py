"""Frozen networks: images per second from PNG files and from arrays, against the usual loop on the same device.

``FINGERPRINT_DEVICE=cuda`` measures a graphics card. There the usual loop decodes in the worker processes of a
DataLoader; on the CPU it does so between two batches.
"""

import os
import tempfile
import time
from importlib.util import find_spec

import numpy as np

from . import peers
from .common import slices, write_png

DEVICE = os.environ.get("FINGERPRINT_DEVICE", "cpu")
BACKBONES = ["efficientnet_lite0", "resnet50"]
# A card needs more images than it works on at a time.
COPIES = 1 if DEVICE == "cpu" else 32


def embedding(backbone, **params):
    """Return the extractor, its weights random where they would have to be downloaded."""
    from fingerprint_features import CNNEmbedding

    return CNNEmbedding(backbone, weights="default" if backbone == "efficientnet_lite0" else None, **params)


def rate(work, count):
    """Return images per second."""
    start = time.perf_counter()
    work()
    return count / (time.perf_counter() - start)


def times_as_fast(ours, peer, rounds=3):
    """Return the median ratio of two calls timed in turns."""
    ours(), peer()
    return float(np.median([rate(ours, 1) / rate(peer, 1) for _ in range(rounds)]))


class Embed:
    """All images at once, in float32."""

    params = (BACKBONES, ["png", "arrays"])
    param_names = ("backbone", "images")

    def setup(self, backbone, kind):
        if find_spec("torch") is None:
            raise NotImplementedError("networks need PyTorch: see asv.cnn.conf.json")
        self.folder = tempfile.TemporaryDirectory()
        images = slices()
        paths = write_png(self.folder.name, images)
        self.images = paths * COPIES if kind == "png" else np.concatenate([images] * COPIES)
        self.extractor = embedding(backbone, device=DEVICE)
        self.extractor.transform(self.images[:2])  # loaded before anything is timed

    def teardown(self, backbone, kind):
        if find_spec("torch") is not None:
            self.folder.cleanup()

    def time_transform(self, backbone, kind):
        self.extractor.transform(self.images)

    def peakmem_transform(self, backbone, kind):
        self.extractor.transform(self.images)

    def track_images_per_second(self, backbone, kind):
        return rate(lambda: self.extractor.transform(self.images), len(self.images))

    def track_images_per_second_in_bf16(self, backbone, kind):
        coarse = embedding(backbone, device=DEVICE, precision="bf16")
        coarse.transform(self.images[:2])
        return rate(lambda: coarse.transform(self.images), len(self.images))

    def track_times_as_fast_as_the_usual_loop(self, backbone, kind):
        loop = peers.EmbeddingLoop(backbone, DEVICE)
        return times_as_fast(lambda: self.extractor.transform(self.images), lambda: loop(self.images))

    def track_share_of_time_the_card_idles(self, backbone, kind):
        import torch

        if not DEVICE.startswith("cuda"):
            return 0.0
        with torch.profiler.profile(activities=[torch.profiler.ProfilerActivity.CUDA]) as profile:
            seconds = len(self.images) / self.track_images_per_second(backbone, kind)
        busy = sum(event.self_device_time_total for event in profile.key_averages()) / 1e6
        return 1 - busy / seconds
