"""Grey, colour and depth: the integer rules that convert a picture from one form to another.

Every extractor sees ``(height, width)`` or ``(height, width, 3)`` of uint8, uint16, or float32 in [0, 1].
The three depths of one picture agree: ``v`` (8 bit), ``257 * v`` (16 bit) and ``v / 255`` (float).
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

# ITU-R BT.601 luma in 16-bit fixed point; the weights sum to 65536, so grey stays grey exactly.
_REC601 = (19595, 38470, 7471)


def to_gray(image: NDArray[Any]) -> NDArray[Any]:
    """Return the grey form ``(height, width)`` of an image, in the image's own dtype (Rec. 601).

    Integers are weighted in fixed point with rounding, so the same picture gives the same grey levels from every
    file format. The 8-bit grey of a 16-bit colour picture is the grey of its 8-bit form; that
    of a float one is within one level of it.

    Examples
    --------
    >>> to_gray(np.array([[[255, 0, 0], [7, 7, 7]]], dtype=np.uint8))
    array([[76,  7]], dtype=uint8)
    """
    if image.ndim == 2:
        return image
    wide = np.float32 if image.dtype == np.uint8 else np.float64  # holds every weighted sum of integers exactly
    total = image.astype(wide) @ np.array(_REC601, dtype=wide)
    if image.dtype.kind == "u":
        total += 32768  # half, so that dropping the fraction rounds
    return (total / 65536).astype(image.dtype)


def to_rgb(image: NDArray[Any]) -> NDArray[Any]:
    """Return the colour form ``(height, width, 3)``; grey becomes colour by repetition."""
    return image if image.ndim == 3 else np.repeat(image[..., None], 3, axis=2)


def to_uint8(image: NDArray[Any]) -> NDArray[np.uint8]:
    """Return the image in 8 bits: uint16 divided by 257, floats times 255, both rounded to nearest."""
    if image.dtype == np.uint8:
        return image
    if image.dtype == np.uint16:
        return ((image.astype(np.uint32) + 128) // 257).astype(np.uint8)
    return np.rint(image * np.float32(255)).astype(np.uint8)


def to_levels(image: NDArray[Any]) -> NDArray[np.float32]:
    """Return float32 intensities on the 8-bit scale 0..255, without rounding the deeper ones."""
    if image.dtype == np.uint16:
        return image.astype(np.float32) / np.float32(257)
    scaled = image.astype(np.float32)
    return scaled if image.dtype == np.uint8 else scaled * np.float32(255)
