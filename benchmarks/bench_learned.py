"""Training: images per second, against the plain loop (Dataset, DataLoader, eager), on the same network and device.

The plain loop reads, decodes and resizes each file in each epoch. ``FINGERPRINT_DEVICE=cuda`` measures a graphics card.
"""

import tempfile
from importlib.util import find_spec

import numpy as np

from . import peers
from .bench_cnn import DEVICE, rate, times_as_fast
from .common import slices, write_png

BACKBONES = ["small", "resnet18"]
EPOCHS = 3


class Train:
    """Three epochs from PNG files, decoding included."""

    params = (BACKBONES,)
    param_names = ("backbone",)
    timeout = 600

    def setup(self, backbone):
        if find_spec("torch") is None:
            raise NotImplementedError("networks need PyTorch: see asv.cnn.conf.json")
        from fingerprint_features import NetClassifier

        self.folder = tempfile.TemporaryDirectory()
        self.paths = write_png(self.folder.name, slices())
        self.y = np.arange(len(self.paths)) % 2
        self.net = NetClassifier(backbone, image_size=64, epochs=EPOCHS, device=DEVICE, progress=False)

    def teardown(self, backbone):
        if find_spec("torch") is not None:
            self.folder.cleanup()

    def time_fit(self, backbone):
        self.net.fit(self.paths, self.y)

    def peakmem_fit(self, backbone):
        self.net.fit(self.paths, self.y)

    def track_images_per_second(self, backbone):
        return rate(lambda: self.net.fit(self.paths, self.y), EPOCHS * len(self.paths))

    def track_times_as_fast_as_the_plain_loop(self, backbone):
        loop = peers.TrainingLoop(self.net)
        return times_as_fast(lambda: self.net.fit(self.paths, self.y), lambda: loop(self.paths, self.y))
