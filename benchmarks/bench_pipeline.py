"""FeaturePipeline from PNG files: cold, warm, in two threads, and its memory over many images."""

import os
import subprocess
import sys
import time

from fingerprint_features import FeaturePipeline

from .common import COUNT, SIZES, PngFolder, four

FEW = int(os.environ.get("FINGERPRINT_BENCH_MANY", "20000")) // 10


class Cold(PngFolder):
    """Four extractors from PNG files, nothing cached."""

    params = SIZES
    param_names = ("size",)

    def setup(self, size):
        super().setup(size)
        FeaturePipeline(four()).fit_transform(self.paths[:2])

    def time_one_thread(self, size):
        FeaturePipeline(four()).fit_transform(self.paths)

    def time_two_threads(self, size):
        FeaturePipeline(four(), n_jobs=2, batch_size=8).fit_transform(self.paths)

    def time_first_pass_with_cache(self, size):
        FeaturePipeline(four(), cache=os.path.join(self.folder.name, f"{time.time_ns()}.cache")).fit_transform(
            self.paths
        )

    def peakmem_one_thread(self, size):
        FeaturePipeline(four()).fit_transform(self.paths)


class Warm(PngFolder):
    """The second call: every row is in the cache."""

    params = SIZES
    param_names = ("size",)

    def setup(self, size):
        super().setup(size)
        self.features = FeaturePipeline(four(), cache=os.path.join(self.folder.name, "features.cache"))
        self.features.fit_transform(self.paths)

    def time_transform(self, size):
        self.features.transform(self.paths)

    def time_one_image(self, size):
        self.features.transform(self.paths[:1])

    def track_us_per_image(self, size):
        start = time.perf_counter()
        self.features.transform(self.paths)
        return 1e6 * (time.perf_counter() - start) / COUNT

    track_us_per_image.unit = "us"


def peak_megabytes(paths, n_images):
    """Return the peak memory of a new process that extracts `n_images`, less the features themselves."""
    code = (
        "import resource, sys\n"
        "from fingerprint_features import LBP, FeaturePipeline\n"
        f"paths = sys.argv[1:] * ({n_images} // len(sys.argv[1:]))\n"
        "rows = FeaturePipeline([LBP()]).fit_transform(paths)\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024 - rows.nbytes / 2**20)\n"
    )
    done = subprocess.run([sys.executable, "-c", code, *paths], capture_output=True, text=True, check=True)
    return float(done.stdout)


class Memory(PngFolder):
    """Peak memory must not grow with the number of images."""

    params = SIZES
    param_names = ("size",)
    timeout = 180

    def track_many_over_few(self, size):
        return peak_megabytes(self.paths, 10 * FEW) / peak_megabytes(self.paths, FEW)

    track_many_over_few.unit = "ratio"
