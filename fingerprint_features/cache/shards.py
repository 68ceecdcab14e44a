"""Shards: all rows of a cache as one file that never changes, for network disks and for other machines."""

import json
import os
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path

from ..images.errors import printable
from .connection import open_shard
from .faults import NotACache
from .rows import Packed, is_intact, parse_record

_BATCH = 1000


def write_shard(db: sqlite3.Connection, path: str) -> None:
    """Write all rows as one file, which appears only when it is complete.

    Parameters
    ----------
    db : sqlite3.Connection
    path : str
        Absolute; the file must not exist.
    """
    if os.path.lexists(path):
        raise FileExistsError(f"{printable(path)} exists, and shards never change: choose another name")
    handle, unfinished = tempfile.mkstemp(prefix=".shard-", dir=os.path.dirname(path))  # readable by the owner only
    try:
        with open(handle, "r+b") as file:
            db.execute("VACUUM INTO ?", (f"{Path(unfinished).as_uri()}?nolock=1",))
            os.fsync(file)
        os.replace(unfinished, path)
    except BaseException:
        os.unlink(unfinished)
        raise


def read_shard(path: str) -> Iterator[tuple[bytes, str, list[Packed]]]:
    """Read a shard and verify all of it.

    Parameters
    ----------
    path : str
        Absolute.

    Yields
    ------
    token : bytes
    record : str
        What the shard says about the extractor, as JSON.
    rows : list of (digest, crc, data)

    Raises
    ------
    ValueError
        For a file that is no shard, or is damaged.
    """
    if not os.path.isfile(path):
        raise FileNotFoundError(f"there is no shard {printable(path)}")
    try:
        with open_shard(path) as db:
            if (verdict := db.execute("PRAGMA integrity_check(1)").fetchone()[0]) != b"ok":
                raise NotACache(verdict.decode(errors="replace"))
            for id, token, record in db.execute("SELECT id, token, record FROM extractors ORDER BY id").fetchall():
                if parse_record(record) is None:
                    raise NotACache("the record of an extractor is damaged")
                cursor = db.execute("SELECT digest, crc, data FROM features WHERE extractor = ? ORDER BY rowid", (id,))
                while rows := cursor.fetchmany(_BATCH):
                    if not all(is_intact(token, row) for row in rows):
                        raise NotACache("a checksum is wrong")
                    yield token, json.dumps(parse_record(record)), rows
    except (sqlite3.Error, NotACache) as error:
        raise ValueError(f"the shard {printable(path)} cannot be merged ({error}): export it again") from error
