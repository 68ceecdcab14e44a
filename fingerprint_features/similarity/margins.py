"""Margins: how much closer an image is to each reference image than every rival is."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

SMALLEST = 1e-9  # distances below count as this: the logarithm of an exact copy stays finite


def margins(distances: ArrayLike, rivals: ArrayLike, *, exclude: ArrayLike | None = None) -> NDArray[np.float64]:
    """Return the logarithm of the nearest rival's distance over the image's own distance, for each reference image.

    Above 0 the image is nearer to the reference image than all rivals: it is hit. Unlike a count of hits, a margin says
    by how much, and an image that is far from everything has none.

    Parameters
    ----------
    distances : array-like of shape (n_images, n_reference)
        From the images to the reference images.
    rivals : array-like of shape (n_rivals, n_reference)
        From the rivals, other real images, to the same reference images.
    exclude : array-like of bool of shape (n_images, n_rivals), default=None
        Rivals that do not count for an image: itself, images of its patient.

    Returns
    -------
    ndarray of shape (n_images, n_reference) and dtype float64
        Distances below 1e-9 count as 1e-9.

    Raises
    ------
    ValueError
        For blocks of different widths, and for an image without rivals.

    Notes
    -----
    The cost grows with (n_images * m + n_rivals) * n_reference, where m is 1 and the largest number of rivals that one
    image leaves out.

    Examples
    --------
    Half as far from the first reference image as the nearest rival, and as far from the second one as that:

    >>> np.exp(margins([[1.0, 3.0]], [[2.0, 8.0], [5.0, 3.0]]))
    array([[2., 1.]])
    """
    own, others = (np.maximum(np.asarray(block, dtype=np.float64), SMALLEST) for block in (distances, rivals))
    if own.ndim != 2 or others.ndim != 2 or own.shape[1] != others.shape[1]:
        raise ValueError(
            f"images and rivals need one distance for each reference image. Got the shapes {own.shape} and "
            f"{others.shape}"
        )
    shape = (len(own), len(others))
    exclude = np.zeros(shape, dtype=bool) if exclude is None else np.asarray(exclude, dtype=bool)
    if exclude.shape != shape:
        raise ValueError(f"exclude must have one entry per image and rival, {shape}; got {exclude.shape}")
    n_left_out = exclude.sum(axis=1)
    if not len(others) or (n_left_out == len(others)).any():
        raise ValueError(f"n_samples = {len(others)} rivals leave an image without one: give images of other patients")
    # the nearest rivals of each reference image, as many as an image can leave out and one more
    n = n_left_out.max(initial=0) + 1
    nearest = np.argpartition(others, n - 1, axis=0)[:n]
    nearest = np.take_along_axis(nearest, np.take_along_axis(others, nearest, axis=0).argsort(axis=0), axis=0)
    found = np.full(own.shape, np.inf)
    for rival in nearest[::-1]:  # from the farthest to the nearest: the last one that counts stays
        distance = others[rival, np.arange(len(rival))]
        np.copyto(found, distance, where=~exclude[:, rival])
    return np.log(found) - np.log(own)


def largest_margin(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the largest margin of each image; above 0 it has a hit."""
    return values.max(axis=1)


def credit(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sum of an image's margins above 0, or its largest margin where none is."""
    return np.where((values > 0).any(axis=1), np.maximum(values, 0).sum(axis=1), values.max(axis=1))
