"""Handles: each holds one SQLite connection, for one thread. No connection is open during a fork.

A forked process must not use or close a connection that it inherits. While one is open, SQLite takes the parent's locks
for the child's, and a new connection of the child would be unprotected. If a thread held one of SQLite's mutexes at the
fork, the child would wait for it for ever. So a fork waits until no thread opens, uses or closes a connection, and then
closes every connection of this process. Threads open new ones when they need them.
"""

import os
import sqlite3
import threading
from collections import deque

_gate = threading.Lock()  # guards _handles; held across a fork
_handles: "set[Handle]" = set()
_ended: "deque[Handle]" = deque()  # handles without a thread or a cache: their connections must be closed
_frozen: "list[Handle]" = []  # handles that wait for the end of a fork


class Handle:
    """A connection. Its lock is held while it works, so that a fork can wait for it."""

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.db: sqlite3.Connection | None = None
        self.identity: tuple[int, int] | None = None  # device and inode of the file
        with _gate:
            _handles.add(self)
        _close_ended()

    def close(self) -> None:
        """Close the connection, if there is one."""
        if self.db is not None:
            self.db.close()
            self.db = None

    def drop(self) -> None:
        """Close the connection for good: now, or after a fork that is in progress. Never waits."""
        _ended.append(self)
        _close_ended()


class Lease:
    """The owner of a handle, which is dropped when a thread ends or its cache is deleted."""

    def __init__(self) -> None:
        self.handle = Handle()

    def __del__(self) -> None:
        self.handle.drop()


def _close_ended():
    """Close the handles in `_ended`. The garbage collector may call this anywhere, so it never waits for a lock.

    A thread that holds the gate calls this again after releasing it, so no handle is forgotten.
    """
    while _ended and _gate.acquire(blocking=False):
        try:
            while _ended:
                handle = _ended.popleft()
                handle.close()
                _handles.discard(handle)
        finally:
            _gate.release()


def _before_fork():
    _gate.acquire()
    for handle in list(_handles):
        handle.lock.acquire()
        handle.close()
        _frozen.append(handle)


def _after_fork():
    while _frozen:
        _frozen.pop().lock.release()
    _gate.release()
    _close_ended()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_after_fork, after_in_child=_after_fork)
