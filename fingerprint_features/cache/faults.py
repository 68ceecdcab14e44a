"""Faults of a cache file (damage, a lock, anything else), and warnings that are given only once."""

import sqlite3
import warnings

_DAMAGE = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}
_LOCKED = {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}
_warned: dict[object, object] = {}


class CacheWarning(UserWarning):
    """A feature cache cannot be used, or only in part: features are computed instead."""


class NotACache(Exception):
    """The file holds no feature cache of this format; the message says what it is."""


FAULTS = (sqlite3.Error, OSError, NotACache)


def error_code(error: BaseException) -> int | None:
    """Return the primary SQLite result code of an exception, or None."""
    code = getattr(error, "sqlite_errorcode", None)
    return None if code is None else code & 0xFF


def is_damage(error: BaseException) -> bool:
    """Return whether an exception means that the file itself is damaged."""
    return isinstance(error, NotACache) or error_code(error) in _DAMAGE


def is_lock(error: BaseException) -> bool:
    """Return whether an exception means that another process has held the file for too long."""
    return error_code(error) in _LOCKED


def warn_once(key: object, message: str) -> None:
    """Give a CacheWarning, unless this process has given one for this key."""
    ours = object()
    if _warned.setdefault(key, ours) is ours:  # atomic: two threads may come here at the same time
        warnings.warn(message, CacheWarning, stacklevel=2)
