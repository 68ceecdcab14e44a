"""What every score asks of its input: labels, scores, groups and settings, each with a message that says the cure."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray


def as_binary(
    values: ArrayLike, name: str, scores_cure: str = "continuous scores go into scores="
) -> NDArray[np.int64]:
    """Return labels as an int array of 0 (not used) and 1 (used)."""
    array = _as_column(values, name)
    numeric = array.dtype.kind in "biuf"
    wrong = ~np.isin(array, (0, 1)) if numeric else np.ones(len(array), dtype=bool)
    if wrong.any():
        bad = array[wrong].tolist()[0]
        cure = scores_cure if array.dtype.kind == "f" else f"try {name} == {bad!r}"
        raise ValueError(f"{name} must hold 0 (not used) and 1 (used). Got {bad!r} instead: {cure}")
    return array.astype(np.int64)


def as_scores(values: ArrayLike, name: str = "scores") -> NDArray[np.float64]:
    """Return continuous scores as a float array; infinities can be ranked, NaN cannot."""
    array = _as_column(values, name)
    if array.dtype.kind not in "biuf":
        raise ValueError(f"{name} must be numbers. Got dtype {array.dtype} instead.")
    array = array.astype(np.float64)
    if np.isnan(array).any():
        raise ValueError(f"{name} holds {np.isnan(array).sum()} NaN: drop those images, labels and groups alike")
    return array


def as_classes(y_true: ArrayLike, y_pred: ArrayLike) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[Any]]:
    """Return two label columns as indices into their common sorted classes, and the classes."""
    columns = [_as_column(y_true, "y_true"), _as_column(y_pred, "y_pred")]
    check_lengths(y_true=columns[0], y_pred=columns[1])
    columns = [c.astype(str) if all(isinstance(v, str) for v in c) else c for c in columns]
    kinds = ["text" if c.dtype.kind == "U" else "number" if c.dtype.kind in "biu" else str(c.dtype) for c in columns]
    if kinds[0] != kinds[1] or kinds[0] not in ("text", "number"):
        raise ValueError(
            f"y_true and y_pred must both be names or both be ints. Got {kinds[0]} and {kinds[1]} instead."
        )
    classes, indices = np.unique(np.concatenate(columns), return_inverse=True)
    if len(classes) < 2:
        raise ValueError(f"y_true and y_pred hold the one class {classes[0]}: there is nothing to attribute")
    return *np.split(indices.ravel(), 2), classes


def group_codes(groups: Sequence[Any] | ArrayLike | None, n: int, name: str = "groups") -> NDArray[np.intp]:
    """Number the groups in order of appearance; without groups every image is one of its own."""
    if groups is None:
        return np.arange(n)
    if len(groups) != n:
        raise ValueError(f"there are {n} labels but {len(groups)} {name}")
    if isinstance(groups, np.ndarray) and groups.dtype.kind in "iu":  # as they are in every shuffle of a test
        _, first, sorted_codes = np.unique(groups, return_index=True, return_inverse=True)
        return np.argsort(np.argsort(first))[sorted_codes]
    codes = {}
    for i, group in enumerate(group_names(groups)):
        if group is None or group != group:
            what = "a patient" if name == "groups" else "one"
            raise ValueError(f"{name}[{i}] is missing: name {what} for every image, or pass {name}=None")
        codes.setdefault(group, len(codes))
    return np.array([codes[group] for group in group_names(groups)], dtype=np.intp)


def group_names(groups: Any) -> list[Any]:
    """Return the groups of any container as a list of plain objects."""
    return groups.tolist() if hasattr(groups, "tolist") else list(groups)


def check_lengths(**columns: Any) -> None:
    """Require columns of one length."""
    lengths = {name: len(column) for name, column in columns.items() if column is not None}
    if len(set(lengths.values())) > 1:
        raise ValueError("lengths differ: " + ", ".join(f"{name} has {length}" for name, length in lengths.items()))


def _as_column(values, name):
    array = np.asarray(values)
    if array.ndim != 1 or not len(array):
        raise ValueError(f"{name} must be one value an image. Got an array of shape {array.shape} instead.")
    return array
