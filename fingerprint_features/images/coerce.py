"""Whatever a user may hold images in, turned into an ImageSet."""

import numpy as np

from .imageset import ImageSet


def as_image_set(images):
    """Return `images` as an ImageSet.

    Parameters
    ----------
    images : ImageSet, or list, tuple, ndarray or Series of paths or of arrays, or ndarray (n, height, width[, 3])
        A frame or an array with one column is taken as that column.

    Returns
    -------
    ImageSet

    Examples
    --------
    >>> as_image_set(["a.png", "b.png"])
    ImageSet(2 files)
    >>> as_image_set(np.zeros((64, 64)))
    Traceback (most recent call last):
    ValueError: got a 2-D array of shape (64, 64): pass a list of images or an array (n, height, width); ...
    """
    if isinstance(images, ImageSet):
        return images
    if hasattr(images, "columns"):  # iterating a frame would give its column names
        if len(images.columns) != 1:
            columns = ", ".join(map(str, images.columns))
            raise ValueError(f"got a frame with columns {columns}: pass the one that holds the paths, e.g. df['path']")
        images = images[images.columns[0]]
    if hasattr(images, "to_numpy"):
        images = images.to_numpy()
    if isinstance(images, np.ndarray) and images.dtype.kind in "OUST" and images.ndim == 2 and images.shape[1] == 1:
        images = images[:, 0]
    if isinstance(images, np.ndarray) and images.dtype.kind in "OUST":
        if images.ndim != 1:
            raise ValueError(f"got an array of paths of shape {images.shape}: pass one path an image, shape (n,)")
        images = images.tolist()
    return ImageSet(images)
