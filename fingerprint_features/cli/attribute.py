"""fingerprint-features attribute: which subset of the real images does each generated image stem from?"""

import re
from pathlib import Path
from typing import Annotated

import joblib
import numpy as np
import typer
from sklearn.model_selection import cross_val_predict

from .. import recipes
from ..evaluate import attribution_scores
from ..images.errors import printable
from ..recipes.judge import patient_folds
from ..report import draw_confusion, draw_map
from .options import (
    Backbone,
    Page,
    Patients,
    Progress,
    Size,
    ValueRange,
    Weights,
    check_jobs,
    network_overrides,
    open_folder,
    patient_of,
    show_progress,
)
from .output import (
    cache_or_temporary,
    check_cache,
    check_output,
    check_submission,
    check_table,
    replacing,
    write_csv,
    write_run,
)

_DEFAULT = "textures-svm"
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
    recipe: Annotated[str, typer.Option(help="A name out of `recipes`.")] = _DEFAULT,
    backbone: Backbone = None,
    weights: Weights = None,
    year: Annotated[str | None, typer.Option(help="Write the run file of ImageCLEF 2025 instead of a table.")] = None,
    confusion: Annotated[Path | None, typer.Option(help="Picture to draw the confusion matrix into.")] = None,
    map: Annotated[Path | None, typer.Option(help="Picture to draw all images into, by principal components.")] = None,
    patients: Patients = None,
    cache: Annotated[Path | None, typer.Option(help="File that keeps rows for the next call.")] = None,
    jobs: Annotated[int, typer.Option(help="Threads; -1 takes all cores.")] = 1,
    size: Size = None,
    value_range: ValueRange = None,
    page: Page = None,
    progress: Progress = True,
):
    """Tell which subset of the real images each generated image stems from."""
    about = recipes.info(recipe)
    if about.subtask != 2:
        raise typer.BadParameter(f"{recipe} detects which real images were used, it does not attribute")
    domain = _domain(about, real, labelled_generated)
    if year not in (None, "2025"):
        raise typer.BadParameter(f"--year is 2025, the year of this task, got {year!r}")
    check_jobs(jobs)
    overrides = network_overrides(about, backbone, weights)
    check_table(output)
    for path in filter(None, (confusion, map)):
        _check_picture(path)
    check_cache(cache)

    def open_images(folder, groups=None):
        return open_folder(folder, size, value_range, page, groups)

    images = open_images(generated)
    sets = {
        "real": real and open_images(real, patient_of(patients)),
        "generated": labelled_generated and open_images(labelled_generated),
    }
    labels = {kind: _labels(part, kind) for kind, part in sets.items() if part is not None}
    if year is not None:
        check_submission(images, "name")
        numbers = _numbers(labels[domain])
    known, y = sets[domain], labels[domain]
    typer.echo(f"{recipe}: {len(images)} generated images, learning from {len(known)} {domain} ones")
    with joblib.parallel_config(n_jobs=jobs), cache_or_temporary(cache) as cache:
        model = recipes.make(recipe, cache=cache, **overrides)
        show_progress(model, progress)
        held_out = cross_val_predict(model, known, y, cv=patient_folds(known, y))
        _report(f"cross-validated on the {domain} images", y, held_out, known.groups)
        model.fit(known, y)
        answers = model.predict(images)
        truth, answered, where = y, held_out, f"{domain} images, cross-validated"
        if domain == "real" and "generated" in labels:
            truth, where = labels["generated"], "labelled generated images"
            answered = model.predict(sets["generated"])
            _report("learnt from the real images, asked about the labelled generated ones", truth, answered)
        elif domain == "real":
            typer.echo(
                "This is the accuracy among real images, not that across domains: generated images differ from real\n"
                "ones, and their answers are right less often. --labelled-generated measures it.\n"
            )
        if map is not None:
            _save(_draw_map(model, recipe, sets, labels, images, answers), map)
    if confusion is not None:
        _save(draw_confusion(truth, answered, title=f"{recipe}\n{where}"), confusion)
    with replacing(output) as path:
        if year is None:
            write_csv(path, ["id", "subset"], zip(images.ids, answers, strict=True))
        else:
            write_run(path, images, [numbers[answer] for answer in answers], "name")
    found, counts = np.unique(answers, return_counts=True)
    told = ", ".join(f"{count} of {subset}" for subset, count in zip(found, counts, strict=True))
    typer.echo(f"{printable(output)}: {told}")


def _check_picture(path):
    """Raise, before any work, if a picture cannot be written."""
    if path.suffix.lower() not in _PICTURES:
        raise typer.BadParameter(f"{printable(path)!r} is no picture: it must end in {', '.join(_PICTURES)}")
    check_output(path)


def _domain(about, real, labelled_generated):
    """Return which of the labelled sets the recipe learns from."""
    given = {"generated": labelled_generated, "real": real}
    if not any(given.values()):
        raise typer.BadParameter("give --real or --labelled-generated, or both: subsets are learnt from their folders")
    fit = [kind for kind in given if kind in about.trained_on]
    for kind in fit:
        if given[kind] is not None:
            return kind
    options = " or ".join({"real": "--real", "generated": "--labelled-generated"}[kind] for kind in fit)
    raise typer.BadParameter(f"{about.name} learns from {about.trained_on}: give {options}")


def _labels(images, kind):
    """Return the subset of each image, by its folder."""
    flat = [id for id in images.ids if "/" not in id]
    if flat:
        raise ValueError(f"{printable(flat[0])} lies in no sub-folder: each subset of {kind} images has one of its own")
    labels = np.array([re.sub("^gen_", "", id.split("/")[0]) for id in images.ids])
    subsets = np.unique(labels)
    if len(subsets) < 2:
        raise ValueError(
            f"there is only the subset {printable(subsets[0])!r} of {kind} images: attributing takes two or more"
        )
    return labels


def _numbers(labels):
    """Return the official number of each subset, t1 to t5 being 1 to 5."""
    numbers = {subset: re.fullmatch(r"t?(\d+)", subset) for subset in np.unique(labels)}
    strange = [subset for subset, found in numbers.items() if found is None]
    if strange:
        raise typer.BadParameter(
            f"--year 2025 writes numbers, and the folder {printable(strange[0])!r} has none: t1, t2 ..."
        )
    return {subset: int(found.group(1)) for subset, found in numbers.items()}


def _report(how, labels, answers, groups=None):
    typer.echo(f"\n{how}:\n\n{attribution_scores(labels, answers, groups=groups)}\n")


def _draw_map(model, recipe, sets, labels, images, answers):
    """Draw every image that was given, by the features that the recipe sees; those to attribute by their answer."""
    parts = {kind: part for kind, part in sets.items() if part is not None}
    rows = [model[0].transform(part) for part in (*parts.values(), images)]
    kinds = [*parts, "to attribute"]
    subsets = [*(labels[kind] for kind in parts), answers]
    return draw_map(
        np.vstack(rows), np.concatenate(subsets), np.repeat(kinds, [len(part) for part in rows]), title=recipe
    )


def _save(figure, path):
    with replacing(path) as temporary:
        figure.savefig(temporary, dpi=150)
