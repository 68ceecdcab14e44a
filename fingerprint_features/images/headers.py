"""What PNG, JPEG and BMP files say of themselves before any pixel is decoded.

Pillow answers the same questions only after loading the pixels (orientation of a PNG, number of frames) or
not at all (a JPEG that stops half-way), so these few fields are read from the bytes.
"""

import struct
import zlib
from dataclasses import dataclass

from .errors import ImageReadError

_JPEG_FRAMES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_BARE = {0x01, *range(0xD0, 0xD8)}


@dataclass
class Header:
    """Size, orientation (1 to 8 as in EXIF) and peculiarities of one encoded picture."""

    width: int
    height: int
    orientation: int = 1
    pages: int = 1
    palette: bool = False
    grey_key: bool = False  # a grey PNG with one level declared transparent, which OpenCV overlooks


def png_header(data):
    """Walk a PNG's chunks; raise when the file stops early or a checksum fails before the pixels."""
    header, position = None, 8
    while True:
        if position + 12 > len(data):
            raise _damaged("the PNG stops before its end (truncated download or copy?)")
        length, name = struct.unpack_from(">I4s", data, position)
        body = position + 8
        if body + length + 4 > len(data):
            raise _damaged("the PNG stops in the middle of a chunk (truncated download or copy?)")
        if name == b"IHDR":
            if length != 13 or zlib.crc32(data[position + 4 : body + 13]) != _crc(data, body + 13):
                raise _damaged("the PNG header fails its checksum")
            width, height, _, colour = struct.unpack_from(">IIBB", data, body)
            header = Header(width, height, palette=colour == 3)
        elif header is None:
            raise _damaged("the PNG has no header chunk")
        elif name == b"acTL" and length >= 8:
            header.pages = struct.unpack_from(">I", data, body)[0]
        elif name == b"tRNS" and not header.palette:
            header.grey_key = length == 2
        elif name == b"eXIf":
            header.orientation = exif_orientation(data[body : body + length])
        elif name == b"IEND":
            return header
        position = body + length + 4


def png_fault(data):
    """Say which chunk of a PNG that would not decode is damaged."""
    position = 8
    while position + 12 <= len(data):
        length, name = struct.unpack_from(">I4s", data, position)
        end = position + 8 + length
        if zlib.crc32(data[position + 4 : end]) != _crc(data, end):
            return f"its {name.decode('ascii', 'replace')} chunk fails its checksum"
        position = end + 4
    return "its pixel data cannot be decompressed"


def _crc(data, position):
    return struct.unpack_from(">I", data, position)[0]


def jpeg_header(data):
    """Walk a JPEG's markers; raise when the picture has no end marker."""
    header, orientation, position = None, 1, 2
    while position + 4 <= len(data):
        if data[position] != 0xFF:
            raise _damaged("the JPEG's markers are broken")
        marker = data[position + 1]
        if marker == 0xFF or marker in _JPEG_BARE:
            position += 1 if marker == 0xFF else 2
            continue
        length = struct.unpack_from(">H", data, position + 2)[0]
        if marker in _JPEG_FRAMES and position + 9 <= len(data):
            height, width = struct.unpack_from(">HH", data, position + 5)
            header = Header(width, height, orientation)
        elif marker == 0xE1 and data[position + 4 : position + 10] == b"Exif\x00\x00":
            orientation = exif_orientation(data[position + 10 : position + 2 + length])
            if header is not None:
                header.orientation = orientation
        elif marker == 0xDA:
            # Inside scan data FF is always followed by 00 or a restart marker, so FFD9 ends the picture.
            if header is None or data.find(b"\xff\xd9", position) < 0:
                break
            return header
        position += 2 + length
    raise _damaged("the JPEG stops before its end (truncated download or copy?)")


def bmp_header(data):
    """Read a BMP's size."""
    if len(data) < 26:
        raise _damaged("the BMP stops inside its header")
    if struct.unpack_from("<I", data, 14)[0] == 12:
        width, height = struct.unpack_from("<HH", data, 18)
    else:
        width, height = struct.unpack_from("<ii", data, 18)
    return Header(abs(width), abs(height))


def exif_orientation(exif):
    """Return the orientation tag of an EXIF block (1 when there is none or it is nonsense)."""
    exif = exif.removeprefix(b"Exif\x00\x00")
    order = {b"II": "<", b"MM": ">"}.get(exif[:2])
    if order is None or len(exif) < 10:
        return 1
    start = struct.unpack_from(order + "I", exif, 4)[0]
    if start + 2 > len(exif):
        return 1
    for entry in range(struct.unpack_from(order + "H", exif, start)[0]):
        position = start + 2 + 12 * entry
        if position + 12 > len(exif):
            break
        tag, kind = struct.unpack_from(order + "HH", exif, position)
        if tag == 0x0112 and kind == 3:
            value = struct.unpack_from(order + "H", exif, position + 8)[0]
            return value if 1 <= value <= 8 else 1
    return 1


def _damaged(reason):
    return ImageReadError.one("damaged", reason)
