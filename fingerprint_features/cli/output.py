"""Files that commands write: checked before the work begins, and replaced only when complete."""

import csv
import os
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import typer
from numpy.typing import ArrayLike

from ..answers import Attribution, Detection
from ..evaluate import validate_submission, write_submission
from ..images import ImageSet
from ..images.errors import printable
from ..recipes.kinds import Cache
from ..report import write_page
from .words import in_options, say

_SHOWN = 5  # findings
ID_STYLES = {"2023": "stem", "2025": "name"}  # how run files of a year write ids


def check_year(year: str) -> None:
    """Raise unless the format of that year's run files is known."""
    if year not in ID_STYLES:
        raise typer.BadParameter(f"--year is one of {', '.join(ID_STYLES)}, got {year!r}")


def check_output(path: Path) -> None:
    """Raise, before any work, if a file cannot be written."""
    try:
        os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        pass
    except OSError as error:  # a name that is too long, for one
        raise typer.BadParameter(f"{printable(path)!r} cannot be written: {error.strerror}") from None
    if not path.parent.is_dir():
        raise typer.BadParameter(f"the folder of {printable(path)!r} does not exist")
    if path.is_dir():
        raise typer.BadParameter(f"{printable(path)!r} is a folder")
    if path.exists() and not path.is_file():
        raise typer.BadParameter(f"{printable(path)!r} is not an ordinary file")
    if not os.access(path.parent, os.W_OK):
        raise typer.BadParameter(f"the folder of {printable(path)!r} cannot be written")


def check_table(path: Path, year: str | None = None) -> None:
    """Raise, before any work, if a table cannot be written or its name has another file's ending."""
    kinds = (".csv",) if year is None else (".csv", ".zip")
    if path.suffix.lower() not in kinds:
        what = "a table" if year is None else "a run file"
        raise typer.BadParameter(f"{printable(path)!r} cannot be {what}: its name must end in {' or '.join(kinds)}")
    check_output(path)


def check_report(path: Path | None, images: bool, option: str = "report", **others: Path | None) -> None:
    """Raise, before any work, if a page and its numbers cannot be written, or would replace one of the other files."""
    if path is None:
        if not images:
            raise typer.BadParameter("--no-images is about the page of --report: give --report PAGE.html too")
        return
    if path.suffix.lower() != ".html":
        raise typer.BadParameter(f"{printable(path)!r} cannot be a page: its name must end in .html")
    for file in (path, path.with_suffix(".json")):
        check_output(file)
        check_apart(**{option: file}, **others)


def check_apart(**paths: Path | None) -> None:
    """Raise if two options name one file: the second would replace what the first has written."""
    seen = {}
    for option, path in paths.items():
        if path is None:
            continue
        other = seen.setdefault(path.resolve(), option)
        if other != option:
            raise typer.BadParameter(f"--{other} and --{option} are one file, {printable(path)!r}: give two names")


def check_cache(path: Path | None) -> None:
    """Raise, before any work, if --cache names a file that is not a feature cache."""
    if path is None:
        return
    if path.is_file() and path.stat().st_size:
        with open(path, "rb") as file:
            good = file.read(16) == b"SQLite format 3\0"
    else:
        good = not path.is_dir()
    if not good:
        raise typer.BadParameter(f"{printable(path)!r} is not a feature cache: give --cache a file of its own")


def write_columns(path: Path, columns: Mapping[str, Sequence[object]]) -> None:
    """Write a table of columns by name."""
    write_csv(path, list(columns), zip(*columns.values(), strict=True))


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Iterable[object]]) -> None:
    """Write a table of texts and numbers."""
    # surrogateescape: a file name that is not UTF-8 keeps its bytes
    with open(path, "w", newline="", encoding="utf-8", errors="surrogateescape") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        writer.writerows(["" if value is None else str(value) for value in row] for row in rows)


def write_run(path: Path, images: ImageSet, labels: ArrayLike, id_style: str) -> None:
    """Write the official run file of a challenge, zipped if its name says so."""
    write_submission(images.ids, labels, path, id_style=id_style, zip=path.suffix.lower() == ".zip")


def write_report(found: Detection | Attribution, path: Path, images: bool, cache: Cache) -> None:
    """Write the page of --report, which speaks of options and not of arguments."""
    assessment = replace(found.assessment, why=in_options(found.assessment.why))
    findings = tuple(replace(one, text=in_options(one.text)) for one in found.findings)
    write_page(replace(found, assessment=assessment, findings=findings), path, images=images, cache=cache)
    typer.echo(f"{printable(path)}: the page of this answer; {printable(path.with_suffix('.json'))}: its numbers")


def check_submission(images: ImageSet, id_style: str) -> None:
    """Raise, before any work, if a run file has no place for these images."""
    with tempfile.TemporaryDirectory() as folder:
        run = Path(folder) / "run.csv"
        write_run(run, images, np.zeros(len(images), dtype=int), id_style)
        faults = validate_submission(run, images.ids, id_style=id_style)
    if faults:
        raise ValueError("\n".join(map(str, faults)))


def print_answers(found: Detection | Attribution, output: Path) -> None:
    """Print the scores on known images, the findings, and the count of answers with its verdict."""
    for trial in found.assessment.trials:
        typer.echo(f"\n{trial}")
    if found.assessment.blind is not None:
        typer.echo(f"\n{found.assessment.blind.name}: {found.assessment.blind.headline}")
    typer.echo()
    for finding in found.findings[:_SHOWN]:
        say(finding)
    if len(found.findings) > _SHOWN:
        typer.echo(f"... and {len(found.findings) - _SHOWN} more like these")
    typer.echo(f"{printable(output)}: {in_options(found)}")
