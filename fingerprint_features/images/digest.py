"""Identity of images: the digest of a file's bytes, which names its cached rows, and the digest of its pixels."""

import hashlib
import json
import os
from functools import lru_cache
from numbers import Integral, Real
from typing import Any, NamedTuple

import numpy as np
from blake3 import blake3
from numpy.typing import NDArray

from ..workers import Death, spread
from .decode import DECODER_VERSION
from .errors import ImageFailure, ImageReadError, fatal
from .options import DecodeOptions

_CHUNK = 32  # images that one task examines
_latest: tuple[DecodeOptions, tuple[int, int] | None, str] | None = None  # options, size and the text for them


class Record(NamedTuple):
    """What is known of one image.

    Attributes
    ----------
    stamp : tuple or None
        Size and times of the file when it was read; None if it could not be read.
    key : bytes or None
        Its `image_digest`.
    digest : bytes or None
        Its content identity; None until the image is decoded for it.
    failure : ImageFailure or None
        Why it cannot be decoded.
    shape : (int, int) or None
        Height and width of the decoded image; None until it is decoded.
    flat : bool
        Whether all its pixels are equal. Flat images of one value have one digest, whatever they were made from.
    """

    stamp: tuple[Any, ...] | None
    key: bytes | None
    digest: bytes | None = None
    failure: ImageFailure | None = None
    shape: tuple[int, int] | None = None
    flat: bool = False


def image_digest(raw: bytes | NDArray[Any], options: DecodeOptions, size: tuple[int, int] | None) -> bytes:
    """Return the 32-byte digest of an undecoded image and of everything that decides how it becomes pixels.

    Cached rows are found by it, because it needs no decoding. Two files of one picture (a PNG and a BMP) have two;
    ``ImageSet.digests`` compares pixels.

    Parameters
    ----------
    raw : bytes or ndarray
        What ``ImageSet.raw`` returns: a file's bytes, or an array.
    options : DecodeOptions
    size : (int, int) or None

    Returns
    -------
    bytes of length 32
        BLAKE3. File names play no part: a file replaced by another of the same name has another digest.
    """
    state = blake3()  # of a file of 40 kB in a fifth of the time that blake2b takes
    how = decoding(options, size)
    if isinstance(raw, np.ndarray):
        raw = _native(raw)
        state.update(f"array|{how}|{raw.dtype.str}|{raw.shape}|".encode())
        plain = raw.dtype.kind in "biuf"
        state.update(np.ascontiguousarray(raw).reshape(-1).view(np.uint8).data if plain else raw.tobytes())
    else:
        state.update(f"file|{how}|".encode())
        state.update(raw)
    return state.digest()


def pixel_digest(image: NDArray[Any]) -> bytes:
    """Return the 32-byte digest of a decoded image: its dtype, shape and values.

    Grey stored as colour (three equal channels) has the digest of the grey image. 8-bit and 16-bit forms of one
    picture have two.
    """
    if image.ndim == 3 and (image == image[..., :1]).all():
        image = image[..., 0]
    image = _native(np.ascontiguousarray(image))
    if image.dtype.kind == "f":
        image = image + image.dtype.type(0)  # -0.0 and 0.0 are one number
    state = hashlib.blake2b(f"pixels|{image.dtype.str}|{image.shape}|".encode(), digest_size=32)
    state.update(image.data)
    return state.digest()


def decoding(options: DecodeOptions, size: tuple[int, int] | None) -> str:
    """Return everything that decides how bytes become pixels, as text."""
    global _latest
    latest = _latest
    if latest is None or latest[0] is not options or latest[1] != size:  # hashing the options takes longer
        latest = _latest = options, size, _decoding(options, size)
    return latest[2]


@lru_cache(maxsize=64)
def _decoding(options, size):
    plain = {name: _plain(value) for name, value in vars(options).items()}
    return json.dumps([DECODER_VERSION, plain, _plain(size)], sort_keys=True)


def examine(images: Any, progress: bool = False) -> list[Record]:
    """Return the Record of every image, with its content identity; what is known already is not read again.

    Parameters
    ----------
    images : ImageSet
        Work is shared between the threads or processes that ``joblib.parallel_config`` states.
    progress : bool, default=False
        Whether to show a progress bar.

    Returns
    -------
    list of Record
    """
    records = [images.record(i) for i in range(len(images))]
    unknown = {}  # where each image is: its places in this set
    for i, record in enumerate(records):
        if record is None or record.digest is None:
            unknown.setdefault(images.find(i), []).append(i)
    if not unknown:
        return records
    firsts = images[[places[0] for places in unknown.values()]]
    found = _found(firsts, progress)
    for places, record in zip(unknown.values(), found, strict=True):
        images.remember(places[0], record)
        for i in places:
            records[i] = record
    return records


def _found(images, progress):
    """Return the Record of every image."""
    from tqdm.auto import tqdm

    found: list[Any] = [None] * len(images)
    with tqdm(total=len(images), unit="image", disable=not progress) as bar:
        for start, result in spread(_examine, images, _CHUNK):
            if isinstance(result, Death):
                failure = fatal(images.ids[start], result)
                result = [Record(None, None, _hash(b"fatal|", os.fsencode(images.place(start))), failure)]
            found[start : start + len(result)] = result
            bar.update(len(result))
    return found


def _examine(images):
    return [_examine_one(images, i) for i in range(len(images))]


def _examine_one(images, i):
    try:
        raw, key, stamp = images.read(i)
    except ImageReadError as error:
        return Record(None, None, _hash(b"unreadable|", os.fsencode(images.place(i))), error.failures[0])
    try:
        image = images.decode_one(raw, i)
    except ImageReadError as error:
        return Record(stamp, key, _hash(b"undecodable|", key), error.failures[0])
    return Record(stamp, key, pixel_digest(image), None, image.shape[:2], bool((image == image[0, 0]).all()))


def _hash(*parts):
    return hashlib.blake2b(b"".join(parts), digest_size=32).digest()


def _native(array):
    return array.astype(array.dtype.newbyteorder("="), copy=False)


def _plain(value):
    """Reduce an option to JSON values in which equal numbers are equal."""
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if isinstance(value, Integral) and not isinstance(value, bool):
        return int(value)
    if isinstance(value, Real) and not isinstance(value, bool):
        return int(value) if float(value).is_integer() else float(value)
    return value
