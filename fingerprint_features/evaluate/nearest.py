"""The nearest image among those that are chosen, from distances that are sorted once."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

_AT_FIRST = 32  # neighbours looked at before all of them are


class Nearest:
    """The nearest columns of a matrix of distances, for one choice of columns after another.

    Parameters
    ----------
    distances : ndarray of shape (n_rows, n_columns)
    apart : ndarray of shape (n_rows, n_columns), bool, default=None
        Pairs that do not count, such as images of one patient.
    """

    def __init__(self, distances: NDArray[np.float64], apart: NDArray[np.bool_] | None = None) -> None:
        distances = distances if apart is None else np.where(apart, np.inf, distances)
        self._order = np.argsort(distances, axis=1, kind="stable").astype(np.int32)  # half the memory
        self._sorted = np.take_along_axis(distances, self._order, axis=1)

    def among(self, chosen: NDArray[np.bool_]) -> tuple[NDArray[np.intp], NDArray[np.float64]]:
        """Return the nearest chosen column of each row, and its distance; infinite where none counts."""
        place = chosen[self._order[:, :_AT_FIRST]].argmax(axis=1)
        rows = np.arange(len(place))
        late = np.flatnonzero(~chosen[self._order[rows, place]])
        place[late] = chosen[self._order[late]].argmax(axis=1)
        return self._order[rows, place], self._sorted[rows, place]


def as_distances(values: ArrayLike, name: str, shape: tuple[int | None, int]) -> NDArray[np.float64]:
    """Return a matrix of finite distances of the given shape; None stands for any number of rows, at least one."""
    array = np.asarray(values)
    rows = "n_generated" if shape[0] is None else shape[0]
    fits = array.ndim == 2 and len(array) > 0 and array.shape[1] == shape[1] and shape[0] in (None, len(array))
    if not fits or array.dtype.kind not in "biuf":
        raise ValueError(
            f"{name} must be distances of shape ({rows}, {shape[1]}), one column a label. "
            f"Got shape {array.shape} and dtype {array.dtype} instead."
        )
    array = array.astype(np.float64, copy=False)
    if not np.isfinite(array).all():
        raise ValueError(f"{name} holds {(~np.isfinite(array)).sum()} values that are not finite: drop those images")
    return array


def as_own_distances(values: ArrayLike, name: str, n: int) -> NDArray[np.float64]:
    """Return the square matrix of distances within one set; similarities are refused."""
    array = as_distances(values, name, (n, n))
    if n > 1 and array.trace() / n > (array.sum() - array.trace()) / (n * (n - 1)):
        raise ValueError(
            f"{name} looks like similarities: an image is farther from itself than from others. Pass 1 - {name}, or "
            f"-{name}"
        )
    return array
