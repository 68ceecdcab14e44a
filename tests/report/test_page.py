"""The page of a result: what stands on it, in which order, and that names stay text."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from fingerprint_features import ImageSet, detect, make_membership_task
from fingerprint_features.images.errors import printable
from fingerprint_features.report import write_page
from fingerprint_features.report.common import answers
from fingerprint_features.report.evidence import evidence
from fingerprint_features.report.page import render
from fingerprint_features.report.section import Section
from tests.report.reading import assert_pictures_whole, assert_safe, decoded, parsed, small_pictures
from tests.report.results import HOSTILE, attribution, detection


@pytest.fixture(scope="module")
def found():
    return detection()


@pytest.fixture(scope="module")
def written(found, tmp_path_factory):
    """Return the path, the text and the numbers of the page of `found`."""
    path = tmp_path_factory.mktemp("page") / "report.html"
    write_page(found, path)
    return path, path.read_text(encoding="utf-8"), json.loads(path.with_suffix(".json").read_text())


def test_the_verdict_and_its_limits_come_first_and_the_rest_in_order(written):
    _, text, _ = written
    order = ["verdict", "inputs", "findings", "resolution", "blind", "scores", "evidence", "pictures", "map", "answers"]
    assert re.findall(r'<section id="(\w+)"', text) == order
    assert re.findall(r'<a href="#(\w+)"', text) == order[1:]
    assert text.index("is no proof of privacy") < text.index('id="inputs"')


def test_nothing_runs_and_nothing_is_loaded(written):
    assert_safe(written[1])


def test_hostile_names_are_text(found, written):
    _, text, _ = written
    texts = parsed(text).texts
    for id in found.ids:
        assert printable(id) in texts
    assert "<script" not in text
    assert "49" not in [part.strip("c/") for part in texts]
    assert text.isprintable() or set(re.findall(r"[^ -~\n]", text)) <= set("\u5f71\u50cf")


def test_every_picture_says_what_it_shows_and_is_whole(written):
    assert_pictures_whole(written[1])


def test_pairs_are_the_images_themselves_the_exact_copy_first(found, written):
    _, text, numbers = written
    first = numbers["evidence"][0]
    assert (first["id"], first["note"]) == (found.ids[-1], f"exact copy of {printable(first['nearest'])}")
    sources = small_pictures(text)
    pixels = list(map(decoded, sources))
    for pair, (image, near, difference) in zip(numbers["evidence"], zip(*[iter(pixels)] * 3, strict=True), strict=True):
        np.testing.assert_array_equal(image, found.inputs.sets["candidates"][pair["id"]])
        np.testing.assert_array_equal(near, found.inputs.sets["generated"][pair["nearest"]])
        np.testing.assert_array_equal(difference, np.abs(image.astype(int) - near))
    assert not pixels[2].any()


def test_the_table_is_sorted_by_score(found, written):
    _, text, _ = written
    rows = re.search(r'<section id="answers".*?<tbody>(.*?)</tbody>', text, re.S)[1]
    names = [parsed(cell).texts[0] for cell in re.findall(r'(<th scope="row">.*?</th>)', rows)]
    assert names == [printable(id) for id in found.ids[np.argsort(-found.scores, kind="stable")]]


def test_the_numbers_of_the_page_are_beside_it(found, written):
    _, _, numbers = written
    assert numbers["answers"] == json.loads(json.dumps(found.columns()))
    (trial,) = numbers["scores"]
    judged = found.assessment.trials[0].judgement
    assert trial["scores"]["kappa"]["low"] == judged.scores["kappa"].low
    assert trial["p_value"] == judged.p_value
    assert trial["decisions"] == judged.decisions.tolist()
    assert [rate["asked"] for rate in trial["rates"]] == [0.1, 0.05, 0.01, 0.001]
    assert [rate["resolvable"] for rate in trial["rates"]] == [True, False, False, False]  # 12 unused images
    assert numbers["blind"]["p_value"] == found.assessment.blind.judgement.p_value
    assert numbers["resolution"][0]["smallest_fpr"] == 1 / 12
    assert numbers["inputs"]["sets"]["candidates"]["images"] == 25
    assert numbers["inputs"]["settings"] == {"n_permutations": 19, "random_state": 0, "on_error": "raise"}
    assert numbers["verdict"]["verdict"] == found.verdict


def test_the_same_result_gives_the_same_file(found, written, tmp_path):
    path, text, _ = written
    write_page(found, tmp_path / "again.html")
    assert (tmp_path / "again.html").read_text(encoding="utf-8") == text
    assert path.stat().st_size < 2_000_000


def test_without_images_there_are_none(found):
    with_images, without = (
        evidence(found, range(3), found.columns(), "candidates", "generated", images) for images in (True, False)
    )
    assert "data:image/png" in render("pairs", [with_images])
    text = render("pairs", [without])
    assert "data:" not in text.partition("</head>")[2]
    assert "Images are left out of this page" in text
    assert text.count("differing bits") == len(with_images.numbers)  # the pairs are still named


def test_a_result_that_was_not_judged_says_so(tmp_path):
    task = make_membership_task(6, 6, 12, image_size=32, random_state=0)
    write_page(detect(task.X, task.reference), tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Verdict: not judged." in text
    assert "the answers were not judged" in text
    assert 'id="blind"' not in text
    assert "ROC" not in text


def test_images_that_cannot_be_used_have_a_row_and_no_pair(tmp_path):
    task = make_membership_task(6, 6, 12, image_size=32, random_state=0)
    bad = np.zeros((32, 32), dtype=np.float32) * np.nan
    candidates = ImageSet([*task.X, bad], ids=[*task.X.ids, "broken"])
    result = detect(candidates, task.reference, on_error="nan")
    write_page(result, tmp_path / "report.html")
    numbers = json.loads((tmp_path / "report.json").read_text())
    assert numbers["answers"]["score"][-1] is None
    assert [finding["id"] for finding in numbers["findings"] if finding["kind"] == "cannot-be-used"] == ["broken"]
    assert "broken" not in [pair["id"] for pair in numbers["evidence"]]


def test_an_attribution_has_its_page(tmp_path):
    result = attribution()
    write_page(result, tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "<script" not in text
    order = ["verdict", "inputs", "findings", "resolution", "scores", "evidence", "pictures", "map", "answers"]
    assert re.findall(r'<section id="(\w+)"', text) == order
    numbers = json.loads((tmp_path / "report.json").read_text())
    assert set(numbers["answers"]["subset"]) <= {HOSTILE[0], HOSTILE[4]}
    distances = [pair["distance"] for pair in numbers["evidence"]]
    assert distances == sorted(distances)


def test_long_tables_end_and_say_so(found):
    n = 1500
    many = replace(
        found,
        ids=np.array([f"image{i}" for i in range(n)]),
        used=np.zeros(n, dtype=np.int64),
        scores=np.arange(n) / 7,
        p_values=np.ones(n),
        q_values=np.ones(n),
        patients=None,
        nearest=np.full(n, found.nearest[0]),
        distances=np.ones(n),
        notes=np.full(n, ""),
    )
    section = answers(many, np.argsort(-many.scores), many.columns())
    text = render("answers", [section])
    assert "1,000 of 1,500 answers" in text
    assert ">image1499<" in text
    assert ">image3<" not in text
    assert len(section.numbers["id"]) == n


def test_other_names_and_other_things_are_refused(found, tmp_path):
    with pytest.raises(ValueError, match=r"ends in \.html\. Got 'report.pdf'"):
        write_page(found, tmp_path / "report.pdf")
    with pytest.raises(TypeError, match="Got dict instead"):
        write_page({}, tmp_path / "report.html")
    assert list(tmp_path.iterdir()) == []


def test_a_section_has_the_template_of_its_name():
    section = Section("findings", "<b>Title</b>", {"n": 0, "more": False, "table": None})
    text = render("a & b", [section])
    assert "&lt;b&gt;Title&lt;/b&gt;" in text
    assert "<title>a &amp; b</title>" in text
