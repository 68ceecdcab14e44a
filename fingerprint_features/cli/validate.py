"""fingerprint-features validate: is this run file ready to be submitted?"""

from pathlib import Path
from typing import Annotated

import typer

from ..evaluate import validate_submission
from ..images import scan_folder
from ..images.errors import printable
from .output import ID_STYLES, check_year


def validate(
    run: Annotated[Path, typer.Argument(help="The run file, .csv or .zip.", show_default=False)],
    images: Annotated[
        Path | None, typer.Option(help="Folder of the task's images: are all there, and no others?")
    ] = None,
    year: Annotated[str, typer.Option(help="ImageCLEF of 2023 or 2025.")] = "2025",
    subsets: Annotated[
        int, typer.Option(min=0, help="Number of subsets of an attribution task; 0 for used or not.")
    ] = 0,
) -> None:
    """Name every fault of RUN. Exit code 1 when there is one."""
    check_year(year)
    allowed = range(1, subsets + 1) if subsets else (0, 1)
    ids = None if images is None else scan_folder(images)
    faults = validate_submission(run, ids, allowed, id_style=ID_STYLES[year])
    for fault in faults:
        typer.echo(str(fault))
    if faults:
        raise typer.Exit(1)
    typer.echo(f"{printable(run)} has no faults")
