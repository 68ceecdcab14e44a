"""Labels of training images as whole numbers."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.multiclass import check_classification_targets


def class_codes(owner: object, y: ArrayLike | None, n_images: int) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """Return the classes, sorted, and the number of each image's class.

    Parameters
    ----------
    owner : estimator
        Named in errors.
    y : array-like of shape (n_images,)
    n_images : int

    Returns
    -------
    classes : ndarray of shape (n_classes,)
    codes : ndarray of int64 of shape (n_images,)

    Raises
    ------
    ValueError
        When there are no labels, not one for each image, of one class only, or no classes at all.
    """
    name = type(owner).__name__
    if y is None:
        raise ValueError(f"{name}: requires y to be passed, but the target y is None: give one label an image")
    y = np.asarray(y)
    if y.shape != (n_images,):
        raise ValueError(f"{name}: y must hold one label for each of {n_images} images. Got the shape {y.shape}.")
    check_classification_targets(y)
    classes, codes = np.unique(y, return_inverse=True)
    if len(classes) < 2:
        raise ValueError(f"{name}: y holds one class only ({classes.tolist()[0]!r}): training needs two at least")
    return classes, codes.astype(np.int64)


def check_mask(owner: object, name: str, mask: ArrayLike | None, n_images: int) -> NDArray[np.bool_] | None:
    """Return a mask of the images as an array; None stays None.

    Raises
    ------
    ValueError
        When it is not one truth value for each image.
    """
    if mask is None:
        return None
    found = np.asarray(mask)
    if found.shape != (n_images,) or found.dtype != bool:
        raise ValueError(
            f"{type(owner).__name__}: {name} must hold True or False for each of {n_images} images. Got the shape "
            f"{found.shape} and dtype {found.dtype}."
        )
    return found
