"""The commands: what they write, what they print, and their exit codes."""

import csv
import os
import re
import subprocess
import sys
import textwrap
from importlib.util import find_spec

import numpy as np
import pytest

from fingerprint_features import (
    FeatureCache,
    FeaturePipeline,
    ImageSet,
    ImageStats,
    make_membership_task,
    recipes,
)
from fingerprint_features.cli.demo import _SHOWN, _audit
from tests.cache.rows import ROOT
from tests.helpers import random_images, write_images


@pytest.fixture
def folder(tmp_path):
    """Twelve images in two sub-folders."""
    write_images(tmp_path / "in" / "a", random_images(3), ["img10.png", "img2.png", "img1.PNG"])
    write_images(tmp_path / "in" / "b", random_images(2, seed=1))
    return tmp_path / "in"


IDS = ["a/img1.PNG", "a/img2.png", "a/img10.png", "b/image0.png", "b/image1.png"]


def expected(folder):
    return FeaturePipeline([ImageStats()]).fit_transform(ImageSet.from_folder(folder))


def load(path):
    with np.load(path, allow_pickle=False) as file:
        return dict(file)


def test_extract_writes_npz(run, folder, tmp_path):
    code, out, _ = run("extract", folder, "-o", tmp_path / "f.npz", "--extractors", "image_stats")
    assert code == 0
    assert "5 images x 7 columns" in out
    table = load(tmp_path / "f.npz")
    assert table["ids"].tolist() == IDS
    assert table["columns"][0] == "stats_mean"
    np.testing.assert_array_equal(table["features"], expected(folder))


def test_extract_writes_csv(run, folder, tmp_path):
    assert run("extract", folder, "-o", tmp_path / "f.csv", "--extractors", "image_stats")[0] == 0
    with open(tmp_path / "f.csv", newline="") as file:
        header, *rows = csv.reader(file)
    assert header[:2] == ["id", "stats_mean"]
    assert [row[0] for row in rows] == IDS
    # the shortest text that gives back the same float32
    np.testing.assert_array_equal(np.array([row[1:] for row in rows], dtype=np.float32), expected(folder))


def test_extract_writes_parquet(run, folder, tmp_path):
    import pandas as pd

    assert run("extract", folder, "-o", tmp_path / "f.parquet", "--extractors", "image_stats")[0] == 0
    frame = pd.read_parquet(tmp_path / "f.parquet")
    assert frame["id"].tolist() == IDS
    np.testing.assert_array_equal(frame.drop(columns="id").to_numpy(), expected(folder))


def test_parquet_without_pyarrow_names_the_extra(run, folder, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    code, _, err = run("extract", folder, "-o", tmp_path / "f.parquet", "--extractors", "image_stats")
    assert code == 1
    assert "fingerprint_features[frames]" in err
    assert sorted(os.listdir(tmp_path)) == ["in"]  # no half-written table is left


def test_extract_with_cache_and_jobs(run, folder, tmp_path):
    cache = tmp_path / "features.cache"
    arguments = ("extract", folder, "-o", tmp_path / "f.npz", "--cache", cache, "--jobs", 2)
    assert run(*arguments)[0] == 0
    assert len(FeatureCache(cache)) == 5 * 4
    assert run(*arguments)[0] == 0
    assert len(FeatureCache(cache)) == 5 * 4
    code, out, _ = run("cache", "info", cache)
    assert code == 0
    assert "20 rows" in out
    assert "PHash(hash_size=16)" in out
    assert "5 rows" in run("cache", "prune", cache, "--max-mb", 0)[1] or len(FeatureCache(cache)) == 0
    assert run("extract", folder, "-o", tmp_path / "f.npz", "--cache", cache)[0] == 0
    code, out, _ = run("cache", "export", cache, tmp_path / "shard.npz")
    assert code == 0
    code, out, _ = run("cache", "clear", cache)
    assert "20 rows dropped" in out
    code, out, _ = run("cache", "merge", cache, tmp_path / "shard.npz")
    assert "20 rows added" in out


def test_bad_files_are_all_named_and_nan_keeps_the_others(run, folder, tmp_path):
    (folder / "a" / "broken.png").write_bytes(b"")
    (folder / "page.png").write_bytes(b"<!DOCTYPE html><html>404</html>")
    code, out, _ = run("check", folder)
    assert code == 1
    assert "a/broken.png: the file is empty" in out
    assert "page.png: an HTML page" in out
    assert "5 of 7 images are good" in out
    code, _, err = run("extract", folder, "-o", tmp_path / "f.csv", "--extractors", "image_stats")
    assert code == 1
    assert "a/broken.png" in err
    assert "page.png" in err
    assert "--on-error nan" in err
    assert not (tmp_path / "f.csv").exists()
    (folder / "a" / "a-first.png").write_bytes(b"")
    code, out, err = run("extract", folder, "-o", tmp_path / "f.npz", "--extractors", "pixels", "--on-error", "nan")
    assert code == 0
    assert "warning: rows of NaN for bad images" in err
    os.unlink(folder / "a" / "a-first.png")
    code, out, err = run(
        "extract", folder, "-o", tmp_path / "f.npz", "--extractors", "image_stats", "--on-error", "nan"
    )
    assert code == 0
    table = load(tmp_path / "f.npz")
    assert np.isnan(table["features"]).all(axis=1).sum() == 2
    assert table["ids"][np.isnan(table["features"][:, 0])].tolist() == ["a/broken.png", "page.png"]


def test_check_of_a_good_folder(run, folder):
    code, out, err = run("check", folder)
    assert (code, out, err) == (0, "5 of 5 images are good\n", "")


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["extract", "IN", "-o", "f.xls"], 2, "must end in .npz, .csv, .parquet"),
        (["extract", "IN", "-o", "no/such/folder/f.csv"], 2, "does not exist"),
        (["extract", "IN"], 2, "output"),
        (["extract", "IN", "-o", "EMPTY.csv"], 2, "is a folder"),
        (["extract", "IN", "-o", "f.csv", "--cache", "IN/a/img2.png"], 2, "is not a feature cache"),
        (["extract", "IN", "-o", "f.csv", "--size", "big"], 2, "written like 256x256"),
        (["extract", "IN", "-o", "f.csv", "--extractors", "gabour"], 2, "did you mean 'gabor'"),
        (["extract", "nowhere", "-o", "f.csv"], 1, "nowhere is no folder"),
        (["check", "EMPTY"], 1, "holds no image files"),
        (["cache", "info", "nowhere.cache"], 1, "is not a file"),
        (["cache", "prune", "CACHE"], 2, "--max-mb"),
        (["no-such-command"], 2, "No such command"),
    ],
)
def test_errors_say_what_to_do(run, folder, tmp_path, monkeypatch, arguments, code, words):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "EMPTY").mkdir()
    (tmp_path / "EMPTY.csv").mkdir()
    os.symlink(folder, tmp_path / "IN")
    (tmp_path / "CACHE").touch()
    got, out, err = run(*arguments)
    assert got == code
    assert words in " ".join((out + err).replace("│", " ").split())


def test_the_demo_finds_what_it_planted_and_tries_every_recipe_that_trains_no_network(run, tmp_path):
    small = ("--used", 10, "--generated", 12, "--memorization", 1)
    code, out, _ = run("demo", *small, "--every-recipe", "-o", tmp_path / "demo")
    assert code == 0
    assert (tmp_path / "demo" / "audit.html").exists()
    deep = find_spec("torchvision") is not None
    tables = [line for line in out.splitlines() if re.search(r" \[.*\] .* \[", line)]
    names = [line.split()[0] for line in tables if re.search(r" \d+\.\d$", line)]
    for about in map(recipes.info, recipes.names()):
        if about.subtask == 1 and not about.trains and (deep or not about.needs_weights):
            assert (about.name in names) != (about.name == "zhouyijiang-2025-retrieval")
    refusal = " ".join(out[out.index("cannot be tried on so few images") :].split())
    assert "zhouyijiang-2025-retrieval: reduce=" in refusal
    assert "with k=50 gives 50 places for each reference image, and only 16 different images compete" in refusal
    assert "Choose a smaller k" in refusal  # whole, not cut off
    kappas = {line[2:28].strip(): float(line[28:52].split("[")[0]) for line in tables[: 2 + 2 * deep]}
    assert kappas["distance to the generated"] > kappas["their own features"] + 0.4


def test_the_demo_shows_recipes_that_detect_and_train_no_network():
    shown = [recipes.info(name) for name in _SHOWN]
    assert not any(about.subtask != 1 or about.trains for about in shown)


def test_the_demo_ends_with_an_audit_whose_page_stays(tmp_path, capsys):
    task = make_membership_task(20, 20, 40, 1, image_size=32, slices_per_patient=2, n_pool=40, random_state=0)
    _audit(task.X, task.reference, task.pool, task.y, None, tmp_path)
    out = capsys.readouterr().out
    assert "Detected: the generated set gives away images" in " ".join(out.split())
    assert sorted(path.name for path in tmp_path.iterdir()) == ["audit.html", "audit.json", "risk.csv"]
    assert str(tmp_path / "audit.html") in out
    assert len((tmp_path / "risk.csv").read_text().splitlines()) == 21  # the used images, and a header


def test_the_demo_needs_a_folder_for_its_page(run, tmp_path):
    (tmp_path / "taken").touch()
    code, _, err = run("demo", "-o", tmp_path / "taken")
    assert code == 2
    assert "cannot be a folder" in err


def test_version_and_help(run):
    assert run("--version")[1].startswith("fingerprint_features ")
    out = run("--help")[1]
    for command in ("demo", "check", "extract", "cache"):
        assert command in out


def test_the_command_is_installed(folder):
    command = [os.path.join(os.path.dirname(sys.executable), "fingerprint-features"), "check", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "5 of 5" in done.stdout


def test_an_interrupted_command_ends_cleanly_while_workers_are_in_compiled_code():
    # Python's own ending stops daemon threads as they come back from OpenCV: "terminate called ...", exit code 134.
    code = """
        import sys, threading, time
        import cv2, numpy as np
        from fingerprint_features import cli
        from fingerprint_features.cli.commands import app

        @app.command()
        def wait():
            image = np.zeros((400, 400), dtype=np.float32)

            def work():
                while True:
                    cv2.bilateralFilter(image, 9, 1, 1)

            for _ in range(2):
                threading.Thread(target=work, daemon=True).start()
            time.sleep(0.3)
            raise KeyboardInterrupt

        sys.argv[1:] = ["wait"]
        cli.main()
    """
    command = [sys.executable, "-c", textwrap.dedent(code)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 130
    assert done.stderr == "interrupted: the same command goes on from the rows in --cache, if it was given\n"


def test_an_interrupt_while_libraries_are_loaded_ends_in_one_line_too():
    code = """
        import builtins, sys
        from fingerprint_features import cli

        def interrupted(name, *arguments, **others):
            if name == "typer":
                raise KeyboardInterrupt
            return load(name, *arguments, **others)

        load, builtins.__import__ = builtins.__import__, interrupted
        cli.main()
    """
    command = [sys.executable, "-c", textwrap.dedent(code), "recipes"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
    assert (done.returncode, done.stdout) == (130, "")
    assert done.stderr.startswith("interrupted: ")
    assert done.stderr.count("\n") == 1
