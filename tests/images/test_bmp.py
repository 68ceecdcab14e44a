"""BMP of every header, depth, palette and mask; the files are written here by hand."""

import struct

import numpy as np
import pytest

from fingerprint_features.images import DecodeOptions, ImageReadError
from fingerprint_features.images.decode import decode_bytes

from .files import ALPHA, COLOUR, GREY, pillow
from .rows import PALETTE, PALETTE_COLOURS, on_black

HEIGHT, WIDTH = COLOUR.shape[:2]
LEVELS = COLOUR.astype(np.int64)


def bmp(bits, pixels, size=40, compression=0, masks=b"", palette=b"", colours=0, pixels_at=None, down=False):
    """Write a BMP: `pixels` are the rows, top row first, already packed and padded."""
    height = -len(pixels) if down else len(pixels)
    if size == 12:
        head = struct.pack("<IHHHH", 12, WIDTH, len(pixels), 1, bits)
    else:
        head = struct.pack("<IiiHHIIiiII", size, WIDTH, height, 1, bits, compression, 0, 0, 0, colours, 0)[:size]
    head = (head + masks).ljust(size, b"\x00") + palette
    begin = 14 + len(head) if pixels_at is None else pixels_at
    body = b"".join(pixels if down else pixels[::-1])
    return b"BM" + struct.pack("<IHHI", 14 + len(head) + len(body), 0, 0, begin) + head + body


def words(channels, masks, bits):
    """Pack channels of 0..255 under masks into rows of 16- or 32-bit words."""
    total = np.zeros((HEIGHT, WIDTH), dtype=np.int64)
    for channel, mask in zip(channels, masks, strict=True):
        shift, top = (mask & -mask).bit_length() - 1, mask // (mask & -mask)
        total |= (channel * top + 127) // 255 << shift
    return [row.astype(f"<u{bits // 8}").tobytes().ljust((WIDTH * bits + 31) // 32 * 4, b"\x00") for row in total]


def packed_masks(masks):
    return struct.pack(f"<{len(masks)}I", *masks)


def read(data, **options):
    return decode_bytes(data, DecodeOptions(**options))


WIDE = {  # masks of 32 bits
    "red first": (0x000000FF, 0x0000FF00, 0x00FF0000),
    "blue first": (0x00FF0000, 0x0000FF00, 0x000000FF),
    "high bytes": (0xFF000000, 0x00FF0000, 0x0000FF00),
    "11, 11 and 10 bits": (0xFFE00000, 0x001FFC00, 0x000003FF),
}


@pytest.mark.parametrize("size", [40, 52, 56, 108, 124])
@pytest.mark.parametrize("name", WIDE)
def test_32_bit_masks_under_every_header(name, size):
    masks = WIDE[name]
    stored = packed_masks(masks if size < 56 else (*masks, 0))
    data = bmp(32, words(np.moveaxis(LEVELS, -1, 0), masks, 32), size, 3, stored)
    np.testing.assert_array_equal(read(data), COLOUR)


@pytest.mark.parametrize("size", [40, 52, 124])
@pytest.mark.parametrize(
    "masks", [(0xF800, 0x07E0, 0x001F), (0x001F, 0x07E0, 0xF800), (0x7C00, 0x03E0, 0x001F), (0xF00, 0x0F0, 0x00F)]
)
def test_16_bit_masks_reach_white_and_stay_within_half_a_step(masks, size):
    stored = packed_masks(masks if size < 56 else (*masks, 0))
    picture = np.vstack([COLOUR[:-1], np.full((1, WIDTH, 3), 255, np.uint8)])
    image = read(bmp(16, words(np.moveaxis(picture.astype(np.int64), -1, 0), masks, 16), size, 3, stored))
    assert (image[-1] == 255).all()
    steps = np.array([255 / (mask // (mask & -mask)) for mask in masks])
    assert (abs(image.astype(float) - picture) <= steps / 2 + 0.5).all()


def test_16_bits_without_masks_are_five_a_channel_and_white_is_255():
    fives = np.arange(WIDTH, dtype=np.int64) * np.ones((HEIGHT, 1), dtype=np.int64)
    row = bmp(16, words([fives * 255 // 31 + 1, fives * 0, fives * 0 + 255], (0x7C00, 0x03E0, 0x1F), 16))
    image = read(row)
    np.testing.assert_array_equal(image[..., 0], np.rint(fives * 255 / 31).astype(np.uint8))
    assert not image[..., 1].any()
    assert (image[..., 2] == 255).all()


@pytest.mark.parametrize(
    ("size", "down"), [*((size, False) for size in (12, 16, 40, 52, 56, 64, 108, 124)), (40, True), (124, True)]
)
def test_24_bits_under_every_header_from_either_end(size, down):
    rows = [row[:, ::-1].tobytes().ljust((WIDTH * 3 + 3) // 4 * 4, b"\x00") for row in COLOUR]
    np.testing.assert_array_equal(read(bmp(24, rows, size, down=down)), COLOUR)


def test_the_fourth_byte_is_no_alpha_without_a_mask():
    rows = words([*np.moveaxis(LEVELS, -1, 0), LEVELS[..., 0]], (0xFF0000, 0xFF00, 0xFF, 0xFF000000), 32)
    np.testing.assert_array_equal(read(bmp(32, rows), alpha="error"), COLOUR)


@pytest.mark.parametrize(("size", "compression"), [(40, 6), (56, 3), (124, 3)])
def test_an_alpha_mask_makes_transparency(size, compression):
    masks = (0xFF0000, 0xFF00, 0xFF, 0xFF000000)
    rows = words([*np.moveaxis(LEVELS, -1, 0), ALPHA.astype(np.int64)], masks, 32)
    data = bmp(32, rows, size, compression, packed_masks(masks))
    np.testing.assert_array_equal(read(data), on_black(COLOUR, ALPHA))
    np.testing.assert_array_equal(read(data, alpha="drop"), COLOUR)


COLOURS = np.asarray(PALETTE.getpalette(), dtype=np.uint8).reshape(-1, 3)[:16]


def colour_table(colours, entry=4):
    return b"".join(bytes(colour[::-1]).ljust(entry, b"\x00") for colour in colours)


def indices(bits):
    """Return PALETTE's indices, less than 2**bits of them, packed into rows, and the indices."""
    index = np.asarray(PALETTE).astype(int) % 2**bits
    planes = index[..., None] >> np.arange(bits)[::-1] & 1
    packed = np.packbits(planes.astype(np.uint8).reshape(HEIGHT, -1), axis=1)
    return [row.tobytes().ljust((WIDTH * bits + 31) // 32 * 4, b"\x00") for row in packed], index


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
@pytest.mark.parametrize("size", [12, 16, 40, 64, 124])
def test_palettes_of_every_depth_under_every_header(size, bits):
    rows, index = indices(bits)
    full = np.vstack([COLOURS, np.zeros((240, 3), np.uint8)])[: 2**bits]
    np.testing.assert_array_equal(
        read(bmp(bits, rows, size, palette=colour_table(full, 3 if size == 12 else 4))), full[index]
    )


def test_a_short_palette_is_taken_as_it_is():
    rows, index = indices(8)
    for data in (
        bmp(8, rows, palette=colour_table(COLOURS), colours=16),
        bmp(8, rows, 12, palette=colour_table(COLOURS, 3)),
    ):
        np.testing.assert_array_equal(read(data), COLOURS[index])


def test_a_palette_longer_than_its_use_moves_the_pixels():
    rows, index = indices(4)
    long = np.vstack([COLOURS, COLOURS])
    np.testing.assert_array_equal(read(bmp(4, rows, palette=colour_table(long), colours=32)), COLOURS[index])


def test_pixels_never_begin_inside_the_palette():
    rows, _ = indices(8)
    data = bmp(8, rows, palette=colour_table(COLOURS), colours=16, pixels_at=54)
    np.testing.assert_array_equal(read(data), PALETTE_COLOURS)
    np.testing.assert_array_equal(
        read(bmp(8, rows, palette=colour_table(COLOURS), colours=16, pixels_at=0)), PALETTE_COLOURS
    )
    short = bmp(8, rows, palette=colour_table(COLOURS), pixels_at=54)  # 256 colours stated, 16 there
    with pytest.raises(ImageReadError, match=r"stops before its end.*\[damaged\]"):
        read(short)


def test_a_grey_palette_gives_a_grey_picture():
    data = pillow(GREY, "BMP")
    np.testing.assert_array_equal(read(data, palette="error"), GREY)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (bmp(24, [b""] * 3), r"stops before its end.*\[damaged\]"),
        (bmp(24, [bytes(96)])[:20], r"stops inside its header \[damaged\]"),
        (bmp(24, [bytes(96)])[:50], r"stops inside its header \[damaged\]"),
        (bmp(0, [b""], compression=4), r"0 bits a pixel under compression 4: save it as PNG \[unsupported\]"),
        (bmp(16, [bytes(64)], size=64, compression=3), r"compression 3.*\[unsupported\]"),
        (bmp(32, [bytes(128)], 40, 3, packed_masks((0xF0F, 0xF000, 0xF0))), r"masks have gaps \[damaged\]"),
        (bmp(8, [bytes(32)], 12, pixels_at=26), r"no palette \[damaged\]"),
    ],
)
def test_what_cannot_be_read_is_named(data, words):
    with pytest.raises(ImageReadError, match=words):
        read(data)


RUNS = b"".join(bytes([2, i % 16, WIDTH - 2, i // 2]) + b"\x00\x00" for i in range(HEIGHT)) + b"\x00\x01"


def test_run_length_coding():
    data = bmp(8, [RUNS], compression=1, palette=colour_table(COLOURS), colours=16).replace(
        struct.pack("<ii", WIDTH, 1), struct.pack("<ii", WIDTH, HEIGHT), 1
    )
    index = np.array([[i % 16] * 2 + [i // 2] * (WIDTH - 2) for i in range(HEIGHT)])[::-1]
    np.testing.assert_array_equal(read(data), COLOURS[index])
    with pytest.raises(ImageReadError, match=r"\[damaged\]"):
        read(data[:-30])
