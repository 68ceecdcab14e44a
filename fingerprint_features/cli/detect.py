"""fingerprint-features detect: which of these real images were used to train the generator?"""

from pathlib import Path
from typing import Annotated

import joblib
import numpy as np
import typer

from .. import recipes
from ..evaluate import membership_scores
from ..images import ImageReadError, ImageSet, check_images
from ..images.errors import printable
from ..recipes.judge import held_out_answers, used_scores
from .contents import by_content, refuse_shared, without
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
from .output import cache_or_temporary, check_cache, check_submission, check_table, replacing, write_csv, write_run

_WITHOUT_LABELS = "vcmi-2023-threshold-max"
_WITH_LABELS = "calibrated-log-ratio"
_FEW = 20
_ID_STYLES = {"2023": "stem", "2025": "name"}


def detect(
    candidates: Annotated[Path, typer.Option(help="Folder of real images, used or not.")],
    generated: Annotated[Path, typer.Option(help="Folder of images that the generator made.")],
    output: Annotated[Path, typer.Option("--output", "-o", help="CSV file to write.")],
    used: Annotated[Path | None, typer.Option(help="Folder of real images known to be used.")] = None,
    unused: Annotated[Path | None, typer.Option(help="Folder of real images known not to be used.")] = None,
    pool: Annotated[
        Path | None, typer.Option(help="Folder of a second generator's images, for recipes on two.")
    ] = None,
    recipe: Annotated[
        str | None,
        typer.Option(help=f"A name out of `recipes`. [default: {_WITHOUT_LABELS}; {_WITH_LABELS} with labels]"),
    ] = None,
    backbone: Backbone = None,
    weights: Weights = None,
    year: Annotated[
        str | None, typer.Option(help="Write the run file of ImageCLEF 2023 or 2025 instead of a table with scores.")
    ] = None,
    patients: Patients = None,
    cache: Annotated[Path | None, typer.Option(help="File that keeps rows for the next call.")] = None,
    jobs: Annotated[int, typer.Option(help="Threads; -1 takes all cores.")] = 1,
    size: Size = None,
    value_range: ValueRange = None,
    page: Page = None,
    progress: Progress = True,
):
    """Tell which of the candidates were used to train the generator of the generated images."""
    labelled = used is not None
    if labelled != (unused is not None):
        raise typer.BadParameter("--used and --unused go together: a cut is learnt between the two")
    if year is not None and year not in _ID_STYLES:
        raise typer.BadParameter(f"--year is one of {', '.join(_ID_STYLES)}, got {year!r}")
    check_jobs(jobs)
    about = _choose(recipe, labelled)
    if about.needs_pool != (pool is not None):
        wanted = "needs a second pool of generated images" if about.needs_pool else "has no use for a second pool"
        raise typer.BadParameter(f"{about.name} {wanted}: {'give' if about.needs_pool else 'leave out'} --pool")
    overrides = network_overrides(about, backbone, weights)
    check_table(output)
    check_cache(cache)

    def open_images(folder, groups=None):
        return open_folder(folder, size, value_range, page, groups)

    find_patient = patient_of(patients)
    images, reference = open_images(candidates, find_patient), open_images(generated)
    if year is not None:
        check_submission(images, _ID_STYLES[year])
    sets = {"reference": reference} if about.needs_reference else {}
    made, reals = {"--generated": by_content(reference)}, {"--candidates": by_content(images)}
    if pool is not None:
        sets["pool"] = open_images(pool)
        made["--pool"] = by_content(sets["pool"])
    if labelled:
        known = [open_images(folder, find_patient) for folder in (used, unused)]
        yes, no = ({option: by_content(part)} for option, part in zip(("--used", "--unused"), known, strict=True))
        refuse_shared(yes, no, "an image was used or it was not")
        reals |= yes | no
    refuse_shared(made, reals, "a copy of a real image among the generated ones would be found, whatever was learnt")
    typer.echo(f"{about.name}: {len(images)} candidates, {len(reference)} generated images")
    with joblib.parallel_config(n_jobs=jobs), cache_or_temporary(cache) as cache:
        model = recipes.make(about.name, **sets, cache=cache, **overrides)
        show_progress(model, progress)
        if labelled:
            failures = check_images(images)
            if failures:  # before the known images are judged, which takes a while
                raise ImageReadError(failures)
            labels = np.repeat([1, 0], [len(part) for part in known])
            known = ImageSet.join(known)
            _report(model, about, known, labels)
        if about.needs_labels:
            model.fit(known, labels)
        elif labelled:
            rest = without(reals["--candidates"], [reals["--used"], reals["--unused"]])
            model.fit(ImageSet.join([known, rest]))  # as when it was judged: among the known ones
        else:
            if about.transductive and len(images) < _FEW:
                typer.echo(
                    f"warning: {about.name} compares the candidates with each other, and {len(images)} are few for "
                    "that: give more real images, used or not",
                    err=True,
                )
            model.fit(images)
        answers, scores = model.predict(images), used_scores(model, images)
    with replacing(output) as path:
        if year is None:
            write_csv(path, ["id", "used", "score"], zip(images.ids, answers, scores, strict=True))
        else:
            write_run(path, images, answers, _ID_STYLES[year])
    typer.echo(f"{printable(output)}: {int(answers.sum())} of {len(images)} candidates were used, says {about.name}")
    if not labelled:
        typer.echo("Without labelled images nothing tells how often that is right: see --used and --unused.")


def _choose(name, labelled):
    about = recipes.info(name or (_WITH_LABELS if labelled else _WITHOUT_LABELS))
    if about.subtask != 1:
        raise typer.BadParameter(f"{about.name} attributes generated images to subsets, it does not detect")
    if about.needs_labels and not labelled:
        others = [other for other in map(recipes.info, recipes.names()) if other.subtask == 1]
        free = ", ".join(other.name for other in others if not other.needs_labels)
        raise typer.BadParameter(f"{about.name} learns from labels: give --used and --unused, or take one of {free}")
    return about


def _report(model, about, images, labels):
    """Print how well the recipe does on labelled images whose labels it has not learnt from."""
    how = "cross-validated" if about.needs_labels else "judged without their labels"
    by = "images" if images.groups is None else "patients"
    answers, scores = held_out_answers(model, images, labels, needs_labels=about.needs_labels)
    typer.echo(f"\n{int(labels.sum())} used and {int((1 - labels).sum())} unused images, {how}, by {by}:\n")
    typer.echo(f"{membership_scores(labels, answers, groups=images.groups, scores=scores)}\n")
