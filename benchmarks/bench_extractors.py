"""Every registered extractor: seconds, memory, width, and whether its values moved."""

import os
import subprocess
import sys
import tempfile
import time
from importlib.util import find_spec

from fingerprint_features import list_extractors, make_extractor

from .common import COUNT, SETTINGS, SIZES, checksum, slices

# Class names are what people type: `asv run -b PHash`.
NAMES = {type(make_extractor(name)).__name__: name for name in list_extractors()}
KINDS = list(NAMES)


def make(kind):
    """Return an extractor by its class name; asv notes "n/a" where its extra is not installed."""
    if kind == "CNNEmbedding" and find_spec("torch") is None:
        raise NotImplementedError("CNNEmbedding needs PyTorch: see asv.cnn.conf.json")
    name = NAMES[kind]
    return make_extractor(name, **SETTINGS.get(name, {}))


class Extract:
    """One extractor on images in memory, one thread."""

    params = (KINDS, SIZES)
    param_names = ("extractor", "size")

    def setup(self, name, size):
        import cv2

        cv2.setNumThreads(1)
        self.images = slices(size)
        self.extractor = make(name).fit(self.images)
        self.extractor.transform(self.images[:2])  # compiled before anything is timed

    def time_transform(self, name, size):
        self.extractor.transform(self.images)

    def peakmem_transform(self, name, size):
        self.extractor.transform(self.images)

    def track_ms_per_image(self, name, size):
        start = time.perf_counter()
        self.extractor.transform(self.images)
        return 1000 * (time.perf_counter() - start) / COUNT

    def track_columns(self, name, size):
        return len(self.extractor.get_feature_names_out())

    def track_values(self, name, size):
        """The same number as before, unless the values changed."""
        return checksum(self.extractor.transform(self.images[:8]))

    track_ms_per_image.unit = "ms"
    track_columns.unit = "columns"
    track_values.unit = "checksum"


class FirstCall:
    """Seconds of the very first call in a new process, kernels not yet compiled."""

    params = KINDS
    param_names = ("extractor",)
    timeout = 180

    def setup(self, name):
        make(name)

    def track_first_call(self, name):
        code = (
            "import time, numpy as np\n"
            "from fingerprint_features import make_extractor\n"
            f"extractor = make_extractor({NAMES[name]!r}, **{SETTINGS.get(NAMES[name], {})})\n"
            "images = np.random.default_rng(0).integers(0, 256, (1, 64, 64), dtype=np.uint8)\n"
            "start = time.perf_counter(); extractor.fit_transform(images); print(time.perf_counter() - start)\n"
        )
        with tempfile.TemporaryDirectory() as folder:
            environment = {**os.environ, "NUMBA_CACHE_DIR": folder}
            done = subprocess.run(
                [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
            )
        return float(done.stdout)

    track_first_call.unit = "s"
