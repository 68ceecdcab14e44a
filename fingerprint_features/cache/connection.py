"""Connections to a cache file: one for each thread, opened and checked when it is first needed."""

import os
import sqlite3
import stat
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from ..images.errors import printable
from .faults import NotACache, error_code, is_lock, warn_once
from .handles import Handle, Lease
from .mounts import network_disk

_APPLICATION_ID = int.from_bytes(b"FpFc", "big")
_FORMAT = 1
_BUSY_SECONDS = 60
_HEADER = 100  # bytes at the beginning of every SQLite file
_SMALLEST = 512  # SQLite takes a shorter file for a new one, and overwrites it
_SCHEMA = (
    "CREATE TABLE extractors (id INTEGER PRIMARY KEY, token BLOB NOT NULL UNIQUE, record TEXT NOT NULL)",
    "CREATE TABLE features (extractor INTEGER NOT NULL, digest BLOB NOT NULL, written INTEGER NOT NULL, "
    "crc INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY (extractor, digest))",
    f"PRAGMA application_id={_APPLICATION_ID}",
    f"PRAGMA user_version={_FORMAT}",
)

_making = threading.Lock()  # closing a file drops all locks that SQLite holds on it in this process


class Connections:
    """The connections of this process to one cache file.

    Parameters
    ----------
    path : str
        Absolute.
    """

    def __init__(self, path: str) -> None:
        self.path = path
        self.served = False  # whether any thread has had a connection, so that the file was a cache
        self._local = threading.local()  # a thread that ends drops its lease, which closes its connection

    @contextmanager
    def use(self, create: bool) -> Iterator[sqlite3.Connection | None]:
        """Give this thread's connection; any exception closes it.

        Parameters
        ----------
        create : bool
            Whether to make a file that does not exist.

        Yields
        ------
        sqlite3.Connection or None
            None when there is no file.
        """
        handle = self._handle()
        with handle.lock:
            try:
                yield self._ready(handle, create)
            except BaseException:
                handle.close()  # its state is unknown
                raise

    def set_aside(self) -> str | None:
        """Rename the damaged cache that this thread has opened; return its new name, or None if that is done already.

        Raises
        ------
        NotACache
            If the file does not begin like a cache of this format, and so belongs to something else.
        PermissionError
        """
        path = os.path.realpath(self.path)
        if _identity(_stat(path)) != self._handle().identity:
            return None
        with open(path, "rb") as file:
            if not _begins_as_ours(file.read(_HEADER)):
                raise NotACache("it does not begin as a feature cache")
        if not os.access(path, os.W_OK):
            raise PermissionError(f"{path} belongs to another user, and a write in progress may look like damage")
        aside = f"{path}.corrupt-{datetime.now():%Y%m%dT%H%M%S.%f}"
        os.rename(path, aside)
        for suffix in ("-wal", "-shm"):
            with suppress(FileNotFoundError):
                os.rename(path + suffix, aside + suffix)
        return aside

    def _handle(self):
        try:
            return self._local.lease.handle
        except AttributeError:
            self._local.lease = Lease()
            return self._local.lease.handle

    def _ready(self, handle, create):
        """Return the connection of a handle, and open it if necessary; None when there is no file."""
        path, found = self.path, _stat(self.path)
        if handle.db is not None and _identity(found) == handle.identity:
            return handle.db
        handle.close()  # the file was removed or replaced
        if found is not None and stat.S_ISDIR(found.st_mode):
            name = printable(path)
            raise IsADirectoryError(f"the cache {name} is a folder: pass a file in it, like {name}/features.cache")
        if found is not None and not stat.S_ISREG(found.st_mode):
            raise OSError("it is no regular file")
        if not create and (found is None or found.st_size == 0):
            return None
        with _making:
            found = _stat(path) or _make_file(path)
        handle.identity = _identity(found)
        if 0 < found.st_size < _SMALLEST:
            raise NotACache("file is not a database")
        handle.db = _open(path)
        self.served = True
        return handle.db


@contextmanager
def transaction(db: sqlite3.Connection) -> Iterator[None]:
    """Write all or nothing. IMMEDIATE, because a reader that becomes a writer fails without waiting for a lock."""
    try:
        db.execute("BEGIN IMMEDIATE")
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:  # SQLite itself ends it when the disk is full
            db.execute("ROLLBACK")
        raise


@contextmanager
def open_shard(path: str) -> Iterator[sqlite3.Connection]:
    """Open a shard for reading, without locks, which network disks may not have. Its rows are not verified yet.

    Parameters
    ----------
    path : str
        A shard or any cache file. Locks are taken where a write is in progress or was interrupted.

    Yields
    ------
    sqlite3.Connection
    """
    handle = Handle()  # a fork waits until the shard has been read
    with handle.lock:
        try:
            handle.db = _prepared(_connect(path, "mode=ro" if os.path.exists(f"{path}-wal") else "immutable=1"))
            yield handle.db
        finally:
            handle.drop()


def _open(path):
    network = network_disk(os.path.dirname(os.path.realpath(path)))
    # A file that cannot be written is read without locks: SQLite cannot make the files that it needs for them, or would
    # make files that the owner of the cache cannot write.
    if not os.access(path, os.W_OK):
        return _prepared(_connect(path, "immutable=1"))
    try:
        db = _prepared(_connect(path, "mode=rw"), "DELETE" if network else "WAL")
    except sqlite3.OperationalError as error:
        if error_code(error) not in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN):
            raise
        return _prepared(_connect(path, "immutable=1"))
    if network:
        warn_once(
            ("network", path),
            f"the feature cache {printable(path)} is on a network disk ({network}), where it is slow and locks may "
            "fail: give each worker a cache on a local disk, write shards with FeatureCache.export, and merge them",
        )
    return db


def _connect(path, mode):
    # Any thread may close a connection, because the garbage collector runs in any thread.
    return sqlite3.connect(
        f"{Path(path).as_uri()}?{mode}", uri=True, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )


def _prepared(db, journal=None):
    """Check a new connection and set it up; without a journal mode it only reads."""
    try:
        db.text_factory = bytes  # the text of a manipulated file need not be UTF-8
        db.execute("PRAGMA trusted_schema=OFF")
        if journal:
            db.execute("PRAGMA synchronous=NORMAL")
            if not _pragma(db, "application_id"):
                _create(db)
        _check_format(db)
        if journal:
            _set_journal(db, journal)
        return db
    except BaseException:
        db.close()
        raise


def _create(db):
    """Make the tables in an empty file, unless another process has made them."""
    with transaction(db):
        (tables,) = db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        for statement in () if tables else _SCHEMA:
            db.execute(statement)


def _set_journal(db, mode):
    """Set the journal mode of the file, unless another process has locked it."""
    try:
        if _pragma(db, "journal_mode") != mode.lower().encode():
            _pragma(db, f"journal_mode={mode}")
    except sqlite3.OperationalError as error:
        if not is_lock(error):
            raise


def _check_format(db):
    if _pragma(db, "application_id") != _APPLICATION_ID:
        raise NotACache("it is a database of another kind")
    if (version := _pragma(db, "user_version")) != _FORMAT:
        raise NotACache(f"it has format {version}, this version of fingerprint_features reads format {_FORMAT}")


def _begins_as_ours(header):
    """Return whether a file begins like a cache of this format (sqlite.org/fileformat.html)."""
    version, kind = (int.from_bytes(header[start : start + 4], "big") for start in (60, 68))
    return header.startswith(b"SQLite format 3\0") and (version, kind) == (_FORMAT, _APPLICATION_ID)


def _pragma(db, name):
    return db.execute(f"PRAGMA {name}").fetchone()[0]


def _make_file(path):
    """Make an empty file, and its folder, that only the owner can read: a cache is as sensitive as the images."""
    path = os.path.realpath(path)  # the target of a link
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    with suppress(FileExistsError):  # another process has just made it
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    return os.stat(path)


def _stat(path):
    try:
        return os.stat(path)
    except FileNotFoundError:
        return None


def _identity(found):
    return found and (found.st_dev, found.st_ino)
