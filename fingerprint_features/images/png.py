"""PNG: what its chunks say, and the pixels of its plain kinds.

Most PNG files are grey or RGB, with or without alpha, of 8 or 16 bits, and not interlaced. Such a file, if it is whole
in every respect, is inflated by ISA-L and unfiltered here, which takes about half as long as in OpenCV. All others
go to OpenCV, which decodes them or refuses them.
"""

import struct
import sys
from dataclasses import dataclass, field

import numpy as np
from isal import isal_zlib

from .headers import Header, exif_orientation
from .picture import Picture, damaged, split_alpha

_length_and_name = struct.Struct(">I4s").unpack_from
_CHANNELS = {0: 1, 2: 3, 4: 2, 6: 4}  # by colour type; 3 is a palette
_NOTES = {b"cHRM", b"eXIf", b"gAMA", b"iCCP", b"iTXt", b"pHYs", b"sBIT", b"sRGB", b"tEXt", b"tIME", b"zTXt"}
# OpenCV and libpng have limits of their own, which are theirs to state: these are well below.
_LONGEST_NOTE = 2**16
_LONGEST_SIDE = 2**16
_MOST_BYTES = 2**23  # the rows are held twice for a moment


@dataclass
class PngHeader(Header):
    """The header of a PNG, and where its chunks are: name, first byte of the body, first byte after it."""

    chunks: list[tuple[bytes, int, int]] = field(default_factory=list)


def png_header(data: bytes) -> PngHeader:
    """Walk a PNG's chunks; raise when the file stops early or anything but the pixels fails its checksum."""
    header, position = None, 8
    while True:
        if position + 12 > len(data):
            raise damaged("the PNG stops before its end (truncated download or copy?)")
        length, name = _length_and_name(data, position)
        body, end = position + 8, position + 8 + length
        if end + 4 > len(data):
            raise damaged("the PNG stops in the middle of a chunk (truncated download or copy?)")
        if name != b"IDAT" and _fails_checksum(data, position, end):  # the decoder checks the pixels' own
            raise damaged(f"the PNG's {name.decode('ascii', 'replace')} chunk fails its checksum")
        if header is None:
            if name != b"IHDR" or length != 13:
                raise damaged("the PNG has no header chunk")
            width, height, bits, colour = struct.unpack_from(">IIBB", data, body)
            header = PngHeader(width, height, palette=colour == 3, grey=colour in (0, 4))
        elif name == b"acTL" and length == 8:
            header.pages = max(1, struct.unpack_from(">I", data, body)[0])
            header.by_pillow = header.pages > 1
        elif name == b"tRNS" and colour == 0 and length == 2:
            level = struct.unpack_from(">H", data, body)[0] % 2**bits  # the low bits count
            header.key = level if bits >= 8 else level * 255 // (2**bits - 1)
        elif name == b"eXIf":
            header.orientation = exif_orientation(data[body:end])
        header.chunks.append((name, body, end))
        if name == b"IEND":
            return header
        position = end + 4


def png_fault(data: bytes) -> str:
    """Say which chunk of a PNG that would not decode is damaged."""
    position = 8
    while position + 12 <= len(data):
        length, name = _length_and_name(data, position)
        end = position + 8 + length
        if _fails_checksum(data, position, end):
            return f"its {name.decode('ascii', 'replace')} chunk fails its checksum"
        position = end + 4
    return "its pixel data cannot be decompressed"


def _fails_checksum(data, position, end):
    return isal_zlib.crc32(memoryview(data)[position + 4 : end]) != int.from_bytes(data[end : end + 4])


def plain_png(data: bytes, header: PngHeader) -> Picture | None:
    """Return the picture that OpenCV would decode, or None where that is left to OpenCV.

    Parameters
    ----------
    data : bytes
    header : PngHeader
        Of these bytes.

    Returns
    -------
    Picture or None
        None for a file that is not whole or not of a plain kind, in a process that has not loaded numba (whose
        import takes longer than a few hundred pictures), and where numba compiles nothing.

    Notes
    -----
    ISA-L takes one thing that zlib refuses: a Huffman code with unused words. No encoder writes such a code; a file
    that has one is decoded here if its CRC-32 and its Adler-32 are right.
    """
    config = getattr(sys.modules.get("numba"), "config", None)
    if config is None or config.DISABLE_JIT:
        return None
    bits, colour, *methods = data[24:29]  # of compression, filters and interlacing
    if bits not in (8, 16) or colour not in _CHANNELS or any(methods):
        return None
    step = _CHANNELS[colour] * bits // 8
    size = header.height * (1 + header.width * step)
    if max(header.width, header.height) > _LONGEST_SIDE or size > _MOST_BYTES:
        return None
    packed = _pixel_stream(data, header.chunks)
    stored = _inflate(packed, size) if packed else None
    if stored is None:
        return None
    from .unfilter import unfilter

    rows = np.empty((header.height, header.width * step), dtype=np.uint8)
    if not unfilter(np.frombuffer(stored, dtype=np.uint8), rows, step):
        return None
    if bits == 16:
        rows = rows.view(">u2").astype(np.uint16)
    return Picture(*split_alpha(rows.reshape(header.height, header.width, -1)), header.orientation)


def _pixel_stream(data, chunks):
    """Return the compressed pixels, or None if a chunk is out of the ordinary or fails its checksum."""
    pixels, over = [], False
    for name, body, end in chunks[1:-1]:
        if name == b"IDAT" and not over and not _fails_checksum(data, body - 8, end):
            pixels.append(data[body:end])
        elif name in _NOTES and end - body <= _LONGEST_NOTE:
            over = bool(pixels)
        else:
            return None
    _, body, end = chunks[-1]
    return b"".join(pixels) if body == end == len(data) - 4 else None


def _inflate(packed, size):
    """Return the bytes of a zlib stream that holds exactly `size`, or None; never inflates more."""
    method, flags = packed[0], packed[1] if len(packed) > 1 else 0
    if method & 0x8F != 8 or flags & 0x20 or (method << 8 | flags) % 31:
        return None
    if 2 ** ((method >> 4) + 8) < min(size, 2**15):  # zlib looks no further back than the stream says
        return None
    stream = isal_zlib.decompressobj()
    try:
        stored = stream.decompress(packed, size + 1)
    except isal_zlib.error:
        return None
    return stored if stream.eof and not stream.unused_data and len(stored) == size else None
