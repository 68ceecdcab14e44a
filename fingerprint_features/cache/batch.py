"""A cache for one pass: its rows wait until there are enough of them for one commit."""

import threading
import time
from collections.abc import Iterable, Sequence
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from .rows import OVERHEAD
from .store import Block, FeatureCache

_MOST_BYTES = 8e6  # so that no commit keeps other processes waiting for long
_MOST_SECONDS = 1.0


class Batch:
    """Rows on their way to a cache; what a killed process loses is at most a second's work and the chunks in progress.

    They are committed when they take 8 MB, when the last commit was a second ago, and at the end of the ``with``
    block, also after an error. Nothing is locked while they wait. Threads share a batch. In another process, which
    does not see the end of the pass, a batch is the cache itself, and commits every chunk.

    Parameters
    ----------
    cache : FeatureCache
    """

    def __init__(self, cache: FeatureCache) -> None:
        self._cache = cache
        self._lock = threading.Lock()
        self._waiting: list[Block] = []
        self._digests: set[bytes] = set()
        self._bytes = 0.0
        self._committed = time.monotonic()
        self._ended = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._ended = True  # a thread that is still at work after an error commits at once
        self.commit()

    def __reduce__(self) -> tuple[Any, ...]:
        return self._cache.__reduce__()

    def get_blocks(
        self, wanted: Sequence[tuple[bytes, int]], digests: Sequence[bytes]
    ) -> list[tuple[list[int], NDArray[np.float32]]]:
        """Look rows up, as the cache does; those that wait are committed before."""
        if not self._digests.isdisjoint(digests):
            self.commit()
        return self._cache.get_blocks(wanted, digests)

    def put_blocks(self, blocks: Iterable[Block]) -> None:
        """Let rows wait, and commit them when it is time."""
        with self._lock:
            for block in blocks:
                _, digests, rows, _ = block
                self._waiting.append(block)
                self._digests.update(digests)
                self._bytes += rows.nbytes + OVERHEAD * len(rows)
            late = time.monotonic() - self._committed >= _MOST_SECONDS
            due = late or self._ended or self._bytes >= _MOST_BYTES
        if due:
            self.commit()

    def commit(self) -> None:
        """Commit the rows that wait, in one transaction."""
        with self._lock:
            blocks, self._waiting = self._waiting, []
            self._digests, self._bytes, self._committed = set(), 0.0, time.monotonic()
        try:
            self._cache.put_blocks(blocks)
        except KeyboardInterrupt:
            with self._lock:
                self._waiting = blocks + self._waiting  # the end of the pass tries again
            raise
