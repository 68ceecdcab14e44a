"""detect and recipes: from folders to a run file, with scores printed first where labels are known."""

import csv
import os
import re

import numpy as np
import pytest

from fingerprint_features import ImageSet, make_membership_task, recipes, validate_submission
from tests.helpers import write_images


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """A task in folders, one sub-folder a patient: half of the patients are candidates."""
    task = make_membership_task(
        n_used=24, n_unused=24, n_generated=96, memorization=1, slices_per_patient=2, image_size=32, random_state=0
    )
    folder = tmp_path_factory.mktemp("task")
    truth = {}
    patients = list(dict.fromkeys(task.X.groups))
    for image, id, patient, label in zip(task.X, task.X.ids, task.X.groups, task.y, strict=True):
        where = "candidates" if patients.index(patient) % 2 else ("used" if label else "unused")
        write_images(folder / where / str(patient), [image], [f"{id}.png"])
        truth[f"{patient}/{id}.png"] = label
    write_images(folder / "generated", task.reference)
    return folder, truth


def read(path):
    with open(path, newline="") as file:
        return list(csv.reader(file))


def sets(folder, *names):
    return [word for name in names for word in (f"--{name}", folder / name)]


def test_without_labels_the_default_answers_and_says_what_is_not_known(run, folders, tmp_path):
    folder, _ = folders
    code, out, _ = run("detect", *sets(folder, "candidates", "generated"), "-o", tmp_path / "run.csv")
    assert code == 0
    header, *rows = read(tmp_path / "run.csv")
    candidates = ImageSet.from_folder(folder / "candidates")
    assert header == ["id", "used", "score", "p", "q", "patient", "nearest", "distance", "note"]
    assert [row[0] for row in rows] == list(candidates.ids)
    model = recipes.make("details-and-hashes", reference=ImageSet.from_folder(folder / "generated"))
    expected = model.fit(candidates).predict(candidates)
    assert [int(row[1]) for row in rows] == list(expected)
    np.testing.assert_allclose([float(row[2]) for row in rows], model.decision_function(candidates), atol=1e-9)
    assert f"details-and-hashes calls {expected.sum()} of 24 candidates used" in out
    assert "the 50 % of the real images with the highest scores are called used; --prior states another share" in out
    assert "Verdict: not judged. There are no images with known labels: give --used and --unused." in out
    assert {row[3] for row in rows} == {row[4] for row in rows} == {row[5] for row in rows} == {""}


def test_with_labels_scores_by_patient_come_first(run, folders, tmp_path):
    folder, truth = folders
    code, out, _ = run(
        *("detect", *sets(folder, "candidates", "generated", "used", "unused"), "-o", tmp_path / "run.csv"),
        *("--patients", "^[^/]+", "--cache", tmp_path / "rows.cache", "--permutations", 19),
    )
    assert code == 0
    assert "details-and-hashes, seen with all real images at once, judged without labels, by patient:" in out
    assert "intervals by group (12 groups)" in out
    assert re.search(r"kappa .*\n", out).start() < out.index("candidates used")
    assert "Verdict: better than chance" in out
    rows = read(tmp_path / "run.csv")[1:]
    right = np.mean([int(row[1]) == truth[row[0]] for row in rows])
    assert all(row[5] == row[0].split("/")[0] for row in rows)
    assert right > 0.7  # every generated image is a copy: this is easy


def test_a_rule_without_labels_is_scored_as_it_is(run, folders, tmp_path):
    folder, _ = folders
    arguments = *sets(folder, "candidates", "generated", "used", "unused"), "-o", tmp_path / "run.csv"
    code, out, _ = run(
        "detect", *arguments, "--recipe", "vcmi-2023-retrieval", "--patients", "none", "--permutations", 19
    )
    assert code == 0
    assert "judged without labels, by image" in out


def test_without_patients_there_is_an_answer_but_no_score(run, folders, tmp_path):
    folder, _ = folders
    arguments = *sets(folder, "candidates", "generated", "used", "unused"), "-o", tmp_path / "run.csv"
    code, out, err = run("detect", *arguments)
    assert (code, "kappa" in out, "warning" in err) == (0, False, False)
    assert "Verdict: not judged. " in out
    assert "give --patients, or --patients none if each image is a patient of its own" in out
    assert len(read(tmp_path / "run.csv")) == 25


def test_a_network_and_its_weights_may_be_given(run, folders, tmp_path):
    torch = pytest.importorskip("torch", reason="the extra 'cnn' is not installed")
    torchvision = pytest.importorskip("torchvision", reason="the extra 'cnn' is not installed")
    folder, _ = folders
    torch.save(torchvision.models.resnet18(weights=None).state_dict(), tmp_path / "w.pth")
    arguments = *sets(folder, "candidates", "generated"), "-o", tmp_path / "run.csv"
    network = "--backbone", "resnet18", "--weights", tmp_path / "w.pth"
    code, *_ = run("detect", *arguments, "--recipe", "medhastra-2025-resnet50-cosine", *network)
    assert code == 0


def test_a_folder_inside_another_is_refused(run, folders, tmp_path):
    folder, _ = folders
    arguments = "--candidates", folder / "candidates", "-o", tmp_path / "run.csv"
    code, out, err = run("detect", *arguments, "--generated", folder)  # the folder above all of them
    assert (code, "kappa" in out) == (1, False)
    assert re.search(r"--generated and --candidates hold \d+ files in common \(candidates/.* and \d+ more\)", err)
    used = "--used", folder / "used", "--unused", folder / "used"
    code, _, err = run("detect", *arguments, *sets(folder, "generated"), *used)
    assert code == 1
    assert "--used and --unused share 12 of 12" in err


def test_an_exact_copy_among_the_generated_images_is_a_finding(run, folders, tmp_path):
    folder, _ = folders
    candidates = ImageSet.from_folder(folder / "candidates")
    write_images(tmp_path / "generated", [*ImageSet.from_folder(folder / "generated"), candidates[3]])
    arguments = *sets(folder, "candidates"), *sets(tmp_path, "generated"), "-o", tmp_path / "run.csv"
    code, out, _ = run("detect", *arguments)
    assert code == 0
    assert f"--candidates {candidates.ids[3]}: exact copy of image96.png" in out
    row = dict(zip(*read(tmp_path / "run.csv")[:5:4], strict=True))
    assert (row["id"], row["used"]) == (candidates.ids[3], "1")
    assert (row["nearest"], row["distance"], row["note"]) == ("image96.png", "0", "exact copy of image96.png")


def test_rules_that_compare_reals_see_the_known_ones_too(run, folders, tmp_path):
    folder, _ = folders
    write_images(tmp_path / "one", [np.asarray(next(iter(ImageSet.from_folder(folder / "candidates"))))], ["x.png"])
    arguments = "--candidates", tmp_path / "one", *sets(folder, "generated"), "-o", tmp_path / "run.csv"
    code, out, _ = run("detect", *arguments, "--recipe", "vcmi-2023-retrieval")
    assert code == 0
    assert "compares the candidates with each other, and 1 are few" in out
    code, out, _ = run("detect", *arguments, *sets(folder, "used", "unused"), "--recipe", "vcmi-2023-retrieval")
    assert (code, "few" in out) == (0, False)


def test_bad_candidates_are_named_before_the_known_images_are_judged(run, folders, tmp_path):
    folder, _ = folders
    (tmp_path / "bad").mkdir()
    for name in ("a.png", "b.png"):
        (tmp_path / "bad" / name).write_bytes(b"")
    arguments = *sets(folder, "generated", "used", "unused"), "-o", tmp_path / "run.csv"
    code, out, err = run("detect", "--candidates", tmp_path / "bad", *arguments)
    assert (code, "kappa" in out) == (1, False)
    assert "--candidates a.png" in err
    assert "--candidates b.png" in err


def test_bad_images_may_be_left_out(run, folders, tmp_path):
    folder, _ = folders
    write_images(tmp_path / "some", ImageSet.from_folder(folder / "candidates").decode()[:6])
    (tmp_path / "some" / "image2.png").write_bytes(b"")
    arguments = "--candidates", tmp_path / "some", *sets(folder, "generated"), "-o", tmp_path / "run.csv"
    code, out, _ = run("detect", *arguments, "--on-error", "nan")
    assert code == 0
    header, *rows = read(tmp_path / "run.csv")
    assert [row[0] for row in rows] == [f"image{i}.png" for i in range(6)]
    assert [row[1] == "" for row in rows] == [False, False, True, False, False, False]
    assert "empty" in rows[2][header.index("note")]
    assert "--candidates image2.png: the file is empty" in out
    code, _, err = run("detect", *arguments, "--on-error", "nan", "--year", "2025")
    assert code == 2
    assert "a run file needs an answer for every image" in " ".join(err.split())


@pytest.mark.parametrize("name", ["x.png", "rows.cache"])
def test_only_tables_are_written(run, folders, tmp_path, name):
    folder, _ = folders
    code, _, err = run("detect", *sets(folder, "candidates", "generated"), "-o", tmp_path / name)
    assert code == 2
    assert "its name must end in .csv" in " ".join(err.replace("│", " ").split())
    os.mkfifo(tmp_path / "pipe.csv")
    code, _, err = run("detect", *sets(folder, "candidates", "generated"), "-o", tmp_path / "pipe.csv")
    assert code == 2
    assert "is not an ordinary file" in " ".join(err.replace("│", " ").split())


@pytest.mark.parametrize(("year", "style"), [("2023", "stem"), ("2025", "name")])
def test_run_files_follow_the_year(run, folders, tmp_path, year, style):
    folder, _ = folders
    arguments = *sets(folder, "candidates", "generated"), "-o", tmp_path / "run.csv"
    code, *_ = run("detect", *arguments, "--recipe", "dmk-2023-phash", "--year", year)
    assert code == 0
    ids = ImageSet.from_folder(folder / "candidates").ids
    assert validate_submission(tmp_path / "run.csv", ids, id_style=style) == []


def test_a_zipped_run_file_is_written_and_validated(run, folders, tmp_path):
    folder, _ = folders
    out = tmp_path / "run.zip"
    assert run("detect", *sets(folder, "candidates", "generated"), "-o", out, "--year", "2025")[0] == 0
    assert validate_submission(out, ImageSet.from_folder(folder / "candidates").ids, id_style="name") == []
    code, shown, _ = run("validate", out, "--images", folder / "candidates")
    assert (code, "no faults" in shown) == (0, True)
    assert run("validate", out)[0] == 0
    code, shown, _ = run("validate", out, "--images", folder / "used")
    assert (code, "is not an id of this task" in shown) == (1, True)
    code, _, _ = run("detect", *sets(folder, "candidates", "generated"), "-o", out)
    assert code == 2  # a table of scores is no run file


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--used", "USED"], 2, "--used and --unused go together"),
        (["--year", "2024"], 2, "--year is one of 2023, 2025"),
        (["--jobs", "0"], 2, "--jobs is a number of threads"),
        (["--jobs", "100000"], 2, "--jobs is a number of threads"),
        (["--size", "0x9"], 2, "--size is at least 1x1"),
        (["--size", "100000x100000"], 2, "--size is at least 1x1 and at most"),
        (["--page", "-1"], 2, "--page counts from 0"),
        (["--on-error", "skip"], 2, "--on-error must be 'raise' or 'nan'"),
        (["--cache", "OUT"], 2, "--output and --cache are one file"),
        (["--prior", "1.5"], 1, "'prior' parameter of ThresholdClassifier must be a float"),
        (["--recipe", "dmk-2023-sift-knn"], 2, "learns from labels: give --used and --unused, or choose one of vcmi"),
        (["--recipe", "vcmi-2023-treshold-max"], 2, "did you mean 'vcmi-2023-threshold-max'"),
        (["--recipe", "aimultimedialab-2023-lbp-svm"], 2, "needs --pool, images of a second generator"),
        (["--backbone", "resnet50"], 2, "'details-and-hashes' has no network: leave out --backbone"),
        (["--pool", "USED"], 2, "has no use for --pool, images of a second generator"),
        (["--patients", "["], 2, "--patients [ is not a regular expression"),
        (["--patients", "zz"], 2, "finds no patient in"),
        (["--patients", "(z)?p"], 2, "finds no patient in"),
        (["--cache", "CSV"], 2, "is not a feature cache"),
    ],
)
def test_wrong_use_is_told(run, folders, tmp_path, arguments, code, words):
    folder, _ = folders
    table = tmp_path / "table.csv"
    table.write_text("id,label\n")
    arguments = [
        {"USED": folder / "used", "CSV": table, "OUT": tmp_path / "run.csv"}.get(word, word) for word in arguments
    ]
    got, _, err = run("detect", *sets(folder, "candidates", "generated"), "-o", tmp_path / "run.csv", *arguments)
    assert (got, not (tmp_path / "run.csv").exists()) == (code, True)
    assert words in " ".join(err.split())


def test_names_that_a_run_file_cannot_hold_are_refused_before_the_work(run, folders, tmp_path):
    folder, _ = folders
    write_images(tmp_path / "in" / "a", [np.zeros((32, 32), dtype=np.uint8)], ["x.png"])
    write_images(tmp_path / "in" / "b", [np.zeros((32, 32), dtype=np.uint8)], ["x.png"])
    arguments = "--candidates", tmp_path / "in", *sets(folder, "generated"), "-o", tmp_path / "run.csv"
    code, out, err = run("detect", *arguments, "--year", "2023")
    assert (code, out) == (1, "")
    assert "ids must be unique as stems" in err


def test_recipes_are_listed_and_explained(run):
    code, out, _ = run("recipes")
    assert code == 0
    table, words, _ = out.split("\n\n")
    assert [line.split()[0] for line in table.splitlines()[1:]] == recipes.names()
    for name in recipes.names():
        about = recipes.info(name)
        line = next(line for line in table.splitlines() if line.startswith(f"{name} "))
        shown = re.search(r"detect|attribute", line).end()
        score = "-" if about.score is None else f"{about.metric.replace('f1', 'F1')} {about.score:.3f}"
        assert line[shown:].strip().startswith(f"{score} ")
    assert "F1 in 2023, Cohen's kappa in 2025 (detect) and accuracy (attribute)" in words
    code, out, _ = run("recipes", "vcmi-2023-ensemble")
    about = recipes.info("vcmi-2023-ensemble")
    assert about.why in out
    assert re.search(r"needs labels +no\n", out)
    assert re.search(r"score +0.731 \(F1\)\nmetric +F1, the official one\n", out)
    code, out, _ = run("recipes", "zhouyijiang-2025-retrieval")
    assert re.search(r"part +stage 1 of 2\n", out)
    assert re.search(r"score +-\nmetric +kappa, the official one\n", out)


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A task of small files for a recipe that trains a network."""
    folder = tmp_path_factory.mktemp("trained")
    make_membership_task(12, 12, 12, image_size=32, random_state=0).to_folder(folder)
    return folder


def test_a_network_is_trained_saved_and_loaded(run, trained, tmp_path):
    known = "--used", trained / "real_used", "--unused", trained / "real_not_used", "--patients", "none"
    asked = "--candidates", trained / "real_used", "--generated", trained / "generated"
    recipe = "--recipe", "dmk-2023-cnn", "--preset", "fast", "--epochs", 1, "--device", "cpu"
    first, second, model = tmp_path / "first.csv", tmp_path / "second.csv", tmp_path / "model"
    code, out, err = run("detect", *asked, *known, *recipe, "--permutations", 19, "-o", first, "--save", model)
    assert (code, "dmk-2023-cnn, judged on 8 of 24 images, held out:" in out) == (0, True), err
    code, out, err = run("detect", *asked, "-o", second, "--load", model)
    assert (code, "Verdict: not judged" in out) == (0, True), err
    answers, again = (list(csv.DictReader(path.read_text().splitlines())) for path in (first, second))
    assert [row["score"] for row in again] == [row["score"] for row in answers]
    code, _, err = run("detect", *asked, *known, "-o", second, "--load", model)
    assert code == 2
    assert "--load has learnt from 12 of 12 images of --used" in err


def test_options_of_training_are_refused_where_nothing_is_trained(run, trained, tmp_path):
    asked = "--candidates", trained / "real_used", "--generated", trained / "generated", "-o", tmp_path / "answers.csv"
    code, _, err = run("detect", *asked, "--epochs", 3)
    assert (code, "trains no network: leave out --epochs" in err) == (2, True)
    code, _, err = run("detect", *asked, "--preset", "quick")
    assert (code, "--preset must be one of 'published', 'fast'. Got 'quick'" in err) == (2, True)
    code, _, err = run("detect", *asked, "--load", tmp_path / "nothing")
    assert (code, "there is no saved recipe" in err) == (1, True)
    code, _, err = run("detect", *asked, "--save", tmp_path / "no" / "model")
    assert (code, "does not exist" in err) == (2, True)
