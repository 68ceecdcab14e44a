"""Before and after extraction: name every bad file at once, and drop the rows they left empty."""

import os

import numpy as np

from .digest import examine
from .imageset import ImageSet, as_image_set


def check_images(images, progress=False):
    """Try to decode every image and report all that fail, before hours of extraction.

    Parameters
    ----------
    images : path-like or images
        A folder, or anything an extractor accepts.
    progress : bool, default=False
        Whether to show a progress bar.

    Returns
    -------
    list of ImageFailure
        One entry a bad image, in order; empty when all is well.

    Examples
    --------
    >>> [failure.kind for failure in check_images(["no-such-file.png"])]
    ['missing']
    """
    is_folder = isinstance(images, (str, os.PathLike))
    images = ImageSet.from_folder(images) if is_folder else as_image_set(images)
    examine(images, progress)
    return images.failures


def drop_failed(features, *others):
    """Drop the rows that ``on_error="nan"`` left with NaN, from a matrix and from all that goes with it.

    Parameters
    ----------
    features : ndarray or frame of shape (n_images, n_features)
        What FeaturePipeline returned.
    *others : sequences of length n_images
        Labels, ids, groups, an ImageSet; None stays None.

    Returns
    -------
    tuple
        `features` and each of `others` with the same rows left.

    Examples
    --------
    >>> F, y = drop_failed(np.array([[1.0], [np.nan], [3.0]]), ["a", "b", "c"])
    >>> y
    ['a', 'c']
    """
    keep = ~np.isnan(np.asarray(features)).any(axis=1)
    return tuple(_take(part, keep) for part in (features, *others))


def _take(part, keep):
    if part is None:
        return None
    if len(part) != len(keep):
        raise ValueError(f"features has {len(keep)} rows, but a {type(part).__name__} passed with it has {len(part)}")
    if isinstance(part, (list, tuple)):
        return type(part)(item for item, kept in zip(part, keep, strict=True) if kept)
    if hasattr(part, "filter") and not hasattr(part, "iloc"):  # polars
        return part.filter(keep)
    return part[keep]
