"""Where the images of an ImageSet come from: files, or arrays that are sent to other processes as one buffer."""

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from .encoded import as_raw, is_pillow, is_record
from .errors import ImageReadError
from .labels import is_missing
from .remote import Url, is_url, url_stamp

if TYPE_CHECKING:
    from .digest import Record

_COLOURS = (3, 4)  # channels of a colour image, without and with transparency


def as_source(images: Any) -> "Source":
    """Return the source of images in any form that an ImageSet takes; raise TypeError or ValueError for others."""
    if isinstance(images, (str, bytes, os.PathLike)):
        raise TypeError(
            f"one path is not a set of images: pass [{os.fsdecode(images)!r}], or ImageSet.from_folder for a folder"
        )
    if images is None or is_pillow(images) or isinstance(images, dict):
        raise TypeError(
            f"got {'None' if images is None else f'one {type(images).__name__}'} where a set of images is wanted: "
            "pass a list of paths, of arrays or of Pillow images, or an array (n, height, width[, 3])"
        )
    if hasattr(images, "columns"):  # iterating a frame would give its column names
        if len(images.columns) != 1:
            columns = ", ".join(map(str, images.columns))
            raise ValueError(f"got a frame with columns {columns}: pass the one that holds the paths, e.g. df['path']")
        images = images[images.columns[0]]
    if isinstance(images, np.ndarray) and images.dtype.kind in "biufc":
        return ArraySource(_check_stack(images))
    if isinstance(images, np.ndarray) and images.ndim == 2 and images.shape[1] == 1:
        images = images[:, 0]
    items = list(images)
    if items and all(_is_array(item) for item in items):
        return ArraySource(items)
    there = [item for item in items if not is_missing(item)]
    if (there or not items) and all(is_one_image(item) and not _is_array(item) for item in there):
        return PathSource([_path_or_content(item) for item in items])
    kinds = sorted({_describe(item) for item in items})
    raise TypeError(
        f"images are paths or arrays of shape (height, width[, 3]), got a sequence of {' and '.join(kinds)}: "
        "pass a list of paths, an array (n, height, width[, 3]), a list of arrays or a list of Pillow images"
    )


def is_one_image(item: object) -> bool:
    """Return whether an item of a sequence can be one image: a path, an array, a Pillow image, a dict of bytes."""
    return isinstance(item, (str, os.PathLike)) or _is_array(item) or is_pillow(item) or is_record(item)


def _is_array(item: object) -> TypeGuard[NDArray[Any]]:
    return isinstance(item, np.ndarray) and item.ndim in (2, 3)


def _path_or_content(item):
    """Return the path of an image, its encoded bytes, itself if it is Pillow's, or None if there is nothing."""
    if is_record(item):
        item = item["bytes"] if item.get("bytes") is not None else item.get("path")
    if is_missing(item):
        return None
    if not isinstance(item, (str, os.PathLike)):
        return item
    path = os.fsdecode(item)
    return Url(path) if is_url(path) else path


def _check_stack(array):
    if array.ndim == 2:
        raise ValueError(
            f"got a 2-D array of shape {array.shape}: pass a list of images or an array (n, height, width); "
            "for one image use X[None]"
        )
    if array.ndim not in (3, 4) or (array.ndim == 4 and array.shape[3] not in (1, 2, 3, 4)):
        raise ValueError(
            f"got an array of shape {array.shape}: pass (n, height, width) or (n, height, width, 3), channels last"
        )
    if array.ndim == 3 and array.shape[2] in _COLOURS and array.shape[1] > array.shape[2]:
        height, width, channels = array.shape
        raise ValueError(
            f"got an array of shape {array.shape}, which looks like one colour image of {height} x {width}: pass "
            f"X[None] for one image, or list(X) for {height} grey images of {width} x {channels}"
        )
    return array


def _describe(item):
    return f"{item.ndim}-D arrays" if isinstance(item, np.ndarray) else type(item).__name__


class Source:
    """Images by position.

    Attributes
    ----------
    records : dict of str to dict of int to Record
        What is known of the content of images: for each way of decoding, the Record of each position.
    """

    records: "dict[str, dict[int, Record]]"

    def __init__(self, records: "dict[str, dict[int, Record]] | None" = None) -> None:
        self.records = records or {}

    def __len__(self) -> int:
        raise NotImplementedError

    def raw(self, position: int) -> str | bytes | NDArray[Any]:
        """Return the path, the encoded bytes or the array of one image."""
        raise NotImplementedError

    def subset(self, positions: Sequence[int] | NDArray[np.intp]) -> "Source":
        """Return a source of some images, for a small pickle, or the source itself."""
        raise NotImplementedError

    def records_of(self, positions: Sequence[int] | NDArray[np.intp]) -> "dict[str, dict[int, Record]]":
        """Return what is known of some images, by their positions in a source of these alone."""
        return {
            how: {new: known[old] for new, old in enumerate(positions) if old in known}
            for how, known in list(self.records.items())  # another thread may add to it
        }

    def ids(self, positions: Sequence[int] | NDArray[np.intp]) -> list[str]:
        """Return the default id of each image."""
        return [str(i) for i in positions]

    def find(self, position: int) -> "tuple[Source, int]":
        """Return the source that holds an image, and its position there."""
        return self, int(position)

    def stamp(self, position: int) -> tuple[Any, ...] | None:
        """Return values that change when a file's content changes: none for arrays, None if the file is missing."""
        return ()

    def place(self, position: int) -> str:
        """Return a name of the image's place."""
        return str(position)


class PathSource(Source):
    """Image files, of which only paths and records are kept; or encoded images in memory.

    Parameters
    ----------
    items : list
        For each image its path, the bytes of its file, a Pillow image, or None if there is nothing.
    """

    def __init__(self, items: list[Any], records: "dict[str, dict[int, Record]] | None" = None) -> None:
        super().__init__(records)
        self.items = items

    def __len__(self) -> int:
        return len(self.items)

    def raw(self, position: int) -> str | bytes | NDArray[Any]:
        """Return the path of one image, which the decoder reads, or its content."""
        item = self.items[position]
        if item is None:
            raise ImageReadError.one("missing", f"row {position} has no path: fill it in, or leave the row out")
        return as_raw(item) if is_pillow(item) else item

    def stamp(self, position: int) -> tuple[Any, ...] | None:
        """Return the size and times of a file; None if there is no such file, or its storage states none."""
        item = self.items[position]
        if not isinstance(item, str):
            return None if item is None else ()
        if isinstance(item, Url):
            return url_stamp(item)
        try:
            status = os.stat(item)
        except (OSError, ValueError):
            return None
        return status.st_size, status.st_mtime_ns, status.st_ctime_ns

    def place(self, position: int) -> str:
        """Return the full path of one image, or its address."""
        item = self.items[position]
        if isinstance(item, Url):
            return item
        return os.path.abspath(item) if isinstance(item, str) else f"row {position}"

    def subset(self, positions: Sequence[int] | NDArray[np.intp]) -> Source:
        """Return a source of some images, for a small pickle."""
        return PathSource([self.items[i] for i in positions], self.records_of(positions))

    def ids(self, positions: Sequence[int] | NDArray[np.intp]) -> list[str]:
        """Return the id of each image: its path in POSIX form, or its position if it has none."""
        return [self._id(int(i)) for i in positions]

    def _id(self, position):
        item = self.items[position]
        if isinstance(item, str):
            return item.replace(os.sep, "/")
        return f"row {position}" if item is None else str(position)

    def __repr__(self) -> str:
        return "files"


class ArraySource(Source):
    """Images in memory: one array ``(n, h, w[, channels])`` or a list of arrays of any sizes.

    A list is packed into one flat buffer when it is first pickled: joblib maps a single large array into its
    workers, but pickles a thousand small ones again for every task.
    """

    def __init__(self, arrays, records: "dict[str, dict[int, Record]] | None" = None):
        super().__init__(records)
        self.arrays = arrays

    def __len__(self) -> int:
        return len(self.arrays)

    def raw(self, position: int) -> str | bytes | NDArray[Any]:
        """Return the array of one image."""
        return self.arrays[position]

    def subset(self, positions: Sequence[int] | NDArray[np.intp]) -> Source:
        """Return a source of these rows alone, or the source itself for all of them in their order."""
        positions = np.asarray(positions, dtype=np.intp)
        if np.array_equal(positions, np.arange(len(self))):
            return self
        if isinstance(self.arrays, np.ndarray):
            return ArraySource(self.arrays[_as_slice(positions)], self.records_of(positions))
        return ArraySource([self.arrays[i] for i in positions], self.records_of(positions))

    def __getstate__(self) -> dict[str, Any]:
        if isinstance(self.arrays, list) and len({array.dtype for array in self.arrays}) == 1:
            self.arrays = _Packed(self.arrays)
        return {"arrays": self.arrays, "records": {how: dict(known) for how, known in list(self.records.items())}}

    def __repr__(self) -> str:
        return "arrays"


def _as_slice(positions):
    """Return neighbours as a slice, which copies nothing, and other positions as they are."""
    if not len(positions) or (np.diff(positions) != 1).any():
        return positions
    return slice(positions[0], positions[-1] + 1)


class _Packed:
    """Arrays of one dtype and any shapes, end to end in one buffer."""

    def __init__(self, arrays):
        self.buffer = np.concatenate([array.ravel() for array in arrays])
        self.shapes = [array.shape for array in arrays]
        self.ends = np.cumsum([0] + [array.size for array in arrays])

    def __len__(self) -> int:
        return len(self.shapes)

    def __getitem__(self, position):
        return self.buffer[self.ends[position] : self.ends[position + 1]].reshape(self.shapes[position])


class JoinedSource(Source):
    """Images of several sources, one after the other."""

    def __init__(self, parts: list[tuple[Source, NDArray[np.intp]]]) -> None:
        super().__init__()
        self.parts = parts  # (source, positions in it)
        self.ends = np.cumsum([len(positions) for _, positions in parts])

    def __len__(self) -> int:
        return int(self.ends[-1])

    def raw(self, position: int) -> str | bytes | NDArray[Any]:
        """Return what the source of the image returns."""
        source, position = self.find(position)
        return source.raw(position)

    def find(self, position: int) -> tuple[Source, int]:
        """Return the source that holds an image, and its position there."""
        number, source, positions = self._find(position)
        return source.find(positions[position - self._start(number)])

    def subset(self, positions: Sequence[int] | NDArray[np.intp]) -> Source:
        """Return a source of some images, in their order."""
        runs = []  # neighbours of one source stay together
        for position in positions:
            number, _, own = self._find(position)
            if not runs or runs[-1][0] != number:
                runs.append((number, []))
            runs[-1][1].append(own[position - self._start(number)])
        if not runs:
            return ArraySource([])
        return JoinedSource([_part(self.parts[number][0], np.array(own)) for number, own in runs])

    def _find(self, position):
        number = int(np.searchsorted(self.ends, position, side="right"))
        return number, *self.parts[number]

    def _start(self, number):
        return self.ends[number - 1] if number else 0

    def __repr__(self) -> str:
        return " and ".join(repr(source) for source, _ in self.parts)


def _part(source, positions):
    """Return a small source for some pictures of a large one, and where they are in it."""
    smaller = source.subset(positions)
    return smaller, positions if smaller is source else np.arange(len(positions))
