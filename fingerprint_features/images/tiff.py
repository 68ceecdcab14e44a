"""TIFF: a container of many dialects, so each goes to the reader that gets it right.

Up to 8 bits a sample Pillow reads every colour space and compression. Deeper files are left to tifffile, because
Pillow turns deep colour into 8 bits without a word; and deep LZW, which tifffile has in an optional package, to OpenCV.
"""

import io
import logging
import struct
from dataclasses import replace

import numpy as np

from .errors import ImageReadError
from .options import DecodeOptions
from .picture import Picture, check_size, damaged, pick_page, split_alpha, unsupported
from .pillow import read_pillow

# What decides pixels: tags of one value, and of several. Left out are the orientation, which Pillow and OpenCV would
# apply on their own, and all metadata, on which Pillow warns at length.
_SINGLE_TAGS = frozenset({256, 257, 259, 262, 266, 277, 278, 284, 292, 293, 317, 322, 323, 531})
_PIXEL_TAGS = _SINGLE_TAGS | {258, 273, 279, 320, 324, 325, 338, 339, 347, 529, 530, 532}

_WELL_KNOWN = frozenset({1, 2, 3, 4, 5, 7, 8, 32773, 32946})  # compressions that Pillow and OpenCV have in every build

logging.getLogger("tifffile").addHandler(logging.NullHandler())  # it speaks up on stderr where nobody listens


def read_tiff(data: bytes, kind: str, options: DecodeOptions) -> Picture:
    """Decode one page of a TIFF."""
    import tifffile

    with tifffile.TiffFile(io.BytesIO(data)) as tiff:
        page = tiff.pages[pick_page(len(tiff.pages), options)].aspage()
        check_size(page.imagewidth, page.imagelength, options)
        _check_whole(page, len(data))
        _check_one_picture(tiff, page)
        try:
            picture = _decode(data, tiff.tiff, page, kind, options)
        except ImageReadError:
            raise
        except Exception as error:
            if page.compression in _WELL_KNOWN and not isinstance(error, SyntaxError):  # Pillow's word for a layout
                raise
            raise unsupported(f"{_describe(page)} cannot be decoded here: save it as plain grey or RGB") from error
    picture.orientation = page.tags.valueof(274, default=1)
    return picture


def _decode(data, dialect, page, kind, options):
    by_pillow = page.sampleformat == 1 and page.bitspersample in (1, 2, 4, 8, 12)
    if by_pillow and not (page.samplesperpixel == 2 and page.planarconfig == 2):
        return read_pillow(_one_page(data, dialect, page), kind, replace(options, page=None))
    return _read_deep(data, dialect, page)


def _check_whole(page, length):
    """Raise when pixels lie behind the end of the file; a count too large for an uncompressed strip does no harm."""
    row = (page.imagewidth * page.bitspersample * (page.samplesperpixel if page.planarconfig == 1 else 1) + 7) // 8
    most = row * min(page.rowsperstrip, page.imagelength) if page.compression == 1 and not page.is_tiled else length
    ends = [start + min(count, most) for start, count in zip(page.dataoffsets, page.databytecounts, strict=True)]
    if max(ends, default=0) > length or (page.photometric == 3 and page.colormap is None):
        raise damaged("the TIFF stops before its end (truncated download or copy?)")


def _check_one_picture(tiff, page):
    """Refuse a page that holds a volume, and channels that are no colours."""
    slices = page.imagedepth
    if len(tiff.pages) == 1 and (tiff.is_shaped or tiff.is_imagej or tiff.is_stk):  # these may describe a stack
        slices = max(slices, tiff.series[0].size // page.size)
    if slices > 1:
        raise ImageReadError.one(
            "several-pages",
            f"one page holds a volume of {slices} slices: read it with tifffile and pass the slices as arrays, or save "
            "each as a page",
        )
    has_alpha = page.extrasamples[:1] in ((1,), (2,))
    if page.photometric in (0, 1) and page.samplesperpixel > 1 + has_alpha:
        raise unsupported(
            f"a TIFF of {page.samplesperpixel} channels that are no colours: save the one to be used as a grey image"
        )


def _one_page(data, dialect, page):
    """Append a directory with one page's pixel tags and nothing else, and let the file begin with it."""
    if any(tag.count != 1 for tag in page.tags if tag.code in _SINGLE_TAGS):
        raise damaged("the TIFF's tags are broken")
    entries = [data[tag.offset : tag.offset + dialect.tagsize] for tag in page.tags if tag.code in _PIXEL_TAGS]
    padding = bytes(len(data) % 2)
    begin = struct.pack(dialect.offsetformat, len(data) + len(padding))
    directory = [struct.pack(dialect.tagnoformat, len(entries)), *entries, bytes(dialect.offsetsize)]
    return b"".join([data[: len(begin)], begin, data[2 * len(begin) :], padding, *directory])


def _describe(page):
    compression, colours = (getattr(tag, "name", tag) for tag in (page.compression, page.photometric))
    return f"a TIFF of {page.samplesperpixel} x {page.bitspersample} bits, {colours} colours, {compression} compression"


def _read_deep(data, dialect, page):
    if page.photometric not in (0, 1, 2) or page.samplesperpixel > 4 or page.extrasamples[:1] == (1,):
        colours = getattr(page.photometric, "name", page.photometric)
        raise unsupported(
            f"a deep TIFF of {page.samplesperpixel} samples, {colours} colours or premultiplied alpha: "
            "save it as grey or RGB"
        )
    pixels = _lzw_pixels(_one_page(data, dialect, page), page) if page.compression == 5 else _pixels(page)
    if pixels.ndim == 3 and page.planarconfig == 2:
        pixels = np.moveaxis(pixels, 0, -1)
    if page.photometric == 0:  # white is zero
        if pixels.dtype.kind != "u":
            raise unsupported("a white-is-zero TIFF of signed or float values: save it as black-is-zero")
        pixels = np.iinfo(pixels.dtype).max - pixels
    pixels, alpha = split_alpha(pixels)
    return Picture(pixels, None if page.extrasamples[:1] == (0,) else alpha)


def _pixels(page):
    try:
        return page.asarray()
    except (ValueError, NotImplementedError) as error:
        if "imagecodecs" not in str(error):
            raise
        raise unsupported(f"{error} (pip install imagecodecs), or save the TIFF uncompressed or deflated") from error


def _lzw_pixels(data, page):
    import cv2

    pixels = None
    if page.planarconfig == 1 and page.samplesperpixel in (1, 3):
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None or (pixels.shape, pixels.dtype) != (page.shape, page.dtype):
        raise unsupported(f"a deep TIFF of {page.samplesperpixel} samples under LZW: save it uncompressed or deflated")
    return pixels if pixels.ndim == 2 else pixels[..., ::-1]
