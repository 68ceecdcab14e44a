"""Handles: one SQLite connection each, for one thread, and none that crosses a fork.

A forked process must not even close a connection it inherits, and while one is open SQLite takes its parent's
locks for its own, so that a connection of the child's own would run unprotected. SQLite's own mutexes may not be
held at a fork either: a child would wait for them for ever. So a fork waits until no thread opens, uses or closes
a connection, closes every connection of this process, and whoever needs one opens it again.
"""

import os
import threading
from collections import deque

_gate = threading.Lock()  # guards _handles; held across a fork
_handles = set()
_ended = deque()  # handles whose thread or cache has gone: their connections are to be closed
_frozen = []


class Handle:
    """A connection; the lock is held while it works, so that a fork can wait for the end."""

    def __init__(self):
        self.lock = threading.RLock()
        self.db = None
        self.identity = None
        with _gate:
            _handles.add(self)
        _close_ended()

    def close(self):
        """Close the connection, if there is one."""
        if self.db is not None:
            self.db.close()
            self.db = None

    def drop(self):
        """Close the connection for good, now or when no fork is under way; never waits."""
        _ended.append(self)
        _close_ended()


class Lease:
    """A handle that is dropped together with its lease: when a thread ends, or when nobody has the cache."""

    def __init__(self):
        self.handle = Handle()

    def __del__(self):
        self.handle.drop()


def _close_ended():
    """Close what has ended. The garbage collector may call this anywhere, so it waits for nobody.

    Whoever holds the gate calls it again after letting go, and so nothing is left behind.
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
