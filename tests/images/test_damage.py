"""Damage at random places: a picture or an ImageReadError comes out, never another exception, a warning or a hang."""

import numpy as np
import pytest

from fingerprint_features.images import DecodeOptions, ImageReadError
from fingerprint_features.images.decode import decode_bytes

from .files import COLOUR, DEEP, DEEP_COLOUR, GREY, dicom, flip, opencv, pillow, tifffile_bytes, turned
from .good_files import DICOMS, TIFFS, WHOLE
from .rows import ANIMATED, FRAMES, HALF_CLEAR, PALETTE

FILES = {
    "png": pillow(COLOUR, "PNG"),
    "png, palette and transparency": pillow(PALETTE, "PNG", transparency=3),
    "png, orientation": turned(GREY, 6, format="PNG"),
    "apng": pillow(FRAMES[0], "PNG", **ANIMATED),
    "jpeg": turned(COLOUR, 6, format="JPEG"),
    "jpeg, progressive": pillow(GREY, "JPEG", progressive=True),
    "bmp": pillow(COLOUR, "BMP"),
    "bmp, palette": pillow(PALETTE, "BMP"),
    "gif": pillow(PALETTE, "GIF"),
    "gif, animated": pillow(FRAMES[0], "GIF", **ANIMATED),
    "webp": pillow(HALF_CLEAR, "WEBP", lossless=True),
    "webp, lossy": pillow(COLOUR, "WEBP"),
    "webp, animated": pillow(FRAMES[0], "WEBP", **ANIMATED),
    "jpeg 2000": pillow(COLOUR, "JPEG2000"),
    "pnm": pillow(COLOUR, "PPM"),
    "pnm, deep": opencv(DEEP_COLOUR, ".ppm"),
    "tiff": tifffile_bytes(GREY),
    "tiff, deep": tifffile_bytes(DEEP),
    "tiff, deep and deflated": tifffile_bytes(DEEP_COLOUR, photometric="rgb", compression="deflate"),
    "tiff, lzw": turned(COLOUR, 6, format="TIFF", compression="tiff_lzw"),
    "tiff, deep lzw": pillow(DEEP, "TIFF", compression="tiff_lzw"),
    "tiff, palette": pillow(PALETTE, "TIFF"),
    "tiff, pages": tifffile_bytes([GREY, GREY, GREY], byteorder=">"),
    "dicom": dicom(DEEP, RescaleSlope=2, RescaleIntercept=-1024),
}


def outcome(data, **options):
    """Return the decoded array, or None where it is refused."""
    try:
        image = decode_bytes(data, DecodeOptions(max_pixels=1e6, value_range=(0, 65535), **options))
    except ImageReadError:
        return None
    assert image.ndim == 2 or image.shape[2:] == (3,)
    assert image.dtype in (np.uint8, np.uint16, np.float32)
    assert 0 < image.size <= 3e6
    return image


@pytest.mark.parametrize("name", FILES)
def test_any_byte_may_be_wrong(name, recwarn):
    data, rng = FILES[name], np.random.default_rng(0)
    page = 1 if "animated" in name or "pages" in name or name == "apng" else None
    whole = outcome(data, page=page)
    assert whole is not None
    # Half of the damage goes to the first bytes, where the structure is.
    places = np.concatenate([rng.integers(0, len(data), 150), rng.integers(0, min(len(data), 200), 150)])
    images = [outcome(flip(data, place, int(rng.integers(1, 256))), page=page) for place in places]
    assert sum(image is None for image in images) > 5
    if name != "dicom":  # pydicom warns of identifiers out of standard, and well it may
        assert [str(warning.message) for warning in recwarn] == []
    if name.startswith("png"):  # its checksums cover every byte
        assert all(image is None or np.array_equal(image, whole) for image in images)


SOUND = [row for row in WHOLE + TIFFS + DICOMS if isinstance(row.make, bytes) and not row.id.startswith("plain")]


@pytest.mark.parametrize("row", SOUND, ids=lambda row: row.id)  # in a plain text, half a number is a number
def test_a_file_cut_short_never_passes_for_another_picture(row, recwarn):
    options = DecodeOptions(**row.options)
    whole = decode_bytes(row.make, options)
    lengths = {*np.random.default_rng(1).integers(0, len(row.make), 20), len(row.make) - 1, len(row.make) - 20}
    for length in lengths:
        try:
            image = decode_bytes(row.make[: max(length, 0)], options)
        except ImageReadError:
            continue
        assert np.array_equal(image, whole), f"cut to {length} of {len(row.make)} bytes"
    assert [str(warning.message) for warning in recwarn] == []
