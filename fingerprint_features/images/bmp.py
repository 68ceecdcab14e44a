"""BMP: uncompressed pixels under the file's own palette or colour masks; Pillow expands run-length coding.

Readers disagree on the rarer headers and masks, and on what 16-bit white is, so the few rules stand here. Colours
come out as 8 bits: the largest value of a mask is 255.
"""

import struct
from dataclasses import dataclass

import numpy as np

from .options import DecodeOptions
from .picture import Picture, check_size, damaged, pick_page, unsupported
from .pillow import read_pillow

_PLAIN, _RUNS, _MASKS, _ALPHA_MASKS = 0, (1, 2), 3, 6  # values of the compression field
_OS2_SIZES = (12, 16, 64)  # headers in which the field, where there is one, means something else from 3 on
_DEFAULT_MASKS = {16: (0x7C00, 0x03E0, 0x001F, 0), 32: (0xFF0000, 0x00FF00, 0x0000FF, 0)}  # red, green, blue, alpha


@dataclass
class _Header:
    width: int
    height: int  # negative: the first row of the file is the top one
    bits: int
    compression: int
    colours: int  # in the palette; 0 where OS/2's first header does not say
    masks: tuple[int, int, int, int] | None
    palette_at: int
    pixels_at: int

    @property
    def stride(self):
        return (self.width * self.bits + 31) // 32 * 4


def read_bmp(data: bytes, kind: str, options: DecodeOptions) -> Picture:
    """Decode a BMP."""
    header = _header(data)
    check_size(header.width, abs(header.height), options)
    pick_page(1, options)
    if header.compression in _RUNS:
        return read_pillow(data, kind, options)
    rows = _rows(data, header)
    if header.bits <= 8:
        picture = _with_palette(_indices(rows, header), _palette(data, header))
    elif header.bits == 24:
        picture = Picture(rows[:, : 3 * header.width].reshape(len(rows), -1, 3)[..., ::-1])
    else:
        picture = _with_masks(rows.view(f"<u{header.bits // 8}")[:, : header.width], header.masks)
    return picture


def _header(data):
    if len(data) < 26:
        raise damaged("the BMP stops inside its header")
    pixels_at, size = struct.unpack_from("<I4x", data, 10)[0], struct.unpack_from("<I", data, 14)[0]
    shape = "<HHxxH" if size == 12 else "<iixxH"
    width, height, bits = struct.unpack_from(shape, data, 18)
    compression = colours = 0
    if size >= 40:
        if len(data) < 14 + size:
            raise damaged("the BMP stops inside its header")
        compression, colours = struct.unpack_from("<I12xI", data, 30)
    _check_kind(size, bits, compression)
    masks, palette_at = _DEFAULT_MASKS.get(bits), 14 + size
    if compression in (_MASKS, _ALPHA_MASKS):
        with_alpha = compression == _ALPHA_MASKS or size >= 56
        masks = struct.unpack_from("<4I" if with_alpha else "<3I", data, 54) + (() if with_alpha else (0,))
        palette_at = max(palette_at, 70 if with_alpha else 66)
    if size > 12 and bits <= 8:
        colours = colours or 2**bits
    pixels_at = max(pixels_at, palette_at + 4 * colours)  # a place inside the palette is a slip of the writer
    return _Header(width, height, bits, compression, colours, masks, palette_at, pixels_at)


def _check_kind(size, bits, compression):
    if compression in _RUNS:
        return
    masked = compression in (_MASKS, _ALPHA_MASKS) and bits in (16, 32) and size not in _OS2_SIZES
    if not masked and (compression != _PLAIN or bits not in (1, 2, 4, 8, 16, 24, 32)):
        raise unsupported(f"a BMP of {bits} bits a pixel under compression {compression}: save it as PNG")


def _rows(data, header):
    """Return the rows of the file, top row first, as bytes (height, stride); the padding of the last may be missing."""
    height = abs(header.height)
    needed = header.stride * (height - 1) + (header.width * header.bits + 7) // 8
    pixels = data[header.pixels_at : header.pixels_at + header.stride * height]
    if len(pixels) < needed:
        raise damaged("the BMP stops before its end (truncated download or copy?)")
    rows = np.frombuffer(pixels.ljust(header.stride * height, b"\x00"), np.uint8).reshape(height, header.stride)
    return rows if header.height < 0 else rows[::-1]


def _indices(rows, header):
    if header.bits == 8:
        return rows[:, : header.width]
    per_byte, mask = 8 // header.bits, 2**header.bits - 1
    shifts = np.arange(per_byte - 1, -1, -1, dtype=np.uint8) * np.uint8(header.bits)
    return (rows[..., None] >> shifts & np.uint8(mask)).reshape(len(rows), -1)[:, : header.width]


def _palette(data, header):
    """Return the colours (2**bits, 3); those that the file leaves out are black."""
    full, entry = 2**header.bits, 4 if header.colours else 3
    n = min(full, header.colours or (header.pixels_at - header.palette_at) // entry)
    if n == 0:
        raise damaged("the BMP has no palette")
    colours = np.frombuffer(data, np.uint8, n * entry, header.palette_at).reshape(n, entry)
    return np.vstack([colours[:, 2::-1], np.zeros((full - n, 3), np.uint8)])


def _with_palette(indices, palette):
    if (palette == palette[:, :1]).all():
        return Picture(palette[indices, 0])
    return Picture(palette[indices], palette=True)


def _with_masks(words, masks):
    red, green, blue, alpha = (None if mask == 0 else _channel(words, mask) for mask in masks)
    empty = np.zeros(words.shape, np.uint8)
    return Picture(np.dstack([empty if c is None else c for c in (red, green, blue)]), alpha)


def _channel(words, mask):
    """Return the bits under a mask, scaled so that the mask's largest value is 255."""
    lowest = mask & -mask
    top = mask // lowest
    if top & (top + 1):
        raise damaged("the BMP's colour masks have gaps")
    levels = (words & mask).astype(np.uint64) // np.uint64(lowest)
    return ((levels * np.uint64(255) + np.uint64(top // 2)) // np.uint64(top)).astype(np.uint8)
