"""Patches of the photographs that scikit-image comes with."""

import numpy as np
from numpy.typing import NDArray

# Those in its package, one of each scene, without two that are mostly flat. Its other images need a download.
NAMES = (
    "astronaut",
    "brick",
    "camera",
    "cat",
    "coffee",
    "coins",
    "grass",
    "gravel",
    "hubble_deep_field",
    "immunohistochemistry",
    "moon",
    "retina",
    "rocket",
    "stereo_motorcycle",
)
_ROWS = 4  # of patches in a photograph: larger ones are shrunk to that


def patches(name: str, size: int) -> NDArray[np.uint8]:
    """Return the patches (n_patches, size, size) of one photograph; they do not overlap."""
    import cv2
    from skimage import data

    image = getattr(data, name)()
    image = np.asarray(image[0] if isinstance(image, tuple) else image)
    image = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY) if image.ndim == 3 else image
    scale = _ROWS * size / min(image.shape)
    if scale < 1:
        rows, columns = (max(round(scale * side), size) for side in image.shape)
        image = cv2.resize(image, (columns, rows), interpolation=cv2.INTER_AREA)
    rows, columns = (side // size for side in image.shape)
    whole = image[: rows * size, : columns * size].reshape(rows, size, columns, size)
    return whole.swapaxes(1, 2).reshape(-1, size, size)
