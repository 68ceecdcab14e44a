"""attribute: from labelled folders to a run file and pictures, honest about which accuracy is printed."""

import csv
import shutil
from dataclasses import replace

import numpy as np
import pytest

from fingerprint_features import ImageSet, make_attribution_task, recipes, validate_submission
from tests.helpers import write_images


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Three subsets that differ plainly, as the challenge has them, and images without label."""
    task = make_attribution_task(3, 16, 20, memorization=1, shift=4, image_size=48, random_state=0)
    folder = tmp_path_factory.mktemp("task")
    truth = {}
    for subset in (1, 2, 3):
        write_images(folder / "real" / f"t{subset}", task.reference[task.reference_y == subset])
        images = task.X[task.y == subset].decode()
        write_images(folder / "generated" / f"gen_t{subset}", images[:12])
        names = [f"unknown_{subset}_{i}.png" for i in range(8)]
        write_images(folder / "unknown", images[12:], names)
        truth |= dict.fromkeys(names, subset)
    return folder, truth


def read(path):
    with open(path, newline="") as file:
        return list(csv.reader(file))


def test_learnt_from_real_images_and_not_taken_for_the_accuracy_across_domains(run, folders, tmp_path):
    folder, truth = folders
    out = tmp_path / "answers.csv"
    arguments = "--generated", folder / "unknown", "--real", folder / "real", "-o", out
    code, shown, _ = run("attribute", *arguments, "--patients", "none", "--permutations", 19)
    assert code == 0
    assert "textures-svm, cross-validated on the real images:" in shown
    assert "generated images differ from real ones" in shown
    header, *rows = read(out)
    assert header == ["id", "subset", "nearest", "distance", "note"]
    assert [row[0] for row in rows] == list(ImageSet.from_folder(folder / "unknown").ids)
    assert np.mean([row[1] == f"t{truth[row[0]]}" for row in rows]) > 0.5
    code, shown, _ = run("attribute", *arguments)
    assert (code, "accuracy" in shown) == (0, False)
    assert "Verdict: not judged" in shown
    assert "--patients none" in shown


def test_with_both_domains_the_accuracy_across_them_is_measured(run, folders, tmp_path, monkeypatch):
    folder, _ = folders
    about = replace(recipes.info("textures-svm"), fit_on=("real",))
    monkeypatch.setattr(recipes, "info", lambda name: about)
    sets = "--real", folder / "real", "--labelled-generated", folder / "generated"
    arguments = "--generated", folder / "unknown", *sets, "-o", tmp_path / "answers.csv"
    code, shown, _ = run("attribute", *arguments, "--patients", "none", "--permutations", 19)
    assert code == 0
    assert "learnt from the real images and asked about the labelled generated ones" in shown
    assert shown.count("accuracy  ") >= 2
    assert "generated images differ from real ones" not in shown


def test_run_file_of_2025_and_pictures(run, folders, tmp_path):
    folder, truth = folders
    out, confusion, chart = (tmp_path / name for name in ("run.csv", "confusion.png", "map.svg"))
    code, shown, _ = run(
        *("attribute", "--generated", folder / "unknown", "--labelled-generated", folder / "generated"),
        *("-o", out, "--year", "2025", "--confusion", confusion, "--map", chart, "--permutations", 19),
    )
    assert code == 0
    assert "cross-validated on the labelled generated images:" in shown
    ids = ImageSet.from_folder(folder / "unknown").ids
    assert validate_submission(out, ids, allowed=(1, 2, 3), id_style="name") == []
    assert np.mean([truth[name] == int(number) for name, number in read(out)]) > 0.7
    assert confusion.read_bytes().startswith(b"\x89PNG")
    assert "to attribute" in chart.read_text()


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        ([], 2, "give --real or --labelled-generated"),
        (["--real", "REAL", "--recipe", "vcmi-2023-ranking"], 2, "--recipe vcmi-2023-ranking detects which real"),
        (["--real", "REAL", "--year", "2023"], 2, "--year is 2025"),
        (["--real", "REAL", "--backbone", "resnet50"], 2, "'textures-svm' has no network: leave out --backbone"),
        (["--real", "FLAT"], 1, "is in no sub-folder"),
        (["--real", "ONE"], 2, "--real needs images of two subsets or more. Got only t1"),
        (["--real", "ABOVE"], 1, "--generated and --real hold 24 files in common"),
        (["--labelled-generated", "ABOVE"], 1, "--generated and --labelled-generated hold 24 files in common"),
        (["--real", "REAL", "--labelled-generated", "REAL"], 1, "--labelled-generated and --real hold 48 files in"),
        (["--real", "NAMES"], 1, "--real holds one image under two labels"),
        (["--real", "NAMES", "--year", "2025"], 2, "the folder 'new' has none: t1, t2"),
        (["--real", "REAL", "--map", "no/such/map.png"], 2, "does not exist"),
        (["--real", "REAL", "--map", "map.mp3"], 2, "is not a picture: its name must end in"),
    ],
)
def test_wrong_use_is_told(run, folders, tmp_path, arguments, code, words):
    folder, _ = folders
    images = np.zeros((2, 32, 32), dtype=np.uint8)
    write_images(tmp_path / "one" / "t1", images)
    for name in ("old", "new"):
        write_images(tmp_path / "names" / name, images)
    places = {"REAL": "real", "FLAT": "unknown", "ABOVE": ""} | {"ONE": tmp_path / "one", "NAMES": tmp_path / "names"}
    arguments = [folder / places[word] if word in places else word for word in arguments]
    got, _, err = run("attribute", "--generated", folder / "unknown", "-o", tmp_path / "run.csv", *arguments)
    assert got == code
    assert words in " ".join(err.split())
    assert not (tmp_path / "run.csv").exists()


def test_a_map_leaves_out_what_cannot_be_used(run, folders, tmp_path):
    folder, _ = folders
    for name in ("real", "unknown"):
        shutil.copytree(folder / name, tmp_path / name)
    for bad in (tmp_path / "real" / "t1" / "bad.png", tmp_path / "unknown" / "bad.png"):
        bad.write_bytes(b"no image")
    sets = "--generated", tmp_path / "unknown", "--real", tmp_path / "real", "-o", tmp_path / "out.csv"
    code, *_ = run("attribute", *sets, "--on-error", "nan", "--map", tmp_path / "map.png")
    assert code == 0
    assert (tmp_path / "map.png").stat().st_size
    assert ["bad.png", ""] in [row[:2] for row in read(tmp_path / "out.csv")]


def test_pairs_of_both_kinds_are_learnt_from_saved_and_loaded(run, folders, tmp_path):
    folder, _ = folders
    asked, both = ("--generated", folder / "unknown"), ("--real", folder / "real")
    both += "--labelled-generated", folder / "generated", "--patients", "none"
    recipe = "--recipe", "aim-2025-siamese-subsets", "--preset", "fast", "--epochs", 1, "--device", "cpu"
    first, second, model, map = (tmp_path / name for name in ("first.csv", "second.csv", "model", "map.png"))
    code, out, err = run("attribute", *asked, *both, *recipe, "-o", first, "--save", model, "--map", map)
    assert (code, "judged on 12 of 36 labelled generated images, held out:" in out) == (0, True), err
    assert map.stat().st_size > 1000
    code, out, err = run("attribute", *asked, "-o", second, "--load", model)
    assert (code, "Verdict: not judged" in out) == (0, True), err
    assert [row[:2] for row in read(second)] == [row[:2] for row in read(first)]
    code, _, err = run("attribute", *asked, "--real", folder / "real", *recipe, "-o", second)
    assert (code, "give --real and --labelled-generated" in err) == (2, True)
