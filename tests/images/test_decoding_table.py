"""Every odd file met in practice: what it decodes to, or the error it gives. One table, one test."""

import io
import os
import sys
import threading
import warnings

import numpy as np
import pytest
from PIL import Image, ImageFile

from fingerprint_features.images import DecodeOptions, ImageFailure, ImageReadError, ImageSet, decode

from .bad_files import BAD
from .files import COLOUR, GREY, dicom, pillow
from .good_files import DICOMS, TIFFS, WHOLE
from .rows import named


def read_row(row, folder):
    path = named("file.bin", row.make)(folder) if isinstance(row.make, bytes) else row.make(folder)
    return ImageSet([path], options=DecodeOptions(**row.options))


@pytest.mark.parametrize("row", WHOLE + TIFFS + DICOMS, ids=lambda row: row.id)
def test_an_odd_but_sound_file_decodes(row, tmp_path):
    image = read_row(row, tmp_path)[0]
    assert image.dtype == row.expected.dtype
    assert image.shape == row.expected.shape
    assert image.flags.c_contiguous
    np.testing.assert_allclose(image.astype(float), row.expected.astype(float), rtol=0, atol=row.atol)


@pytest.mark.parametrize("row", BAD, ids=lambda row: row.id)
def test_a_bad_file_says_what_is_wrong(row, tmp_path):
    images = read_row(row, tmp_path)
    kind, words = row.expected
    with pytest.raises(ImageReadError, match=words) as caught:
        images[0]
    (failure,) = caught.value.failures
    assert (failure.kind, failure.id) == (kind, images.ids[0])
    assert str(caught.value).isprintable()


def test_no_row_is_there_twice():
    names = [row.id for row in WHOLE + TIFFS + DICOMS + BAD]
    assert len(names) == len(set(names)) > 150


def test_a_pipe_is_refused_instead_of_waited_for(tmp_path):
    os.mkfifo(tmp_path / "pipe.png")
    kinds = []

    def look():
        try:
            ImageSet([tmp_path / "pipe.png"])[0]
        except ImageReadError as error:
            kinds.append(error.failures[0].kind)

    thread = threading.Thread(target=look, daemon=True)
    thread.start()
    thread.join(20)
    assert kinds == ["not-regular"]


def test_no_permission(tmp_path, monkeypatch):
    def refuse(*args, **kwargs):
        raise PermissionError(13, "Permission denied")

    path = named("a.png")(tmp_path)
    monkeypatch.setattr(decode, "open", refuse, raising=False)  # for root no file is locked
    with pytest.raises(ImageReadError, match=r"a.png: Permission denied: check the file.*\[unreadable\]"):
        ImageSet([path])[0]


def test_dicom_without_pydicom_names_the_extra(tmp_path, monkeypatch):
    path = named("slice", dicom(GREY))(tmp_path)
    monkeypatch.setitem(sys.modules, "pydicom", None)
    with pytest.raises(ImageReadError, match=r"pip install 'fingerprint_features\[dicom\]'"):
        ImageSet([path])[0]


def test_pillow_set_to_fill_up_truncated_files_is_refused(tmp_path, monkeypatch):
    whole, half = named("a.gif", pillow(GREY, "GIF"))(tmp_path), named("b.gif", pillow(GREY, "GIF")[:-400])(tmp_path)
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    with Image.open(half) as picture:
        picture.load()  # and Pillow says nothing
    for path in (whole, half):
        with pytest.raises(ImageReadError, match="set it back to False"):
            ImageSet([path])[0]
    np.testing.assert_array_equal(ImageSet([named("a.png")(tmp_path)])[0], GREY)


@pytest.mark.parametrize("format", ["GIF", "WEBP", "PPM", "TIFF"])
def test_pillows_cap_counts_too_without_a_warning(format, tmp_path, monkeypatch):
    images = ImageSet([named("a", pillow(GREY, format))(tmp_path)])
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 24 * 32 - 1)
    with pytest.raises(ImageReadError, match=r"raise PIL.Image.MAX_IMAGE_PIXELS as well.*\[too-large\]"):
        images[0]
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", None)
    assert images[0].shape[:2] == (24, 32)


def test_threads_decode_alike_and_leave_the_warning_filters_alone(tmp_path):
    rows = [row for row in WHOLE + TIFFS + DICOMS if isinstance(row.make, bytes)]
    alone = [read_row(row, tmp_path)[0] for row in rows]
    filters, wrong = list(warnings.filters), []

    def look(turn):
        folder = tmp_path / str(turn)
        folder.mkdir()
        for k in np.random.default_rng(turn).permutation(len(rows)):
            if not np.array_equal(read_row(rows[k], folder)[0], alone[k]) or warnings.filters != filters:
                wrong.append(rows[k].id)

    threads = [threading.Thread(target=look, args=(turn,)) for turn in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_what_a_bad_colour_picture_costs_is_known_from_its_header(tmp_path):
    path = named("a.png", pillow(COLOUR, "PNG"))(tmp_path)
    assert ImageSet([path], options=DecodeOptions(max_pixels=24 * 32))[0].shape == (24, 32, 3)
    with pytest.raises(ImageReadError, match="32 x 24 pixels"):
        ImageSet([path], options=DecodeOptions(max_pixels=24 * 32 - 1))[0]


def test_several_bad_files_are_listed_in_one_message(tmp_path):
    errors = []
    for name in ("one.png", "two\n.png"):
        with pytest.raises(ImageReadError) as caught:
            ImageSet([tmp_path / name])[0]
        errors += caught.value.failures
    text = str(ImageReadError(errors))
    assert text.splitlines()[0] == "2 images cannot be used:"
    assert "two\\n.png: no such file" in text
    many = [ImageFailure(f"{i}.png", "damaged", f"reason {i}") for i in range(24)]
    assert str(ImageReadError(many)).endswith("... and 4 more reasons (see the error's .failures)")


@pytest.mark.parametrize("encoding", ["latin-1", "ascii", "utf-8"])
def test_messages_can_be_printed_on_any_terminal(encoding, monkeypatch, tmp_path):
    with pytest.raises(ImageReadError) as caught:
        ImageSet([tmp_path / "übergroß 肺.png"])[0]
    terminal = io.TextIOWrapper(io.BytesIO(), encoding)
    monkeypatch.setattr(sys, "stdout", terminal)
    print(caught.value)
    print(caught.value.failures[0])
    terminal.flush()
    shown = terminal.buffer.getvalue().decode(encoding)
    assert {"latin-1": "übergroß \\u80ba", "ascii": "\\xfcbergro\\xdf \\u80ba", "utf-8": "übergroß 肺"}[
        encoding
    ] in shown
