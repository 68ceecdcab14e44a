"""ImageSet: a lazy sequence of pictures that scikit-learn can split, clone and send to workers for nothing."""

import os
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import replace
from functools import cached_property
from numbers import Integral
from typing import Any, NoReturn, Self, TypeAlias, overload

import numpy as np
from numpy.typing import NDArray

from ..checks import did_you_mean
from ..html import gallery
from .decode import decode_array, decode_bytes, read_file
from .dicom import patients
from .digest import Record, decoding, examine, image_digest
from .errors import ImageFailure, ImageReadError, printable
from .folder import scan_folder
from .intensity import to_uint8
from .labels import as_groups, as_ids
from .options import DecodeOptions
from .remote import is_url, join_url
from .sources import JoinedSource, Source, as_source

_SHOWN = 8  # thumbnails in a notebook


class ImageSet:
    """A lazy set of images that can be sliced; ids and patients are sliced along.

    Images are read only when they are needed. Slices, masks and lists of indices or ids give an ImageSet over the
    same source; one index or one id gives the decoded image. Copies and ``sklearn.base.clone`` return the set
    itself. Pickles hold the paths of the set's own images, or their pixels as one array that joblib can memory-map. So
    an ImageSet costs nothing as a parameter of an estimator.

    Parameters
    ----------
    source : sequence of path-like, ndarray of shape (n, height, width[, 3]), list of ndarray, or list of Pillow images
        Image files (as a list, array, Series or one-column frame), which may be URLs of any storage that fsspec opens
        (``s3://``, ``https://``, ``zip://a.png::scans.zip``; extra ``remote``), or images in memory: uint8, uint16,
        bool (shown as 0 and 255), or any other numeric dtype together with ``options=DecodeOptions(value_range=...)``.
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
        One digest of each image's content, 32 bytes: two images are the same if their digests are equal.
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

    size: tuple[int, int] | None
    groups: NDArray[Any] | None

    ndim = 1

    def __init__(
        self,
        source: "ImagesLike",
        ids: Iterable[Hashable] | None = None,
        groups: Iterable[Hashable] | Mapping[Any, Hashable] | None = None,
        *,
        size: int | Sequence[int] | None = None,
        options: DecodeOptions = DecodeOptions(),  # noqa: B008 (frozen)
    ) -> None:
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
    def from_folder(
        cls,
        path: str | os.PathLike[str],
        groups: Iterable[Hashable] | Mapping[Any, Hashable] | Callable[[str], Hashable] | None = None,
        *,
        size: int | Sequence[int] | None = None,
        options: DecodeOptions = DecodeOptions(),  # noqa: B008 (frozen)
    ) -> Self:
        """Take every image below a folder, in natural order; ids are paths relative to the folder.

        Parameters
        ----------
        path : path-like or str
            The folder, or the URL of one. Links to folders are not followed. Hidden files, thumbnails and files with
            an extension that is never an image are skipped.
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
        paths = [join_url(path, id) if is_url(path) else os.path.join(path, id) for id in ids]
        if isinstance(groups, str):
            groups = patients(cls(paths, ids), groups)
        elif callable(groups):
            groups = [groups(id) for id in ids]
        return cls(paths, ids, groups, size=size, options=options)

    @classmethod
    def join(cls, sets: Iterable["ImageSet"]) -> Self:
        """Concatenate several sets; their cached rows stay valid.

        Parameters
        ----------
        sets : list of ImageSet
            Sets with the same `size` and `options`. Groups are kept if every set has them. If two sets share an id,
            every id gets the number of its set as a prefix, ``"1/image.png"``.

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
    def ids(self) -> NDArray[np.str_]:
        """The images' ids: the given ones, else the paths of files or the positions of arrays."""
        if self._own_ids is not None:
            return self._own_ids
        return np.array(self._source.ids(self._positions), dtype=str)

    @property
    def digests(self) -> NDArray[np.object_]:
        """One digest of each image's content: two images are the same if their digests are equal.

        An object ndarray of shape (n_images,) that holds 32-byte ``bytes``. The digest covers the decoded pixels
        (dtype, shape and values, after `options` and `size`). A file, its copy under another name or in another
        lossless format, and the array it decodes to have the same digest. A grey picture has the same digest whether
        it is stored as grey or as colour. An image that cannot be decoded has a digest of its bytes, a file that
        cannot be read one of its path; `failures` lists both.

        The first access decodes every image once, with the workers of ``joblib.parallel_config``. The digests are
        kept for slices, joins and pickles of this set. A file is read again if its size or times have changed.
        Arrays in memory are assumed not to change.
        """
        return np.array([record.digest for record in examine(self)], dtype=object)

    @property
    def failures(self) -> list[ImageFailure]:
        """The images that cannot be read or decoded, one ImageFailure each; computed together with `digests`."""
        found = ((i, record.failure) for i, record in enumerate(examine(self)))
        return [replace(failure, id=str(self.ids[i])) for i, failure in found if failure is not None]

    @property
    def shape(self) -> tuple[int]:
        """``(n_images,)``; scikit-learn would decode a sequence without a shape into a list."""
        return (len(self._positions),)

    def __len__(self) -> int:
        return len(self._positions)

    @overload
    def __getitem__(self, key: int | np.integer[Any] | str) -> NDArray[Any]: ...

    @overload
    def __getitem__(self, key: slice | Sequence[int] | Sequence[bool] | Sequence[str] | NDArray[Any]) -> Self: ...

    def __getitem__(self, key: Any) -> Any:
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

    def _places(self, ids: list[str]) -> NDArray[np.intp]:
        """Return the positions of ids."""
        places = {id: place for place, id in enumerate(self.ids.tolist())}
        missing = [id for id in ids if id not in places]
        if missing:
            guess = did_you_mean(missing[0], places)
            raise KeyError(f"no image has the id {printable(missing[0])!r}: {guess}the set's ids are in .ids")
        return np.array([places[id] for id in ids], dtype=np.intp)

    def __iter__(self) -> Iterator[NDArray[Any]]:
        return (self[i] for i in range(len(self)))

    def raw(self, i: int) -> bytes | NDArray[Any]:
        """Return image i undecoded: the bytes of its file, or its array. Raises ImageReadError."""
        try:
            item = self._source.raw(self._positions[i])
            return read_file(item) if isinstance(item, str) else item
        except ImageReadError as error:
            raise error.named(self.ids[i]) from error.__cause__

    def read(self, i: int) -> tuple[bytes | NDArray[Any], bytes, tuple[Any, ...] | None]:
        """Return image i undecoded, the digest that names its cached rows, and the state of its file before reading.

        The digest is remembered until the file changes. Raises ImageReadError.
        """
        source, position = self.find(i)
        return self._read(i, source, position, source.stamp(position))

    def _read(self, i, source, position, stamp):
        raw = self.raw(i)
        key = image_digest(raw, self.options, self.size)
        records = self._records(source)
        known = records.get(position)
        if stamp is not None and (known is None or (known.stamp, known.key) != (stamp, key)):
            records[position] = Record(stamp, key)
        return raw, key, stamp

    def identify(self, i: int) -> tuple[bytes | None, bytes | NDArray[Any] | None]:
        """Return the digest that names the cached rows of image i, and what was read for it: None if it was known.

        Raises ImageReadError.
        """
        source, position = self.find(i)
        stamp = source.stamp(position)
        if stamp:  # an array may have been changed in place, and no time says so
            known = self._records(source).get(position)
            if known is not None and known.stamp == stamp:
                return known.key, None
        raw, key, _ = self._read(i, source, position, stamp)
        return key, raw

    def find(self, i: int) -> tuple[Source, int]:
        """Return the source that holds image i, and its position there."""
        return self._source.find(self._positions[i])

    def record(self, i: int) -> Record | None:
        """Return what is known of image i as it is now, or None."""
        source, position = self.find(i)
        known = self._records(source).get(position)
        return known if known is not None and known.stamp == source.stamp(position) else None

    def remember(self, i: int, record: Record) -> None:
        """Keep what is known of image i, for all slices and joins of this set; not if its file could not be read."""
        if record.stamp is not None:
            source, position = self.find(i)
            self._records(source)[position] = record

    def _records(self, source):
        """Return what is known of the images of a source, decoded as those of this set."""
        return source.records.setdefault(decoding(self.options, self.size), {})

    def place(self, i: int) -> str:
        """Return what names the place of image i: its full path, or its position among arrays."""
        source, position = self.find(i)
        return source.place(position)

    def decode_one(self, raw: bytes | NDArray[Any], i: int) -> NDArray[Any]:
        """Decode what `raw` returned for image i. Raises ImageReadError."""
        try:
            decode = decode_array if isinstance(raw, np.ndarray) else decode_bytes
            return decode(raw, self.options, self.size)
        except ImageReadError as error:
            raise error.named(self.ids[i]) from error.__cause__

    def decode(self) -> NDArray[Any] | list[NDArray[Any]]:
        """Decode every image into memory.

        Returns
        -------
        ndarray of shape (n_images, height, width[, 3]), or list of ndarray when shapes differ
        """
        images = list(self)
        if images and all(image.shape == images[0].shape and image.dtype == images[0].dtype for image in images):
            return np.stack(images)
        return images

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NoReturn:
        raise TypeError("an ImageSet is not a table: put a FeaturePipeline in front (or .decode() it on purpose)")

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: Any) -> Self:
        return self

    def __getstate__(self) -> dict[str, Any]:
        state = dict(self.__dict__)
        state.pop("ids", None)  # derived
        state["_source"] = self._source.subset(self._positions)
        if state["_source"] is not self._source:
            state["_positions"] = np.arange(len(self))
            if self._own_ids is None and state["_source"].ids(state["_positions"]) != self.ids.tolist():
                state["_own_ids"] = self.ids  # which count from the beginning of the whole source
        return state

    def __repr__(self) -> str:
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


# An ImageSet, paths, arrays, Pillow images, or dicts of bytes and path: in a list, an array, a Series or a frame.
ImagesLike: TypeAlias = ImageSet | NDArray[Any] | Iterable[Any]


def as_image_set(images: ImagesLike) -> ImageSet:
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
