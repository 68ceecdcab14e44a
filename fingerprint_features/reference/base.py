"""What the reference estimators share: opening the sets they compare, and another reference for a fitted one."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, clone
from sklearn.utils.validation import check_is_fitted

from ..images import ImageSet
from .opening import (
    check_input_names,
    check_kinds,
    fit_features,
    samples_of_parameter,
    samples_of_x,
    warn_unknown_patients,
)
from .samples import Samples


class ReferenceEstimator(BaseEstimator):
    """Base of the estimators that compare X with a reference.

    A subclass has the parameters `reference` and `features`, keeps the fitted `features_` and `reference_`, sets
    ``_changed_sets = ()`` at the end of `fit`, and says in `_exchange` how it takes another reference.
    """

    features_: Any
    reference_: Samples

    _set_names = ("reference",)  # the parameters that are sets of images or rows
    _changed_sets = ()

    def set_params(self, **params: Any) -> Self:
        """Set parameters, as `get_params` names them.

        A fitted estimator has opened its sets. One that gets another reference, holdout or contrast refuses to
        answer until `fit` is called again; `with_reference` exchanges the reference and keeps what was learnt.

        Parameters
        ----------
        **params : dict
            Names and values.

        Returns
        -------
        self
        """
        changed = [name for name in self._set_names if name in params and params[name] is not getattr(self, name)]
        super().set_params(**params)
        if changed and hasattr(self, "reference_"):
            self._changed_sets = tuple(changed)
        return self

    def with_reference(self, reference: ImageSet | ArrayLike) -> Self:
        """Return a fitted copy that compares with another reference, e.g. the images of another generator.

        Learn on the real images whose use is known, with the images of their generator; then judge other real
        images with the images of the generator in question.

        Parameters
        ----------
        reference : ImageSet or array-like of shape (n_reference, d)
            Of the kind that the estimator was fitted with: images, or a table of the same columns.

        Returns
        -------
        estimator
            A new estimator; this one stays as it is.

        Raises
        ------
        ValueError
            Where the columns belong to the reference of `fit`, or where there was none.
        """
        check_is_fitted(self)
        self._refuse_changed_sets()
        kind = type(self).__name__
        if self.reference is None:
            raise ValueError(
                f"{kind} was fitted without a reference and compares X with itself, so there is none to exchange: fit "
                f"{kind}(reference=...) first"
            )
        if reference is None:
            raise ValueError(f"{kind}.with_reference takes images or a table, and got None")
        opened = samples_of_parameter(reference, "reference")
        check_kinds(self, {"reference of fit": self.reference_, "other reference": opened}, None)
        other = clone(self).set_params(reference=reference)
        vars(other).update({name: value for name, value in vars(self).items() if name.endswith("_")})
        other._exchange(opened)
        return other

    def get_feature_names_out(self, input_features: ArrayLike | None = None) -> NDArray[np.object_]:
        """Return the names of the columns.

        Parameters
        ----------
        input_features : array-like of str, default=None
            Must be the columns seen in `fit`, where X was a table.

        Returns
        -------
        ndarray of str objects
        """
        check_is_fitted(self)
        check_input_names(self, input_features)
        return np.array(self._column_names(), dtype=object)

    def _exchange(self, reference: Samples) -> None:
        """Replace the reference; keep what was learnt from X and y."""
        raise NotImplementedError

    def _open_sets(self, X, images_wanted: bool | None = None) -> dict[str, Samples | None]:
        """Return X and the sets among the parameters by name; the reference is X where there is none."""
        sets = {"X": samples_of_x(self, X, reset=True)}
        for name in self._set_names:
            given = getattr(self, name)
            is_set = given is not None and not isinstance(given, str)
            sets[name] = samples_of_parameter(given, name) if is_set else None
        check_kinds(self, sets, images_wanted)
        if self.reference is None:
            sets["reference"] = sets["X"]
        return sets

    def _open(self, X) -> Samples:
        """Return the X that a fitted estimator is asked about."""
        check_is_fitted(self)
        self._refuse_changed_sets()
        x = samples_of_x(self, X, reset=False)
        check_kinds(self, {"X": x, "reference": self.reference_}, None)
        return x

    def _fit_features(self, x: Samples, reference: Samples, y, rivals: Samples | None = None) -> None:
        which = getattr(self, "fit_features", "x")
        self.features_ = fit_features(self.features, which, x, reference, y, rivals)

    def _check_patients(self, known: bool) -> bool:
        """Return whether patients are known wherever they matter; warn if not."""
        if not known:
            warn_unknown_patients(self)
        return known

    def _refuse_changed_sets(self) -> None:
        if self._changed_sets:
            names = " and ".join(self._changed_sets)
            raise ValueError(
                f"{type(self).__name__} was fitted with another {names} than it has now: call fit again, or exchange "
                "the reference of a fitted estimator by with_reference"
            )
