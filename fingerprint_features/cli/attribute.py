"""fingerprint-features attribute: which subset of the real images does each generated image stem from?"""

import re
from pathlib import Path
from typing import Annotated

import joblib
import numpy as np
import typer
from sklearn.pipeline import Pipeline

from .. import recipes
from ..answers import attribute as find_subsets
from ..answers import rows_kept
from ..files import replacing
from ..images.errors import printable
from ..report import draw_confusion, draw_map
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
    check_apart,
    check_cache,
    check_output,
    check_report,
    check_submission,
    check_table,
    print_answers,
    write_columns,
    write_report,
    write_run,
)

_PICTURES = (".png", ".svg", ".pdf")


def attribute(
    generated: Annotated[Path, typer.Option(help="Folder of generated images to attribute.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="CSV file to write.")],
    real: Annotated[
        Path | None, typer.Option(help="Folder of real images, one sub-folder a subset: t1, t2 ... or other names.")
    ] = None,
    labelled_generated: Annotated[
        Path | None, typer.Option(help="Folder of generated images of known subset: t1 or gen_t1, gen_t2 ...")
    ] = None,
    recipe: Annotated[str, typer.Option(help="A name from `recipes`.")] = "textures-svm",
    backbone: Backbone = None,
    weights: Weights = None,
    preset: Preset = "published",
    epochs: Epochs = None,
    device: Device = None,
    save: Save = None,
    load: Load = None,
    year: Annotated[str | None, typer.Option(help="Write the run file of ImageCLEF 2025 instead of a table.")] = None,
    confusion: Annotated[Path | None, typer.Option(help="Picture to draw the confusion matrix into.")] = None,
    map: Annotated[Path | None, typer.Option(help="Picture to draw all images into, by principal components.")] = None,
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
    """Find out which subset of the real images each generated image stems from, and how far to trust that."""
    if year not in (None, "2025"):
        raise typer.BadParameter(f"--year is 2025, the year of this task, got {year!r}")
    if year is not None and on_error != "raise":
        raise typer.BadParameter("a run file needs an answer for every image: leave out --on-error, or --year")
    check_jobs(jobs)
    check_table(output, year)
    for path in filter(None, (confusion, map)):
        _check_picture(path)
    check_cache(cache)
    if save is not None:
        check_output(save)
    check_apart(output=output, confusion=confusion, map=map, cache=cache, save=save, load=load)
    check_report(report, images, cache=cache, save=save, load=load)
    folders = {"generated": generated, "real": real, "labelled_generated": labelled_generated}
    sets, patients = open_sets(folders, size, value_range, page, patients, real=("real",))
    labels = {name: _labels(images, name) for name, images in sets.items() if name != "generated"}
    if year is not None:
        check_submission(sets["generated"], "name")
        numbers = _numbers(labels)
    overrides = network_overrides(backbone, weights, epochs, device)
    typer.echo(f"{len(sets['generated'])} generated images to attribute")
    with joblib.parallel_config(n_jobs=jobs), rows_kept(cache) as cache:
        found = find_subsets(
            **sets,
            real_y=labels.get("real"),
            labelled_y=labels.get("labelled_generated"),
            recipe=recipe,
            preset=preset,
            fitted=open_fitted(load),
            patients=patients,
            cache=cache,
            progress=progress,
            on_error=on_error,
            n_permutations=permutations,
            **overrides,
        )
        if map is not None:
            _draw_map(sets, labels, found, map)
        if confusion is not None:
            _draw_confusion(found, confusion)
        with replacing(output) as path:
            if year is None:
                write_columns(path, found.columns())
            else:
                write_run(path, sets["generated"], [numbers[answer] for answer in found.subsets], "name")
        if report is not None:
            write_report(found, report, images, cache)
    if save is not None:
        recipes.save(found.fitted, save)
    print_answers(found, output)


def _check_picture(path):
    """Raise, before any work, if a picture cannot be written."""
    if path.suffix.lower() not in _PICTURES:
        raise typer.BadParameter(f"{printable(path)!r} is not a picture: its name must end in {', '.join(_PICTURES)}")
    check_output(path)


def _labels(images, name):
    """Return the subset of each image, by its folder."""
    flat = [id for id in images.ids if "/" not in id]
    if flat:
        raise ValueError(f"{name}=: {printable(flat[0])} is in no sub-folder, and each subset has one of its own")
    return np.array([re.sub("^gen_", "", id.split("/")[0]) for id in images.ids])


def _numbers(labels):
    """Return the official number of each subset, t1 to t5 being 1 to 5."""
    subsets = np.unique(np.concatenate(list(labels.values()))) if labels else []
    numbers = {subset: re.fullmatch(r"t?(\d+)", subset) for subset in subsets}
    strange = [subset for subset, found in numbers.items() if found is None]
    if strange:
        raise typer.BadParameter(
            f"--year 2025 writes numbers, and the folder {printable(strange[0])!r} has none: t1, t2 ..."
        )
    return {subset: int(found.group(1)) for subset, found in numbers.items()}


def _draw_confusion(found, path):
    """Draw the trial that decides; there is none where the recipe could not be judged."""
    if not found.assessment.trials:
        typer.echo(f"{printable(path)} is not written: there are no judged answers to draw", err=True)
        return
    trial = found.assessment.trials[-1]
    _save(draw_confusion(trial.y, trial.judgement.answers, title=f"{trial.name}\n{trial.how}"), path)


def _draw_map(sets, labels, found, path):
    """Draw every image that was given, by the features that the recipe sees; those to attribute by their answer."""
    model = found.fitted.model
    seen = model[0] if isinstance(model, Pipeline) else model
    if not hasattr(seen, "transform"):
        typer.echo(f"{printable(path)} is not written: {found.recipe} has no features to draw", err=True)
        return
    kinds = {"real": "real", "labelled_generated": "generated", "generated": "to attribute"}
    subsets = labels | {"generated": found.subsets}
    bad = {(one.where, one.id) for one in found.findings if one.kind == "cannot-be-used"}
    names = [name for name in kinds if name in sets]
    good = {name: np.array([(name, id) not in bad for id in sets[name].ids]) for name in names}
    sets, subsets = ({name: each[name][good[name]] for name in names} for each in (sets, subsets))
    rows = [np.asarray(seen.transform(sets[name])) for name in names]
    figure = draw_map(
        np.vstack(rows),
        np.concatenate([subsets[name] for name in names]),
        np.repeat([kinds[name] for name in names], [len(part) for part in rows]),
        title=found.recipe,
    )
    _save(figure, path)


def _save(figure, path):
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=150)
