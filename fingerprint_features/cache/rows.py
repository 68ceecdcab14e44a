"""Rows in the database: checksums, look-up, insertion and deletion."""

import json
import sqlite3
import sys
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .._version import __version__
from .connection import transaction

_MOST_DIGESTS, _MOST_TOKENS = 500, 100  # in one query: far below SQLite's limit of placeholders, in any build
OVERHEAD = 100  # bytes a row takes besides its data: digest, twice, and what SQLite adds
_MATTERING = ("numpy", "scipy", "skimage", "cv2", "numba", "pywt", "PIL", "tifffile", "pydicom", "torch", "torchvision")

Packed = tuple[bytes, int, bytes]  # digest, checksum and data of one row
Parcel = tuple[bytes, Callable[[], str], Iterable[Packed]]  # token, what makes the record of a new one, rows

_UNKNOWN = {"class": "unknown", "params": {}, "columns": [], "versions": {}, "created": None}  # no row depends on it


def pack(token: bytes, digests: Sequence[bytes], rows: ArrayLike) -> list[Packed]:
    """Return (digest, crc, data) for each row of a float32 matrix.

    The checksum covers the token and the digest too, so a row under a wrong name is found like a damaged one.
    """
    seed = crc32(token)
    data = [row.tobytes() for row in np.asarray(rows, dtype="<f4")]
    return [(digest, crc32(d, crc32(digest, seed)), d) for digest, d in zip(digests, data, strict=True)]


def is_intact(token: bytes, row: tuple[Any, Any, Any]) -> bool:
    """Return whether the checksum of (digest, crc, data) is right; a manipulated file may hold any types."""
    digest, crc, data = row
    return isinstance(digest, bytes) and isinstance(data, bytes) and crc32(data, crc32(digest, crc32(token))) == crc


def unpack(
    token: bytes, digests: Sequence[bytes], width: int, found: Mapping[bytes, tuple[Any, Any]]
) -> tuple[list[int], NDArray[np.float32], list[bytes]]:
    """Return the places of the digests whose rows are there, these float32 rows, and the digests of damaged rows."""
    seed, size = crc32(token), 4 * width
    places, rows, damaged = [], [], []
    for place, digest in enumerate(digests):
        if digest not in found:
            continue
        crc, data = found[digest]
        if isinstance(data, bytes) and len(data) == size and crc32(data, crc32(digest, seed)) == crc:
            places.append(place)
            rows.append(data)
        else:
            damaged.append(digest)
    return places, np.frombuffer(b"".join(rows), dtype="<f4").reshape(len(rows), width), damaged


def find(
    db: sqlite3.Connection, tokens: Iterable[bytes], digests: Sequence[bytes]
) -> dict[bytes, dict[bytes, tuple[Any, Any]]]:
    """Return {token: {digest: (crc, data)}} of the rows that exist, by one statement where there are not very many."""
    found = {token: {} for token in tokens}
    for some in _parts(list(found), _MOST_TOKENS):
        for part in _parts(digests, _MOST_DIGESTS):
            rows = db.execute(
                "SELECT token, digest, crc, data FROM extractors CROSS JOIN features ON extractor = id "
                f"WHERE token IN ({_marks(some)}) AND digest IN ({_marks(part)})",
                (*some, *part),
            )
            for token, digest, crc, data in rows:
                found[token][digest] = crc, data
    return found


def _parts(items, size):
    return [items[start : start + size] for start in range(0, len(items), size)]


def _marks(items):
    return ",".join("?" * len(items))


def insert(db: sqlite3.Connection, parcels: Iterable[Parcel]) -> int:
    """Insert the rows that do not exist yet, in one transaction, and the records of new tokens.

    Returns
    -------
    int
        Rows inserted.
    """
    with transaction(db):
        return sum(_insert(db, *parcel) for parcel in parcels)


def _insert(db, token, record, rows):
    known = db.execute("SELECT id FROM extractors WHERE token = ?", (token,)).fetchone()
    if known is None:
        new = db.execute("INSERT INTO extractors (token, record) VALUES (?, ?)", (token, record()))
        known = (new.lastrowid,)
    now = int(time.time())
    return db.executemany(
        "INSERT OR IGNORE INTO features VALUES (?, ?, ?, ?, ?)",
        [(*known, digest, now, crc, data) for digest, crc, data in rows],
    ).rowcount


def make_record(about: Mapping[str, Any]) -> str:
    """Return the JSON record of an extractor: `about`, the time, and the versions of the libraries."""
    versions = {"fingerprint_features": __version__, "python": sys.version.split()[0]}
    versions |= {name: sys.modules[name].__version__ for name in _MATTERING if name in sys.modules}
    created = datetime.now(UTC).isoformat(timespec="seconds")
    return json.dumps({**about, "versions": versions, "created": created})


def delete(db: sqlite3.Connection, token: bytes, digests: Iterable[bytes]) -> None:
    """Delete rows by digest."""
    with transaction(db):
        db.executemany(
            "DELETE FROM features WHERE extractor = (SELECT id FROM extractors WHERE token = ?) AND digest = ?",
            [(token, digest) for digest in digests],
        )


def count(db: sqlite3.Connection) -> int:
    """Return the number of rows."""
    return db.execute("SELECT count(*) FROM features").fetchone()[0]


def extractors(db: sqlite3.Connection) -> list[dict[str, Any]]:
    """Return one dict for each extractor, the oldest first."""
    records = db.execute(
        "SELECT record, count(features.rowid) FROM extractors LEFT JOIN features ON extractor = id "
        "GROUP BY id ORDER BY id"
    )
    return [{**_completed(parse_record(record) or {}), "rows": rows} for record, rows in records]


def _completed(record):
    """Return a record with all fields of `_UNKNOWN`, of the same types; a file may hold anything."""
    kinds = {name: type(value) for name, value in _UNKNOWN.items() if value is not None}
    return _UNKNOWN | {name: value for name, value in record.items() if isinstance(value, kinds.get(name, object))}


def parse_record(record: str | bytes) -> dict[str, Any] | None:
    """Return the record of an extractor as a dict, or None if it is damaged."""
    try:
        record = json.loads(record)
    except (TypeError, ValueError):
        return None
    return record if isinstance(record, dict) else None


def drop_all(db: sqlite3.Connection) -> None:
    """Drop every row and extractor."""
    db.execute("PRAGMA secure_delete=FAST")  # otherwise every page is written again, and a full disk has no room
    with transaction(db):
        for table in ("features", "extractors"):
            db.execute(f"DELETE FROM {table}")
    _give_back(db)


def drop_before(db: sqlite3.Connection, moment: float) -> int:
    """Drop the rows written before a time in seconds; return how many."""
    return _drop(db, "DELETE FROM features WHERE written < ?", moment)


def drop_until(db: sqlite3.Connection, max_bytes: int) -> int:
    """Drop the oldest rows until the file is no larger; return how many."""
    _give_back(db)
    dropped = 0
    while _size(db) > max_bytes and count(db):
        # An estimate by the share of each row; the next round finds what half-empty pages still take.
        weight = f"sum(length(data) + {OVERHEAD})"
        (total,) = db.execute(f"SELECT {weight} FROM features").fetchone()
        dropped += _drop(
            db,
            "DELETE FROM features WHERE rowid <= (SELECT max(age) FROM "
            f"(SELECT rowid AS age, {weight} OVER (ORDER BY rowid DESC) AS kept FROM features) WHERE kept > ?)",
            total * max_bytes / _size(db),
        )
    return dropped


def _drop(db, statement, argument):
    with transaction(db):
        dropped = db.execute(statement, (argument,)).rowcount
        db.execute("DELETE FROM extractors WHERE NOT EXISTS (SELECT 1 FROM features WHERE extractor = id)")
    _give_back(db)
    return dropped


def _give_back(db):
    """Return free pages to the disk, as far as readers of the file allow."""
    if db.execute("PRAGMA freelist_count").fetchone()[0]:
        db.execute("VACUUM")
    db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()


def _size(db):
    return db.execute("PRAGMA page_count").fetchone()[0] * db.execute("PRAGMA page_size").fetchone()[0]
