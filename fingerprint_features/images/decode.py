"""The one decoding path: file or array in, ``(h, w)`` or ``(h, w, 3)`` of uint8, uint16 or float32 out."""

import os
import stat
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .errors import ImageReadError, cure_for_path
from .options import DecodeOptions
from .picture import Picture, check_size, split_alpha, unsupported
from .readers import read
from .remote import Url, read_url
from .sniff import explain, sniff

# Bump when the same bytes and options would decode to other pixels.
DECODER_VERSION = 2

_MOST_BYTES = 2**31 - 1  # what OpenCV can count, and a guard against reading a disk image into memory
_TURNS = {
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: a.swapaxes(0, 1)[:, ::-1],
    7: lambda a: a.swapaxes(0, 1)[::-1, ::-1],
    8: lambda a: a.swapaxes(0, 1)[::-1],
}


def read_file(path: str | os.PathLike[str]) -> bytes:
    """Return the bytes of a regular file; pipes, devices, folders and empty files are refused before reading.

    A URL is read by fsspec.
    """
    if isinstance(path, Url):
        return read_url(path, _MOST_BYTES)
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):
            what = "a folder" if stat.S_ISDIR(status.st_mode) else "not a regular file (a pipe, socket or device)"
            raise ImageReadError.one("not-regular", f"{what}: pass the image files themselves")
        if status.st_size > _MOST_BYTES:
            raise ImageReadError.one("too-large", f"a file of {status.st_size / 2**30:.1f} GiB: no image is that large")
        with open(path, "rb", buffering=0) as file:
            data = file.read(status.st_size + 1)
            if len(data) != status.st_size:  # a network gives less at a time, and a file may grow
                data += file.read()
    except FileNotFoundError as error:
        reason = "a link to a file that is not there" if os.path.islink(path) else "no such file"
        raise ImageReadError.one("missing", f"{reason}: {cure_for_path(path)}") from error
    except OSError as error:
        raise ImageReadError.one("unreadable", f"{error.strerror}: check the file and its permissions") from error
    except ImageReadError:
        raise
    except ValueError as error:  # a NUL byte
        raise ImageReadError.one("missing", f"not a valid file name: {error}") from error
    if not data:
        raise ImageReadError.one("empty", "the file is empty (0 bytes): copy or download it again")
    return data


def decode_bytes(data: bytes, options: DecodeOptions, size: tuple[int, int] | None = None) -> NDArray[Any]:
    """Decode the bytes of an image file under `options`, resized to ``size=(height, width)`` when given."""
    kind = sniff(data)
    if kind is None:
        raise ImageReadError.one("not-an-image", explain(data))
    return _finish(read(data, kind, options), options, size)


def decode_array(array: NDArray[Any], options: DecodeOptions, size: tuple[int, int] | None = None) -> NDArray[Any]:
    """Bring an array ``(h, w)``, ``(h, w, 3)`` or RGBA ``(h, w, 4)`` into the form of a decoded file, read-only."""
    array = np.asarray(array).view()
    array.flags.writeable = False
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 2, 3, 4)) or 0 in array.shape:
        raise unsupported(
            f"an array of shape {array.shape}: images are (height, width) or (height, width, 3), channels last"
        )
    _check_channels(array)
    check_size(array.shape[1], array.shape[0], options)
    if array.dtype == bool:
        array = array.astype(np.uint8) * np.uint8(255)
    return _finish(Picture(*split_alpha(array)), options, size)


def _check_channels(array):
    """Take four channels of whole numbers for RGBA, and refuse all others that are neither grey nor RGB."""
    channels = array.shape[2] if array.ndim == 3 else 1
    if channels == 2 or (channels == 4 and array.dtype not in (np.uint8, np.uint16)):
        raise unsupported(
            f"an array of {channels} channels of {array.dtype}: pass one channel, array[..., 0], or three (RGB); "
            "transparency is read from four channels of uint8 or uint16 (RGBA; Pillow: image.convert('RGBA'))"
        )


def _finish(picture, options, size):
    if picture.palette and options.palette == "error":
        raise unsupported("a palette image: convert it, or use DecodeOptions(palette='expand')")
    pixels = _settle_depth(picture, options.value_range)
    if picture.alpha is not None:
        pixels = _flatten_alpha(pixels, picture.alpha, options.alpha)
    if options.orientation == "apply" and picture.orientation in _TURNS:
        pixels = _TURNS[picture.orientation](pixels)
    if size is not None and pixels.shape[:2] != tuple(size):
        import cv2

        pixels = cv2.resize(np.ascontiguousarray(pixels), (size[1], size[0]), interpolation=cv2.INTER_AREA)
        if pixels.dtype == np.float32:  # the means of saturated pixels overshoot by a rounding error
            np.clip(pixels, 0, 1, out=pixels)
    return np.ascontiguousarray(pixels)


def _settle_depth(picture, value_range):
    pixels = picture.pixels
    if pixels.dtype == np.uint8 and picture.value_range is None:
        return pixels
    if pixels.dtype.kind not in "iuf":
        raise unsupported(f"pixels of dtype {pixels.dtype}: convert them to numbers")
    if pixels.dtype.kind == "f" and not np.isfinite(pixels).all():
        bad = int((~np.isfinite(pixels)).sum())
        raise ImageReadError.one("not-finite", f"{bad} values are NaN or infinite: fill them before extraction")
    if value_range == "window":
        value_range = picture.value_range
        if value_range is None:
            raise ImageReadError.one(
                "needs-range",
                f"{pixels.dtype.name} values in a file that states no window: choose the range with "
                "DecodeOptions(value_range=(low, high))",
            )
    if value_range is not None:
        low, high = value_range
        scaled = (pixels.astype(np.float64) - low) / (high - low)
        return np.clip(scaled, 0, 1).astype(np.float32)
    if pixels.dtype.kind == "u" and pixels.dtype.itemsize == 2:
        return pixels.astype(np.uint16, copy=False)  # in native byte order
    raise ImageReadError.one(
        "needs-range",
        f"{pixels.dtype.name} values need a range from black to white: pass ImageSet(images, options=DecodeOptions("
        "value_range=(low, high))), for example (-1000, 400) for a CT lung window or (0, 1) for fractions",
    )


def _flatten_alpha(pixels, alpha, rule):
    opaque = _white(alpha)
    if rule == "drop" or (alpha == opaque).all():
        return pixels
    if rule == "error":
        raise unsupported("a transparent image: choose DecodeOptions(alpha='composite:black')")
    if not ((alpha >= 0) & (alpha <= opaque)).all():
        raise unsupported(f"an alpha channel with values outside 0..{opaque}")
    share = alpha.astype(np.float64) / opaque
    if pixels.ndim == 3:
        share = share[..., None]
    background = _white(pixels) if rule == "composite:white" else 0
    mixed = pixels * share + background * (1 - share)
    return (mixed if pixels.dtype.kind == "f" else np.rint(mixed)).astype(pixels.dtype)


def _white(array):
    return 1 if array.dtype.kind == "f" else np.iinfo(array.dtype).max
