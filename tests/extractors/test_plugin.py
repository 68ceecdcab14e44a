"""The example plug-in, installed as a stranger would, found and used in a process of its own."""

import os
import re
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
# setuptools alone installs from a folder without the network; its dependencies are here already.
SETUPTOOLS = "import setuptools; setuptools.setup()"

USE = """
import tempfile
from pathlib import Path
import numpy as np
from fingerprint_features import FeaturePipeline, ImageStats, list_extractors, make_extractor

assert list_extractors()["colour_histogram"] == ("fingerprint-colour", "plug-in fingerprint_colour:ColourHistogram")
extractor = make_extractor("colour_histogram", n_bins=2)
images = np.random.default_rng(0).integers(0, 256, (5, 16, 16, 3), dtype=np.uint8)
with tempfile.TemporaryDirectory() as folder:
    features = FeaturePipeline([extractor, ImageStats()], cache=Path(folder) / "c", n_jobs=2)
    rows = features.fit_transform(images)
    assert (features.transform(images) == rows).all()
assert list(features.get_feature_names_out()[:2]) == ["colour2_r0_g0_b0", "colour2_r0_g0_b1"]
expected = [np.histogramdd(image.reshape(-1, 3), bins=2, range=[(0, 256)] * 3)[0].ravel() / 256 for image in images]
np.testing.assert_allclose(rows[:, :8], expected, rtol=1e-6)
print("used", rows.shape)
"""


def run(arguments, **options):
    child = subprocess.run([sys.executable, *arguments], capture_output=True, text=True, check=False, **options)
    assert child.returncode == 0, child.stdout + child.stderr
    return child.stdout


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Return the copied source of the plug-in and the environment in which it is installed."""
    source, target = tmp_path_factory.mktemp("source") / "plugin", tmp_path_factory.mktemp("target")
    shutil.copytree(ROOT / "examples" / "plugin", source, ignore=shutil.ignore_patterns("__pycache__"))
    if find_spec("setuptools"):
        build = ["-q", "build", "--build-base", str(source.parent / "build"), "--build-lib", str(target)]
        run(["-c", SETUPTOOLS, *build, "egg_info", "--egg-base", str(target)], cwd=source)
    else:  # pip fetches setuptools from the package index
        run(["-m", "pip", "install", "-q", "--no-deps", "--target", str(target), str(source)])
    return source, {**os.environ, "PYTHONPATH": os.pathsep.join([str(target), str(ROOT)])}


def test_it_is_listed_made_by_name_and_used_in_a_feature_pipeline(installed, tmp_path):
    _, environment = installed
    assert run(["-W", "error", "-c", USE], env=environment, cwd=tmp_path).strip() == "used (5, 15)"


def test_it_passes_the_conformance_suite_and_its_own_tests(installed):
    source, environment = installed
    arguments = ["-m", "pytest", "-q", "-W", "error", "-p", "no:cacheprovider", "tests"]
    report = run(arguments, env=environment, cwd=source)  # which fails where a test fails
    assert int(re.search(r"(\d+) passed", report)[1]) > 80, report


def test_its_doctest_runs(installed, tmp_path):
    _, environment = installed
    code = "import doctest, fingerprint_colour.histogram as module; print(doctest.testmod(module))"
    assert run(["-c", code], env=environment, cwd=tmp_path).strip() == "TestResults(failed=0, attempted=5)"
