"""ImageSet: a lazy sequence of pictures that scikit-learn can split, clone and send to workers for nothing."""

import os
from collections.abc import Iterator, Set
from dataclasses import replace
from functools import cached_property
from numbers import Integral

import numpy as np

from ..checks import did_you_mean
from ..html import gallery
from .decode import decode_array, decode_bytes, read_file
from .dicom import patients
from .digest import Record, decoding, examine, image_digest
from .errors import ImageReadError, printable
from .folder import scan_folder
from .intensity import to_uint8
from .labels import as_groups, as_ids
from .options import DecodeOptions
from .sources import JoinedSource, as_source

_SHOWN = 8  # thumbnails in a notebook


class ImageSet:
    """A lazy, sliceable set of images whose ids and patients stay with them.

    Nothing is read until it is asked for. Slices, masks and index lists give ImageSets over the same source;
    an integer gives the decoded image. Copies and ``sklearn.base.clone`` return the set itself, and pickles
    carry paths (or one array that joblib can map), so an ImageSet is a free constructor parameter.

    Parameters
    ----------
    source : sequence of path-like, ndarray of shape (n, height, width[, 3]), list of ndarray, or list of Pillow images
        Image files (as a list, array, Series or one-column frame), or images in memory: uint8, uint16, bool
        (shown as 0 and 255), or any other numeric dtype together with ``options=DecodeOptions(value_range=...)``.
        Dicts of ``bytes`` and ``path``, which Hugging Face datasets give, are images too. An empty cell among paths
        (None, NaN) is an image that cannot be read.
    ids : sequence of str, default=None
        One unique id an image. None takes the paths, or the positions of arrays.
    groups : sequence or dict, default=None
        One label an image (the patient) for group-wise splitting, in the order of the images or as a dict from id to
        label. Every image needs one.
    size : (int, int), default=None
        ``(height, width)`` to resize to, by area interpolation, at most ``options.max_pixels`` pixels. None keeps
        every image's own size.
    options : DecodeOptions, default=DecodeOptions()
        How files become pixels.

    Attributes
    ----------
    ids : ndarray of str of shape (n_images,)
        The images' ids.
    groups : ndarray of shape (n_images,) or None
        The images' groups.
    digests : ndarray of bytes of shape (n_images,)
        The images' content, 32 bytes each: two images are the same image if these are equal.
    shape : tuple
        ``(n_images,)``.

    See Also
    --------
    check_images : Name every file of a folder that cannot be read, before hours of extraction.

    Examples
    --------
    >>> images = ImageSet(np.zeros((4, 8, 8), dtype=np.uint8), groups=["ann", "ann", "bo", "bo"])
    >>> images[1:3].groups
    array(['ann', 'bo'], dtype='<U3')
    >>> images[0].shape, images["0"].shape, images.shape
    ((8, 8), (8, 8), (4,))
    >>> np.asarray(images)
    Traceback (most recent call last):
    TypeError: an ImageSet is not a table: put a FeaturePipeline in front (or .decode() it on purpose)
    """

    ndim = 1

    def __init__(self, source, ids=None, groups=None, *, size=None, options=DecodeOptions()):  # noqa: B008 (frozen)
        if isinstance(source, ImageSet):
            raise TypeError("source is an ImageSet already: slice it, or pass the paths or arrays it was made of")
        self._source = as_source(source)
        n = len(self._source)
        self._positions = np.arange(n)
        self.size = _check_size(size)
        if not isinstance(options, DecodeOptions):
            raise TypeError(f"options must be a DecodeOptions. Got {options!r} instead.")
        self.options = options
        _check_pixels(self.size, options)
        self._own_ids = None if ids is None else as_ids(ids, n)
        self.groups = None if groups is None else as_groups(groups, self.ids)

    @classmethod
    def from_folder(cls, path, groups=None, *, size=None, options=DecodeOptions()):  # noqa: B008 (frozen)
        """Take every image below a folder, in natural order; ids are paths relative to the folder.

        Parameters
        ----------
        path : path-like
            The folder. Links to folders are not followed; hidden files, thumbnails and files whose extension
            is known to be no image are passed over.
        groups : sequence, callable or str, default=None
            The patients: one label an image in the order of the ids, a function from id to label, e.g.
            ``lambda id: id.split("/")[0]`` for one sub-folder a patient, or a DICOM keyword such as
            ``"PatientID"``, whose value is read from every file.
        size, options
            As for ImageSet.

        Returns
        -------
        ImageSet
        """
        ids = scan_folder(path)
        path = os.fsdecode(path)
        paths = [os.path.join(path, id) for id in ids]
        if isinstance(groups, str):
            groups = patients(cls(paths, ids), groups)
        elif callable(groups):
            groups = [groups(id) for id in ids]
        return cls(paths, ids, groups, size=size, options=options)

    @classmethod
    def join(cls, sets):
        """Put several sets one after the other; contents, and with them cached rows, stay as they are.

        Parameters
        ----------
        sets : list of ImageSet
            All of one `size` and `options`. Groups are kept if every set has them. Where two sets share an id, all
            ids get the number of their set in front, ``"1/image.png"``.

        Returns
        -------
        ImageSet
        """
        sets = list(sets)
        how = list(dict.fromkeys((images.size, images.options) for images in sets))
        if len(how) != 1:
            sizes = " and ".join(f"size={size}" for size, _ in how) or "none"
            raise ValueError(
                f"only ImageSets of one size and the same DecodeOptions can be joined, got {sizes}: open all alike"
            )
        joined = object.__new__(cls)
        joined._source = JoinedSource([(images._source, images._positions) for images in sets])
        joined._positions = np.arange(len(joined._source))
        joined.size, joined.options = how[0]
        ids = np.concatenate([images.ids for images in sets])
        if len(np.unique(ids)) < len(ids):
            ids = np.array([f"{number}/{id}" for number, images in enumerate(sets) for id in images.ids], dtype=str)
        joined._own_ids = ids
        known = all(images.groups is not None for images in sets)
        joined.groups = np.concatenate([images.groups for images in sets]) if known else None
        return joined

    @cached_property
    def ids(self):
        """The images' ids: those given, or else the paths, or the positions of arrays."""
        if self._own_ids is not None:
            return self._own_ids
        return np.array(self._source.ids(self._positions), dtype=str)

    @property
    def digests(self):
        """The identity of each image's content: equal digests mean that two images are one and the same.

        An object ndarray of 32-byte ``bytes``. It is a digest of the decoded pixels (dtype, shape and values, after
        `options` and `size`), so that a file, a copy of it under another name or in another lossless format, and the
        array it decodes to are one image, and so are grey pictures stored as grey and as colour. An image that cannot
        be decoded is known by its bytes, a file that cannot be read by its path; `failures` names both.

        The first time this decodes every image once (in the workers of ``joblib.parallel_config``). The digests are
        then kept for all slices and joins of this set, and for pickles of it. A file is read again if its size or
        times have changed; arrays in memory are taken to stay as they are.
        """
        return np.array([record.digest for record in examine(self)], dtype=object)

    @property
    def failures(self):
        """The images that cannot be read or decoded, as a list of ImageFailure; found together with `digests`."""
        found = ((i, record.failure) for i, record in enumerate(examine(self)))
        return [replace(failure, id=str(self.ids[i])) for i, failure in found if failure is not None]

    @property
    def shape(self):
        """``(n_images,)``; scikit-learn would decode a sequence without a shape into a list."""
        return (len(self._positions),)

    def __len__(self):
        return len(self._positions)

    def __getitem__(self, key):
        if isinstance(key, tuple) and len(key) == 2 and key[1] is Ellipsis:  # scikit-learn's way of indexing rows
            key = key[0]
        if isinstance(key, Integral) and not isinstance(key, (bool, np.bool_)):
            if not -len(self) <= key < len(self):
                raise IndexError(f"there is no image {key} in a set of {len(self)}")
            return self.decode_one(self.raw(key), key)
        if isinstance(key, str):
            return self[int(self._places([key])[0])]
        if not isinstance(key, slice):
            key = np.asarray(key)
            if key.ndim == 1 and len(key) and isinstance(key[0], str):
                key = self._places(key.tolist())
            if key.ndim != 1 or (key.dtype == bool and key.shape != self.shape):
                raise IndexError(f"an index or mask of shape {key.shape} cannot pick from {len(self)} images")
            key = key.astype(np.intp) if not len(key) else key  # an empty list has no dtype of its own
        view = object.__new__(type(self))
        view._source, view.size, view.options = self._source, self.size, self.options
        view._positions = self._positions[key]
        view._own_ids = None if self._own_ids is None else self._own_ids[key]
        view.groups = None if self.groups is None else self.groups[key]
        return view

    def _places(self, ids):
        """Return the positions of ids."""
        places = {id: place for place, id in enumerate(self.ids.tolist())}
        missing = [id for id in ids if id not in places]
        if missing:
            guess = did_you_mean(missing[0], places)
            raise KeyError(f"no image has the id {printable(missing[0])!r}: {guess}the set's ids are in .ids")
        return np.array([places[id] for id in ids], dtype=np.intp)

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def raw(self, i):
        """Return image i undecoded: the bytes of its file, or its array. Raises ImageReadError."""
        try:
            item = self._source.raw(self._positions[i])
            return read_file(item) if isinstance(item, str) else item
        except ImageReadError as error:
            raise error.named(self.ids[i]) from error.__cause__

    def read(self, i):
        """Return image i undecoded, the digest that names its cached rows, and the state of its file before reading.

        The digest is remembered until the file changes. Raises ImageReadError.
        """
        source, position = self.find(i)
        stamp = source.stamp(position)
        raw = self.raw(i)
        key = image_digest(raw, self.options, self.size)
        known = self.record(i)
        if known is None or (known.stamp, known.key) != (stamp, key):
            self.remember(i, Record(stamp, key))
        return raw, key, stamp

    def identify(self, i):
        """Return the digest that names the cached rows of image i, and what was read for it: None if it was known.

        Raises ImageReadError.
        """
        known = self.record(i)
        if known is not None and known.stamp:  # an array may have been changed in place, and no time says so
            return known.key, None
        raw, key, _ = self.read(i)
        return key, raw

    def find(self, i):
        """Return the source that holds image i, and its position there."""
        return self._source.find(self._positions[i])

    def record(self, i):
        """Return what is known of image i as it is now, or None."""
        source, position = self.find(i)
        known = source.records.get(decoding(self.options, self.size), {}).get(position)
        return known if known is not None and known.stamp == source.stamp(position) else None

    def remember(self, i, record):
        """Keep what is known of image i, for all slices and joins of this set; not if its file could not be read."""
        if record.stamp is not None:
            source, position = self.find(i)
            source.records.setdefault(decoding(self.options, self.size), {})[position] = record

    def place(self, i):
        """Return what names the place of image i: its full path, or its position among arrays."""
        source, position = self.find(i)
        return source.place(position)

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
        state.pop("ids", None)  # derived
        state["_source"] = self._source.subset(self._positions)
        if state["_source"] is not self._source:
            state["_positions"] = np.arange(len(self))
        return state

    def __repr__(self):
        groups = "" if self.groups is None else f", {len(set(self.groups.tolist()))} groups"
        size = "" if self.size is None else f", size={self.size}"
        return f"ImageSet({len(self)} {self._source!r}{groups}{size})"

    def _repr_html_(self):
        more = ", the first of them:" if len(self) > _SHOWN else ""
        return gallery(f"{self!r}{more}", ((printable(id), self._shown(i)) for i, id in enumerate(self.ids[:_SHOWN])))

    def _shown(self, i):
        """Return the 8-bit pixels of image i, or why there are none."""
        try:
            return to_uint8(self[i])
        except ImageReadError as error:
            return error.failures[0].kind


def as_image_set(images):
    """Return `images` as an ImageSet.

    Parameters
    ----------
    images : ImageSet, or anything an ImageSet is made of

    Returns
    -------
    ImageSet

    Examples
    --------
    >>> as_image_set(["a.png", "b.png"])
    ImageSet(2 files)
    >>> as_image_set(np.zeros((64, 64)))
    Traceback (most recent call last):
    ValueError: got a 2-D array of shape (64, 64): pass a list of images or an array (n, height, width); ...
    """
    if isinstance(images, (Iterator, Set)):  # fit would use a generator up, and transform find nothing
        raise TypeError(f"a {type(images).__name__} has no lasting order: pass a list, e.g. sorted(images)")
    return images if isinstance(images, ImageSet) else ImageSet(images)


def _check_size(size):
    if size is None:
        return None
    size = tuple(size) if np.ndim(size) else (size, size)
    if len(size) != 2 or not all(isinstance(v, Integral) and v >= 1 for v in size):
        raise ValueError(f"size must be None or (height, width) in pixels. Got {size!r} instead.")
    return tuple(int(v) for v in size)


def _check_pixels(size, options):
    if size is not None and size[0] * size[1] > options.max_pixels:
        raise ValueError(
            f"size={size} is (height, width) in pixels, and more pixels than DecodeOptions(max_pixels="
            f"{options.max_pixels:g}) allows: choose a smaller size"
        )
