"""FeaturePipeline: look every row up, decode once what is missing, extract it, keep it."""

import os
import threading
import warnings
from collections import Counter
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property

import numpy as np
from joblib import Parallel, delayed
from joblib.parallel import get_active_backend
from sklearn.base import BaseEstimator, TransformerMixin, clone

from .cache.identity import describe, extractor_token, image_digest
from .cache.store import FeatureCache
from .checks import check_int, check_n_jobs, check_option, fail
from .extractors.base import BaseExtractor, image_tags
from .images import ImageReadError, as_image_set
from .images.forms import Forms

_PATIENCE = 1.0  # seconds before a progress bar appears: short passes, as for each fold of a grid, show none


class FeaturePipeline(TransformerMixin, BaseEstimator):
    """Turn images into one float32 matrix by several extractors, computing each row only once.

    A transformer, to be put in front of any scikit-learn estimator. Every image is read once, looked up in the
    cache by its content, decoded only if a row is missing, and decoded once for all extractors.

    Parameters
    ----------
    extractors : extractor, list of extractors, or list of (str, extractor) pairs
        What to extract. Unnamed extractors are called by their class in lower case (``lbp``, ``lbp-2``); the
        names serve `set_params` and grid search: ``lbp__radius`` sets a parameter, ``lbp=Gabor()`` replaces
        the extractor, ``lbp="drop"`` leaves it out.
    cache : path-like or FeatureCache, default=None
        File that keeps every row for the next call, process or fold. None keeps nothing. A relative path means the
        working directory of each call, also in a model that was dumped and loaded elsewhere; an absolute path or a
        `FeatureCache` means one file.
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
        `drop_failed` is the next step.

    Attributes
    ----------
    extractors_ : list of (str, extractor) pairs
        The extractors in use; those that learn from images are fitted copies.

    See Also
    --------
    FeatureCache : The store behind `cache`.
    drop_failed : Drop the rows of bad images from features, labels and ids alike.

    Notes
    -----
    Columns carry the extractors' own names (``lbp_p8_r1_00``); a name that two extractors share is prefixed by
    the extractor's (``lbp__...``). All rows are independent: an image alone has the row it has in any batch.

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

    def __init__(self, extractors, *, cache=None, n_jobs=None, batch_size=32, progress=False, on_error="raise"):
        self.extractors = extractors
        self.cache = cache
        self.n_jobs = n_jobs
        self.batch_size = batch_size
        self.progress = progress
        self.on_error = on_error

    def fit(self, X, y=None):
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
        self._check_params()
        for _, extractor in self._active():
            extractor._check_params()
        images = as_image_set(X)
        self.extractors_ = [
            (name, clone(extractor).fit(images, y) if extractor._stateful else extractor)
            for name, extractor in self._active()
        ]
        return self

    def transform(self, X):
        """Return the features of images, from the cache where it has them.

        Parameters
        ----------
        X : ImageSet, or list, array or Series of paths or images

        Returns
        -------
        ndarray of shape (n_images, n_columns) and dtype float32

        Raises
        ------
        ImageReadError
            With ``on_error="raise"``: naming every image that cannot be used.
        """
        self._check_params()
        images = as_image_set(X)
        extractors = [extractor for _, extractor in self._ready()]
        for extractor in extractors:
            extractor.check_ready()
        cache = FeatureCache(self.cache) if isinstance(self.cache, (str, os.PathLike)) else self.cache
        plan = [_Step(extractor, keyed=cache is not None) for extractor in extractors]
        ends = np.cumsum([0] + [extractor._width() for extractor in extractors])
        features = np.empty((len(images), ends[-1]), dtype=np.float32)
        failures = {}
        for start, blocks, bad in self._run(images, plan, cache):
            for block, left, right in zip(blocks, ends, ends[1:], strict=False):
                features[start : start + len(block), left:right] = block
            failures.update((start + i, failure) for i, failure in bad.items())
        return self._settle(features, failures)

    def get_feature_names_out(self, input_features=None):
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

    def get_params(self, deep=True):
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

    def set_params(self, **params):
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
            self.__dict__.pop("extractors_", None)
        if hasattr(self, "extractors_"):  # what was fitted with other parameters, or is replaced, must be fitted anew
            touched = {key.split("__")[0] for key in params}
            self.extractors_ = [(name, extractor) for name, extractor in self.extractors_ if name not in touched]
        named = dict(self._named())
        if not named.keys().isdisjoint(params):
            self.extractors = [(name, params.pop(name, extractor)) for name, extractor in named.items()]
        return super().set_params(**params)

    def __sklearn_is_fitted__(self):
        fitted = dict(getattr(self, "extractors_", ()))
        return all(name in fitted for name, extractor in self._active() if extractor._stateful)

    def __sklearn_tags__(self):
        stateful = any(getattr(extractor, "_stateful", False) for _, extractor in self._named())
        return image_tags(super().__sklearn_tags__(), requires_fit=stateful)

    def _check_params(self):
        check_n_jobs(self)
        check_int(self, "batch_size", 1)
        check_option(self, "progress", (True, False))
        check_option(self, "on_error", ("raise", "nan"))
        if not (self.cache is None or isinstance(self.cache, (str, os.PathLike, FeatureCache))):
            fail(self, "cache", "None, a path or a FeatureCache")
        names = [name for name, _ in self._named()]
        own = super().get_params(deep=False)
        for name in names:
            if names.count(name) > 1 or name in own or "__" in name:
                raise ValueError(
                    f"the extractor name {name!r} cannot be used: names are unique, without '__', and none of "
                    f"{', '.join(own)}"
                )
        for name, extractor in self._named():
            if not isinstance(extractor, BaseExtractor) and not (isinstance(extractor, str) and extractor == "drop"):
                raise TypeError(
                    f"the extractor {name!r} must be a BaseExtractor or 'drop'. Got {extractor!r} instead: pass an "
                    "instance, e.g. LBP(), or make_extractor('lbp')"
                )

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
            stem = name = type(item).__name__.lower()
            number = 2
            while name in taken:
                name, number = f"{stem}-{number}", number + 1
            taken.add(name)
            named.append((name, item))
        return named

    def _active(self):
        return [(name, extractor) for name, extractor in self._named() if isinstance(extractor, BaseExtractor)]

    def _ready(self):
        """Return the extractors to use: as they are now, or fitted when they learn from images."""
        fitted = dict(getattr(self, "extractors_", ()))
        return [(name, fitted.get(name, e) if e._stateful else e) for name, e in self._active()]

    def _run(self, images, plan, cache):
        """Yield (start, blocks, failures) for each chunk, in order."""
        from tqdm.auto import tqdm

        backend = get_active_backend()[0]
        nested = backend.nesting_level > 0
        workers = Parallel(
            n_jobs=1 if nested else self.n_jobs,
            prefer="threads",
            return_as="generator" if backend.supports_return_generator else "list",
            pre_dispatch="2*n_jobs",
            batch_size=1,  # a chunk is a batch already; several at once would leave the last workers idle
        )
        starts = range(0, len(images), self.batch_size)
        tasks = (delayed(_extract_chunk)(images[start : start + self.batch_size], plan, cache) for start in starts)
        progress = tqdm(total=len(images), unit="image", delay=_PATIENCE, disable=not self.progress)
        with progress as bar, _single_threaded_opencv():
            for start, (blocks, bad) in zip(starts, workers(tasks), strict=True):
                yield start, blocks, bad
                bar.update(min(self.batch_size, len(images) - start))

    def _settle(self, features, failures):
        if failures:
            ordered = [failures[i] for i in sorted(failures)]
            if self.on_error == "raise":
                raise ImageReadError(ordered)
            features[sorted(failures)] = np.nan
            text = str(ImageReadError(ordered))
            warnings.warn(f"rows of NaN for bad images (see drop_failed): {text}", UserWarning, stacklevel=3)
        return features


_MOST_DECODED = 64e6  # bytes of pixels that a worker holds before it extracts them


class _Step:
    """One extractor, or what it has stored, with what identifies its rows."""

    def __init__(self, extractor, keyed):
        self.finish = extractor._finish
        self.extractor = extractor._stored()
        self.width = self.extractor._width()
        self.token = extractor_token(self.extractor) if keyed else None

    @cached_property
    def about(self):
        """What the cache keeps beside the rows; only asked for when there are new ones."""
        return {**describe(self.extractor), "columns": self.extractor._column_names()}


def _extract_chunk(images, plan, cache):
    """Return one block of rows per step, and the failures by position; runs in any joblib worker."""
    with _single_threaded_opencv():
        blocks = [np.zeros((len(images), step.width), dtype=np.float32) for step in plan]  # for those that fail
        raws, failures = _read(images)
        digests = {} if cache is None else {i: image_digest(raws[i], images.options, images.size) for i in raws}
        firsts = {digests.get(i, i): i for i in reversed(raws)}
        wanted = sorted(firsts.values())
        missing = [_look_up(cache, step, block, wanted, digests) for step, block in zip(plan, blocks, strict=True)]
        for forms in _decode(images, raws, sorted(set().union(*missing)), failures):
            for step, block, absent in zip(plan, blocks, missing, strict=True):
                positions = [i for i in absent if i in forms]
                some = [forms[i] for i in positions]
                rows, bad = step.extractor.extract_forms(some, [images.ids[i] for i in positions])
                block[positions] = rows
                failures.update((positions[k], failure) for k, failure in bad.items())
                good = [k for k in range(len(positions)) if k not in bad]
                if cache is not None and good:
                    cache.put_many(step.token, [digests[positions[k]] for k in good], rows[good], step.about)
        for i, digest in digests.items():
            _copy_twin(blocks, failures, firsts[digest], i, images.ids[i])
        return [step.finish(block) for step, block in zip(plan, blocks, strict=True)], failures


def _read(images):
    raws, failures = {}, {}
    for i in range(len(images)):
        try:
            raws[i] = images.raw(i)
        except ImageReadError as error:
            failures[i] = error.failures[0]
    return raws, failures


def _look_up(cache, step, block, wanted, digests):
    """Fill in the rows that the cache has and return the positions of the others."""
    if cache is None:
        return wanted
    missing = []
    for i, row in zip(wanted, cache.get_many(step.token, [digests[i] for i in wanted], step.width), strict=True):
        if row is None:
            missing.append(i)
        else:
            block[i] = row
    return missing


def _decode(images, raws, positions, failures):
    """Yield {position: forms} of all that can be decoded, large pictures a few at a time."""
    forms, n_bytes = {}, 0
    for i in positions:
        try:
            form = forms[i] = Forms(images.decode_one(raws[i], i))
        except ImageReadError as error:
            failures[i] = error.failures[0]
            continue
        n_bytes += form.image.nbytes
        if n_bytes > _MOST_DECODED:
            yield forms
            form, forms, n_bytes = None, {}, 0
    if forms:
        yield forms


def _copy_twin(blocks, failures, first, i, id):
    """Give an image that occurs twice in a chunk what was found out for its first occurrence."""
    if i != first:
        for block in blocks:
            block[i] = block[first]
        if first in failures:
            failures[i] = replace(failures[first], id=id)


_opencv_lock = threading.Lock()
_opencv_users = 0
_opencv_threads = None


@contextmanager
def _single_threaded_opencv():
    """Keep OpenCV, which no thread limiter reaches, to one thread while any chunk is at work in this process."""
    global _opencv_users, _opencv_threads
    import cv2

    with _opencv_lock:
        if _opencv_users == 0:
            _opencv_threads = cv2.getNumThreads()
            cv2.setNumThreads(1)
        _opencv_users += 1
    try:
        yield
    finally:
        with _opencv_lock:
            _opencv_users -= 1
            if _opencv_users == 0:
                cv2.setNumThreads(_opencv_threads)
