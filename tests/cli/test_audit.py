"""audit: verdict first, then the tables, then the files; exit codes for scripts; wrong and hostile folders."""

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import textwrap
import time

import numpy as np
import pytest

from fingerprint_features import FeatureCache, make_membership_task
from tests.cache.rows import ROOT
from tests.helpers import random_images, write_images


def write_task(folder, memorization):
    task = make_membership_task(12, 12, 24, memorization=memorization, image_size=32, random_state=0)
    for role, images in (("used", task.X[task.y == 1]), ("unused", task.X[task.y == 0])):
        write_images(folder / role, list(images), [f"{role[0]}{i}.png" for i in range(len(images))])
    write_images(folder / "generated", list(task.reference))
    return folder


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """A task in folders, in which every generated image is a copy, and a cache for all calls."""
    return write_task(tmp_path_factory.mktemp("audit"), 1)


@pytest.fixture
def audit(run, folders, tmp_path):
    """Run the command on the folders, or on others given by the name of an option."""

    def call(*arguments, patients="none", without=(), **others):
        roles = {role: folders / role for role in ("used", "unused", "generated") if role not in without} | others
        options = [word for role, path in roles.items() for word in (f"--{role}", path)]
        options += [] if patients is None else ["--patients", patients]
        fixed = "-o", tmp_path / "page.html", "--permutations", 39, "--cache", folders / "rows.cache"
        return run("audit", *options, *fixed, *arguments)

    return call


def lines(out):
    return [line for line in out.splitlines() if line]


def rows(path):
    with open(path, newline="", encoding="utf-8", errors="surrogateescape") as file:
        return list(csv.DictReader(file))


def test_the_verdict_comes_first_then_the_tables_then_the_files(audit, tmp_path):
    arguments = "--random-split", "--risk", tmp_path / "risk.csv", "--recipe", "calibrated-log-ratio"
    code, out, err = audit(*arguments, "--recipe", "vcmi-2023-threshold-max", "--no-images")
    assert (code, err) == (0, "")
    assert lines(out)[0].startswith("Detected: ")
    assert out.index("calibrated-log-ratio  ") < out.index("blind: textures alone") < out.index("At risk: ")
    page, table = lines(out)[-2:]
    assert page == f"{tmp_path / 'page.html'}: the page of this audit; {tmp_path / 'page.json'}: its numbers"
    assert table.startswith(f"{tmp_path / 'risk.csv'}: ")
    assert "data:image/png" not in (tmp_path / "page.html").read_text()
    numbers = json.loads((tmp_path / "page.json").read_text())
    assert json.dumps(numbers).count("vcmi-2023-threshold-max") > 0
    risk = rows(tmp_path / "risk.csv")
    assert {row["id"] for row in risk} == {f"u{i}.png" for i in range(12)}
    assert [float(row["p"]) for row in risk] == sorted(float(row["p"]) for row in risk)
    assert all(row["nearest_1"].startswith("image") for row in risk)


def test_a_leak_fails_the_command_where_that_is_asked_for(audit, tmp_path):
    few = "--recipe", "calibrated-log-ratio", "--fail-on-leak"
    code, out, _ = audit(*few)
    assert (code, lines(out)[0][:12]) == (3, "Exploratory:")
    assert "nobody has said that chance chose the used patients (--random-split says so)" in out
    assert (tmp_path / "page.html").exists()
    write_task(tmp_path / "clean", 0)
    others = {role: tmp_path / "clean" / role for role in ("used", "unused", "generated")}
    code, out, _ = audit(*few, **others)
    assert (code, lines(out)[0][:13]) == (0, "Not detected ")


def test_candidates_alone_are_ranked_and_nothing_is_said_about_accuracy(audit, folders, tmp_path):
    write_images(tmp_path / "one", [np.asarray(random_images(1, 32)[0])])
    code, out, _ = audit("--risk", tmp_path / "r.csv", without=["used", "unused"], candidates=folders / "used")
    assert (code, "AUC" in out) == (0, False)
    assert len(rows(tmp_path / "r.csv")) == 12
    code, out, _ = audit(without=["used", "unused"], candidates=tmp_path / "one")
    assert (code, lines(out)[0][:15]) == (0, "Not assessable:")


@pytest.mark.parametrize(
    ("change", "code", "words"),
    [
        ({"without": ["unused"]}, 2, "--used and --unused go together"),
        ({"without": ["used", "unused"]}, 2, "give --used and --unused, or --candidates"),
        ({"candidates": "used"}, 2, "one of the two"),
        ({"used": "nowhere"}, 1, "is no folder: pass the folder that holds the images"),
        ({"generated": "empty"}, 1, "holds no image files"),
        ({"generated": "."}, 1, "--generated and --used hold 12 files in common"),
        ({"used": "bad"}, 1, "--used b.png: a text file, not an image: leave it out"),
        ({"patients": "("}, 2, "--patients ( is not a regular expression"),
        ({"arguments": ["--recipe", "calibrated"]}, 2, "--recipe calibrated is unknown"),
        ({"arguments": ["--permutations", "19"]}, 2, "--permutations must be 39 or more"),
        ({"arguments": ["-o", "page.htm"]}, 2, "its name must end in .html"),
        ({"arguments": ["--risk", "risk.txt"]}, 2, "its name must end in .csv"),
    ],
)
def test_wrong_use_says_what_is_wrong_and_writes_nothing(audit, folders, tmp_path, change, code, words):
    shutil.copytree(folders, tmp_path / "all")
    (tmp_path / "all" / "empty").mkdir()
    shutil.copytree(folders / "used", tmp_path / "all" / "bad")
    (tmp_path / "all" / "bad" / "b.png").write_bytes(b"not an image")
    change = dict(change)
    if change.get("generated") == ".":  # the folder above the others
        change |= {"used": "used", "unused": "unused"}
        shutil.rmtree(tmp_path / "all" / "bad")
    paths = {
        name: tmp_path / "all" / change.pop(name)
        for name in ("used", "unused", "candidates", "generated")
        if name in change
    }
    got, out, err = audit(*change.pop("arguments", ()), **change, **paths)
    assert (got, out) == (code, ""), err
    assert words in " ".join(err.split())
    assert not (tmp_path / "page.html").exists()


def test_overlaps_and_unknown_patients_are_not_assessable(audit, folders):
    few = "--recipe", "calibrated-log-ratio", "--fail-on-leak"
    for others, words in [
        ({"unused": folders / "used"}, "12 of 12 used images have an exact copy in unused"),
        ({"patients": r"\d+"}, "12 of 12 patients have images in used and in unused"),
        ({"patients": "."}, "There is 1 patient used and 1 not used, so no p-value can be below 0.5"),
        ({"patients": None}, "give --patients, or --patients none if each image is a patient of its own"),
    ]:
        code, out, err = audit(*few, **others)
        assert (code, lines(out)[0][:15]) == (0, "Not assessable:"), err
        assert words in out


def test_patients_may_be_guessed_and_bad_images_left_out(audit, folders, tmp_path):
    shutil.copytree(folders / "used", tmp_path / "used")
    (tmp_path / "used" / "b\n.png").write_bytes(b"not an image")
    code, out, _ = audit("--recipe", "dmk-2023-phash", "--on-error", "nan", patients="auto", used=tmp_path / "used")
    assert code == 0
    assert "The patients are a guess. Nothing in names or near duplicates" in out
    assert "b\\n.png: a text file" in out
    assert "b\n.png" not in out


def test_hostile_names_are_shown_as_text(audit, folders, tmp_path):
    names = ["<script>alert(1)<.png", "a\nb.png", "\x1b[31mred.png", os.fsdecode(b"\xff.png")]
    for i, path in enumerate(sorted((folders / "used").iterdir())):
        target = tmp_path / "used" / (names[i] if i < len(names) else path.name)
        target.parent.mkdir(exist_ok=True)
        shutil.copy(path, target)
    shutil.copy(folders / "used" / "u0.png", tmp_path / "used" / "<b>copy.png")
    arguments = "--recipe", "dmk-2023-phash", "--risk", tmp_path / "risk.csv"
    code, out, err = audit(*arguments, used=tmp_path / "used")
    assert (code, err) == (0, "")
    assert "\x1b" not in out
    page = (tmp_path / "page.html").read_text()
    assert ("<script" in page, "<b>copy" in page, "\x1b" in page) == (False, False, False)
    assert {row["id"] for row in rows(tmp_path / "risk.csv")} >= set(names)


def test_an_interrupted_audit_goes_on_from_its_cache(folders, tmp_path):
    """A real process is stopped while it reads; every row that it has made is there for the next one."""
    code = """
        import signal, sys, time
        from fingerprint_features import cli
        from fingerprint_features.extractors import PHash
        extract, log = PHash._extract_batch, sys.argv.pop(1)

        def slow(self, images):
            for image in images:
                if image.any():  # not the blank one that tries whether all packages are there
                    open(log, "a").write("x")
                    time.sleep(0.02)
            return extract(self, images)

        PHash._extract_batch = slow
        signal.signal(signal.SIGINT, signal.default_int_handler)  # a job in the background ignores it otherwise
        cli.main()
    """
    write_images(tmp_path / "used", random_images(150, 32))
    options = "audit", "--used", tmp_path / "used", "--unused", folders / "unused", "--generated", folders / "generated"
    fixed = "--patients", "none", "-o", tmp_path / "page.html", "--permutations", "39", "--cache", tmp_path / "c.cache"
    recipe = "--recipe", "dmk-2023-phash"

    def start(log):
        command = [sys.executable, "-c", textwrap.dedent(code), tmp_path / log, *options, *fixed, *recipe]
        return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    first = start("first")
    deadline = time.monotonic() + 120
    while not (tmp_path / "first").exists() or (tmp_path / "first").stat().st_size < 50:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    first.send_signal(signal.SIGINT)
    out, err = first.communicate(timeout=120)
    assert (first.returncode, out) == (130, "")
    assert err == "interrupted: the same command goes on from the rows in --cache, if it was given\n"
    assert not (tmp_path / "page.html").exists()
    kept = hashes(tmp_path / "c.cache")
    assert kept >= 32  # a batch is kept when it is done
    second = start("second")
    out, err = second.communicate(timeout=300)
    assert second.returncode == 0, err
    assert (tmp_path / "second").stat().st_size == 150 + 12 + 24 - kept
    assert hashes(tmp_path / "c.cache") == 150 + 12 + 24


def hashes(path):
    """Return how many perceptual hashes a cache holds."""
    return sum(one["rows"] for one in FeatureCache(path).info()["extractors"] if one["class"].endswith("PHash"))
