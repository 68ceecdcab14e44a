"""fingerprint-features check: name every bad file of a folder before hours of extraction."""

import typer

from ..images import check_images
from ..images.errors import by_reason
from .options import Folder, Page, Progress, Size, ValueRange, open_folder
from .words import say


def check(
    folder: Folder, size: Size = None, value_range: ValueRange = None, page: Page = None, progress: Progress = True
) -> None:
    """Try every image of FOLDER and name all that cannot be read. Exit code 1 when there is one."""
    images = open_folder(folder, size, value_range, page)
    failures = check_images(images, progress=progress)
    for reason, ids in by_reason(failures).items():
        say(f"{ids[0]}: {reason}" if len(ids) == 1 else "\n  ".join([f"{len(ids)} images: {reason}", *ids]))
    good = len(images) - len(failures)
    typer.echo(f"{good} of {len(images)} images are good" + (f", {len(failures)} are not" if failures else ""))
    if failures:
        raise typer.Exit(1)
