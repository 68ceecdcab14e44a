"""Neighbour estimators as files: arrays and JSON in one .npz, nothing pickled; the index is built again."""

import json
import os
import zipfile
from os import PathLike
from typing import Any

import numpy as np

_FORMAT = 1  # raise it when older files cannot be read any more; keep reading them


def save(estimator: Any, path: str | PathLike[str]) -> None:
    """Write rows, parameters and labels, under another name first: nobody ever sees half a file."""
    about = {
        "format": _FORMAT,
        "class": type(estimator).__name__,
        "params": estimator.get_params(),
        "n_features": estimator.n_features_in_,
    }
    arrays = {"rows": estimator._search.rows}
    if hasattr(estimator, "feature_names_in_"):
        arrays["feature_names"] = estimator.feature_names_in_.astype(str)
    if hasattr(estimator, "classes_"):
        several = estimator.outputs_2d_
        arrays["codes"] = estimator._codes if several else estimator._codes[:, 0]
        for i, names in enumerate(estimator.classes_ if several else [estimator.classes_]):
            arrays[f"classes_{i}" if several else "classes"] = _plain(names)
    path = os.fspath(path)
    draft = f"{path}.{os.getpid()}.part"
    try:
        with open(draft, "wb") as file:
            np.savez(file, about=np.array(json.dumps(about, default=_number)), **arrays)
        os.replace(draft, path)
    finally:
        if os.path.exists(draft):
            os.remove(draft)


def load(cls: type[Any], path: str | PathLike[str]) -> Any:
    """Return a fitted estimator of class `cls`."""
    about, arrays = _read(path)
    if about["class"] != cls.__name__:
        raise ValueError(f"{path} holds a {about['class']}, not a {cls.__name__}: use {about['class']}.load")
    estimator = cls(**about["params"])
    estimator.n_features_in_ = about["n_features"]
    if "feature_names" in arrays:
        estimator.feature_names_in_ = arrays["feature_names"].astype(object)
    if "codes" in arrays:
        codes = arrays["codes"]
        estimator.outputs_2d_ = codes.ndim == 2
        estimator.classes_ = (
            [arrays[f"classes_{i}"] for i in range(codes.shape[1])] if codes.ndim == 2 else arrays["classes"]
        )
        estimator._codes = codes.reshape(len(codes), -1)
    estimator._check_params()
    return estimator._index_packed(arrays["rows"])


def _read(path):
    try:
        with open(path, "rb") as file, np.load(file, allow_pickle=False) as stored:
            arrays = dict(stored)
        about = json.loads(str(arrays.pop("about")))
    except (ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile) as error:
        raise ValueError(f"{path} is not a file that save wrote, or it is damaged ({error})") from error
    if about["format"] != _FORMAT:
        raise ValueError(f"{path} has format {about['format']}; this version reads {_FORMAT}")
    return about, arrays


def _plain(classes):
    if classes.dtype != object:
        return classes
    if not all(isinstance(name, str) for name in classes):
        raise ValueError("classes of mixed kinds cannot be saved: use strings or ints as labels")
    return classes.astype(str)


def _number(value):
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{value!r} cannot be saved: a file holds no functions, use joblib.dump for them")
