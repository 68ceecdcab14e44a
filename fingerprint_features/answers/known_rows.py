"""Rows in memory for a rule that is fitted hundreds of times: reading them from the cache takes longer than the fit."""

from collections.abc import Iterable, Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.utils import Tags

from ..images import ImageSet, as_image_set
from ..pipeline import FeaturePipeline


class RowTable:
    """Rows by the content of their image; a clone of an estimator shares it."""

    def __init__(self, rows: Mapping[bytes, NDArray[np.float32]]) -> None:
        self.rows = rows

    def __deepcopy__(self, memo: object) -> Self:
        return self


class KnownRows(TransformerMixin, BaseEstimator):
    """A FeaturePipeline that has seen all images before.

    Parameters
    ----------
    features : FeaturePipeline
        What extracts the rows of an image that is not in the table.
    table : RowTable
        The rows of the others.
    """

    def __init__(self, features: FeaturePipeline, table: RowTable) -> None:
        self.features = features
        self.table = table

    def fit(self, X: Any, y: Any = None) -> Self:
        """Do nothing: rows depend on no other image."""
        return self

    def transform(self, X: Any) -> NDArray[np.float32]:
        """Return the rows of images."""
        images = as_image_set(X)
        rows = [self.table.rows.get(digest) for digest in images.digests]
        if any(row is None for row in rows):
            return clone(self.features).fit_transform(images)
        return np.stack(rows)

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Return the names of the columns."""
        return self.features.get_feature_names_out()

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def __sklearn_tags__(self) -> Tags:
        return self.features.__sklearn_tags__()


def with_known_rows(model: Any, sets: Iterable[ImageSet]) -> Any:
    """Return a copy of an unfitted model that keeps the rows of the sets in memory."""
    model, sets = clone(model), list(sets)
    for path, part in model.get_params().items():
        if isinstance(part, FeaturePipeline) and not _learns(part):
            model.set_params(**{path: KnownRows(part, _table(part, sets))})
    return model


def _learns(features):
    return any(getattr(part, "_stateful", False) for part in features.get_params().values())


def _table(features, sets):
    features = clone(features)
    return RowTable(
        {
            digest: row
            for images in sets
            for digest, row in zip(images.digests, features.fit_transform(images), strict=True)
        }
    )
