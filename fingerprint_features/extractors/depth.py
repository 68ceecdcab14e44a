"""The depth a picture really has: 8 bits stay 8 bits in whatever type they arrive."""

import numpy as np

from ..images.intensity import to_uint8

_TOLERANCE = 1e-3  # of an 8-bit level; 16-bit levels are four times as far apart, float32 is off by 2e-5


def to_uint8_if_exact(image):
    """Return the image as uint8 if that loses nothing, else as it is.

    Examples
    --------
    >>> to_uint8_if_exact(np.array([[0, 257, 65535]], dtype=np.uint16))
    array([[  0,   1, 255]], dtype=uint8)
    >>> to_uint8_if_exact(np.array([[0, 258, 65535]], dtype=np.uint16)).dtype
    dtype('uint16')
    """
    if image.dtype == np.uint8:
        return image
    small = to_uint8(image)
    if image.dtype == np.uint16:
        exact = np.array_equal(small * np.uint16(257), image)
    else:
        exact = np.abs(image * np.float32(255) - small).max() <= _TOLERANCE
    return small if exact else image
