"""PNG files decoded here against OpenCV and Pillow: the same picture, or the same refusal."""

import io
import struct
import sys
import tracemalloc
import zlib
from itertools import pairwise

import numba  # without it OpenCV decodes all
import numpy as np
import pytest
from PIL import Image

from fingerprint_features.images import DecodeOptions, ImageReadError, readers
from fingerprint_features.images.decode import decode_bytes
from fingerprint_features.images.png import plain_png, png_header

from .files import COLOUR, GREY, chunk, flip, pillow, turned

SIGNATURE = b"\x89PNG\r\n\x1a\n"
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
DEPTHS = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
PAIRS = [(colour, bits) for colour, depths in DEPTHS.items() for bits in depths]
PLAIN = [pair for pair in PAIRS if pair[0] != 3 and pair[1] >= 8]
NAMES = ["cHRM", "eXIf", "gAMA", "iCCP", "iTXt", "pHYs", "sBIT", "sRGB", "tEXt", "tIME", "zTXt"]
NAMES += ["ABCD", "PLTE", "abCd", "bKGD", "tRNS"]
SIZES = [(1, 1), (1, 9), (9, 1), (2, 3), (17, 8), (33, 5)]


def header_chunk(width, height, bits, colour, methods=(0, 0, 0)):
    return chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, colour, *methods))


def rows_of(width, height, colour, bits, kinds, seed=0):
    """Return random filtered rows: whatever bytes there are, the filters make some picture of them."""
    row = (width * CHANNELS[colour] * bits + 7) // 8
    stored = np.random.default_rng(seed).integers(0, 256, (height, 1 + row), dtype=np.uint8)
    stored[:, 0] = np.resize(kinds, height)
    return stored.tobytes()


def build(width, height, colour, bits, stream, before=b"", after=b"", pieces=1):
    palette = chunk(b"PLTE", bytes(range(3 * 2**bits % 769))) if colour == 3 and bits < 8 else b""
    if colour == 3 and bits == 8:
        palette = chunk(b"PLTE", np.arange(768).astype(np.uint8).tobytes())
    cuts = np.linspace(0, len(stream), pieces + 1).astype(int)
    pixels = b"".join(chunk(b"IDAT", stream[a:b]) for a, b in pairwise(cuts))
    head = header_chunk(width, height, bits, colour)
    return SIGNATURE + head + before + palette + pixels + after + chunk(b"IEND", b"")


def simple(colour=0, bits=8, width=7, height=6, kinds=range(5), **options):
    return build(width, height, colour, bits, zlib.compress(rows_of(width, height, colour, bits, kinds)), **options)


def is_ours(data):
    return plain_png(data, png_header(data)) is not None


def outcome(data, options):
    try:
        image = decode_bytes(data, options)
    except ImageReadError as error:
        return str(error)
    return image.dtype, image.shape, image.tobytes()


def both(data, monkeypatch, **options):
    """Return what comes of a file, and what comes of it where OpenCV decodes all."""
    options = DecodeOptions(**options)
    ours = outcome(data, options)
    with monkeypatch.context() as patch:
        patch.setattr(readers, "plain_png", lambda *args: None)
        return ours, outcome(data, options)


@pytest.mark.parametrize(("colour", "bits"), PAIRS)
def test_every_kind_filter_and_shape_decodes_as_by_opencv(colour, bits, monkeypatch):
    for width, height in SIZES:
        for kinds in ([0], [1], [2], [3], [4], [4, 2, 0, 3, 1]):
            data = simple(colour, bits, width, height, kinds, pieces=1 + width % 3)
            assert is_ours(data) == ((colour, bits) in PLAIN)
            ours, theirs = both(data, monkeypatch, alpha="drop")
            assert ours == theirs, (width, height, kinds)
            assert len(ours) == 3
            ours, theirs = both(data, monkeypatch, alpha="composite:white")
            assert ours == theirs


@pytest.mark.parametrize(("colour", "mode"), [(0, "L"), (2, "RGB"), (4, "LA"), (6, "RGBA")])
def test_eight_bits_decode_as_by_pillow(colour, mode):
    for width, height in SIZES:
        data = simple(colour, 8, width, height)
        assert is_ours(data)
        picture = plain_png(data, png_header(data))
        with Image.open(io.BytesIO(data)) as image:
            assert image.mode == mode
            expected = np.asarray(image).reshape(height, width, -1)
        colours = picture.pixels.reshape(height, width, -1)
        np.testing.assert_array_equal(colours, expected[..., : 1 if colour in (0, 4) else 3])
        if colour >= 4:
            np.testing.assert_array_equal(picture.alpha, expected[..., -1])


@pytest.mark.parametrize(("colour", "bits"), PLAIN)
@pytest.mark.parametrize("name", NAMES)
def test_other_chunks_change_nothing_that_they_do_not_change_in_opencv(name, colour, bits, monkeypatch):
    for body in (b"", b"\1", bytes(2), bytes(9), b"key\0\0" + zlib.compress(b"text"), b"\xff" * 33, bytes(70000)):
        note = chunk(name.encode(), body)
        for options in ({"before": note}, {"after": note}, {"before": note + note, "after": note}):
            ours, theirs = both(simple(colour, bits, **options), monkeypatch)
            assert ours == theirs, (body[:20], options.keys())


def test_usual_chunks_do_not_send_a_file_to_opencv():
    gamma, note = chunk(b"gAMA", struct.pack(">I", 45455)), chunk(b"tEXt", b"Software\0none")
    assert is_ours(simple(before=gamma + note, after=note, pieces=4))
    for orientation in range(1, 9):
        data = turned(GREY, orientation, format="PNG")
        assert plain_png(data, png_header(data)).orientation == orientation


def test_a_process_without_numba_decodes_by_opencv(monkeypatch):
    data = simple()
    expected = decode_bytes(data, DecodeOptions())
    monkeypatch.delitem(sys.modules, "numba")
    assert not is_ours(data)
    np.testing.assert_array_equal(decode_bytes(data, DecodeOptions()), expected)


def test_opencv_decodes_where_numba_compiles_nothing(monkeypatch):
    assert is_ours(simple())
    monkeypatch.setattr(numba.config, "DISABLE_JIT", 1)
    assert not is_ours(simple())


RAW = rows_of(7, 6, 0, 8, range(5))
STREAM = zlib.compress(RAW)


def with_dictionary():
    packer = zlib.compressobj(zdict=RAW[:9])
    return packer.compress(RAW) + packer.flush()


STREAMS = {
    "a row is missing": zlib.compress(RAW[:-8]),
    "a byte is missing": zlib.compress(RAW[:-1]),
    "a byte too many": zlib.compress(RAW + b"\0"),
    "many bytes too many": zlib.compress(RAW + bytes(10**6)),
    "no such filter": zlib.compress(b"\5" + RAW[1:]),
    "wrong Adler-32": flip(STREAM, len(STREAM) - 1),
    "no Adler-32": STREAM[:-4],
    "cut": STREAM[:-9],
    "bytes after the stream": STREAM + b"\0",
    "two streams": STREAM + STREAM,
    "nothing": b"",
    "one byte": STREAM[:1],
    "no zlib header": STREAM[2:-4],
    "gzip": b"\x1f\x8b\x08" + bytes(6) + b"\xff" + STREAM[2:-4] + struct.pack("<II", zlib.crc32(RAW), len(RAW)),
    "dictionary": with_dictionary(),
    "wrong check of the header": b"\x78\x9d" + STREAM[2:],
    "window of 64 kB": b"\x88\x1c" + STREAM[2:],
}


@pytest.mark.parametrize("name", STREAMS)
def test_a_stream_that_is_not_whole_is_left_to_opencv(name, monkeypatch):
    data = build(7, 6, 0, 8, STREAMS[name])
    assert not is_ours(data)
    ours, theirs = both(data, monkeypatch)
    assert ours == theirs


def test_every_zlib_header_is_taken_as_opencv_takes_it(monkeypatch):
    noise = rows_of(64, 40, 0, 8, [0])
    for raw, width, height in ((RAW, 7, 6), (noise + noise, 64, 80)):  # the second half looks back 2.5 kB
        stream, taken = zlib.compress(raw, 9), 0
        for head in range(0, 2**16, 31):
            data = build(width, height, 0, 8, struct.pack(">H", head) + stream[2:])
            ours, theirs = both(data, monkeypatch) if head >> 8 & 15 == 8 else (None, None)
            assert ours == theirs, hex(head)
            taken += is_ours(data)
        assert taken > 10


PICTURE = simple(pieces=3, before=chunk(b"tEXt", b"a\0b"), after=chunk(b"tIME", bytes(7)))
VICTIMS = {
    "grey": PICTURE,
    "photograph": pillow(GREY[:16], "PNG"),
    "colour": pillow(COLOUR[:9, :11], "PNG"),
    "deep RGBA": simple(6, 16, 4, 5),
}


def split(data):
    """Return the (name, body) of each chunk."""
    found, position = [], 8
    while position < len(data):
        length, name = struct.unpack_from(">I4s", data, position)
        found.append((name, data[position + 8 : position + 8 + length]))
        position += 12 + length
    return found


def join(chunks):
    return SIGNATURE + b"".join(chunk(*item) for item in chunks)


def damaged(data, rng):
    """Yield damaged forms of a file."""
    chunks = split(data)
    yield from (data[:length] for length in range(8, len(data), 3))
    yield from (flip(data, int(place), 1 << int(rng.integers(8))) for place in rng.integers(8, len(data), 150))
    yield from (data + b"\0", data + data, data[:-12] + chunk(b"IEND", b"x"))
    for i, (name, body) in enumerate(chunks):
        before, after = chunks[:i], chunks[i + 1 :]
        yield join(before + after)
        yield join([*before, (name, body), (name, body), *after])
        yield join([*before, *after[:1], (name, body), *after[1:]])
        for other in (b"ABCD", b"abcd", b"IDAT", b"IHDR", b"PLTE", b"IEND", b"tEXt", b"\0\0\0\0"):
            yield join([*before, (other, body[: int(rng.integers(9))]), (name, body), *after])
        place = len(join(before))
        yield from (
            data[:place] + struct.pack(">I", length) + data[place + 4 :]
            for length in (0, len(body) - 1, len(body) + 1, 2**31 - 1, 2**32 - 1)
            if length >= 0
        )
        yield data[: place + 8 + len(body)] + bytes(4) + data[place + 12 + len(body) :]  # no checksum
        for bit in rng.permutation(8 * len(body))[:60]:  # the checksum is right
            yield join([*before, (name, flip(body, int(bit) // 8, 1 << int(bit) % 8)), *after])
    for side in (0, 1, 10, 2**16 + 1, 10**6 + 1, 2**31 - 1, 2**32 - 1):
        head = chunks[0][1]
        yield join([(b"IHDR", struct.pack(">I", side) + head[4:]), *chunks[1:]])
        yield join([(b"IHDR", head[:4] + struct.pack(">I", side) + head[8:]), *chunks[1:]])


@pytest.mark.parametrize("name", VICTIMS)
def test_damage_is_met_as_by_opencv(name, monkeypatch):
    assert is_ours(VICTIMS[name])
    files = list(damaged(VICTIMS[name], np.random.default_rng(0)))
    assert len(files) > 400
    refused = 0
    for data in files:
        ours, theirs = both(data, monkeypatch)
        assert ours == theirs, data
        refused += isinstance(ours, str)
    assert refused > len(files) / 2


def with_unused_words(raw):
    """Return a zlib stream of one block whose code has 257 words of 9 bits, of 512 that there could be."""
    bits = "101" + "00000" * 2 + "1111" + "000" * 3 + "001" * 16 + "1001" * 257 + "0000"
    bits += "".join(f"{value:09b}" for value in [*raw, 256])
    packed = int(bits[::-1], 2).to_bytes(-(-len(bits) // 8), "little")
    return b"\x78\x01" + packed + struct.pack(">I", zlib.adler32(raw))


def test_a_code_with_unused_words_is_decoded_if_its_checksums_are_right():
    stream = with_unused_words(RAW)
    with pytest.raises(zlib.error, match="invalid literal/lengths set"):
        zlib.decompress(stream)
    image = decode_bytes(build(7, 6, 0, 8, stream), DecodeOptions())
    np.testing.assert_array_equal(image, decode_bytes(build(7, 6, 0, 8, STREAM), DecodeOptions()))
    assert not is_ours(build(7, 6, 0, 8, flip(stream, len(stream) - 1)))


def test_no_more_is_inflated_than_the_picture_holds():
    bomb = build(16, 16, 0, 8, zlib.compress(bytes(2**26), 9))
    header = png_header(bomb)
    tracemalloc.start()
    picture = plain_png(bomb, header)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert picture is None
    assert peak < 2**20


def test_large_and_long_pictures_are_left_to_opencv(monkeypatch):
    for width, height in ((4000, 3000), (70_000, 1), (1, 70_000)):
        data = build(width, height, 0, 8, zlib.compress(bytes((width + 1) * height), 1))
        assert not is_ours(data)
        ours, theirs = both(data, monkeypatch)
        assert ours == theirs
