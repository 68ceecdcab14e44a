"""Files that commands write: checked before the work begins, and in place only when whole."""

import csv
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import typer

from ..evaluate import validate_submission, write_submission
from ..images.errors import printable


def check_output(path):
    """Raise, before any work, if a file cannot be written."""
    if not path.parent.is_dir():
        raise typer.BadParameter(f"the folder of {printable(path)!r} does not exist")
    if path.is_dir():
        raise typer.BadParameter(f"{printable(path)!r} is a folder")
    if path.exists() and not path.is_file():
        raise typer.BadParameter(f"{printable(path)!r} is no ordinary file")
    if not os.access(path.parent, os.W_OK):
        raise typer.BadParameter(f"the folder of {printable(path)!r} cannot be written")


def check_table(path):
    """Raise, before any work, if a table cannot be written, or its name is that of something else."""
    if path.suffix.lower() != ".csv":
        raise typer.BadParameter(f"{printable(path)!r} is to be a table: its name must end in .csv")
    check_output(path)


def check_cache(path):
    """Raise if a mistyped name would put the user's own file aside for a new cache."""
    if path is None:
        return
    if path.is_file() and path.stat().st_size:
        with open(path, "rb") as file:
            good = file.read(16) == b"SQLite format 3\0"
    else:
        good = not path.is_dir()
    if not good:
        raise typer.BadParameter(f"{printable(path)!r} is no feature cache: --cache names a file of its own")


@contextmanager
def cache_or_temporary(path):
    """Give the cache, or one for this run alone: the folds of a cross-validation see the same images."""
    if path is not None:
        yield path
        return
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / "rows.cache"


@contextmanager
def replacing(path):
    """Give a temporary path, and rename it when the block has written it: half a table never passes for a whole one."""
    path = path.resolve()  # a link stays one
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem}-", suffix=path.suffix)
    os.close(handle)
    try:
        yield Path(temporary)
        mask = os.umask(0)
        os.umask(mask)
        os.chmod(temporary, 0o666 & ~mask)  # a temporary file is its owner's alone
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def write_csv(path, header, rows):
    """Write a table of texts and numbers."""
    # surrogateescape: a file name that is not UTF-8 keeps its bytes
    with open(path, "w", newline="", encoding="utf-8", errors="surrogateescape") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(map(str, row) for row in rows)


def write_run(path, images, labels, id_style):
    """Write the official run file of a challenge."""
    write_submission(images.ids, labels, path, id_style=id_style)


def check_submission(images, id_style):
    """Raise, before any work, if a run file has no place for these images."""
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run.csv"
        write_run(run, images, np.zeros(len(images), dtype=int), id_style)
        faults = validate_submission(run, images.ids, id_style=id_style)
    if faults:
        raise ValueError("\n".join(map(str, faults)))
