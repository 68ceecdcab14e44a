"""What does each published system reach on the same images? ``make reproduce`` runs all and writes SYSTEMS.md.

``python -m benchmarks.reproduce --recipes NAME ...`` runs these and keeps the figures of the others. ``--data FOLDER``
takes the challenge's images in place of ours, and writes run files as well.
"""

import argparse
import tempfile
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from benchmarks import systems
from benchmarks.systems import Row
from fingerprint_features import (
    ImageSet,
    attribution_scores,
    make_attribution_task,
    make_membership_task,
    membership_scores,
    recipes,
)
from fingerprint_features.datasets import Task
from fingerprint_features.evaluate import independent_folds, independent_groups
from fingerprint_features.recipes import RecipeInfo
from fingerprint_features.recipes.side_by_side import NETWORK

DETECT = {"n_used": 60, "n_unused": 60, "n_generated": 200, "n_pool": 200, "image_size": 64}
ATTRIBUTE = {"n_subsets": 5, "n_real_per_subset": 40, "n_generated_per_subset": 80, "image_size": 64}
REMEMBERED = 0.5  # share of the generated images that descend from a real one
# What the published numbers become where there are fewer images.
SMALLER = {"zhouyijiang-2025-retrieval": {"k": 15}, "clef-cse-2023-svm": {"n_pairs": 5}}


@dataclass(frozen=True, eq=False)
class Half:
    """Labelled images to learn from and others to judge, with what they are compared with.

    Attributes
    ----------
    learn, judge : ImageSet
    learn_y, judge_y : ndarray
    reference : ImageSet
        Generated images where real ones are judged, real ones where generated ones are.
    reference_y : ndarray or None
        Subsets of the reference images.
    pool : ImageSet or None
    """

    learn: ImageSet
    learn_y: NDArray[Any]
    judge: ImageSet
    judge_y: NDArray[Any]
    reference: ImageSet
    reference_y: NDArray[Any] | None
    pool: ImageSet | None


def halved(task: Task) -> Half:
    """Split the images of a task in two; patients and copies stay on one side.

    Generated images of one real image are in both halves, as in the challenge: its generators made them all.
    """
    groups = independent_groups(task.groups, task.X.digests)
    learn, judge = independent_folds(task.y, groups, n_splits=2, random_state=0)[0]
    y = np.asarray(task.y)
    return Half(task.X[learn], y[learn], task.X[judge], y[judge], task.reference, task.reference_y, task.pool)


@cache
def shared(name: str) -> Half:
    """Return a task by name: "remembered" and "null" to detect, "subsets" to attribute."""
    if name == "subsets":
        return halved(make_attribution_task(**ATTRIBUTE, memorization=REMEMBERED, random_state=0))
    share = 0 if name == "null" else REMEMBERED
    return halved(make_membership_task(**DETECT, memorization=share, random_state=1 if name == "null" else 0))


def overrides_of(about: RecipeInfo, preset: str) -> dict[str, Any]:
    """Return the overrides with which a recipe runs on small tasks and with nothing to download."""
    frozen = about.needs_weights and not about.trains
    network = {"backbone": NETWORK} if frozen and preset == "fast" else {}
    return (SMALLER.get(about.name, {}) if preset == "fast" else {}) | network


def learnt(about: RecipeInfo, half: Half, preset: str, rows: Path) -> Any:
    """Return a recipe fitted on what it learns from: labels of the images to judge are never seen.

    A recipe without labels is fitted on the images that it judges.
    """
    X, y, sets = half.learn, half.learn_y, {"reference": half.reference, "reference_y": half.reference_y}
    if half.reference_y is not None and about.fit_on[0] == "real":  # attributes, and learns from real images
        X, y, sets = half.reference, half.reference_y, {"reference": X, "reference_y": y}
    if not about.needs_labels:
        X, y = half.judge, None
    sets |= {"pool": half.pool, "unlabelled": half.judge}
    given = {word: sets[word] for word in about.takes if sets.get(word) is not None}
    return recipes.make(about.name, preset=preset, cache=rows, **given, **overrides_of(about, preset)).fit(X, y)


def scored(about: RecipeInfo, y: ArrayLike, answers: ArrayLike, groups: ArrayLike | None) -> dict[str, Any]:
    """Return the scores of answers by metric: the official one, and kappa where images are used or not."""
    if about.subtask == 2:
        return {"accuracy": attribution_scores(y, answers)["accuracy"]}
    scores = membership_scores(y, answers, groups=groups)
    return {metric: scores[metric] for metric in dict.fromkeys((about.metric, "kappa"))}


@contextmanager
def rows_of_a_run() -> Iterator[Path]:
    """Give a cache that only one run uses: seconds do not depend on what ran before."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder, "rows.cache")


def measure(name: str, task: str, half: Half, preset: str, rows: Path | None = None) -> Iterator[Row]:
    """Run one recipe on one task; yield a row for each metric. With rows of earlier runs, no time is measured."""
    about, start = recipes.info(name), time.perf_counter()
    with rows_of_a_run() as own:
        answers = learnt(about, half, preset, rows or own).predict(half.judge)
    seconds = time.perf_counter() - start if rows is None else np.nan
    for metric, score in scored(about, half.judge_y, answers, half.judge.groups).items():
        yield Row(name, task, metric, score.value, score.low, score.high, seconds)


def run(names: Iterable[str], preset: str = "fast", rows_of_all: Path | None = None) -> list[Row]:
    """Return the rows of recipes on the shared tasks."""
    rows = []
    for name in names:
        tasks = ("remembered", "null") if recipes.info(name).subtask == 1 else ("subsets",)
        for task in tasks:
            found = list(measure(name, task, shared(task), preset, rows_of_all))
            rows += found
            print(f"{name:40}{task:12}" + "  ".join(map(str, found)), flush=True)
    return rows


def main() -> None:
    """Run recipes, keep their figures, and write the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--recipes", nargs="+", metavar="NAME", help="these only [default: all]")
    parser.add_argument("--preset", choices=("fast", "published"), default="fast")
    parser.add_argument(
        "--data", type=Path, metavar="FOLDER", help="the challenge's images (see benchmarks/challenge.py)"
    )
    parser.add_argument("--runs", type=Path, default=Path("runs"), help="folder for run files, with --data")
    parser.add_argument(
        "--cache", type=Path, metavar="FILE", help="share rows between recipes; no time is measured then"
    )
    parser.add_argument("--page", action="store_true", help="run nothing: write the page from the kept figures")
    options = parser.parse_args()
    names = [] if options.page else options.recipes or recipes.names()
    if options.data is not None:
        from benchmarks import challenge  # which imports this module

        challenge.run(names, options.data, options.runs, options.preset)
        print(f"{options.runs / 'systems.md'} has the table")
        return
    for name in names:  # kept one by one: a run of all takes hours
        systems.keep(run([name], options.preset, options.cache))
    systems.write_page()
    print(f"{systems.PAGE} is up to date")


if __name__ == "__main__":
    main()
