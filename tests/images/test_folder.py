"""Folders of images: what counts, in which order, under which id; and naming every bad file at once."""

import os

import numpy as np
import pandas as pd
import polars as pl
import pytest

from fingerprint_features.images import (
    DecodeOptions,
    ImageSet,
    check_images,
    drop_failed,
    natural_key,
    scan_folder,
)

from .files import GREY, pillow


@pytest.fixture
def folder(tmp_path):
    """A folder with images in sub-folders, junk and a loop of links."""
    root = tmp_path / "scans"
    for name in ("p10/s2.png", "p10/s10.png", "p2/s1.PNG", "p2/noextension", "img1.png", "img10.png", "img2.png"):
        _write(root / name)
    for junk in (
        ".DS_Store",
        "._img1.png",
        "Thumbs.db",
        "p2/.hidden.png",
        "__MACOSX/img1.png",
        ".git/x.png",
        "DICOMDIR",
    ):
        _write(root / junk)
    for other in ("labels.csv", "README.md", "p2/notes.TXT", "features.cache", "volume.nii.gz"):
        _write(root / other)
    (root / "p2" / "loop").symlink_to(root)
    (root / "empty").mkdir()
    return root


def _write(path, data=None):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(pillow(GREY, "PNG") if data is None else data)
    return path


def test_images_in_natural_order_without_junk_and_loops(folder):
    expected = ["img1.png", "img2.png", "img10.png", "p2/noextension", "p2/s1.PNG", "p10/s2.png", "p10/s10.png"]
    assert scan_folder(folder) == expected
    images = ImageSet.from_folder(folder)
    assert list(images.ids) == expected
    assert all(np.array_equal(image, GREY) for image in images)
    assert list(ImageSet.from_folder(os.fsencode(folder)).ids) == expected


def test_the_order_does_not_depend_on_the_file_system(folder, monkeypatch):
    walk = os.walk

    def shuffled(*args, **kwargs):
        for top, folders, files in walk(*args, **kwargs):
            folders.sort(reverse=True)
            yield top, folders, sorted(files, reverse=True)

    for name in ("s01.png", "s1.png", "s001.png"):  # equal numbers
        _write(folder / name)
    before = scan_folder(folder)
    monkeypatch.setattr(os, "walk", shuffled)
    assert scan_folder(folder) == before


def test_natural_order():
    names = ["a10", "a9", "a", "10", "9", "a9b2", "a9b10", "b1", "a1.5", "é2", "é10"]
    ordered = ["9", "10", "a", "a1.5", "a9", "a9b2", "a9b10", "a10", "b1", "é2", "é10"]
    assert sorted(names, key=natural_key) == ordered


def test_a_link_to_a_file_counts_and_a_dangling_one_is_reported(folder):
    (folder / "link.png").symlink_to(folder / "img1.png")
    (folder / "void.png").symlink_to(folder / "gone.png")
    assert {"link.png", "void.png"} <= set(scan_folder(folder))
    assert [(f.id, f.kind) for f in check_images(folder)] == [("void.png", "missing")]


def test_groups_by_function_or_sequence(folder):
    images = ImageSet.from_folder(folder, groups=lambda id: id.split("/")[0], size=(4, 4))
    assert list(images[-2:].groups) == ["p10", "p10"]
    assert images[0].shape == (4, 4)
    assert list(ImageSet.from_folder(folder, groups=range(7))[2:4].groups) == [2, 3]


@pytest.mark.parametrize(
    ("one", "two"),
    [("a/Scan.png", "a/scan.png"), ("\u00e9.png", "e\u0301.png"), ("Straße.png", "STRASSE.png")],
    ids=["case", "composition", "sharp s"],
)
def test_names_that_another_system_takes_for_one(tmp_path, one, two):
    _write(tmp_path / one)
    _write(tmp_path / two)
    with pytest.raises(ValueError, match=r"differ only in case or Unicode form.*rename one"):
        scan_folder(tmp_path)


def test_folders_without_images(tmp_path):
    _write(tmp_path / "labels.csv")
    with pytest.raises(ValueError, match="holds no image files"):
        ImageSet.from_folder(tmp_path)
    with pytest.raises(NotADirectoryError, match=r"labels.csv is no folder: pass the folder that holds"):
        ImageSet.from_folder(tmp_path / "labels.csv")
    with pytest.raises(FileNotFoundError, match="gone is no folder"):
        ImageSet.from_folder(tmp_path / "gone")


def test_a_folder_that_may_not_be_listed_is_an_error(folder, monkeypatch):
    scandir = os.scandir

    def refuse(path):
        if os.fspath(path).endswith("p10"):  # for root no folder is locked
            raise PermissionError(13, "Permission denied", path)
        return scandir(path)

    monkeypatch.setattr(os, "scandir", refuse)
    with pytest.raises(PermissionError, match="p10"):
        scan_folder(folder)


def test_check_images_names_every_bad_file(folder):
    _write(folder / "p2" / "bad2.png", b"<html>404</html>")
    _write(folder / "p2" / "bad10.png", pillow(GREY, "PNG")[:-30])
    _write(folder / "empty.jpg", b"")
    failures = check_images(folder)
    assert [(f.id, f.kind) for f in failures] == [
        ("empty.jpg", "empty"),
        ("p2/bad2.png", "not-an-image"),
        ("p2/bad10.png", "damaged"),
    ]
    assert "HTML" in failures[1].reason
    assert str(failures[1]) == f"p2/bad2.png: {failures[1].reason} [not-an-image]"
    assert check_images(str(folder)) == failures
    assert check_images(ImageSet.from_folder(folder)) == failures
    assert check_images([folder / "img1.png"]) == []


def test_check_images_uses_the_set_s_own_options(folder):
    images = ImageSet.from_folder(folder, options=DecodeOptions(max_pixels=10))
    assert {failure.kind for failure in check_images(images)} == {"too-large"}


def test_check_images_shows_progress_when_asked(folder, capsys):
    check_images(folder)
    assert capsys.readouterr().err == ""
    check_images(folder, progress=True)
    assert "7/7" in capsys.readouterr().err


F = np.float32([[1, 2], [np.nan, np.nan], [5, 6], [np.nan, 8]])


@pytest.mark.parametrize(
    "features", [F, pd.DataFrame(F, index=list("wxyz")), pl.DataFrame(F)], ids=["ndarray", "pandas", "polars"]
)
@pytest.mark.parametrize(
    "wrap",
    [list, tuple, np.array, lambda v: pd.Series(v, index=range(40, 44)), pl.Series, lambda v: pl.DataFrame({"v": v})],
    ids=["list", "tuple", "ndarray", "pandas", "polars", "polars frame"],
)
def test_drop_failed_keeps_all_parts_together(features, wrap):
    labels = wrap(["a", "b", "c", "d"])
    left, kept, nothing = drop_failed(features, labels, None)
    assert type(left) is type(features)
    assert type(kept) is type(labels)
    assert nothing is None
    np.testing.assert_array_equal(np.asarray(left), F[[0, 2]])
    assert np.asarray(kept).ravel().tolist() == ["a", "c"]


def test_drop_failed_takes_image_sets_and_keeps_an_index():
    images = ImageSet(np.zeros((4, 3, 3), dtype=np.uint8), groups=list("ABCD"))
    frame, kept = drop_failed(pd.DataFrame(F, index=list("wxyz")), images)
    assert list(frame.index) == ["w", "y"]
    assert list(kept.ids) == ["0", "2"]
    assert list(kept.groups) == ["A", "C"]
    (alone,) = drop_failed(F)
    assert len(alone) == 2


def test_drop_failed_wants_equal_lengths():
    with pytest.raises(ValueError, match="features has 4 rows, but a list passed with it has 3"):
        drop_failed(F, [1, 2, 3])
