"""What commands write and print: faults of the options come before the work, in the command's own words."""

import os
import subprocess
import sys

import pytest

from fingerprint_features.cli.words import in_options
from tests.helpers import random_images, write_images


@pytest.fixture
def folder(tmp_path):
    write_images(tmp_path / "in", random_images(2))
    return tmp_path / "in"


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["-o", "a" * 300 + ".csv"], "cannot be written: File name too long"),
        (["-o", "f.csv", "--cache", "f.csv"], "--output and --cache are one file"),
        (["-o", "f.csv", "--cache", "./f.csv"], "--output and --cache are one file"),
        (["-o", "f.csv", "--jobs", "100000"], "--jobs is a number of threads"),
        (["-o", "f.csv", "--size", "90000x90000"], "--size is at least 1x1 and at most"),
        (["-o", "f.csv", "--page", "-2"], "--page counts from 0"),
        (["-o", "f.csv", "--on-error", "skip"], "--on-error is 'raise' or 'nan'"),
        (["-o", "f.csv", "--extractors", "gabour"], "did you mean 'gabor'"),
    ],
)
def test_wrong_values_are_refused_before_the_work(run, folder, tmp_path, monkeypatch, arguments, words):
    monkeypatch.chdir(tmp_path)
    code, out, err = run("extract", folder, *arguments)
    assert (code, out) == (2, "")
    assert words in " ".join(err.split())
    assert sorted(os.listdir(tmp_path)) == ["in"]


def test_a_name_of_the_greatest_length_is_written(run, folder, tmp_path):
    path = tmp_path / ("a" * (os.pathconf(tmp_path, "PC_NAME_MAX") - 4) + ".csv")
    assert run("extract", folder, "-o", path, "--extractors", "image_stats")[0] == 0
    assert path.is_file()


def test_any_terminal_shows_any_name(tmp_path):
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "слой.png").write_bytes(b"")
    command = [sys.executable, "-c", "from fingerprint_features.cli import main; main()", "check", str(tmp_path / "in")]
    environment = {**os.environ, "PYTHONIOENCODING": "latin-1"}
    done = subprocess.run(command, capture_output=True, env=environment, check=False)
    assert (done.returncode, b"Traceback" in done.stderr) == (1, False)
    assert rb"\u0441\u043b\u043e\u0439.png" in done.stdout


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("give used= and unused=, or patients='none'", "give --used and --unused, or --patients none"),
        ("known_generated= x.png: exact copy", "--known-generated x.png: exact copy"),
        ("have all resized with ImageSet(images, size=(8, 9))", "have all resized with --size 8x9"),
        ("choose one with DecodeOptions(page=0)", "choose one with --page 0"),
        (
            "declare them with ImageSet(images, options=DecodeOptions(value_range=(low, high))), e.g. (0, 1)",
            "declare them with --value-range=LOW,HIGH, e.g. (0, 1)",
        ),
        ("the file a=b.png and used=1", "the file a=b.png and used=1"),
    ],
)
def test_arguments_of_functions_are_options_of_commands(text, words):
    assert in_options(text) == words


def test_what_an_image_needs_is_said_in_options(run, tmp_path):
    import cv2
    import numpy as np

    (tmp_path / "in").mkdir()
    floats = cv2.imencode(".tiff", np.zeros((8, 8), dtype=np.float32))[1].tobytes()
    (tmp_path / "in" / "a.tiff").write_bytes(floats)
    code, out, _ = run("check", tmp_path / "in")
    assert (code, "--value-range=LOW,HIGH" in out, "DecodeOptions" in out) == (1, True, False)
    code, _, err = run("extract", tmp_path / "in", "-o", tmp_path / "f.csv")
    assert (code, "--value-range=LOW,HIGH" in err) == (1, True)


@pytest.mark.parametrize("terminal", [True, False])
@pytest.mark.parametrize("command", ["check", "extract", "detect", "attribute", "audit"])
def test_progress_is_shown_on_a_terminal_only(run, tmp_path, monkeypatch, command, terminal):
    monkeypatch.setattr("fingerprint_features.extractors.one_pass._PATIENCE", 0)
    monkeypatch.setattr("fingerprint_features.cli.options.on_terminal", lambda: terminal)
    images = random_images(20, 32)
    for name, part in (("t1", images[:6]), ("t2", images[6:12]), ("generated", images[12:])):
        write_images(tmp_path / "real" / name if name != "generated" else tmp_path / name, part)
    arguments = {
        "check": [tmp_path / "real"],
        "extract": [tmp_path / "real", "-o", tmp_path / "rows.csv", "--extractors", "image_stats"],
        "detect": ["--candidates", tmp_path / "real", "--generated", tmp_path / "generated", "-o", tmp_path / "a.csv"],
        "audit": ["--candidates", tmp_path / "real", "--generated", tmp_path / "generated", "-o", tmp_path / "a.html"],
        "attribute": ["--real", tmp_path / "real", "--generated", tmp_path / "generated", "-o", tmp_path / "a.csv"],
    }
    code, _, err = run(command, *arguments[command])
    assert (code, "image/s" in err) == (0, terminal), err
