"""The one decoding path: file or array in, ``(h, w)`` or ``(h, w, 3)`` of uint8, uint16 or float32 out."""

import os
import stat

import numpy as np

from .errors import ImageReadError
from .readers import NEEDS_RANGE, Picture, check_size, read
from .sniff import explain, sniff

# Bump when the same bytes and options would decode to other pixels.
DECODER_VERSION = 1

_TURNS = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: a.swapaxes(0, 1)[:, ::-1],
    7: lambda a: a.swapaxes(0, 1)[::-1, ::-1],
    8: lambda a: a.swapaxes(0, 1)[::-1],
}


def read_file(path):
    """Return the bytes of a regular file; pipes, devices, folders and empty files are refused before reading."""
    try:
        status = os.stat(path)
        if not stat.S_ISREG(status.st_mode):
            what = "a folder" if stat.S_ISDIR(status.st_mode) else "no regular file (a pipe, socket or device)"
            raise ImageReadError.one("not-regular", f"{what}: pass the image files themselves")
        with open(path, "rb") as file:
            data = file.read()
    except FileNotFoundError as error:
        reason = "a link to a file that is not there" if os.path.islink(path) else "no such file"
        raise ImageReadError.one("missing", f"{reason}: check the path") from error
    except ValueError as error:
        if isinstance(error, ImageReadError):
            raise
        raise ImageReadError.one("missing", f"not a valid file name: {error}") from error
    except OSError as error:
        raise ImageReadError.one("unreadable", f"{error.strerror}: check the file and its permissions") from error
    if not data:
        raise ImageReadError.one("empty", "the file is empty (0 bytes): copy or download it again")
    return data


def decode_bytes(data, options, size=None):
    """Decode the bytes of an image file under `options`, resized to ``size=(height, width)`` when given."""
    kind = sniff(data)
    if kind is None:
        raise ImageReadError.one("not-an-image", explain(data))
    return _finish(read(data, kind, options), options, size)


def decode_array(array, options, size=None):
    """Bring an in-memory image into the same form as a decoded file."""
    array = np.asarray(array)
    if array.ndim == 3 and array.shape[2] == 1:
        array = array[..., 0]
    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (2, 3, 4)) or 0 in array.shape:
        raise ImageReadError.one(
            "unsupported", f"an array of shape {array.shape}: images are (height, width) or (height, width, 3)"
        )
    check_size(array.shape[1], array.shape[0], options)
    if array.dtype == bool:
        array = array.astype(np.uint8) * np.uint8(255)
    picture = Picture(array)
    if array.ndim == 3 and array.shape[2] in (2, 4):
        picture = Picture(array[..., 0] if array.shape[2] == 2 else array[..., :3], array[..., -1])
    return _finish(picture, options, size)


def _finish(picture, options, size):
    pixels = picture.pixels
    if picture.palette and options.palette == "error":
        raise ImageReadError.one("unsupported", "a palette image: convert it, or use DecodeOptions(palette='expand')")
    if picture.alpha is not None:
        pixels = _flatten_alpha(pixels, picture.alpha, options.alpha)
    if options.orientation == "apply":
        pixels = _TURNS[picture.orientation if picture.orientation in _TURNS else 1](pixels)
    pixels = _settle_depth(pixels, options.value_range)
    if size is not None and pixels.shape[:2] != tuple(size):
        import cv2

        pixels = cv2.resize(np.ascontiguousarray(pixels), (size[1], size[0]), interpolation=cv2.INTER_AREA)
    return np.ascontiguousarray(pixels)


def _flatten_alpha(pixels, alpha, rule):
    if rule == "drop":
        return pixels
    opaque = 1.0 if pixels.dtype.kind == "f" else np.iinfo(pixels.dtype).max
    if (alpha == opaque).all():
        return pixels
    if rule == "error":
        raise ImageReadError.one("unsupported", "a transparent image: choose DecodeOptions(alpha='composite:black')")
    alpha = alpha.astype(np.float64) / opaque
    if pixels.ndim == 3:
        alpha = alpha[..., None]
    background = opaque if rule == "composite:white" else 0
    mixed = pixels * alpha + background * (1 - alpha)
    return (np.rint(mixed) if pixels.dtype.kind != "f" else mixed).astype(pixels.dtype)


def _settle_depth(pixels, value_range):
    if pixels.dtype == np.uint8:
        return pixels
    if pixels.dtype == np.uint16 and value_range is None:
        return pixels.astype(np.uint16, copy=False)  # native byte order
    if pixels.dtype.kind not in "iuf":
        raise ImageReadError.one("unsupported", f"pixels of dtype {pixels.dtype}: convert them to numbers")
    if pixels.dtype.kind == "f" and not np.isfinite(pixels).all():
        bad = int((~np.isfinite(pixels)).sum())
        raise ImageReadError.one("not-finite", f"{bad} pixels are NaN or infinite: fill them before extraction")
    if value_range is None:
        raise ImageReadError.one("needs-range", NEEDS_RANGE.format(dtype=pixels.dtype.name))
    low, high = value_range
    scaled = (pixels.astype(np.float64) - low) / (high - low)
    return np.clip(scaled, 0, 1).astype(np.float32)
