"""TableFront: an image extractor that takes a table, so that scikit-learn's own checks run on it in full."""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.utils import Tags
from sklearn.utils.validation import check_is_fitted, validate_data

from ..extractors.base import BaseExtractor
from ..images import DecodeOptions, ImageSet


class TableFront(TransformerMixin, BaseEstimator):
    """Hand the rows of a table to an extractor as images one pixel high. For tests only.

    scikit-learn skips nearly all its checks for estimators that take no table. Behind this front the extractor
    meets them all, with the front doing no more than scikit-learn's own validation.

    Parameters
    ----------
    extractor : BaseExtractor or FeaturePipeline
        Must accept images of one row.
    value_range : (float, float), default=(-10.0, 10.0)
        Table values shown as black and white.

    Attributes
    ----------
    extractor_ : BaseExtractor or FeaturePipeline
        The fitted copy.
    n_features_in_ : int
        Columns of the table, pixels of each image.

    Examples
    --------
    >>> import numpy as np
    >>> from fingerprint_features import Pixels
    >>> TableFront(Pixels()).fit_transform(np.array([[-10.0, 0.0, 10.0]]))
    array([[  0. , 127.5, 255. ]], dtype=float32)
    """

    extractor_: BaseExtractor

    def __init__(self, extractor: BaseExtractor, value_range: tuple[float, float] = (-10.0, 10.0)) -> None:
        self.extractor = extractor
        self.value_range = value_range

    def fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Fit a copy of the extractor on the table's rows."""
        self.extractor_ = clone(self.extractor).fit(self._images(validate_data(self, X, dtype=np.float64)), y)
        return self

    def transform(self, X: ArrayLike) -> NDArray[np.float32]:
        """Extract one row of features per row of the table."""
        check_is_fitted(self)
        images = self._images(validate_data(self, X, dtype=np.float64, reset=False))
        return np.asarray(self.extractor_.transform(images))  # a frame, under a global set_output, is made outside

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Return the extractor's column names; `input_features` is held against the columns seen in fit."""
        check_is_fitted(self)
        if input_features is not None:
            seen = getattr(self, "feature_names_in_", None)
            if seen is not None and not np.array_equal(seen, input_features):
                raise ValueError("input_features is not equal to feature_names_in_")
            if len(input_features) != self.n_features_in_:
                raise ValueError(f"input_features should have length equal to {self.n_features_in_}")
        return self.extractor_.get_feature_names_out()

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = []
        return tags

    def _images(self, table):
        return ImageSet(table[:, None, :], options=DecodeOptions(value_range=self.value_range))
