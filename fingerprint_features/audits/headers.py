"""What the file of an image says of itself: format, size, depth and compression, without decoding any pixel."""

import io
import struct
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..images import ImageSet
from ..images.dicom import read_dataset
from ..images.pillow import open_pillow
from ..images.sniff import sniff

# The luminance table of ITU-T T.81, annex K: libjpeg, and with it nearly every encoder, scales it by the quality.
_LUMINANCE = np.array(
    [
        *(16, 11, 10, 16, 24, 40, 51, 61),
        *(12, 12, 14, 19, 26, 58, 60, 55),
        *(14, 13, 16, 24, 40, 57, 69, 56),
        *(14, 17, 22, 29, 51, 87, 80, 62),
        *(18, 22, 37, 56, 68, 109, 103, 77),
        *(24, 35, 55, 64, 81, 104, 113, 92),
        *(49, 64, 78, 87, 103, 121, 120, 101),
        *(72, 92, 95, 98, 112, 100, 103, 99),
    ]
)
_PNG_COLOURS = {0: "grey", 2: "colour", 3: "palette", 4: "grey with alpha", 6: "colour with alpha"}
_MODES = {
    **{"1": "1-bit grey", "L": "8-bit grey", "LA": "8-bit grey with alpha", "P": "8-bit palette"},
    **{"RGB": "8-bit colour", "RGBA": "8-bit colour with alpha", "CMYK": "8-bit colour", "YCbCr": "8-bit colour"},
}


@dataclass(frozen=True)
class Header:
    """What the file of one image says of itself.

    Attributes
    ----------
    format : str
        "png", "jpeg", "tiff", "dicom" ...; "array" for an image in memory.
    size : (int, int)
        Height and width in pixels, before any resizing.
    depth : str
        Bits and colours, such as "8-bit grey"; the dtype for an array.
    compression : str
        For a JPEG its quality from 1 to 100, estimated from its quantisation table; for TIFF and DICOM the method;
        empty for formats that have one only.
    weight : float
        Bytes a pixel.
    """

    format: str
    size: tuple[int, int]
    depth: str
    compression: str
    weight: float


def read_headers(images: ImageSet) -> list[Header | None]:
    """Return the header of each image; None for a file that cannot be read, or whose header is broken."""
    return [_read(images, i) for i in range(len(images))]


def jpeg_quality(table: Iterable[int]) -> int:
    """Return the quality, from 1 to 100, at which libjpeg's luminance table comes nearest to a JPEG's.

    Examples
    --------
    >>> jpeg_quality([1] * 64), jpeg_quality([255] * 64)
    (100, 1)
    """
    return 1 + int(np.abs(_SUMS - sum(table)).argmin())


def _read(images, i):
    try:
        raw = images.raw(i)
        if isinstance(raw, np.ndarray):
            return _of_array(raw)
        kind = sniff(raw)
        return _READERS.get(kind, _by_pillow)(raw, kind)
    except Exception:  # on broken bytes Pillow, tifffile and pydicom raise what they like
        return None


def _of_array(array):
    height, width = array.shape[:2]
    channels = array.shape[2] if array.ndim == 3 else 1
    depth = f"{array.dtype.name} {'grey' if channels == 1 else 'colour'}"
    return Header("array", (height, width), depth, "", array.nbytes / (height * width))


def _by_pillow(raw, kind):
    with open_pillow(raw, kind) as image:
        width, height = image.size
        compression = f"quality {jpeg_quality(image.quantization[0])}" if kind == "jpeg" else ""
        depth = _MODES.get(image.mode, image.mode)
    return _header(kind, height, width, depth, compression, raw)


def _of_png(raw, kind):
    width, height, bits, colours = struct.unpack_from(">IIBB", raw, 16)
    return _header(kind, height, width, f"{bits}-bit {_PNG_COLOURS[colours]}", "", raw)


def _of_tiff(raw, kind):
    import tifffile

    with tifffile.TiffFile(io.BytesIO(raw)) as tiff:
        page = tiff.pages[0].aspage()
        colours = "grey" if page.samplesperpixel == 1 else "colour"
        method = getattr(page.compression, "name", page.compression)
        depth = f"{page.bitspersample}-bit {colours}"
        return _header(kind, page.imagelength, page.imagewidth, depth, str(method).lower(), raw)


def _of_dicom(raw, kind):
    dataset = read_dataset(raw, stop_before_pixels=True)
    bits = int(dataset.get("BitsStored") or dataset.BitsAllocated)
    colours = "grey" if int(dataset.get("SamplesPerPixel") or 1) == 1 else "colour"
    method = dataset.file_meta.TransferSyntaxUID.name
    return _header(kind, int(dataset.Rows), int(dataset.Columns), f"{bits}-bit {colours}", method, raw)


def _header(kind, height, width, depth, compression, raw):
    return Header(kind, (height, width), depth, compression, len(raw) / (height * width))


def _sums() -> NDArray[Any]:
    """Return the sum of libjpeg's luminance table at each quality."""
    quality = np.arange(1, 101)
    percent = np.where(quality < 50, 5000 // quality, 200 - 2 * quality)
    return np.clip((_LUMINANCE * percent[:, None] + 50) // 100, 1, 255).sum(axis=1)


_SUMS = _sums()
_READERS = {"png": _of_png, "tiff": _of_tiff, "dicom": _of_dicom}
