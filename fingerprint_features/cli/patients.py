"""Patients from a table: a CSV file with one row an image."""

import csv
import os
from collections import Counter
from collections.abc import Mapping

import numpy as np
import typer

from ..images import ImageSet
from ..images.errors import printable

_COLUMNS = ("id", "patient")
_NAMED = 3


def with_table(sets: Mapping[str, ImageSet], path: str) -> dict[str, ImageSet]:
    """Return sets with the patients that a table names.

    The id of an image is its path below its folder; with the name of its option in front, ``used/1.png``, it is that of
    one folder only.
    """
    table = _read(path)
    count = Counter(id for images in sets.values() for id in images.ids.tolist())
    grouped, missing = {}, []
    for name, images in sets.items():
        patients = []
        for id in images.ids.tolist():
            own = f"{name}/{id}"
            if own not in table and id in table and count[id] > 1:
                raise typer.BadParameter(
                    f"{printable(path)!r} names {printable(id)}, which is in {count[id]} folders: write "
                    f"{printable(own)} for the one in --{name}"
                )
            patients.append(table.get(own) or table.get(id))
            if patients[-1] is None:
                missing.append(own)
        grouped[name] = images[:]
        grouped[name].groups = np.array(patients, dtype=str)
    if missing:
        named = ", ".join(map(printable, missing[:_NAMED])) + (", ..." if missing[_NAMED:] else "")
        raise typer.BadParameter(
            f"{printable(path)!r} has no patient for {len(missing)} of {count.total()} real images ({named}): add a "
            "row with id and patient for each"
        )
    return grouped


def _read(path):
    """Return the patient by id."""
    if not os.path.isfile(path):
        raise typer.BadParameter(f"{printable(path)!r} is no file: give --patients a table with id and patient")
    try:
        # surrogateescape: a file name that is not UTF-8 keeps its bytes, as in the tables that commands write
        with open(path, newline="", encoding="utf-8-sig", errors="surrogateescape") as file:
            rows = csv.DictReader(file)
            absent = [name for name in _COLUMNS if name not in (rows.fieldnames or ())]
            if absent:
                raise typer.BadParameter(
                    f"{printable(path)!r} has no column {absent[0]!r}: its first line must name id and patient, with "
                    "commas between columns"
                )
            pairs = [(row["id"] or "", (row["patient"] or "").strip()) for row in rows]
    except (csv.Error, OSError) as error:
        raise typer.BadParameter(f"{printable(path)!r} cannot be read as a table: {error}") from error
    table = {}
    for id, patient in pairs:
        if patient and table.setdefault(id, patient) != patient:
            raise typer.BadParameter(
                f"{printable(path)!r} names two patients for {printable(id)}, {printable(table[id])} and "
                f"{printable(patient)}: keep one row"
            )
    return table
