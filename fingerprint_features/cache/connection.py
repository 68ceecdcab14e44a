"""Connections to a cache file: one a thread, opened when first needed, and none that crosses a fork.

A forked process must not even close a connection it inherits, and while one is open SQLite takes its parent's
locks for its own, so that a connection of the child's own would run unprotected. Every connection of this process
is therefore closed before a fork, and opened again by whoever needs it.
"""

import os
import sqlite3
import stat
import threading
import weakref
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

from ..images.errors import printable
from .faults import NotACache, error_code, is_lock, warn_once
from .mounts import network_disk

_APPLICATION_ID = int.from_bytes(b"FpFc", "big")
_FORMAT = 1
_BUSY_SECONDS = 60
_SMALLEST = 512  # a shorter file SQLite takes for a new one, and overwrites
_SCHEMA = (
    "CREATE TABLE extractors (id INTEGER PRIMARY KEY, token BLOB NOT NULL UNIQUE, record TEXT NOT NULL)",
    "CREATE TABLE features (extractor INTEGER NOT NULL, digest BLOB NOT NULL, written INTEGER NOT NULL, "
    "crc INTEGER NOT NULL, data BLOB NOT NULL, PRIMARY KEY (extractor, digest))",
    f"PRAGMA application_id={_APPLICATION_ID}",
    f"PRAGMA user_version={_FORMAT}",
)

_handles = weakref.WeakSet()
_fork_gate = threading.RLock()  # guards _handles; held across a fork
_frozen = []
_making = threading.Lock()  # closing a file drops the locks that SQLite in this process has on it: no other may be near


class Connections:
    """The connections of this process to one cache file.

    Parameters
    ----------
    path : str
        Absolute.
    """

    def __init__(self, path):
        self.path = path
        self._local = threading.local()  # a thread that ends drops its handle, which closes its connection

    @contextmanager
    def use(self, create):
        """Lend this thread's connection; any exception closes it.

        Parameters
        ----------
        create : bool
            Whether a file that does not exist is made.

        Yields
        ------
        sqlite3.Connection or None
            None when there is no file.
        """
        handle = self._handle()
        with handle.lock:
            try:
                yield handle.ready(self.path, create)
            except BaseException:
                handle.close()  # whatever state it is in
                raise

    def set_aside(self):
        """Rename the damaged file this thread has met; return its new name, or None if another has done so."""
        path = os.path.realpath(self.path)
        if _identity(_stat(path)) != self._handle().identity:
            return None
        if not os.access(path, os.W_OK):
            raise PermissionError(f"{path} belongs to somebody else, whose writing may only look like damage")
        aside = f"{path}.corrupt-{datetime.now():%Y%m%dT%H%M%S.%f}"
        os.rename(path, aside)
        for suffix in ("-wal", "-shm"):
            with suppress(FileNotFoundError):
                os.rename(path + suffix, aside + suffix)
        return aside

    def _handle(self):
        try:
            return self._local.handle
        except AttributeError:
            handle = self._local.handle = _Handle()
            with _fork_gate:
                _handles.add(handle)
            return handle


class _Handle:
    """The connection of one thread; its lock is held while it works, so that a fork can wait for the end."""

    def __init__(self):
        self.lock = threading.RLock()
        self.db = None
        self.identity = None

    def ready(self, path, create):
        found = _stat(path)
        if self.db is not None and _identity(found) == self.identity:
            return self.db
        self.close()  # somebody has removed the file, or put another in its place
        if found is not None and stat.S_ISDIR(found.st_mode):
            name = printable(path)
            raise IsADirectoryError(f"the cache {name} is a folder: pass a file in it, like {name}/features.cache")
        if found is not None and not stat.S_ISREG(found.st_mode):
            raise OSError("it is no regular file")
        if not create and (found is None or found.st_size == 0):
            return None
        with _making:
            found = _stat(path) or _make_file(path)
        self.identity = _identity(found)
        if 0 < found.st_size < _SMALLEST:
            raise NotACache("file is not a database")
        self.db = _open(path)
        return self.db

    def close(self):
        if self.db is not None:
            self.db.close()
            self.db = None

    def __del__(self):
        self.close()


@contextmanager
def transaction(db):
    """Write all or nothing. IMMEDIATE, because a reader that becomes a writer fails at once instead of waiting."""
    try:
        db.execute("BEGIN IMMEDIATE")
        yield
        db.execute("COMMIT")
    except BaseException:
        if db.in_transaction:  # a full disk has ended it already
            db.execute("ROLLBACK")
        raise


@contextmanager
def open_shard(path):
    """Open a shard to read it, taking no locks, which network disks may not have; its rows are not yet verified.

    Parameters
    ----------
    path : str
        A shard, or any cache file. One that a process is writing or was killed over is read with locks.

    Yields
    ------
    sqlite3.Connection
    """
    db = _prepared(_connect(path, "mode=ro" if os.path.exists(f"{path}-wal") else "immutable=1"))
    try:
        yield db
    finally:
        db.close()


def _open(path):
    network = network_disk(os.path.dirname(os.path.realpath(path)))
    # What cannot be written is read as it lies: it has no place for SQLite's locks, and must get none that its owner
    # could not write.
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
            f"the feature cache {printable(path)} lies on a network disk ({network}), where it is slow and locks may "
            "fail: give each worker a cache on its own disk, FeatureCache.export it as a shard, and merge the shards",
        )
    return db


def _connect(path, mode):
    # Any thread may close a connection: the garbage collector runs where it likes.
    return sqlite3.connect(
        f"{Path(path).as_uri()}?{mode}", uri=True, timeout=_BUSY_SECONDS, isolation_level=None, check_same_thread=False
    )


def _prepared(db, journal=None):
    """Check a new connection and set it up; without a journal mode it only reads."""
    try:
        db.text_factory = bytes  # what a doctored file calls text need not be UTF-8
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
    """Make the tables in an empty file; of several processes the first does."""
    with transaction(db):
        (tables,) = db.execute("SELECT count(*) FROM sqlite_master").fetchone()
        for statement in () if tables else _SCHEMA:
            db.execute(statement)


def _set_journal(db, mode):
    """Choose the journal mode, which is a property of the file; when others are at it, leave it to them."""
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


def _pragma(db, name):
    return db.execute(f"PRAGMA {name}").fetchone()[0]


def _make_file(path):
    """Make an empty file, and its folder, that nobody else can read: a cache is as sensitive as the images."""
    path = os.path.realpath(path)  # where a link leads to
    os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
    with suppress(FileExistsError):  # another process was quicker
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    return os.stat(path)


def _stat(path):
    try:
        return os.stat(path)
    except FileNotFoundError:
        return None


def _identity(found):
    return found and (found.st_dev, found.st_ino)


def _before_fork():
    _fork_gate.acquire()
    for handle in list(_handles):
        handle.lock.acquire()
        handle.close()
        _frozen.append(handle)


def _after_fork():
    while _frozen:
        _frozen.pop().lock.release()
    _fork_gate.release()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork)
