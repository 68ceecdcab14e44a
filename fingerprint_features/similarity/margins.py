"""Margins: how much closer an image is to each reference image than every rival is."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .competitors import FirstCompetitors, LeftOut, row_blocks

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
    The cost grows with (n_images + n_rivals) * n_reference, and with the largest number of rivals that one image
    leaves out where these are many.

    Examples
    --------
    Half as far from the first reference image as the nearest rival, and as far from the second one as that:

    >>> np.exp(margins([[1.0, 3.0]], [[2.0, 8.0], [5.0, 3.0]]))
    array([[2., 1.]])
    """
    own, others = np.asarray(distances), np.asarray(rivals)
    if own.ndim != 2 or others.ndim != 2 or own.shape[1] != others.shape[1]:
        raise ValueError(
            f"images and rivals need one distance for each reference image. Got the shapes {own.shape} and "
            f"{others.shape}"
        )
    left_out = LeftOut.of_matrix(exclude, (len(own), len(others)), "rival")
    nearest = FirstCompetitors(own.shape[1], min(left_out.most + 1, max(1, len(others))))
    for rows in row_blocks(*others.shape):
        nearest.add(0.0 - others[rows])
    return margins_over(own, 0.0 - nearest.values, nearest, left_out)


def margins_over(
    distances: NDArray[Any], rivals: NDArray[np.float64], nearest: FirstCompetitors, left_out: LeftOut
) -> NDArray[np.float64]:
    """Return what `margins` does, where the rivals nearest to each reference image are known.

    Parameters
    ----------
    distances : ndarray of shape (n_images, n_reference)
    rivals : ndarray of shape (n_reference, depth)
        The distances of the `nearest`.
    nearest : FirstCompetitors
    left_out : LeftOut
    """
    n = nearest.n_competitors
    if not n or (left_out.counts == n).any():
        raise ValueError(f"n_samples = {n} rivals leave an image without one: give images of other patients")
    found = nearest.first_left(np.log(np.maximum(rivals, SMALLEST)), left_out)
    return found - np.log(np.maximum(distances, SMALLEST, dtype=np.float64))


def largest_margin(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the largest margin of each image; above 0 it has a hit."""
    return values.max(axis=1)


def credit(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the sum of an image's margins above 0, or its largest margin where none is."""
    return np.where((values > 0).any(axis=1), np.maximum(values, 0).sum(axis=1), values.max(axis=1))
