"""Options that several commands share, and the objects they stand for."""

from pathlib import Path
from typing import Annotated

import typer

from ..images import DecodeOptions, ImageSet

Folder = Annotated[Path, typer.Argument(help="Folder of images; sub-folders are searched too.", show_default=False)]
Progress = Annotated[bool, typer.Option(help="Show a progress bar with images per second.")]
Size = Annotated[
    str | None, typer.Option(metavar="HEIGHTxWIDTH", help="Resize every image, e.g. 256x256.", show_default=False)
]
ValueRange = Annotated[
    str | None,
    typer.Option(
        metavar="LOW,HIGH",
        help="Values that become black and white in images deeper than 8 bits, e.g. -1000,400.",
        show_default=False,
    ),
]
Page = Annotated[
    int | None, typer.Option(help="Picture to take of multi-page or animated files, from 0.", show_default=False)
]


def open_folder(folder, size=None, value_range=None, page=None):
    """Return the ImageSet of a folder under the command line's options."""
    return ImageSet.from_folder(
        folder,
        size=_numbers(size, "x", int, "--size", "256x256"),
        options=DecodeOptions(value_range=_numbers(value_range, ",", float, "--value-range", "-1000,400"), page=page),
    )


def _numbers(text, separator, kind, option, example):
    if text is None:
        return None
    try:
        first, second = (kind(part) for part in text.lower().split(separator))
    except ValueError:
        raise typer.BadParameter(f"{option} is written like {example}, got {text!r}") from None
    return first, second
