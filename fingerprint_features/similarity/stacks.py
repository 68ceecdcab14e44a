"""Grey images of one size, drawn from anything iterable in stacks of one depth."""

import numpy as np

FULL_RANGE = {np.dtype(np.uint8): 255, np.dtype(np.uint16): 65535, np.dtype(np.float32): 1, np.dtype(np.float64): 1}


def draw_stacks(images, shape, pixels):
    """Yield read-only arrays (n, height, width), each of images of one dtype.

    Parameters
    ----------
    images : ndarray of shape (n, height, width), or iterable of ndarray of shape (height, width)
        Grey, uint8, uint16 or float in [0, 1]. Drawn one by one, so a generator may decode as it goes.
    shape : (int, int) or None
        The size that images must have; None takes that of the first.
    pixels : int
        How many a stack holds; the image that exceeds the number still belongs to it.
    """
    stack = []
    for i, image in enumerate(images):
        image = np.asarray(image)
        _check(image, i, shape)
        shape = image.shape
        if stack and (len(stack) * image.size >= pixels or stack[0].dtype != image.dtype):
            yield read_only(np.stack(stack))
            stack = []
        stack.append(image)
    if stack:
        yield read_only(np.stack(stack))


def to_16_bits(stack):
    """Return the images in 16 bits: ``257 * v`` for 8 bits, ``65535 * v`` rounded for floats."""
    if stack.dtype == np.uint16:
        return stack
    if stack.dtype == np.uint8:
        return stack * np.uint16(257)
    return np.rint(stack * stack.dtype.type(65535)).astype(np.uint16)


def read_only(array):
    """Return a read-only view, so that a kernel is compiled for one kind of array, not two."""
    view = array.view()
    view.flags.writeable = False
    return view


def _check(image, i, shape):
    if image.ndim != 2:
        raise ValueError(f"SSIM compares grey images (height, width), image {i} has shape {image.shape}")
    if image.dtype not in FULL_RANGE:
        raise ValueError(f"SSIM compares images of uint8, uint16, or float in [0, 1]; image {i} is {image.dtype}")
    if shape is not None and image.shape != tuple(shape):
        (height, width), (h, w) = shape, image.shape
        raise ValueError(
            f"SSIM compares images of one size, got {height} x {width} and {h} x {w} (image {i}): "
            f"have all resized with ImageSet(images, size=({height}, {width}))"
        )
    if image.dtype.kind == "f" and image.size and not (image.min() >= 0 and image.max() <= 1):  # NaN fails both
        raise ValueError(f"float images must be in [0, 1], image {i} holds other values: rescale it")
