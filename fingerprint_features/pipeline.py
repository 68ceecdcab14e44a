"""FeaturePipeline: look every row up, decode once what is missing, extract it, keep it."""

import os
import warnings
from collections import Counter
from collections.abc import Sequence
from contextlib import nullcontext
from functools import cache
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, TransformerMixin, clone
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.utils import Tags

from .cache.store import FeatureCache, opened
from .checks import check_int, check_n_jobs, check_option, fail
from .extractors.base import BaseExtractor, image_tags
from .extractors.one_pass import extract_all
from .images import ImageReadError, ImagesLike, as_image_set

Extractor = BaseExtractor | FrozenEstimator


class FeaturePipeline(TransformerMixin, BaseEstimator):
    """Turn images into one float32 matrix by several extractors, computing each row only once.

    A transformer, to be put in front of any scikit-learn estimator. Every image is read once, looked up in the
    cache by its content, decoded only if a row is missing, and decoded once for all extractors.

    Parameters
    ----------
    extractors : extractor, list of extractors, or list of (str, extractor) pairs
        What to extract. Unnamed extractors are called by their class in lower case (``lbp``, ``lbp-2``); the
        names serve `set_params` and grid search: ``lbp__radius`` sets a parameter, ``lbp=Gabor()`` replaces
        the extractor, ``lbp="drop"`` leaves it out. `fit` fits a copy of those that learn from images; a fitted one in
        scikit-learn's ``FrozenEstimator`` is used as it is.
    cache : path-like or FeatureCache, default=None
        File that keeps every row for the next call, process or fold. None keeps nothing. A relative path means the
        working directory of each call, also in a model that was dumped and loaded elsewhere; an absolute path or a
        `FeatureCache` means one file. Of a cluster, the process that asks looks up and keeps the rows, not the workers.
    n_jobs : int, default=None
        Threads over chunks of images; -1 takes all cores. None means 1, or what `joblib.parallel_config` says,
        whose process and cluster backends work too. Inside a worker of another joblib call it is always 1.
        Never changes the values.
    batch_size : int, default=32
        Images per chunk: what is decoded at the same time by one worker.
    progress : bool, default=False
        Whether to show a progress bar with images per second, when a pass takes more than a second.
    on_error : {"raise", "nan"}, default="raise"
        What a bad image does. ``"raise"`` finishes the pass, keeps every good row in the cache, and raises one
        error that names all bad images. ``"nan"`` leaves a row of NaN for each, with one warning;
        `drop_failed` is the next step. Extractors that learn do so from the other images.

    Attributes
    ----------
    extractors_ : list of (str, extractor) pairs
        The extractors in use, after `fit`; those that learn from images are fitted copies.

    See Also
    --------
    FeatureCache : The store behind `cache`.
    drop_failed : Drop the rows of bad images from features, labels and ids alike.

    Notes
    -----
    Columns have the names that the extractors give them (``lbp_p8_r1_00``). A name that two extractors share gets the
    name of the extractor in front (``lbp__...``). All rows are independent: an image alone has the row it has in any
    batch.

    Examples
    --------
    >>> import numpy as np
    >>> from fingerprint_features import GLCM, LBP
    >>> images = np.random.default_rng(0).integers(0, 256, (3, 32, 32), dtype=np.uint8)
    >>> features = FeaturePipeline([LBP(), GLCM(distances=1, properties=["contrast"])])
    >>> features.fit_transform(images).shape
    (3, 14)
    >>> features.set_params(lbp__radius=2, glcm="drop").get_feature_names_out()[:2]
    array(['lbp_p8_r2_00', 'lbp_p8_r2_01'], dtype=object)
    """

    extractors: Extractor | Sequence[Extractor | tuple[str, Extractor | str]]
    cache: str | os.PathLike[str] | FeatureCache | None

    def __init__(
        self,
        extractors: Extractor | Sequence[Extractor | tuple[str, Extractor | str]],
        *,
        cache: str | os.PathLike[str] | FeatureCache | None = None,
        n_jobs: int | None = None,
        batch_size: int = 32,
        progress: bool = False,
        on_error: Literal["raise", "nan"] = "raise",
    ) -> None:
        self.extractors = extractors
        self.cache = cache
        self.n_jobs = n_jobs
        self.batch_size = batch_size
        self.progress = progress
        self.on_error = on_error

    def fit(self, X: ImagesLike, y: Any = None) -> Self:
        """Check the parameters and fit the extractors that learn from images.

        Parameters
        ----------
        X : ImageSet, or list, array or Series of paths or images
        y : array-like of shape (n_images,), default=None
            Labels, for extractors that use them.

        Returns
        -------
        self
        """
        failures = self._fit(X, y)
        if failures:
            _warn("bad images were left out of fit", failures, stacklevel=2)
        return self

    def fit_transform(self, X: ImagesLike, y: Any = None) -> NDArray[np.float32]:
        """Fit, and return the features of the same images.

        Parameters
        ----------
        X, y
            As for `fit`.

        Returns
        -------
        ndarray of shape (n_images, n_columns) and dtype float32
        """
        self._fit(X, y)
        return self.transform(X)

    def transform(self, X: ImagesLike, out: NDArray[np.float32] | None = None) -> NDArray[np.float32]:
        """Return the features of images, from the cache where it has them.

        Parameters
        ----------
        X : ImageSet, or list, array or Series of paths or images
        out : ndarray of shape (n_images, n_columns) and dtype float32, default=None
            Where to write the rows, for example a memory-mapped file that is larger than memory
            (``numpy.lib.format.open_memmap``). None makes a new array.

        Returns
        -------
        ndarray of shape (n_images, n_columns) and dtype float32
            `out`, if it was given.

        Raises
        ------
        ValueError
            If `out` has another shape or dtype, or is read-only.
        ImageReadError
            With ``on_error="raise"``: naming every image that cannot be used.
        """
        named = self._check_params()
        images = as_image_set(X)
        extractors = [extractor for _, extractor in self._ready(named)]
        if out is not None:
            self._check_out(out, len(images))
        with opened(self.cache) if isinstance(self.cache, (str, os.PathLike)) else nullcontext(self.cache) as cache:
            features, failures = extract_all(
                images,
                extractors,
                cache=cache,
                n_jobs=self.n_jobs,
                chunk_size=self.batch_size,
                progress=self.progress,
                out=out,
            )
        if failures and self.on_error == "raise":
            raise ImageReadError(failures.values())
        if failures:
            features[list(failures)] = np.nan
            _warn("rows of NaN for bad images (see drop_failed)", failures.values(), stacklevel=2)
        return features

    def get_feature_names_out(self, input_features: Any = None) -> NDArray[np.object_]:
        """Return the column names for the current parameters.

        Parameters
        ----------
        input_features : Ignored

        Returns
        -------
        ndarray of str objects of shape (n_columns,)
        """
        columns = [(name, column) for name, e in self._ready() for column in e.get_feature_names_out()]
        times = Counter(column for _, column in columns)
        return np.array([f"{name}__{c}" if times[c] > 1 else c for name, c in columns], dtype=object)

    @property
    def extractors_(self) -> list[tuple[str, BaseExtractor]]:
        """The extractors in use; those that learn from images are fitted copies."""
        if not hasattr(self, "_learned") or not self.__sklearn_is_fitted__():
            raise NotFittedError(f"this {type(self).__name__} is not fitted: call fit first")
        return self._ready()

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters; with `deep`, the extractors by name and their own parameters too.

        Parameters
        ----------
        deep : bool, default=True

        Returns
        -------
        dict
        """
        params = super().get_params(deep=False)
        if deep:
            for name, extractor in self._named():
                params[name] = extractor
                if isinstance(extractor, BaseExtractor):
                    params.update((f"{name}__{key}", value) for key, value in extractor.get_params().items())
        return params

    def set_params(self, **params: Any) -> Self:
        """Set parameters; ``lbp__radius=2`` reaches into an extractor, ``lbp=Gabor()`` or ``"drop"`` replaces it.

        Parameters
        ----------
        **params

        Returns
        -------
        self
        """
        if "extractors" in params:
            self.extractors = params.pop("extractors")
            self.__dict__.pop("_learned", None)
        if hasattr(self, "_learned"):  # what has learned with other parameters, or is replaced, must be fitted again
            touched = {key.split("__")[0] for key in params}
            self._learned = {name: copy for name, copy in self._learned.items() if name not in touched}
        named = dict(self._named())
        if not named.keys().isdisjoint(params):
            self.extractors = [(name, params.pop(name, extractor)) for name, extractor in named.items()]
        return super().set_params(**params)

    def __sklearn_is_fitted__(self) -> bool:
        learned = getattr(self, "_learned", {})
        return all(name in learned for name, _ in self._learners())

    def __sklearn_tags__(self) -> Tags:
        return image_tags(super().__sklearn_tags__(), requires_fit=bool(self._learners()))

    def _check_params(self):
        """Return every (name, extractor), after a check of all parameters."""
        check_n_jobs(self)
        check_int(self, "batch_size", 1)
        check_option(self, "progress", (True, False))
        check_option(self, "on_error", ("raise", "nan"))
        if not (self.cache is None or isinstance(self.cache, (str, os.PathLike, FeatureCache))):
            fail(self, "cache", "None, a path or a FeatureCache")
        named = self._named()
        names, own = [name for name, _ in named], self._own_names()
        for name in names:
            if names.count(name) > 1 or name in own or "__" in name:
                raise ValueError(
                    f"the extractor name {name!r} cannot be used: names are unique, without '__', and none of "
                    f"{', '.join(own)}"
                )
        for name, extractor in named:
            is_drop = isinstance(extractor, str) and extractor == "drop"
            if not isinstance(_thawed(extractor), BaseExtractor) and not is_drop:
                raise TypeError(
                    f"the extractor {name!r} must be a BaseExtractor or 'drop'. Got {extractor!r} instead: pass an "
                    "instance, e.g. LBP(), or make_extractor('lbp')"
                )
        return named

    @classmethod
    @cache
    def _own_names(cls):
        return cls._get_param_names()

    def _check_out(self, out, n_images):
        wanted = n_images, len(self.get_feature_names_out())
        if not isinstance(out, np.ndarray) or (out.shape, out.dtype) != (wanted, np.float32):
            got = f"{out.shape} and {out.dtype}" if isinstance(out, np.ndarray) else type(out).__name__
            raise ValueError(f"FeaturePipeline: out must be an array of shape {wanted} and dtype float32, got {got}")
        if not out.flags.writeable:
            raise ValueError("FeaturePipeline: out is read-only: open it with mode 'r+' or 'w+'")

    def _named(self):
        """Return every (name, extractor), dropped ones included; names depend on the parameters alone."""
        items = self.extractors if isinstance(self.extractors, (list, tuple)) else [self.extractors]
        named, taken = [], {item[0] for item in items if isinstance(item, (tuple, list))}
        for item in items:
            if isinstance(item, (tuple, list)):
                if len(item) != 2 or not isinstance(item[0], str):
                    raise TypeError(f"extractors are extractors or (name, extractor) pairs. Got {item!r} instead.")
                named.append(tuple(item))
                continue
            stem = name = type(_thawed(item)).__name__.lower()
            number = 2
            while name in taken:
                name, number = f"{stem}-{number}", number + 1
            taken.add(name)
            named.append((name, item))
        return named

    def _active(self, named=None):
        thawed = ((name, _thawed(extractor)) for name, extractor in named or self._named())
        return [(name, extractor) for name, extractor in thawed if isinstance(extractor, BaseExtractor)]

    def _learners(self):
        """Return the extractors that `fit` fits."""
        named = [(name, extractor) for name, extractor in self._named() if isinstance(extractor, BaseExtractor)]
        return [(name, extractor) for name, extractor in named if extractor._stateful]

    def _ready(self, named=None):
        """Return the extractors to use: as they are now, or fitted when they learn from images."""
        learned = getattr(self, "_learned", {})
        return [(name, learned.get(name, extractor)) for name, extractor in self._active(named)]

    def _fit(self, X, y):
        """Fit copies of the extractors that learn, and return the failures of images that were left out."""
        self._check_params()
        for _, extractor in self._active():
            extractor._check_params()
        images, learned, failures = as_image_set(X), {}, {}
        for name, extractor in self._learners():
            learned[name], images, y, bad = _learn(extractor, images, y, self.on_error)
            failures.update((failure.id, failure) for failure in bad)
        self._learned = learned
        return list(failures.values())


def _thawed(extractor):
    """Return the fitted extractor inside scikit-learn's FrozenEstimator, which is used as it is."""
    return extractor.estimator if isinstance(extractor, FrozenEstimator) else extractor


def _learn(extractor, images, y, on_error):
    """Return a fitted copy, the images and labels that it learned from, and the failures of the others.

    With ``on_error="nan"`` images that cannot be read, or that the extractor refuses, are left out.
    """
    failures = []
    while True:
        try:
            return clone(extractor).fit(images, y), images, y, failures
        except ImageReadError as error:
            named = {failure.id: failure for failure in error.failures}
            if on_error == "raise" or named.keys().isdisjoint(images.ids):
                raise
            bad = named | ({} if failures else _unreadable(images))  # once: what remains can be read
            keep = np.flatnonzero([id not in bad for id in images.ids])
            if not len(keep):
                raise ImageReadError(bad.values()) from error
            failures += [bad[id] for id in images.ids if id in bad]
            images, y = images[keep], None if y is None else np.asarray(y)[keep]


def _unreadable(images):
    """Return {id: failure} of the images that cannot be decoded."""
    failures = {}
    for i, id in enumerate(images.ids):
        try:
            images[i]
        except ImageReadError as error:
            failures[id] = error.failures[0]
    return failures


def _warn(words, failures, stacklevel):
    warnings.warn(f"{words}: {ImageReadError(failures)}", UserWarning, stacklevel=stacklevel + 1)
