"""The base class of every extractor: images in, one float32 row per image out.

Think twice before adding anything here. An extractor writes `_column_names` and one of `_extract_one` and
`_extract_batch`; looking up, decoding, threads and progress belong to FeaturePipeline.
"""

from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.exceptions import NotFittedError
from sklearn.utils import Tags

from ..images import ImageReadError, ImagesLike, as_image_set
from .one_pass import at_work, extract_all


def takes_images(tags: Tags) -> Tags:
    """Set scikit-learn's tags of an estimator of images."""
    tags.input_tags.two_d_array = False
    tags.input_tags.three_d_array = True
    tags.input_tags.string = True
    return tags


def image_tags(tags: Tags, requires_fit: bool) -> Tags:
    """Set scikit-learn's tags of a transformer from images to float32 columns."""
    takes_images(tags)
    tags.requires_fit = requires_fit
    tags.no_validation = True
    tags.transformer_tags.preserves_dtype = []
    return tags


class BaseExtractor(TransformerMixin, BaseEstimator):
    """Base of the extractors: a stateless scikit-learn transformer from images to a float32 matrix.

    A subclass stores its parameters in ``__init__`` and does nothing else there. Names and widths are computed
    from the current parameters each time, so ``set_params`` equals a fresh object.

    Notes
    -----
    Class attributes a subclass may set: ``_mode`` ("gray" or "rgb": the form its images take),
    ``_values_version`` (bump it when the same image would give other numbers), ``_runtime_params`` (names of
    parameters that never change values), ``_stateful`` (True when it must be fitted first: write `_fit` and
    `_value_state` too) and ``_one_size`` (True when all images must have one size).

    Examples
    --------
    >>> import numpy as np
    >>> from fingerprint_features.images import to_levels
    >>> class Mean(BaseExtractor):
    ...     def _column_names(self) -> list[str]:
    ...         return ["mean"]
    ...     def _extract_one(self, image):
    ...         return [to_levels(image).mean()]
    >>> Mean().fit_transform(np.full((2, 8, 8), 7, dtype=np.uint8))
    array([[7.], [7.]], dtype=float32)
    """

    _mode: str = "gray"
    _values_version: int = 1
    _runtime_params: tuple[str, ...] = ()
    _stateful: bool = False
    _one_size: bool = False

    # ---- what a subclass writes -------------------------------------------------------------------------

    def _column_names(self):
        """Return the list of column names for the current parameters."""
        raise NotImplementedError(f"{type(self).__name__} must write _column_names")

    def _extract_one(self, image: NDArray[Any]) -> ArrayLike:
        """Turn one read-only image, uint8, uint16 or float32 in [0, 1], into a row of numbers."""
        raise NotImplementedError(f"{type(self).__name__} must write _extract_one or _extract_batch")

    def _extract_batch(self, images: list[NDArray[Any]]) -> ArrayLike:
        """Turn a list of images, of any shapes, into rows; override it where a batch is faster."""
        return [self._extract_one(image) for image in images]

    def _chunk_size(self):
        """Return how many images `transform` holds decoded at a time, in each thread."""
        return 32

    def _chunk_threads(self):
        """Return in how many threads `transform` works; more than one where most of the work is elsewhere."""
        return 1

    def _check_params(self):
        """Raise ValueError for a parameter out of its range (see `fingerprint_features.checks`)."""

    def _fit(self, images, y):
        """Learn fitted attributes (with a trailing underscore) from an ImageSet."""

    def _value_state(self):
        """Return what decides values besides the parameters: fitted arrays, digests of weights."""
        return None

    # ---- scikit-learn's contract ------------------------------------------------------------------------

    def fit(self, X: ImagesLike, y: Any = None) -> Self:
        """Check the parameters; learn from the images when the extractor is stateful.

        Parameters
        ----------
        X : ImageSet, or list, array or Series of paths or images
        y : Ignored

        Returns
        -------
        self
        """
        self._check_params()
        images = as_image_set(X)
        if self._stateful:
            with at_work():
                self._fit(images, y)
        return self

    def transform(self, X: ImagesLike) -> NDArray[np.float32]:
        """Extract one row per image.

        Parameters
        ----------
        X : ImageSet, or list, array or Series of paths or images

        Returns
        -------
        ndarray of shape (n_images, n_columns) and dtype float32

        Raises
        ------
        ImageReadError
            Naming every image that cannot be used.
        """
        images = as_image_set(X)
        self.check_ready()  # what it checks decides how the work is cut, too
        rows, failures = extract_all(
            images, [self], n_jobs=self._chunk_threads(), chunk_size=self._chunk_size(), in_processes=False
        )
        if failures:
            raise ImageReadError(failures.values())
        return rows

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Return the column names for the current parameters.

        Parameters
        ----------
        input_features : Ignored

        Returns
        -------
        ndarray of str objects of shape (n_columns,)
        """
        self.check_ready()
        return np.array(self._column_names(), dtype=object)

    def __sklearn_is_fitted__(self) -> bool:
        return not self._stateful or any(name.endswith("_") and not name.startswith("_") for name in vars(self))

    def __sklearn_tags__(self) -> Tags:
        return image_tags(super().__sklearn_tags__(), requires_fit=self._stateful)

    # ---- what a pass calls (see `one_pass`) ---------------------------------------------------------------

    def check_ready(self) -> None:
        """Raise for bad parameters, and for a stateful extractor that has not been fitted."""
        self._check_params()
        if not self.__sklearn_is_fitted__():
            raise NotFittedError(f"this {type(self).__name__} learns from images: call fit before transform")

    def n_columns(self) -> int:
        """Return the number of columns; override it where naming them all takes long."""
        return len(self._column_names())

    def stored(self) -> "BaseExtractor":
        """Return the extractor whose rows are computed and cached, where that is not this one; see `finish`."""
        return self

    def finish(self, rows: NDArray[np.float32]) -> NDArray[Any]:
        """Make this extractor's columns (n_images, n_columns) out of the rows of the stored one."""
        return rows

    def extract(self, images: list[NDArray[Any]]) -> NDArray[np.float32]:
        """Return the rows of decoded images, checked: one row an image, one number a column, all finite.

        Parameters
        ----------
        images : list of ndarray
            Read-only, in the form that ``_mode`` names.

        Returns
        -------
        ndarray of shape (n_images, n_columns) and dtype float32

        Raises
        ------
        ImageReadError
            When one of the images cannot be used; a pass then shows them one by one.
        """
        rows = np.asarray(self._extract_batch(images), dtype=np.float32)
        expected = (len(images), self.n_columns())
        if rows.shape != expected:
            raise RuntimeError(
                f"{type(self).__name__} made rows of shape {rows.shape} where {len(images)} images and {expected[1]} "
                f"column names ask for {expected}: let _extract_one return one number per name in _column_names"
            )
        if not np.isfinite(rows).all():
            raise ImageReadError.one("not-finite", "the features of this image are NaN or infinite")
        return rows
