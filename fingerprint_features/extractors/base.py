"""The base class of every extractor: images in, one float32 row per image out.

Think twice before adding anything here. An extractor writes `_column_names` and one of `_extract_one` and
`_extract_batch`; looking up, decoding, threads and progress belong to FeaturePipeline.
"""

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.exceptions import NotFittedError

from ..images import ImageFailure, ImageReadError, as_image_set
from ..images.forms import Forms
from ..threads import in_threads


def image_tags(tags, requires_fit):
    """Set scikit-learn's tags of a transformer from images to float32 columns."""
    tags.input_tags.two_d_array = False
    tags.input_tags.three_d_array = True
    tags.input_tags.string = True
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
    parameters that never change values) and ``_stateful`` (True when it must be fitted first: write `_fit` and
    `_value_state` too).

    Examples
    --------
    >>> import numpy as np
    >>> class Mean(BaseExtractor):
    ...     def _column_names(self):
    ...         return ["mean"]
    ...     def _extract_one(self, image):
    ...         return [image.mean()]
    >>> Mean().fit_transform(np.full((2, 8, 8), 7, dtype=np.uint8))
    array([[7.], [7.]], dtype=float32)
    """

    _mode = "gray"
    _values_version = 1
    _runtime_params = ()
    _stateful = False

    # ---- what a subclass writes -------------------------------------------------------------------------

    def _column_names(self):
        """Return the list of column names for the current parameters."""
        raise NotImplementedError(f"{type(self).__name__} must write _column_names")

    def _width(self):
        """Return the number of columns; override it where naming them all takes long."""
        return len(self._column_names())

    def _extract_one(self, image):
        """Turn one read-only image, uint8, uint16 or float32 in [0, 1], into a row of numbers."""
        raise NotImplementedError(f"{type(self).__name__} must write _extract_one or _extract_batch")

    def _extract_batch(self, images):
        """Turn a list of images, of any shapes, into rows; override it where a batch is faster."""
        return [self._extract_one(image) for image in images]

    def _stored(self):
        """Return the extractor whose rows are computed and cached, where that is not this one; see `_finish`."""
        return self

    def _finish(self, rows):
        """Make this extractor's columns (n_images, n_columns) out of the rows of the stored one."""
        return rows

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

    def fit(self, X, y=None):
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
            self._fit(images, y)
        return self

    def transform(self, X):
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
        self.check_ready()
        rows = np.empty((len(images), self._width()), dtype=np.float32)
        failures = []
        starts = range(0, len(images), self._chunk_size())
        chunks = [images[start : start + starts.step] for start in starts]
        for start, (block, bad) in zip(starts, in_threads(self._chunk, chunks, self._chunk_threads()), strict=True):
            rows[start : start + len(block)] = block
            failures.extend(bad)
        if failures:
            raise ImageReadError(failures)
        return rows

    def _chunk(self, images):
        """Return the rows of a few images, those that fail left out of account, and all failures."""
        rows = np.zeros((len(images), self._width()), dtype=np.float32)
        numbers, forms, failures = [], [], []
        for i in range(len(images)):
            try:
                forms.append(Forms(images[i]))
                numbers.append(i)
            except ImageReadError as error:
                failures.extend(error.failures)
        rows[numbers], bad = self.extract_forms(forms, [images.ids[i] for i in numbers])
        return rows, [*failures, *bad.values()]

    def get_feature_names_out(self, input_features=None):
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

    def __sklearn_is_fitted__(self):
        return not self._stateful or any(name.endswith("_") and not name.startswith("_") for name in vars(self))

    def __sklearn_tags__(self):
        return image_tags(super().__sklearn_tags__(), requires_fit=self._stateful)

    # ---- what FeaturePipeline calls ---------------------------------------------------------------------

    def check_ready(self):
        """Raise for bad parameters, and for a stateful extractor that has not been fitted."""
        self._check_params()
        if not self.__sklearn_is_fitted__():
            raise NotFittedError(f"this {type(self).__name__} learns from images: call fit before transform")

    def extract_forms(self, forms, ids):
        """Extract decoded images, isolating those that cannot be used.

        Parameters
        ----------
        forms : list of Forms
        ids : list of str

        Returns
        -------
        rows : ndarray of shape (n_images, n_columns) and dtype float32
            NaN for the images in `failures`.
        failures : dict of int to ImageFailure
        """
        width = self._width()
        pictures = [getattr(form, self._mode) for form in forms]
        if not pictures:
            return np.empty((0, width), dtype=np.float32), {}
        try:
            return self._checked(self._extract_batch(pictures), len(pictures), width), {}
        except ImageReadError as error:
            if len(pictures) == 1:
                reason = error.failures[0]
                failure = ImageFailure(str(ids[0]), reason.kind, f"{type(self).__name__}: {reason.reason}")
                return np.full((1, width), np.nan, dtype=np.float32), {0: failure}
        except Exception as error:
            if len(pictures) > 1:  # let the one that is to blame raise, under its own name
                for form, id in zip(forms, ids, strict=True):
                    self.extract_forms([form], [id])
            error.add_note(f"while {type(self).__name__} read {', '.join(ids[:3])}{', ...' if len(ids) > 3 else ''}")
            raise
        rows, failures = np.empty((len(pictures), width), dtype=np.float32), {}
        for i, (form, id) in enumerate(zip(forms, ids, strict=True)):
            row, bad = self.extract_forms([form], [id])
            rows[i] = row[0]
            failures.update(dict.fromkeys([i] if bad else [], bad.get(0)))
        return rows, failures

    def _checked(self, rows, n, width):
        rows = np.asarray(rows, dtype=np.float32)
        if rows.shape != (n, width):
            raise RuntimeError(
                f"{type(self).__name__} made rows of shape {rows.shape} where {n} images and {width} column names "
                f"ask for {(n, width)}: let _extract_one return one number per name in _column_names"
            )
        if not np.isfinite(rows).all():
            raise ImageReadError.one("not-finite", "the features of this image are NaN or infinite")
        return rows
