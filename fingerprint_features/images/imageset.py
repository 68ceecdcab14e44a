"""ImageSet: a lazy sequence of pictures that scikit-learn can split, clone and send to workers for nothing."""

import os
from numbers import Integral

import numpy as np

from .decode import decode_array, decode_bytes, read_file
from .errors import ImageReadError, printable
from .folder import scan_folder
from .options import DecodeOptions
from .sources import ArraySource, PathSource


class ImageSet:
    """A lazy, sliceable set of images whose ids and patients stay with them.

    Nothing is read until it is asked for. Slices, masks and index lists give ImageSets over the same source;
    an integer gives the decoded image. Copies and ``sklearn.base.clone`` return the set itself, and pickles
    carry paths (or one array that joblib can map), so an ImageSet is a free constructor parameter.

    Parameters
    ----------
    source : sequence of path-like, ndarray of shape (n, height, width[, 3]), or list of ndarray
        Image files, or images in memory: uint8, uint16, bool (shown as 0 and 255), or any other numeric
        dtype together with ``options=DecodeOptions(value_range=...)``.
    ids : sequence of str, default=None
        One unique id an image. None takes the paths, or the positions of arrays.
    groups : sequence, default=None
        One label an image (the patient) for group-wise splitting.
    size : (int, int), default=None
        ``(height, width)`` to resize to, by area interpolation. None keeps every image's own size.
    options : DecodeOptions, default=DecodeOptions()
        How files become pixels.

    Attributes
    ----------
    shape : tuple
        ``(n_images,)``.
    ids : ndarray of str of shape (n_images,)
        The images' ids.
    groups : ndarray of shape (n_images,) or None
        The images' groups.

    See Also
    --------
    check_images : Name every file of a folder that cannot be read, before hours of extraction.

    Examples
    --------
    >>> images = ImageSet(np.zeros((4, 8, 8), dtype=np.uint8), groups=["ann", "ann", "bo", "bo"])
    >>> images[1:3].groups
    array(['ann', 'bo'], dtype='<U3')
    >>> images[0].shape, images.shape
    ((8, 8), (4,))
    >>> np.asarray(images)
    Traceback (most recent call last):
    TypeError: an ImageSet is not a table: put a FeaturePipeline in front (or .decode() it on purpose)
    """

    ndim = 1

    def __init__(self, source, ids=None, groups=None, *, size=None, options=DecodeOptions()):  # noqa: B008 (frozen)
        self._source = _as_source(source)
        n = len(self._source)
        self._positions = np.arange(n)
        self.size = _check_size(size)
        if not isinstance(options, DecodeOptions):
            raise TypeError(f"options must be a DecodeOptions. Got {options!r} instead.")
        self.options = options
        self.ids = _labels(self._source.default_ids() if ids is None else ids, n, "ids")
        if ids is not None and len(np.unique(self.ids)) < n:
            values, counts = np.unique(self.ids, return_counts=True)
            raise ValueError(f"ids must be unique, {printable(values[counts > 1][0])!r} occurs {counts.max()} times")
        self.groups = None if groups is None else _labels(groups, n, "groups")

    @classmethod
    def from_folder(cls, path, groups=None, *, size=None, options=DecodeOptions()):  # noqa: B008 (frozen)
        """Take every image below a folder, in natural order; ids are paths relative to the folder.

        Parameters
        ----------
        path : path-like
            The folder. Links to folders are not followed; hidden files, thumbnails and files whose extension
            is known to be no image are passed over.
        groups : sequence or callable, default=None
            The patients: one label an image in the order of the ids, or a function from id to label, e.g.
            ``lambda id: id.split("/")[0]`` for one sub-folder a patient.
        size, options
            As for ImageSet.

        Returns
        -------
        ImageSet
        """
        ids = scan_folder(path)
        if callable(groups):
            groups = [groups(id) for id in ids]
        return cls([os.path.join(path, id) for id in ids], ids, groups, size=size, options=options)

    @property
    def shape(self):  # scikit-learn decodes a sequence without one into a list
        return (len(self._positions),)

    def __len__(self):
        return len(self._positions)

    def __getitem__(self, key):
        if isinstance(key, tuple) and len(key) == 2 and key[1] is Ellipsis:  # scikit-learn's way of indexing rows
            key = key[0]
        if isinstance(key, Integral) and not isinstance(key, (bool, np.bool_)):
            return self.decode_one(self.raw(range(len(self))[key]), key)
        if not isinstance(key, slice):
            key = np.asarray(key, dtype=None if len(key) else np.intp)
            if key.dtype == bool and key.shape != self.shape:
                raise IndexError(f"a mask of shape {key.shape} cannot index {len(self)} images")
        view = object.__new__(type(self))
        view._source, view.size, view.options = self._source, self.size, self.options
        view._positions = self._positions[key]
        view.ids = self.ids[key]
        view.groups = None if self.groups is None else self.groups[key]
        return view

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def raw(self, i):
        """Return image i undecoded: the bytes of its file, or its array. Raises ImageReadError."""
        item = self._source.raw(self._positions[i])
        if isinstance(item, np.ndarray):
            return item
        try:
            return read_file(item)
        except ImageReadError as error:
            raise error.named(self.ids[i]) from error.__cause__

    def decode_one(self, raw, i):
        """Decode what `raw` returned for image i. Raises ImageReadError."""
        try:
            decode = decode_array if isinstance(raw, np.ndarray) else decode_bytes
            return decode(raw, self.options, self.size)
        except ImageReadError as error:
            raise error.named(self.ids[i]) from error.__cause__

    def decode(self):
        """Decode every image on purpose.

        Returns
        -------
        ndarray of shape (n_images, height, width[, 3]), or list of ndarray when shapes differ
        """
        images = list(self)
        if images and all(image.shape == images[0].shape and image.dtype == images[0].dtype for image in images):
            return np.stack(images)
        return images

    def __array__(self, dtype=None, copy=None):
        raise TypeError("an ImageSet is not a table: put a FeaturePipeline in front (or .decode() it on purpose)")

    def __copy__(self):
        return self

    def __deepcopy__(self, memo):
        return self

    def __getstate__(self):
        state = dict(self.__dict__)
        state["_source"] = self._source.subset(self._positions)
        if state["_source"] is not self._source:
            state["_positions"] = np.arange(len(self))
        return state

    def __repr__(self):
        groups = "" if self.groups is None else f", {len(np.unique(self.groups))} groups"
        size = "" if self.size is None else f", size={self.size}"
        return f"ImageSet({len(self)} {self._source!r}{groups}{size})"


def _as_source(source):
    if isinstance(source, ImageSet):
        raise TypeError("source is an ImageSet already: slice it, or pass the paths or arrays it was made of")
    if isinstance(source, (str, bytes, os.PathLike)):
        raise TypeError(f"one path is not a set of images: pass [{str(source)!r}], or ImageSet.from_folder for a folder")
    if isinstance(source, np.ndarray) and source.dtype.kind in "biuf":
        return ArraySource(_check_stack(source))
    items = list(source)
    if not items:
        return PathSource([])
    if all(isinstance(item, (str, os.PathLike)) for item in items):
        return PathSource([os.fspath(item) for item in items])
    if all(isinstance(item, np.ndarray) and item.ndim in (2, 3) for item in items):
        return ArraySource(items)
    kinds = sorted({type(item).__name__ for item in items})
    raise TypeError(
        f"images are paths or arrays of shape (height, width[, 3]), got a sequence of {', '.join(kinds)}: "
        "pass a list of paths, an array (n, height, width[, 3]) or a list of arrays"
    )


def _check_stack(array):
    if array.ndim == 2:
        raise ValueError(
            f"got a 2-D array of shape {array.shape}: pass a list of images or an array (n, height, width); "
            "for one image use X[None]"
        )
    if array.ndim not in (3, 4) or (array.ndim == 4 and array.shape[3] not in (1, 2, 3, 4)):
        raise ValueError(f"got an array of shape {array.shape}: images are (n, height, width) or (n, height, width, 3)")
    return array


def _labels(labels, n, what):
    labels = np.asarray(list(labels) if not isinstance(labels, np.ndarray) else labels)
    if what == "ids":
        labels = labels.astype(str)
    if labels.shape != (n,):
        raise ValueError(f"{what} must name each of the {n} images once, got an array of shape {labels.shape}")
    return labels


def _check_size(size):
    if size is None:
        return None
    size = tuple(size) if np.ndim(size) else (size, size)
    if len(size) != 2 or not all(isinstance(v, Integral) and v >= 1 for v in size):
        raise ValueError(f"size must be None or (height, width) in pixels. Got {size!r} instead.")
    return tuple(int(v) for v in size)
