"""Options that several commands share, and the objects they stand for."""

import re
from pathlib import Path
from typing import Annotated

import typer

from ..images import DecodeOptions, ImageSet
from ..images.errors import printable

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

Patients = Annotated[
    str | None,
    typer.Option(
        metavar="PATTERN",
        help="Regular expression that finds the patient in a real image's path below its folder: its first group, or "
        "all it matches, e.g. '^[^/]+' for one sub-folder a patient.",
        show_default=False,
    ),
]
Backbone = Annotated[
    str | None,
    typer.Option(help="Network in place of the recipe's; efficientnet_lite0 needs no download.", show_default=False),
]
Weights = Annotated[
    str | None, typer.Option(help="File with the network's weights, .pth or .safetensors.", show_default=False)
]


def open_folder(folder, size=None, value_range=None, page=None, groups=None):
    """Return the ImageSet of a folder under the command line's options."""
    return ImageSet.from_folder(
        folder,
        groups,
        size=_numbers(size, "x", int, "--size", "256x256"),
        options=DecodeOptions(value_range=_numbers(value_range, ",", float, "--value-range", "-1000,400"), page=page),
    )


def patient_of(pattern):
    """Return the function from an image's id to its patient that --patients stands for, or None."""
    if pattern is None:
        return None
    try:
        pattern = re.compile(pattern)
    except re.error as error:
        raise typer.BadParameter(f"--patients {pattern!r} is no regular expression: {error}") from None

    def find(id):
        found = pattern.search(id)
        patient = found and (found.group(1) if pattern.groups else found.group())
        if not patient:
            raise typer.BadParameter(f"--patients {pattern.pattern!r} finds no patient in {printable(id)}")
        return patient

    return find


def check_jobs(jobs):
    """Raise unless --jobs is a number of threads."""
    if jobs == 0:
        raise typer.BadParameter("--jobs is a number of threads, or -1 for all cores")


def network_overrides(about, backbone, weights):
    """Return the overrides of a recipe that --backbone and --weights stand for."""
    given = {name: value for name, value in (("backbone", backbone), ("weights", weights)) if value is not None}
    if given.keys() - about.overrides.keys():
        raise typer.BadParameter(f"{about.name} has no network: leave out --{next(iter(given))}")
    return given


def show_progress(model, wanted):
    """Have every part of a model that can show a progress bar do so."""
    if wanted:
        model.set_params(**{name: True for name in model.get_params() if name.endswith("__progress")})


def _numbers(text, separator, kind, option, example):
    if text is None:
        return None
    try:
        first, second = (kind(part) for part in text.lower().split(separator))
    except ValueError:
        raise typer.BadParameter(f"{option} is written like {example}, got {text!r}") from None
    return first, second
