"""Options that several commands share, and the objects they stand for."""

import sys
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import Annotated

import typer

from .. import recipes
from ..images import DecodeOptions, ImageSet
from ..recipes import FittedRecipe
from .patients import with_table

_MOST_JOBS = 256
_DICOM_PATIENT = "PatientID"


def on_terminal() -> bool:
    """Return whether error output, where progress is shown, goes to a terminal."""
    return sys.stderr.isatty()


Folder = Annotated[Path, typer.Argument(help="Folder of images; sub-folders are searched too.", show_default=False)]
Progress = Annotated[
    bool,
    typer.Option(
        help="Show a progress bar with the time left, if this is a terminal.",
        callback=lambda wanted: wanted and on_terminal(),
    ),
]
Size = Annotated[
    str | None, typer.Option(metavar="HEIGHTxWIDTH", help="Resize every image, e.g. 256x256.", show_default=False)
]
ValueRange = Annotated[
    str | None,
    typer.Option(
        metavar="LOW,HIGH",
        help="Values that become black and white in images deeper than 8 bits, e.g. -1000,400; or 'window' for what "
        "a DICOM file states.",
        show_default=False,
    ),
]
Page = Annotated[
    int | None, typer.Option(help="Which picture of a multi-page or animated file, counted from 0.", show_default=False)
]

_PATIENTS = (
    "How to find the patient of a real image: a regular expression for the image's path below its folder (the patient "
    "is its first group, or all that it matches), e.g. '^[^/]+' for one sub-folder a patient; a table, NAME.csv, with "
    "the columns id (that path) and patient; 'PatientID' for the patient that DICOM files name; 'none' if each image "
    "is a patient of its own"
)
Patients = Annotated[str | None, typer.Option(metavar="PATTERN|CSV", help=f"{_PATIENTS}.", show_default=False)]
PatientsOrGuess = Annotated[
    str | None,
    typer.Option(
        metavar="PATTERN|CSV",
        help=f"{_PATIENTS}; or 'auto' for a guess by names and near duplicates.",
        show_default=False,
    ),
]
RowCache = Annotated[Path | None, typer.Option(help="File that keeps rows for the next call.", show_default=False)]
Jobs = Annotated[int, typer.Option(help="Threads; -1 takes all cores.")]
OnError = Annotated[
    str,
    typer.Option(help="'raise' stops after naming every image that cannot be used; 'nan' goes on without them."),
]
Permutations = Annotated[
    int,
    typer.Option(
        min=19,
        help="How often labels are shuffled for the test against chance. The recipe learns again each time.",
    ),
]
Backbone = Annotated[
    str | None,
    typer.Option(
        help="Network that replaces the recipe's own; efficientnet_lite0 needs no download.", show_default=False
    ),
]
Weights = Annotated[
    str | None, typer.Option(help="File with the network's weights, .pth or .safetensors.", show_default=False)
]
Preset = Annotated[
    str,
    typer.Option(
        help="How a recipe that trains a network does so: 'published' as in its paper, or 'fast' with small images and "
        "few epochs, in minutes on two cores."
    ),
]
Epochs = Annotated[
    int | None, typer.Option(min=1, help="How often a network in training sees each image.", show_default=False)
]
Device = Annotated[
    str | None, typer.Option(help="Where a network is trained: cpu, cuda or cuda:1.", show_default=False)
]
Save = Annotated[
    Path | None,
    typer.Option(help="File to keep what the recipe has learnt in, without any image.", show_default=False),
]
Load = Annotated[
    Path | None,
    typer.Option(
        help="File that --save wrote: its recipe answers without learning again. No code in it can run.",
        show_default=False,
    ),
]
Report = Annotated[
    Path | None,
    typer.Option(
        metavar="PAGE.html",
        help="Page to look at: verdict, scores, nearest pairs and plots in one file. PAGE.json has its numbers.",
        show_default=False,
    ),
]
ShowImages = Annotated[
    bool, typer.Option("--images/--no-images", help="Whether the page shows images; not for patient data.")
]


def open_folder(
    folder: Path,
    size: str | None = None,
    value_range: str | None = None,
    page: int | None = None,
    groups: str | None = None,
) -> ImageSet:
    """Return the ImageSet of a folder under the command line's options."""
    if page is not None and page < 0:
        raise typer.BadParameter(f"--page counts from 0, got {page}")
    return ImageSet.from_folder(
        folder,
        groups,
        size=_size(size),
        options=DecodeOptions(value_range=_value_range(value_range), page=page),
    )


def open_sets(
    folders: Mapping[str, Path | None],
    size: str | None,
    value_range: str | None,
    page: int | None,
    patients: str | None,
    real: Collection[str],
) -> tuple[dict[str, ImageSet], str | None]:
    """Return the ImageSet of every folder by the name of its option, and what --patients means for a function.

    With PatientID the folders named in `real` are opened with the patients that their DICOM files name, and with a
    table with those that it names.
    """
    tag = patients if patients == _DICOM_PATIENT else None
    sets = {
        name: open_folder(folder, size, value_range, page, tag if name in real else None)
        for name, folder in folders.items()
        if folder is not None
    }
    if patients is not None and patients.lower().endswith(".csv"):
        return sets | with_table({name: sets[name] for name in real if name in sets}, patients), None
    return sets, None if tag else patients


def check_jobs(jobs: int) -> None:
    """Raise unless --jobs is a number of threads."""
    if not (jobs == -1 or 1 <= jobs <= _MOST_JOBS):
        raise typer.BadParameter(f"--jobs is a number of threads from 1 to {_MOST_JOBS}, or -1 for all cores")


def network_overrides(
    backbone: str | None, weights: str | None, epochs: int | None, device: str | None
) -> dict[str, str | int]:
    """Return the overrides of a recipe that these options stand for."""
    given = {"backbone": backbone, "weights": weights, "epochs": epochs, "device": device}
    return {name: value for name, value in given.items() if value is not None}


def open_fitted(path: Path | None) -> FittedRecipe | None:
    """Return the recipe that --load names, if it does."""
    return None if path is None else recipes.load(path)


def _value_range(text):
    if text == "window":
        return text
    return _numbers(text, ",", float, "--value-range", "-1000,400")


def _size(text):
    size = _numbers(text, "x", int, "--size", "256x256")
    most = DecodeOptions().max_pixels
    if size is not None and not (min(size) >= 1 and size[0] * size[1] <= most):
        raise typer.BadParameter(f"--size is at least 1x1 and at most {most / 1e6:g} million pixels, got {text!r}")
    return size


def _numbers(text, separator, kind, option, example):
    if text is None:
        return None
    try:
        first, second = (kind(part) for part in text.lower().split(separator))
    except ValueError:
        raise typer.BadParameter(f"{option} is written like {example}, got {text!r}") from None
    return first, second
