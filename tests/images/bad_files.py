"""Files that cannot be used, and what the error says of them."""

import gzip
import struct

import numpy as np
from PIL import Image

from .files import COLOUR, DEEP, FRACTIONS, GREY, HOUNSFIELD, chunk, dicom, flip, pillow, png, tiff, tifffile_bytes
from .rows import (
    ANIMATED,
    FRAMES,
    GREY_JPEG,
    GREY_PNG,
    HALF_CLEAR,
    PALETTE,
    UNIT,
    Row,
    fails,
    link_to,
    named,
    sparse,
)

BAD = [
    Row("missing file", lambda folder: folder / "gone.png", fails("missing", "no such file")),
    Row(
        "NUL in the name", lambda folder: f"{folder}/a\0b.png", fails("missing", "not a valid file name: embedded null")
    ),
    Row("dangling link", link_to("gone.png"), fails("missing", "a link to a file that is not there")),
    Row("link to itself", link_to("link.png"), fails("unreadable", "symbolic links")),
    Row("file as a folder", lambda folder: named("a.png")(folder) + "/b.png", fails("unreadable", "Not a directory")),
    Row("name too long", lambda folder: folder / ("a" * 300), fails("unreadable", "too long")),
    Row("directory", lambda folder: folder, fails("not-regular", "a folder")),
    Row("device", lambda folder: "/dev/zero", fails("not-regular", "not a regular file")),
    Row("disk image", sparse, fails("too-large", "2.0 GiB")),
    Row("zero bytes", b"", fails("empty", "0 bytes")),
    Row(
        "HTML page",
        b"\n<!DOCTYPE html><html><body>404</body></html>",
        fails("not-an-image", "HTML page .a failed download"),
    ),
    Row("text", b"patient,age\n1,40\n", fails("not-an-image", "a text file")),
    Row("text that begins with BM", b"BMI of the patients: 22, 23, 31\n", fails("not-an-image", "a text file")),
    Row(
        "git-lfs pointer",
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0\n",
        fails("not-an-image", "git lfs pull"),
    ),
    Row("NPY", b"\x93NUMPY\x01\x00v\x00", fails("not-an-image", "numpy.load")),
    Row(
        "SVG", b'<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>', fails("not-an-image", "SVG.*render")
    ),
    Row("gzip", gzip.compress(GREY_PNG), fails("not-an-image", "gzip.*unpack")),
    Row("zip", b"PK\x03\x04" + bytes(50), fails("not-an-image", "zip.*unpack")),
    Row("HEIC", b"\x00\x00\x00\x18ftypheic" + bytes(50), fails("not-an-image", "HEIC.*convert")),
    Row("NIfTI", bytes(344) + b"n+1\x00", fails("not-an-image", "nibabel")),
    Row("unknown bytes", bytes(range(256)), fails("not-an-image", "PNG, JPEG, BMP, TIFF")),
    Row("truncated PNG", GREY_PNG[: len(GREY_PNG) // 2], fails("damaged", "truncated")),
    Row("PNG without its end", GREY_PNG[:-12], fails("damaged", "truncated")),
    Row("PNG cut in its header", GREY_PNG[:20], fails("damaged", "stops")),
    Row(
        "PNG with a flipped pixel byte",
        flip(GREY_PNG, len(GREY_PNG) // 2),
        fails("damaged", "IDAT chunk fails its checksum"),
    ),
    Row("PNG with a flipped header byte", flip(GREY_PNG, 19), fails("damaged", "IHDR chunk fails its checksum")),
    Row(
        "PNG with a flipped transparency byte",
        png(2, 1, 8, 0, [b"\x01\x02"], flip(chunk(b"tRNS", b"\x00\x01"), 9)),
        fails("damaged", "tRNS chunk fails its checksum"),
    ),
    Row("PNG without a header", GREY_PNG[:8] + GREY_PNG[33:], fails("damaged", "no header")),
    Row(
        "PNG with rubbish for pixels",
        GREY_PNG[:33] + chunk(b"IDAT", b"rubbish") + chunk(b"IEND", b""),
        fails("damaged", "decompressed"),
    ),
    Row("PNG of zero width", png(0, 5, 8, 0, [b""]), fails("damaged", "0 x 5 pixels")),
    Row("PNG of zero height", png(5, 0, 8, 0, []), fails("damaged", "5 x 0 pixels")),
    Row("truncated JPEG", GREY_JPEG[: len(GREY_JPEG) // 2], fails("damaged", "truncated")),
    Row("JPEG without its end", GREY_JPEG[:-2], fails("damaged", "truncated")),
    Row(
        "JPEG with broken markers",
        flip(GREY_JPEG, 20, 0xFF)[:20] + b"\x00" + GREY_JPEG[21:],
        fails("damaged", "markers are broken"),
    ),
    Row("truncated BMP", pillow(COLOUR, "BMP")[:1000], fails("damaged", "BMP stops before its end")),
    Row("truncated GIF", pillow(GREY, "GIF")[:500], fails("damaged", "GIF cannot be decoded")),
    Row("truncated WebP", pillow(COLOUR, "WEBP")[:200], fails("damaged", "WEBP cannot be decoded")),
    Row("truncated TIFF", tifffile_bytes(DEEP)[:600], fails("damaged", "truncated")),
    Row("truncated 8-bit TIFF", tifffile_bytes(GREY)[:600], fails("damaged", "truncated")),
    Row(
        "truncated LZW TIFF",
        pillow(GREY, "TIFF", compression="tiff_lzw")[:300],
        fails("damaged", "TIFF cannot be decoded"),
    ),
    Row("truncated PGM", pillow(GREY, "PPM")[:300], fails("damaged", "truncated")),
    Row("truncated deep PGM", b"P5 9 9 65535\n" + bytes(100), fails("damaged", "PNM")),
    Row("PGM without a size", b"P5\nnonsense", fails("damaged", "header is broken")),
    Row("truncated JPEG 2000", pillow(COLOUR, "JPEG2000")[:900], fails("damaged", "JPEG2000 is damaged")),
    Row("truncated DICOM", dicom(DEEP)[:900], fails("damaged", "DICOM cannot be decoded")),
    Row(
        "20000 x 20000 in a 1-bit PNG",
        lambda folder: named("bomb.png", png(20000, 20000, 1, 0, [bytes(2500)] * 20000))(folder),
        fails("too-large", "20000 x 20000 pixels are more than max_pixels=6.4e.07"),
    ),
    Row("PNG header of 10^10 pixels", png(100000, 100000, 8, 0, [b""]), fails("too-large", "100000 x 100000")),
    Row(
        "JPEG header of 65535 x 65535",
        GREY_JPEG.replace(struct.pack(">HH", 24, 32), b"\xff\xff\xff\xff", 1),
        fails("too-large", "65535 x 65535"),
    ),
    Row(
        "BMP header of 10^10 pixels",
        pillow(GREY, "BMP").replace(struct.pack("<ii", 32, 24), struct.pack("<ii", 100000, -100000), 1),
        fails("too-large", "100000 x 100000"),
    ),
    Row(
        "GIF header of 65535 x 65535",
        pillow(GREY, "GIF").replace(struct.pack("<HH", 32, 24), b"\xff\xff\xff\xff", 1),
        fails("too-large", "65535 x 65535"),
    ),
    Row("TIFF header of 10^10 pixels", tiff(100000, 100000, b"\x00"), fails("too-large", "100000 x 100000")),
    Row("PGM header of 10^10 pixels", b"P2 100000 100000 255\n0", fails("too-large", "100000 x 100000")),
    Row(
        "JPEG 2000 header of 10^10 pixels",
        pillow(GREY, "JPEG2000").replace(
            b"\xff\x51\x00\x29\x00\x00" + struct.pack(">II", 32, 24),
            b"\xff\x51\x00\x29\x00\x00" + struct.pack(">II", 100000, 100000),
        ),
        fails("too-large", "100000 x 100000"),
    ),
    Row("DICOM header of 65535 x 65535", dicom(GREY, Rows=65535, Columns=65535), fails("too-large", "65535 x 65535")),
    Row("a cap of one's own", GREY_PNG, fails("too-large", "max_pixels=100:"), {"max_pixels": 100}),
    Row("TIFF of zero width", tiff(0, 4, b"\x00"), fails("damaged", "0 x 4|cannot be decoded")),
    Row("animated GIF", pillow(FRAMES[0], "GIF", **ANIMATED), fails("several-pages", "3 pictures.*page=0")),
    Row("animated WebP", pillow(FRAMES[0], "WEBP", **ANIMATED), fails("several-pages", "3 pictures")),
    Row("APNG", pillow(FRAMES[0], "PNG", **ANIMATED), fails("several-pages", "3 pictures")),
    Row("TIFF of several pages", tifffile_bytes([GREY, GREY]), fails("several-pages", "2 pictures")),
    Row("DICOM of several frames", dicom(np.stack([GREY, GREY])), fails("several-pages", "2 frames")),
    Row("page that is not there", GREY_PNG, fails("several-pages", "page=4 is not there.*holds 1"), {"page": 4}),
    Row(
        "page of a GIF that is not there",
        pillow(FRAMES[0], "GIF", **ANIMATED),
        fails("several-pages", "holds 3"),
        {"page": 3},
    ),
    Row(
        "int16 TIFF without a range",
        tifffile_bytes(HOUNSFIELD),
        fails("needs-range", r"int16.*value_range=\(low, high\)"),
    ),
    Row("float32 TIFF without a range", tifffile_bytes(FRACTIONS), fails("needs-range", "float32.*value_range")),
    Row(
        "float TIFF with NaN",
        tifffile_bytes(np.where(GREY[0, 0] == GREY, np.nan, FRACTIONS).astype(np.float32)),
        fails("not-finite", f"{(GREY[0, 0] == GREY).sum()} values are NaN"),
        UNIT,
    ),
    Row(
        "transparent PNG refused",
        pillow(HALF_CLEAR, "PNG"),
        fails("unsupported", "transparent.*composite"),
        {"alpha": "error"},
    ),
    Row("palette PNG refused", pillow(PALETTE, "PNG"), fails("unsupported", "palette"), {"palette": "error"}),
    Row("palette GIF refused", pillow(PALETTE, "GIF"), fails("unsupported", "palette"), {"palette": "error"}),
    Row("palette TIFF refused", pillow(PALETTE, "TIFF"), fails("unsupported", "palette"), {"palette": "error"}),
    Row(
        "LAB TIFF",
        pillow(Image.fromarray(COLOUR).convert("LAB"), "TIFF"),
        fails("unsupported", "LAB colours: save it as RGB"),
    ),
    Row(
        "TIFF of five channels",
        tifffile_bytes(np.dstack([DEEP] * 5), photometric="rgb"),
        fails("unsupported", "5 samples"),
    ),
    Row(
        "white-is-zero TIFF of floats",
        tifffile_bytes(FRACTIONS, photometric="miniswhite"),
        fails("unsupported", "white-is-zero"),
        UNIT,
    ),
    Row(
        "deep TIFF in a rare compression",
        tiff(4, 1, bytes(8), t258=16, t259=34887),
        fails("unsupported", "LERC.*imagecodecs"),
    ),
    Row(
        "DICOM without a picture",
        dicom(GREY).replace(struct.pack("<HH2sH", 0x28, 0x10, b"US", 2), struct.pack("<HH2sH", 0x28, 0x0A, b"US", 2)),
        fails("unsupported", "without a picture"),
    ),
    Row(
        "DICOM with rescale, without a range",
        dicom(DEEP, RescaleSlope=1, RescaleIntercept=-1024),
        fails("needs-range", "float64"),
    ),
    Row("palette DICOM", dicom(GREY, PhotometricInterpretation="PALETTE COLOR"), fails("unsupported", "palette DICOM")),
]
