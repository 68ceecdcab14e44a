"""FeatureCache: rows of features in one SQLite file, for many processes. No fault of the file stops a run."""

import atexit
import os
import sqlite3
import time
import warnings
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any, Self, TypeVar

import numpy as np
from numpy.typing import NDArray

from ..images.errors import printable
from . import rows as table
from .connection import Connections
from .faults import FAULTS, CacheWarning, NotACache, error_code, is_damage, is_lock, warn_once
from .shards import read_shard, write_shard

__all__ = ["CacheWarning", "FeatureCache"]

_REST_SECONDS = 600
_MOST_OPEN = 4
_read_only: "dict[str, FeatureCache]" = {}  # the last ones that passes have read
_resting: dict[tuple[str, bool], float] = {}  # (path, whether to write) -> when to try a locked file again

T = TypeVar("T")
Block = tuple[bytes, Sequence[bytes], NDArray[Any], Mapping[str, Any]]  # token, digests, rows, about


class FeatureCache:
    """A file that keeps rows of features for the next call, fold, process or run.

    A row is found by the digest of its image and the token of its extractor. Any number of processes and threads
    of one machine may read and write at the same time, and may be killed while they do. No fault of the file ever
    stops a run: rows that cannot be read are computed, with one warning. A damaged cache is renamed to
    ``<path>.corrupt-<time>`` and a new one is begun. A file that is no cache, or has a newer format, is never
    moved or changed.

    Parameters
    ----------
    path : path-like
        The cache file. It is opened when it is first needed, and made when there is a first row to keep. Only its owner
        can read a new file, and its folder if that is new too.

    Attributes
    ----------
    path : str
        Absolute.

    Raises
    ------
    FileExistsError
        When first used, if the file is no feature cache, or has another format.
    IsADirectoryError
        When first used, if the path is a folder.

    See Also
    --------
    FeaturePipeline : Looks up and keeps rows by itself, given ``cache=path``.

    Notes
    -----
    One SQLite file with a write-ahead log: files with the same name and ``-wal`` or ``-shm`` come and go. Every row has
    a checksum of its numbers, digest and token; a row that fails it is a miss. Nothing in the file is ever
    unpickled. Rows are also read from a file or folder that cannot be written. Copies, clones and
    pickles hold the path only. On a network disk give each worker its own cache, and use `export` and `merge`. If
    another process locks the file for a minute, it is not tried again for ten minutes.

    Examples
    --------
    >>> import tempfile
    >>> import numpy as np
    >>> folder = tempfile.TemporaryDirectory()
    >>> cache = FeatureCache(f"{folder.name}/features.cache")
    >>> cache.put_many(b"token", [b"digest"], np.array([[1, 2]], dtype=np.float32), about={"class": "Example"})
    >>> cache.get_many(b"token", [b"digest", b"other"], width=2)
    [array([1., 2.], dtype=float32), None]
    >>> cache.info()["extractors"][0]["class"], len(cache)
    ('Example', 1)
    >>> FeatureCache(folder.name).get_many(b"token", [b"digest"], width=2)
    Traceback (most recent call last):
    IsADirectoryError: the cache ... is a folder: pass a file in it, like ...
    >>> folder.cleanup()
    """

    path: str

    def __init__(self, path: str | bytes | os.PathLike[Any]) -> None:
        self.path = os.path.abspath(os.fsdecode(path))
        self._connections = Connections(self.path)
        self._wrote = False

    # ---- rows: any fault of the file is a miss ----------------------------------------------------------

    def get_many(self, token: bytes, digests: Iterable[bytes], width: int) -> list[NDArray[np.float32] | None]:
        """Look up rows.

        Parameters
        ----------
        token : bytes
            See `fingerprint_features.cache.extractor_token`.
        digests : list of bytes
            See `fingerprint_features.images.image_digest`.
        width : int
            How many numbers a row must have.

        Returns
        -------
        list of (ndarray of shape (width,) and dtype float32, or None)
            In the order of `digests`, read-only; None for each row that is missing or damaged.
        """
        digests = list(digests)
        ((places, block),) = self.get_blocks([(token, width)], digests)
        rows: list[NDArray[np.float32] | None] = [None] * len(digests)
        for place, row in zip(places, block, strict=True):
            rows[place] = row
        return rows

    def get_blocks(
        self, wanted: Sequence[tuple[bytes, int]], digests: Sequence[bytes]
    ) -> list[tuple[list[int], NDArray[np.float32]]]:
        """Look up the rows of several extractors together.

        Parameters
        ----------
        wanted : list of (bytes, int)
            Token and width for each extractor.
        digests : list of bytes

        Returns
        -------
        list of (list of int, ndarray of shape (n_found, width) and dtype float32)
            For each extractor the positions in `digests` of the rows that are there, and these rows, read-only.
        """
        tokens = [token for token, _ in wanted]
        found = self._try(lambda db: table.find(db, tokens, digests), create=False) if tokens and digests else None
        blocks = []
        for token, width in wanted:
            places, block, damaged = table.unpack(token, digests, width, found[token] if found else {})
            blocks.append((places, block))
            if damaged:
                self._try(partial(table.delete, token=token, digests=damaged), create=True)
        return blocks

    def put_many(self, token: bytes, digests: Sequence[bytes], rows: NDArray[Any], about: Mapping[str, Any]) -> None:
        """Keep rows; rows that exist already do not change.

        Parameters
        ----------
        token : bytes
        digests : list of bytes
        rows : ndarray of shape (n, width) and dtype float32
        about : dict
            What `info` returns about the extractor, as plain JSON values; kept once for each token.
        """
        self.put_blocks([(token, digests, rows, about)])

    def put_blocks(self, blocks: Iterable[Block]) -> None:
        """Keep the rows of several extractors or chunks together: after a crash all of them are there, or none.

        Parameters
        ----------
        blocks : list of (bytes, list of bytes, ndarray, dict)
            For each block what `put_many` takes.
        """
        parcels = []
        for token, digests, rows, about in blocks:
            if np.ndim(rows) != 2 or len(rows) != len(digests):
                raise ValueError(
                    f"{len(digests)} digests need a matrix with one row for each. Got shape {np.shape(rows)}"
                )
            if len(rows):
                parcels.append((token, partial(table.make_record, about), table.pack(token, digests, rows)))
        if parcels:
            self._try(lambda db: table.insert(db, parcels), create=True)

    # ---- the file: faults are errors --------------------------------------------------------------------

    def __len__(self) -> int:
        return self._ask(table.count) or 0

    def __bool__(self) -> bool:
        return True  # an empty cache is a cache

    def info(self) -> dict[str, Any]:
        """Return what the file holds.

        Returns
        -------
        dict
            ``path``, ``bytes``, ``rows`` and ``extractors``: one dict for each extractor, the oldest first, with the
            `about` of `put_many` (``class``, ``params``, ``columns``...), the number of ``rows``, the time when it was
            ``created`` and the ``versions`` of the libraries at that time.
        """
        kinds = self._ask(table.extractors) or []
        return {
            "path": self.path,
            "bytes": sum(os.path.getsize(f) for f in (self.path, f"{self.path}-wal") if os.path.exists(f)),
            "rows": sum(kind["rows"] for kind in kinds),
            "extractors": kinds,
        }

    def clear(self) -> None:
        """Drop every row."""
        self._ask(table.drop_all)

    def prune(self, max_bytes: int | None = None, older_than_days: float | None = None) -> int:
        """Drop old rows and make the file smaller.

        Parameters
        ----------
        max_bytes : int, default=None
            Drop the oldest rows until the file is no larger.
        older_than_days : float, default=None
            Drop the rows that were written longer ago.

        Returns
        -------
        int
            Number of rows dropped.
        """
        if max_bytes is None and older_than_days is None:
            raise ValueError("say what to drop: max_bytes or older_than_days")
        dropped = 0
        if older_than_days is not None:
            moment = time.time() - 86400 * older_than_days
            dropped += self._ask(lambda db: table.drop_before(db, moment)) or 0
        if max_bytes is not None:
            dropped += self._ask(lambda db: table.drop_until(db, max_bytes)) or 0
        return dropped

    def export(self, path: str | bytes | os.PathLike[Any]) -> None:
        """Write all rows as a shard: one file that appears only when it is complete, and never changes.

        Parameters
        ----------
        path : path-like
            File to write; it must not exist. It may be on a network disk.
        """
        path = os.path.abspath(os.fsdecode(path))
        if not self._ask(lambda db: write_shard(db, path) or True):
            raise FileNotFoundError(f"there is no cache {printable(self.path)} to export")

    def merge(self, paths: str | bytes | os.PathLike[Any] | Iterable[str | bytes | os.PathLike[Any]]) -> int:
        """Verify the rows of shards and add them; rows that exist already do not change.

        Parameters
        ----------
        paths : path-like, or list of path-like

        Returns
        -------
        int
            Number of rows added.

        Raises
        ------
        ValueError
            Naming the shard that is damaged.
        """
        added = 0
        self._ask(table.count)  # a thread has its own connection before it holds one to a shard: see handles.py
        for path in [paths] if isinstance(paths, (str, bytes, os.PathLike)) else paths:
            for token, record, rows in read_shard(os.path.abspath(os.fsdecode(path))):
                parcel = token, lambda r=record: r, rows
                added += self._ask(partial(table.insert, parcels=[parcel]), create=True)
        return added

    # ---- ways of using the file -------------------------------------------------------------------------

    def _try(self, action: Callable[[sqlite3.Connection], T], create: bool) -> T | None:
        """Run an action on this thread's connection; after a fault, warn once and return None."""
        self._wrote |= create
        if time.monotonic() < _resting.get((self.path, create), 0):
            return None
        for last in (False, True):
            try:
                with self._connections.use(create) as db:
                    return None if db is None else action(db)
            except IsADirectoryError:
                raise
            except FAULTS as error:
                if last or not is_damage(error) or not self._set_aside(error):
                    return self._give_up(error, create)
        return None

    def _ask(self, action: Callable[[sqlite3.Connection], T], create: bool = False) -> T | None:
        """Run an action on this thread's connection; None if there is no file. Faults raise errors."""
        self._wrote |= create
        try:
            with self._connections.use(create) as db:
                return None if db is None else action(db)
        except (sqlite3.Error, NotACache) as error:
            cure = ": delete the file to make room" if error_code(error) == sqlite3.SQLITE_FULL else ""
            raise OSError(f"the feature cache {printable(self.path)} cannot be used: {error}{cure}") from error

    def _set_aside(self, error):
        """Rename the damaged file; return whether to try again. Raise for a file that never was a cache."""
        try:
            aside = self._connections.set_aside()
        except NotACache:
            if self._connections.served:
                return False
            raise FileExistsError(
                f"{printable(self.path)} is no feature cache that this version can use ({error}). It was not "
                "changed: pass another path"
            ) from error
        except OSError:
            return False
        if aside is not None:
            message = f"the feature cache {printable(self.path)} is damaged ({error}): it was renamed to"
            warnings.warn(f"{message} {printable(aside)}, and a new one is started", CacheWarning, stacklevel=2)
        return True

    def _give_up(self, error, create):
        if is_lock(error):
            _resting[self.path, create] = time.monotonic() + _REST_SECONDS
        message = f"the feature cache {printable(self.path)} cannot be {'written' if create else 'read'} ({error})"
        warn_once(self.path, f"{message}: features are computed instead")

    # ---- copies, clones and pickles hold the path --------------------------------------------------------

    def __eq__(self, other: object) -> bool:
        return self.path == other.path if isinstance(other, FeatureCache) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.path)

    def __reduce__(self) -> tuple[type[Self], tuple[str]]:
        return type(self), (self.path,)

    def __copy__(self) -> Self:
        return self

    def __deepcopy__(self, memo: Any) -> Self:
        return self

    def __repr__(self) -> str:
        return f"FeatureCache({printable(self.path)!r})"


@contextmanager
def opened(path: str | os.PathLike[str]) -> Iterator[FeatureCache]:
    """Give the cache at a path for one pass; connections that have only read stay open for the next pass.

    Those that have written are closed, so that all rows are in the file itself.
    """
    path = os.path.abspath(os.fsdecode(path))
    cache = _read_only.pop(path, None) or FeatureCache(path)
    yield cache
    if not cache._wrote and os.name == "posix":  # elsewhere a file that is open cannot be removed
        _read_only[path] = cache
        for oldest in list(_read_only)[:-_MOST_OPEN]:
            _read_only.pop(oldest, None)


atexit.register(_read_only.clear)
