"""fingerprint-features detect: which of these real images were used to train the generator?"""

from pathlib import Path
from typing import Annotated

import joblib
import typer

from .. import recipes
from ..answers import detect as find_used
from ..answers import rows_kept
from ..files import replacing
from .options import (
    Backbone,
    Device,
    Epochs,
    Jobs,
    Load,
    OnError,
    Page,
    Patients,
    Permutations,
    Preset,
    Progress,
    Report,
    RowCache,
    Save,
    ShowImages,
    Size,
    ValueRange,
    Weights,
    check_jobs,
    network_overrides,
    open_fitted,
    open_sets,
)
from .output import (
    ID_STYLES,
    check_apart,
    check_cache,
    check_output,
    check_report,
    check_submission,
    check_table,
    check_year,
    print_answers,
    write_columns,
    write_report,
    write_run,
)


def detect(
    candidates: Annotated[Path, typer.Option(help="Folder of real images to judge.")],
    generated: Annotated[Path, typer.Option(help="Folder of images that the generator made.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="CSV file to write.")],
    used: Annotated[Path | None, typer.Option(help="Folder of real images known to be used.")] = None,
    unused: Annotated[Path | None, typer.Option(help="Folder of real images known not to be used.")] = None,
    known_generated: Annotated[
        Path | None,
        typer.Option(
            help="Folder of images by the generator that was trained on --used, where --generated is by another one."
        ),
    ] = None,
    holdout: Annotated[
        Path | None,
        typer.Option(help="Folder of real images known not to be used, from the scanners of the used ones."),
    ] = None,
    pool: Annotated[
        Path | None, typer.Option(help="Folder of a second generator's images, for recipes that need them.")
    ] = None,
    recipe: Annotated[str | None, typer.Option(help="A name from `recipes`. [default: details-and-hashes]")] = None,
    prior: Annotated[
        float | None,
        typer.Option(help="The share of used images among all real ones, for details-and-hashes. [default: 0.5]"),
    ] = None,
    backbone: Backbone = None,
    weights: Weights = None,
    preset: Preset = "published",
    epochs: Epochs = None,
    device: Device = None,
    save: Save = None,
    load: Load = None,
    year: Annotated[
        str | None, typer.Option(help="Write the run file of ImageCLEF 2023 or 2025 instead of a table with scores.")
    ] = None,
    report: Report = None,
    images: ShowImages = True,
    patients: Patients = None,
    cache: RowCache = None,
    jobs: Jobs = 1,
    size: Size = None,
    value_range: ValueRange = None,
    page: Page = None,
    on_error: OnError = "raise",
    permutations: Permutations = 99,
    progress: Progress = True,
) -> None:
    """Find out which candidates were used to train the generator, and how far that answer can be trusted."""
    if year is not None:
        check_year(year)
        if on_error != "raise":
            raise typer.BadParameter("a run file needs an answer for every image: leave out --on-error, or --year")
    check_jobs(jobs)
    check_table(output, year)
    check_cache(cache)
    if save is not None:
        check_output(save)
    check_apart(output=output, cache=cache, save=save, load=load)
    check_report(report, images, cache=cache, save=save, load=load)
    folders = {"candidates": candidates, "used": used, "unused": unused, "holdout": holdout}
    folders |= {"generated": generated, "known_generated": known_generated, "pool": pool}
    sets, patients = open_sets(
        folders, size, value_range, page, patients, real=("candidates", "used", "unused", "holdout")
    )
    if year is not None:
        check_submission(sets["candidates"], ID_STYLES[year])
    typer.echo(f"{len(sets['candidates'])} candidates, {len(sets['generated'])} generated images")
    with joblib.parallel_config(n_jobs=jobs), rows_kept(cache) as cache:
        found = find_used(
            **sets,
            recipe=recipe,
            preset=preset,
            fitted=open_fitted(load),
            patients=patients,
            cache=cache,
            progress=progress,
            on_error=on_error,
            n_permutations=permutations,
            **network_overrides(backbone, weights, epochs, device),
            **({} if prior is None else {"prior": prior}),
        )
        with replacing(output) as path:
            if year is None:
                write_columns(path, found.columns())
            else:
                write_run(path, sets["candidates"], found.used, ID_STYLES[year])
        if report is not None:
            write_report(found, report, images, cache)
    if save is not None:
        recipes.save(found.fitted, save)
    print_answers(found, output)
