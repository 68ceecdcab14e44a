"""Opening the sets that an estimator is given, and the errors when they cannot be compared."""

import warnings
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import check_array, check_consistent_length, column_or_1d, validate_data

from ..images import ImageSet, as_image_set
from ..images.labels import is_missing
from ..images.sources import is_one_image
from .samples import Samples, joined, listed, shared


def is_images(data: Any) -> bool:
    """Return whether an ImageSet can be made of `data`, and it is not a table."""
    if isinstance(data, ImageSet):
        return True
    if isinstance(data, np.ndarray) and data.dtype.kind in "biufc":
        return data.ndim > 2
    if hasattr(data, "columns"):
        data = data.iloc[:, 0] if hasattr(data, "iloc") and len(data.columns) == 1 else None
    if hasattr(data, "toarray") or not hasattr(data, "__iter__") or getattr(data, "ndim", 1) == 0:
        return False
    return is_one_image(next((item for item in data if not is_missing(item)), None))


def samples_of_x(estimator: BaseEstimator, X: Any, reset: bool) -> Samples:
    """Return the X that an estimator was given; tables go through scikit-learn's validation."""
    if is_images(X):
        return Samples(as_image_set(X))
    return Samples(validate_data(estimator, X, dtype=np.float64, reset=reset))


def samples_of_parameter(data: Any, name: str) -> Samples:
    """Return the samples of a constructor parameter."""
    if is_images(data):
        return Samples(as_image_set(data))
    return Samples(check_array(data, dtype=np.float64, input_name=name))


def check_kinds(estimator: BaseEstimator, sets: dict[str, Samples | None], images_wanted: bool | None) -> None:
    """Raise unless all sets, by name, are of one kind: images, or tables of one width.

    Parameters
    ----------
    estimator : estimator
    sets : dict of str to Samples or None
    images_wanted : bool or None
        What the metric takes; None leaves it to the features.
    """
    kind = type(estimator).__name__
    sets = {name: samples for name, samples in sets.items() if samples is not None}
    kinds = {name: "images" if samples.is_images else "a table" for name, samples in sets.items()}
    found = " and ".join(f"{name} is {what}" for name, what in kinds.items())
    cure = (
        f"put the extractor into features=, as in {kind}(..., features=FeaturePipeline([LBP()])), and pass X as images"
    )
    if len(set(kinds.values())) > 1:
        raise ValueError(f"{kind} got sets that cannot be compared: {found}. To compare images, {cure}")
    first = next(iter(kinds.values()))
    if images_wanted is False and first == "images":
        raise ValueError(f"{kind} got images without features: {cure}")
    if images_wanted is True and first == "a table":
        raise ValueError(f"{kind} with this metric compares images, but {found}: pass images, and no features=")
    if first == "a table":
        widths = {name: samples.data.shape[1] for name, samples in sets.items()}
        if len(set(widths.values())) > 1:
            found = ", ".join(f"{name} has {width}" for name, width in widths.items())
            raise ValueError(f"{kind} got tables of different widths: {found} columns. Give all the same features")


def fit_features(
    features: Any, which: str, x: Samples, reference: Samples, y: ArrayLike | None, rivals: Samples | None
) -> Any:
    """Return a fitted copy of `features`, or None; `which` says what it learns from."""
    if features is None:
        return None
    features = clone(features)
    if which == "x":
        return features.fit(x.data, y)
    others = {"reference": reference, "rivals": rivals}
    return features.fit((others[which] if which in others else joined(x, reference)).data)


def extract(features: Any, data: ImageSet | NDArray[Any]) -> NDArray[np.float64]:
    """Return the float64 table by which `data` is compared."""
    return data if features is None else check_array(features.transform(data), dtype=np.float64, input_name="features")


def unused(estimator: BaseEstimator, x: Samples, y: ArrayLike | None) -> NDArray[np.bool_]:
    """Return the mask of the rows labelled 0."""
    if y is None:
        raise ValueError(
            f"{type(estimator).__name__}(holdout='unused') takes the rows labelled 0: it requires y to be passed, but "
            "the target y is None. Call fit(X, y)"
        )
    y = column_or_1d(y)
    check_consistent_length(x, y)
    if not (y == 0).any():
        raise ValueError(
            f"holdout='unused' takes the rows labelled 0, and y holds only {np.unique(y)[:5].tolist()} "
            f"(n_samples = {len(y)})"
        )
    return y == 0


def refuse_overlap(x: Samples, holdout: Samples) -> None:
    """Raise if a sample of `x` is in the holdout too, naming both."""
    pairs = shared(x, holdout)
    if pairs:
        raise ValueError(
            f"X and holdout share {len(pairs)} of {len(x)}: {listed(pairs, 'X {} = holdout {}')}. A holdout that "
            "contains what is scored separates used from unused without any memorisation: take other patients, or "
            "holdout='unused'"
        )


def warn_unknown_patients(estimator: BaseEstimator) -> None:
    """Warn that images of one patient are taken for unrelated images."""
    warnings.warn(
        f"{type(estimator).__name__} does not know which images show the same patient, so a patient's other slices "
        "count as unrelated: give ImageSet(..., groups=patients), or groups=ids if no patient occurs twice",
        UserWarning,
        stacklevel=4,
    )


def check_input_names(estimator: BaseEstimator, input_features: ArrayLike | None) -> None:
    """Raise unless `input_features` are the columns seen in fit."""
    if input_features is None or not hasattr(estimator, "n_features_in_"):
        return
    seen = getattr(estimator, "feature_names_in_", None)
    if seen is not None and not np.array_equal(seen, input_features):
        raise ValueError("input_features is not equal to feature_names_in_")
    if len(input_features) != estimator.n_features_in_:
        raise ValueError(f"input_features should have length equal to {estimator.n_features_in_}")
