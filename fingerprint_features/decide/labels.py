"""Labels as both classifiers take them."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.utils.multiclass import check_classification_targets, type_of_target


def encode(y: ArrayLike, binary: bool) -> tuple[NDArray[Any], NDArray[np.intp]]:
    """Return the sorted classes of y and each row's position among them."""
    check_classification_targets(y)
    classes, codes = np.unique(y, return_inverse=True)
    if binary and len(classes) > 2:
        kind = type_of_target(y, input_name="y")
        raise ValueError(f"Only binary classification is supported. The type of the target is {kind}.")
    return classes, codes.ravel()
