"""Before and after extraction: list every bad file at once, and drop the rows of the files that failed."""

import os
from typing import Any

import numpy as np

from .digest import examine
from .errors import ImageFailure
from .imageset import ImageSet, ImagesLike, as_image_set


def check_images(images: "str | os.PathLike[str] | ImagesLike", progress: bool = False) -> list[ImageFailure]:
    """Decode every image and list all that fail, so that errors show before a long extraction.

    Parameters
    ----------
    images : path-like or images
        A folder, or images in any form that an extractor accepts.
    progress : bool, default=False
        Whether to show a progress bar.

    Returns
    -------
    list of ImageFailure
        One failure for each bad image, in order; empty if there is none.

    Examples
    --------
    >>> [failure.kind for failure in check_images(["no-such-file.png"])]
    ['missing']
    """
    is_folder = isinstance(images, (str, os.PathLike))
    images = ImageSet.from_folder(images) if is_folder else as_image_set(images)
    examine(images, progress)
    return images.failures


def drop_failed(features: Any, *others: Any) -> tuple[Any, ...]:
    """Drop rows with NaN from a feature matrix, and the same rows from its labels, ids or images.

    ``FeaturePipeline(on_error="nan")`` gives a row of NaN for each image that fails.

    Parameters
    ----------
    features : ndarray or frame of shape (n_images, n_features)
        The features, one row for each image.
    *others : sequences of length n_images
        Labels, ids, groups or an ImageSet with one item for each row; None stays None.

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
