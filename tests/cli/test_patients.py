"""Patients from a table."""

import pytest
import typer

from fingerprint_features import ImageSet
from fingerprint_features.cli.patients import with_table
from tests.helpers import random_images, write_images


def opened(*ids):
    return ImageSet(random_images(len(ids)), ids)


def table(tmp_path, text, encoding="utf-8"):
    path = tmp_path / "patients.csv"
    path.write_bytes(text.encode(encoding))
    return str(path)


def test_patients_are_found_by_id_and_by_the_name_of_the_folder(tmp_path):
    sets = {"used": opened("1.png", "a/2.png"), "unused": opened("1.png", "x, y\n.png")}
    text = 'note,id,patient\n,used/1.png,ann\n,unused/1.png, bo \n,a/2.png,ann\n,"x, y\n.png",cy\n,other.png,\n'
    for encoding in ("utf-8", "utf-8-sig"):  # Excel writes the second
        found = with_table(sets, table(tmp_path, text, encoding))
        assert {name: images.groups.tolist() for name, images in found.items()} == {
            "used": ["ann", "ann"],
            "unused": ["bo", "cy"],
        }
    assert sets["used"].groups is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("id,patient\n1.png,ann\na/2.png,ann\n", r"names 1.png, which is in 2 folders: write used/1.png"),
        (
            "id,patient\nused/1.png,ann\nunused/1.png,bo\n",
            r"no patient for 1 of 3 real images \(used/a/2.png\): add a row",
        ),
        ("id,patient\na/2.png,ann\na/2.png,bo\n", r"two patients for a/2.png, ann and bo: keep one row"),
        ("id;patient\na/2.png;ann\n", "has no column 'id': its first line must name id and patient, with commas"),
        ("id,name\na/2.png,ann\n", "has no column 'patient'"),
        ("", "has no column 'id'"),
        ("id,patient\n" + "x" * 200_000, "cannot be read as a table: field larger than"),
    ],
)
def test_a_table_that_does_not_fit_is_refused_with_the_cure(tmp_path, text, words):
    sets = {"used": opened("1.png", "a/2.png"), "unused": opened("1.png")}
    with pytest.raises(typer.BadParameter, match=words):
        with_table(sets, table(tmp_path, text))


def test_a_command_takes_a_table(run, tmp_path):
    images = random_images(40, 32)
    for name, part in (("used", images[:16]), ("unused", images[16:32]), ("candidates", images[32:36])):
        write_images(tmp_path / name, part, [f"{name}{i}.png" for i in range(len(part))])
    write_images(tmp_path / "generated", images[36:])
    folders = [
        word for name in ("used", "unused", "candidates", "generated") for word in (f"--{name}", tmp_path / name)
    ]
    rows = [f"{name}{i}.png,{name}{i // 2}" for name in ("used", "unused", "candidates") for i in range(16)]
    path = table(tmp_path, "\n".join(["id,patient", *rows]))
    arguments = *folders, "--patients", path, "--permutations", 19, "-o", tmp_path / "out.csv"
    code, out, err = run("detect", *arguments)
    assert (code, "judged without labels, by patient" in out) == (0, True), err
    assert "(16 groups)" in out
    code, _, err = run("detect", *arguments, "--patients", tmp_path / "none.CSV")
    assert (code, "is no file" in err) == (2, True)
