"""Pictures for the checks: made by arithmetic, with edges, gradients and noise, the same on every machine."""

import numpy as np

from ..images import DecodeOptions, ImageSet

HEIGHT, WIDTH = 32, 40  # not square, so that swapped axes are seen


def make_pictures(mode, n=6, height=HEIGHT, width=WIDTH, seed=0):
    """Make 8-bit pictures: a slope, a bright disc and noise, different in each.

    Parameters
    ----------
    mode : {"gray", "rgb"}
    n, height, width, seed : int

    Returns
    -------
    ndarray of shape (n, height, width) or (n, height, width, 3) and dtype uint8
    """
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:height, :width]
    pictures = np.empty((n, height, width, 3 if mode == "rgb" else 1))
    for picture in pictures:
        for channel in range(picture.shape[-1]):
            slope = rng.uniform(-2, 2) * x + rng.uniform(-2, 2) * y
            radius = rng.uniform(0.1, 0.4) * min(height, width)
            disc = np.hypot(y - rng.uniform(0, height), x - rng.uniform(0, width)) < radius
            picture[..., channel] = 110 + slope + 70 * disc + rng.normal(0, rng.uniform(5, 25), (height, width))
    return np.clip(pictures, 0, 255).astype(np.uint8).reshape(n, height, width, *([3] if mode == "rgb" else []))


def depths(pictures):
    """Give 8-bit pictures in the three depths that an extractor may meet.

    Parameters
    ----------
    pictures : ndarray of dtype uint8

    Returns
    -------
    dict of str to ImageSet
    """
    fractions = DecodeOptions(value_range=(0, 1))
    return {
        "uint8": ImageSet(pictures),
        "uint16": ImageSet(pictures.astype(np.uint16) * np.uint16(257)),
        "float32": ImageSet(pictures.astype(np.float32) / np.float32(255), options=fractions),
    }


def write_png(folder, pictures):
    """Write 8-bit pictures as PNG files and return their paths."""
    import cv2

    paths = [folder / f"picture{i}.png" for i in range(len(pictures))]
    for path, picture in zip(paths, pictures, strict=True):
        path.write_bytes(cv2.imencode(".png", picture[..., ::-1] if picture.ndim == 3 else picture)[1].tobytes())
    return [str(path) for path in paths]
