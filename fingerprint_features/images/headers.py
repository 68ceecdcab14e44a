"""What encoded files say of themselves before any pixel is decoded.

Readers answer the same questions only after loading the pixels (the orientation of a PNG, its number of frames) or
not at all (a JPEG that stops half-way, a PNG whose transparency fails its checksum), so these few fields are
read from the bytes.
"""

import re
import struct
from dataclasses import dataclass

from .picture import damaged

_JPEG_FRAMES = set(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_JPEG_BARE = {0x01, *range(0xD0, 0xD8)}
_NUMBER = rb"(?:\s|#[^\n]*\n)+(\d{1,9})"
_PNM = re.compile(b"P[14]" + 2 * _NUMBER + b"|P[2356]" + 3 * _NUMBER)


@dataclass
class Header:
    """Size, orientation (1 to 8 as in EXIF) and peculiarities of one encoded picture."""

    width: int
    height: int
    orientation: int = 1
    pages: int = 1
    palette: bool = False
    grey: bool = False
    key: int | None = None  # a grey PNG's one transparent level, as decoded; OpenCV overlooks it
    by_pillow: bool = False  # whether it is of the few that Pillow reads better than OpenCV


def jpeg_header(data: bytes) -> Header:
    """Walk a JPEG's markers; raise when the picture has no end marker."""
    header, orientation, position = None, 1, 2
    while position + 4 <= len(data):
        if data[position] != 0xFF:
            raise damaged("the JPEG's markers are broken")
        marker = data[position + 1]
        if marker == 0xFF or marker in _JPEG_BARE:
            position += 1 if marker == 0xFF else 2
            continue
        length = struct.unpack_from(">H", data, position + 2)[0]
        if marker in _JPEG_FRAMES and position + 9 <= len(data):
            height, width = struct.unpack_from(">HH", data, position + 5)
            header = Header(width, height)
        elif marker == 0xE1 and data[position + 4 : position + 10] == b"Exif\x00\x00":
            orientation = exif_orientation(data[position + 10 : position + 2 + length])
        elif marker == 0xDA:
            # Inside scan data FF is always followed by 00 or a restart marker, so FFD9 ends the picture.
            if header is None or data.find(b"\xff\xd9", position) < 0:
                break
            header.orientation = orientation
            return header
        position += 2 + length
    raise damaged("the JPEG stops before its end (truncated download or copy?)")


def jpeg2000_header(data: bytes) -> Header:
    """Read a JPEG 2000's size, from the code stream that its boxes are wrapped around."""
    start = data.find(b"\xff\x4f\xff\x51")
    if start < 0 or start + 42 > len(data):
        raise damaged("the JPEG 2000 stops before its picture")
    right, bottom, left, top = struct.unpack_from(">IIII", data, start + 8)
    channels = struct.unpack_from(">H", data, start + 40)[0]
    return Header(right - left, bottom - top, by_pillow=channels == 2)  # OpenCV refuses grey with alpha


def pnm_header(data: bytes) -> Header:
    """Read a PNM's size and depth."""
    match = _PNM.match(data)
    if match is None:
        raise damaged("the PNM's header is broken")
    width, height, *white = [int(number) for number in match.groups() if number is not None]
    deep = any(level > 255 for level in white)  # a bitmap states no level for white
    row = {b"4": (width + 7) // 8, b"5": width << deep, b"6": 3 * width << deep}.get(data[1:2], 0)
    if len(data) < match.end() + 1 + row * height:
        raise damaged("the PNM stops before its end (truncated download or copy?)")
    # Pillow would scale deep levels and squeeze deep colours into 8 bits; OpenCV leaves few levels dark.
    return Header(width, height, by_pillow=not deep)


def exif_orientation(exif: bytes) -> int:
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
