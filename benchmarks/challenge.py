"""The systems on the challenge's own images: ``python -m benchmarks.reproduce --data FOLDER``.

FOLDER holds a folder, or a link to one, for each set that there is: 2023-detect-dev, 2023-detect-test,
2025-detect-train, 2025-detect-test, 2025-attribute-train and 2025-attribute-test.
"""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from benchmarks import reproduce, systems
from benchmarks.reproduce import Half
from benchmarks.systems import Row
from fingerprint_features import load_imageclef_gans, recipes, validate_submission, write_submission
from fingerprint_features.datasets import Task
from fingerprint_features.recipes import RecipeInfo

LATEST = 2025  # the year whose images our own recipes are tried on
LABELLED = {2023: "dev", 2025: "train"}
ID_STYLES = {2023: "stem", 2025: "name"}


def find(folder: Path, about: RecipeInfo, split: str) -> Task | None:
    """Return the images that a system was made for, or None where there are none."""
    year = about.year or LATEST
    place = folder / f"{year}-{'detect' if about.subtask == 1 else 'attribute'}-{split}"
    # the challenge names no patients: each image counts as one
    return load_imageclef_gans(place, year, about.subtask, split, groups=str) if place.is_dir() else None


def run(names: Iterable[str], folder: Path, runs: Path, preset: str) -> list[Row]:
    """Judge systems on half of the labelled images, and write the run files of the test images."""
    rows = []
    runs.mkdir(exist_ok=True)
    for about in map(recipes.info, names):
        known = find(folder, about, LABELLED[about.year or LATEST])
        if known is None or about.needs_pool:
            print(f"{about.name:40}{'its images are not here' if known is None else 'needs a second generator'}")
            continue
        task = "remembered" if about.subtask == 1 else "subsets"
        found = list(reproduce.measure(about.name, task, reproduce.halved(known), preset))
        rows += found
        print(f"{about.name:40}" + "  ".join(map(str, found)), flush=True)
        asked = find(folder, about, "test")
        if asked is not None:
            write_run(about, known, asked, runs, preset)
    (runs / "systems.md").write_text("\n".join(systems.table({row.key: row for row in rows})) + "\n", encoding="utf-8")
    return rows


def write_run(about: RecipeInfo, known: Task, asked: Task, runs: Path, preset: str) -> None:
    """Write the run file of one system, which learns from all labelled images; raise if the validator refuses it."""
    half = Half(known.X, known.y, asked.X, None, known.reference, known.reference_y, None)
    if about.subtask == 1 and not about.needs_labels:
        half = replace(half, reference=asked.reference)
    with reproduce.rows_of_a_run() as cache:
        model = reproduce.learnt(about, half, preset, cache)
        if about.subtask == 1 and about.needs_labels and about.needs_reference:
            model = recipes.with_reference(model, asked.reference)
        answers = model.predict(asked.X)
    style, path = ID_STYLES[about.year or LATEST], runs / f"{about.name}.csv"
    write_submission(asked.X.ids, answers, path, id_style=style)
    faults = validate_submission(path, asked.X.ids, (0, 1) if about.subtask == 1 else range(1, 6), id_style=style)
    if faults:
        raise ValueError(f"{path}: {faults[0]}")
