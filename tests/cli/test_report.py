"""--report: the page of an answer and its numbers, refused before any work where it cannot be written."""

import json

import pytest

from fingerprint_features import make_attribution_task, make_membership_task
from tests.helpers import write_images


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sets")
    task = make_membership_task(8, 8, 12, image_size=32, random_state=0)
    write_images(folder / "candidates", task.X)
    write_images(folder / "generated", task.reference)
    task = make_attribution_task(2, 8, 4, image_size=48, random_state=0)
    write_images(folder / "unknown", task.X)
    for subset in (1, 2):
        write_images(folder / "real" / f"t{subset}", task.reference[task.reference_y == subset])
    return folder


@pytest.fixture
def arguments(folder, tmp_path):
    sets = "--candidates", folder / "candidates", "--generated", folder / "generated"
    return "detect", *sets, "-o", tmp_path / "answers.csv", "--report", tmp_path / "report.html"


def test_detect_writes_its_page_and_speaks_of_options(run, arguments, tmp_path):
    code, out, _ = run(*arguments, "--cache", tmp_path / "rows.cache")
    assert code == 0
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    numbers = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert f"{tmp_path / 'report.html'}: the page of this answer" in out
    assert "give --used and --unused" in page
    assert numbers["verdict"]["why"].endswith("give --used and --unused.")
    assert len(numbers["answers"]["id"]) == 16
    assert "data:image/png" in page
    assert str(tmp_path) not in page


def test_no_images_are_on_the_page_that_must_not_have_any(run, arguments, tmp_path):
    code, _, _ = run(*arguments, "--no-images")
    assert code == 0
    assert "data:image/png" not in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_attribute_writes_its_page(run, folder, tmp_path):
    sets = "--generated", folder / "unknown", "--real", folder / "real"
    code, _, err = run("attribute", *sets, "-o", tmp_path / "subsets.csv", "--report", tmp_path / "report.html")
    assert code == 0, err
    assert "Which subset does each generated image stem from?" in (tmp_path / "report.html").read_text(encoding="utf-8")
    assert set(json.loads((tmp_path / "report.json").read_text())["answers"]["subset"]) <= {"t1", "t2"}


@pytest.mark.parametrize(
    ("page", "more", "message"),
    [
        ("report.pdf", (), "must end in .html"),
        ("nowhere/report.html", (), "does not exist"),
        ("report.html", ("--cache", "report.json"), "--report and --cache are one file"),
        (None, ("--no-images",), "give --report PAGE.html too"),
    ],
)
def test_what_cannot_be_written_is_refused_before_any_work(run, arguments, tmp_path, page, more, message):
    more = [tmp_path / word if word.endswith(".json") else word for word in more]
    words = [*arguments[:-2], *(() if page is None else ("--report", tmp_path / page)), *more]
    code, _, err = run(*words)
    assert code == 2
    assert message in " ".join(err.replace("│", " ").split())
    assert list(tmp_path.iterdir()) == []


def test_a_folder_in_the_place_of_the_numbers_is_refused(run, arguments, tmp_path):
    (tmp_path / "report.json").mkdir()
    code, _, err = run(*arguments)
    assert code == 2
    assert "is a folder" in " ".join(err.replace("│", " ").split())
