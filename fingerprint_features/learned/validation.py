"""Which images of a fit are held out of it: patients, and copies of one image, stay on one side."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.model_selection import GroupShuffleSplit

from ..evaluate import independent_folds, independent_groups
from ..images import ImageSet


def patients_of(sets: Sequence[ImageSet]) -> list[str]:
    """Return the patient of each image, or a name of its own where the patients of its set are unknown."""
    return [
        f"image {number}/{i}" if images.groups is None else f"patient {images.groups[i]}"
        for number, images in enumerate(sets)
        for i in range(len(images))
    ]


def joined(sets: Sequence[ImageSet]) -> ImageSet:
    """Return the images of all sets as one; where patients are known in one set only, they stay known."""
    whole = ImageSet.join(sets)
    if any(images.groups is not None for images in sets):
        whole.groups = np.array(patients_of(sets))
    return whole


def validation_images(
    patients: Sequence[str],
    contents: ArrayLike,
    classes: ArrayLike,
    share: float,
    random_state: int,
    train_only: ArrayLike | None = None,
) -> NDArray[np.bool_]:
    """Draw the images that judge a fit and are not learnt from.

    Parameters
    ----------
    patients, contents : sequence of shape (n_images,)
        Images of one patient, and of one content, are not parted.
    classes : array-like of shape (n_images,)
        Each gives its share, if there are several.
    share : float
        In (0, 0.5]; rounded to one half, third, fourth and so on.
    random_state : int
    train_only : array-like of bool of shape (n_images,), default=None
        Images that are never drawn, nor those that cannot be parted from them.

    Returns
    -------
    ndarray of bool of shape (n_images,)
    """
    groups = independent_groups(patients, contents)
    free = np.arange(len(groups))
    if train_only is not None:
        free = np.flatnonzero(~np.isin(groups, groups[np.asarray(train_only, dtype=bool)]))
    classes, groups, n_splits = np.asarray(classes)[free], groups[free], round(1 / share)
    if len(np.unique(classes)) > 1:
        drawn = independent_folds(classes, groups, n_splits=n_splits, random_state=random_state)[0][1]
    else:
        splitter = GroupShuffleSplit(1, test_size=1 / n_splits, random_state=random_state)
        drawn = next(splitter.split(classes, groups=groups))[1]
    held_out = np.zeros(len(patients), dtype=bool)
    held_out[free[drawn]] = True
    return held_out
