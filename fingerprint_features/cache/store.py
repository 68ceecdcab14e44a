"""FeatureCache: rows of features in one SQLite file that many processes share and no fault of which stops a run."""

import os
import sqlite3
import time
import warnings
from functools import partial

import numpy as np

from ..images.errors import printable
from . import rows as table
from .connection import Connections
from .faults import FAULTS, CacheWarning, NotACache, error_code, is_damage, is_lock, warn_once
from .shards import read_shard, write_shard

__all__ = ["CacheWarning", "FeatureCache"]

_REST_SECONDS = 600
_resting = {}  # (path, whether to write) -> when a file that was locked is tried again


class FeatureCache:
    """A file that keeps rows of features for the next call, fold, process or run.

    A row is found by the digest of its image and the token of its extractor. Any number of processes and threads
    of one machine may read and write at once, and may be killed while they do. No fault of the file ever stops a
    run: what cannot be read is computed, with one warning. A damaged cache is renamed to
    ``<path>.corrupt-<time>`` and a new one is begun. A file that is no cache, or has a newer format, is never
    moved or changed.

    Parameters
    ----------
    path : path-like
        The cache file. Nothing is opened before it is needed, and nothing made before there is a row to keep;
        a new file, and its folder if that is new, can be read by their owner only.

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
    One SQLite file with a write-ahead log: beside it, ``-wal`` and ``-shm`` files come and go. Every row carries a
    checksum over its numbers, digest and token; a row that fails it is a miss. Nothing in the file is ever
    unpickled. A file or folder that cannot be written still serves its rows. Copies, clones and pickles are
    free: they carry the path. On a network disk give each worker a cache of its own, and use `export` and `merge`.
    A file that another process has locked for a minute is left alone for ten.

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

    def __init__(self, path):
        self.path = os.path.abspath(os.fsdecode(path))
        self._connections = Connections(self.path)

    # ---- rows: any fault of the file is a miss ----------------------------------------------------------

    def get_many(self, token, digests, width):
        """Look rows up.

        Parameters
        ----------
        token : bytes
            See `fingerprint_features.cache.extractor_token`.
        digests : list of bytes
            See `fingerprint_features.images.image_digest`.
        width : int
            Numbers a row must have.

        Returns
        -------
        list of (ndarray of shape (width,) and dtype float32, or None)
            In the order of `digests`, read-only; None for each row that is not there or is damaged.
        """
        digests = list(digests)
        found = self._try(lambda db: table.find(db, token, digests), create=False) if digests else None
        rows, spoilt = table.unpack(token, digests, width, found or {})
        if spoilt:
            self._try(lambda db: table.delete(db, token, spoilt), create=True)
        return rows

    def put_many(self, token, digests, rows, about):
        """Keep rows; those that are there already stay as they are.

        Parameters
        ----------
        token : bytes
        digests : list of bytes
        rows : ndarray of shape (n, width) and dtype float32
        about : dict
            What `info` tells of the extractor, as plain JSON values; kept once a token.
        """
        if np.ndim(rows) != 2 or len(rows) != len(digests):
            raise ValueError(f"{len(digests)} digests need a matrix of as many rows, got shape {np.shape(rows)}")
        if len(rows):
            packed = table.pack(token, digests, rows)
            record = partial(table.make_record, about)
            self._try(lambda db: table.insert(db, token, record, packed), create=True)

    # ---- the file: faults are errors --------------------------------------------------------------------

    def __len__(self):
        return self._ask(table.count) or 0

    def __bool__(self):
        return True  # an empty cache is a cache

    def info(self):
        """Tell what the file holds.

        Returns
        -------
        dict
            ``path``, ``bytes``, ``rows`` and ``extractors``: for each, in the order in which they came, a dict of
            what `put_many` was told (``class``, ``params``, ``columns``...) with its ``rows``, the time it was
            ``created`` and the ``versions`` of the libraries then in use.
        """
        kinds = self._ask(table.extractors) or []
        return {
            "path": self.path,
            "bytes": sum(os.path.getsize(f) for f in (self.path, f"{self.path}-wal") if os.path.exists(f)),
            "rows": sum(kind["rows"] for kind in kinds),
            "extractors": kinds,
        }

    def clear(self):
        """Drop every row."""
        self._ask(table.drop_all)

    def prune(self, max_bytes=None, older_than_days=None):
        """Drop old rows and give their space back.

        Parameters
        ----------
        max_bytes : int, default=None
            Drop the oldest rows until the file is no larger.
        older_than_days : float, default=None
            Drop the rows written longer ago.

        Returns
        -------
        int
            Rows dropped.
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

    def export(self, path):
        """Write all rows as a shard: one file that is there only when complete, and never changes.

        Parameters
        ----------
        path : path-like
            File to write, on a network disk too; it must not exist.
        """
        path = os.path.abspath(os.fsdecode(path))
        if not self._ask(lambda db: write_shard(db, path) or True):
            raise FileNotFoundError(f"there is no cache {printable(self.path)} to export")

    def merge(self, paths):
        """Add the rows of shards, verifying each; rows that are there already stay as they are.

        Parameters
        ----------
        paths : path-like, or list of path-like

        Returns
        -------
        int
            Rows added.

        Raises
        ------
        ValueError
            Naming the shard that is damaged.
        """
        added = 0
        self._ask(table.count)  # a thread has its own connection before it holds one to a shard: see handles.py
        for path in [paths] if isinstance(paths, (str, bytes, os.PathLike)) else paths:
            for token, record, rows in read_shard(os.path.abspath(os.fsdecode(path))):
                added += self._ask(
                    partial(table.insert, token=token, record=lambda r=record: r, rows=rows), create=True
                )
        return added

    # ---- ways of using the file -------------------------------------------------------------------------

    def _try(self, action, create):
        """Run an action on this thread's connection; a fault costs one warning and gives None."""
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

    def _ask(self, action, create=False):
        """Run an action on this thread's connection; None if there is no file. Faults are errors."""
        try:
            with self._connections.use(create) as db:
                return None if db is None else action(db)
        except (sqlite3.Error, NotACache) as error:
            cure = ": delete the file to make room" if error_code(error) == sqlite3.SQLITE_FULL else ""
            raise OSError(f"the feature cache {printable(self.path)} cannot be used: {error}{cure}") from error

    def _set_aside(self, error):
        """Rename the damaged file; return whether to try again. Refuse a file that is no cache and never was."""
        try:
            aside = self._connections.set_aside()
        except NotACache:
            if self._connections.served:
                return False
            raise FileExistsError(
                f"{printable(self.path)} is no feature cache that this version can use ({error}) and stays as it "
                "is: pass another path"
            ) from error
        except OSError:
            return False
        if aside is not None:
            message = f"the feature cache {printable(self.path)} is damaged ({error}): it is now called"
            warnings.warn(f"{message} {printable(aside)}, and a new one is begun", CacheWarning, stacklevel=2)
        return True

    def _give_up(self, error, create):
        if is_lock(error):
            _resting[self.path, create] = time.monotonic() + _REST_SECONDS
        message = f"the feature cache {printable(self.path)} cannot be {'written' if create else 'read'} ({error})"
        warn_once(self.path, f"{message}: features are computed instead")

    # ---- a path, as far as Python is concerned ----------------------------------------------------------

    def __eq__(self, other):
        return self.path == other.path if isinstance(other, FeatureCache) else NotImplemented

    def __hash__(self):
        return hash(self.path)

    def __reduce__(self):
        return type(self), (self.path,)

    def __copy__(self):
        return self

    def __deepcopy__(self, memo):
        return self

    def __repr__(self):
        return f"FeatureCache({printable(self.path)!r})"
