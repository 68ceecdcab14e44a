"""TIFF: volumes, stacks in one page, channels that are no colours, and whole files that look odd."""

import io
import struct

import numpy as np
import pytest
import tifffile
from PIL import Image

from fingerprint_features.images import DecodeOptions, ImageReadError
from fingerprint_features.images.decode import decode_bytes

from .files import ALPHA, COLOUR, DEEP, GREY, pillow, tiff, tifffile_bytes
from .rows import on_black

STACK = np.stack([GREY, 255 - GREY, GREY // 2])
GREYS = {"photometric": "minisblack"}


def read(data, **options):
    return decode_bytes(data, DecodeOptions(**options))


def one_page(data):
    """End the chain of directories of a little-endian TIFF after the first, as ImageJ does in large files."""
    directory = struct.unpack_from("<I", data, 4)[0]
    position = directory + 2 + 12 * struct.unpack_from("<H", data, directory)[0]
    return data[:position] + bytes(4) + data[position + 4 :]


def imagej(stack):
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, stack, imagej=True, **GREYS)
    return buffer.getvalue()


VOLUMES = {
    "tiles": tifffile_bytes(STACK, volumetric=True, tile=(16, 16, 16), **GREYS),
    "strips": tifffile_bytes(STACK, volumetric=True, **GREYS),
    "deep": tifffile_bytes(STACK.astype(np.uint16) * 257, volumetric=True, **GREYS),
    "described as a stack": tifffile_bytes(STACK, truncate=True, **GREYS),
    "deep, described as a stack": tifffile_bytes(STACK.astype(np.uint16), truncate=True, **GREYS),
    "ImageJ": one_page(imagej(STACK)),
}


@pytest.mark.parametrize("name", VOLUMES)
@pytest.mark.parametrize("page", [None, 0])
def test_a_volume_in_one_page_is_refused(name, page):
    with pytest.raises(ImageReadError, match=r"one page holds a volume of 3 slices: .* as arrays.*\[several-pages\]"):
        read(VOLUMES[name], page=page)


def test_a_stack_of_pages_and_a_described_single_picture_are_read():
    np.testing.assert_array_equal(read(imagej(STACK), page=1), 255 - GREY)
    np.testing.assert_array_equal(read(imagej(GREY)), GREY)
    np.testing.assert_array_equal(read(tifffile_bytes(COLOUR, photometric="rgb", truncate=True)), COLOUR)


@pytest.mark.parametrize("plane", [GREY, DEEP], ids=["8 bits", "16 bits"])
@pytest.mark.parametrize("n", [2, 4])
@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_channels_that_are_no_colours_are_refused(plane, n, planar):
    planes = np.stack([plane] * n, axis=0 if planar == "separate" else -1)
    data = tifffile_bytes(planes, planarconfig=planar, extrasamples=["unspecified"] * (n - 1), **GREYS)
    with pytest.raises(ImageReadError, match=rf"a TIFF of {n} channels that are no colours.*\[unsupported\]"):
        read(data)


@pytest.mark.parametrize("planar", ["contig", "separate"])
def test_grey_with_alpha(planar):
    planes = np.stack([GREY, ALPHA], axis=0 if planar == "separate" else -1)
    data = tifffile_bytes(planes, planarconfig=planar, extrasamples=["unassalpha"], **GREYS)
    np.testing.assert_array_equal(read(data), on_black(GREY, ALPHA)[..., 0])


@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize("count", [10**4, 2**32 - 1])
def test_a_count_of_bytes_beyond_the_end_does_no_harm_to_an_uncompressed_strip(bits, count):
    plane = GREY if bits == 8 else DEEP
    np.testing.assert_array_equal(read(tiff(32, 24, plane.tobytes(), t258=bits, t279=count)), plane)
    with pytest.raises(ImageReadError, match=r"stops before its end.*\[damaged\]"):
        read(tiff(32, 24, plane.tobytes()[:-1], t258=bits, t279=count))


@pytest.mark.parametrize(
    ("tags", "words"),
    [
        ({"t259": 34712}, "JPEG2000 compression"),
        ({"t259": 50001}, "WEBP compression"),
        ({"t259": 6}, "OJPEG compression"),
        ({"t262": 4}, "MASK colours"),
        ({"t262": 32803}, "CFA colours"),
        ({"t258": 6}, "6-bit integers"),
    ],
)
def test_a_sound_file_of_a_rare_kind_is_not_called_damaged(tags, words):
    with pytest.raises(ImageReadError, match=rf"{words}.*save .*\[unsupported\]"):
        read(tiff(32, 24, GREY.tobytes(), **tags))


def test_a_compression_that_is_broken_is_called_damaged():
    data = pillow(Image.fromarray(GREY), "TIFF", compression="tiff_adobe_deflate")
    start = data.index(b"\x78\x9c") if b"\x78\x9c" in data else data.index(b"\x78")
    with pytest.raises(ImageReadError, match=r"\[damaged\]"):
        read(data[:start] + b"\x00\x00" + data[start + 2 :])
