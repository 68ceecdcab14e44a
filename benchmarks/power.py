"""How much memorisation does each recipe find, and how often some where there is none? `make power` prints a table."""

import argparse
import csv
import tempfile
import time
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
from joblib import Parallel, delayed

from fingerprint_features import Task, make_membership_task, membership_scores
from fingerprint_features.recipes.side_by_side import NETWORK, detectors, make_for_trial, try_recipe

MEMORIZATION = (0, 0.25, 0.5, 1)
SLICES = (1, 4)
SHIFT = (0.0, 1.0)
Record = dict[str, Any]
SIZES = {"n_used": 40, "n_unused": 40, "n_generated": 200, "n_pool": 200, "image_size": 128}


def judge_all(
    names: list[str], memorization: float, slices: int, shift: float, seed: int, sizes: dict[str, int]
) -> list[Record]:
    """Return the records of `judge` on one task, and what task it is."""
    task = make_membership_task(
        memorization=memorization, slices_per_patient=slices, shift=shift, random_state=seed, **sizes
    )
    about = {"memorization": memorization, "slices": slices, "shift": shift, "seed": seed}
    with tempfile.TemporaryDirectory() as folder:
        records = judge(names, task, len(names), Path(folder, "rows.cache"))
    return [{"recipe": record["recipe"], **about, **record} for record in records]


def judge(names: Sequence[str], task: Task, n_joint: int, cache: Path) -> list[Record]:
    """Return one record for each recipe: kappa with an interval joint for `n_joint` recipes, AUC, seconds."""
    records = []
    for name in names:
        start = time.perf_counter()
        answers, scores = try_recipe(name, make_for_trial(name, task.reference, task.pool, cache), task.X, task.y)
        seconds = time.perf_counter() - start
        # Bonferroni: all intervals hold together in 95 of 100 tasks
        found = membership_scores(
            task.y, answers, groups=task.groups, scores=scores, confidence=1 - 0.05 / n_joint, n_bootstrap=4000
        )
        kappa = found["kappa"]
        values = {"kappa": kappa.value, "low": kappa.low, "high": kappa.high, "auc": found["auc"].value}
        records.append({"recipe": name, **values, "seconds": seconds})
    return records


def run(names: list[str], repeats: int, null_seeds: int, n_jobs: int) -> tuple[list[Record], list[list[Record]]]:
    """Return the records of every setting, `repeats` times, and those of `null_seeds` tasks without memory."""
    tasks = [(*setting, seed) for setting in product(MEMORIZATION, SLICES, SHIFT) for seed in range(repeats)]
    null = [(0, SLICES[seed % len(SLICES)], 0.0, 1000 + seed) for seed in range(null_seeds)]
    done = Parallel(n_jobs)(delayed(judge_all)(names, *setting, SIZES) for setting in tasks + null)
    return [record for records in done[: len(tasks)] for record in records], done[len(tasks) :]


def silent(task: list[Record]) -> bool:
    """Return whether the joint intervals of all recipes contain chance on a task."""
    return all(record["low"] <= 0 <= record["high"] for record in task)


def table(records: list[Record]) -> list[str]:
    """Return the lines of the table: mean kappa and AUC of each recipe for each memorisation, slices and shift."""
    lines = []
    for slices, shift in product(SLICES, SHIFT):
        lines.append(f"\n{slices} slice{'s' * (slices > 1)} a patient, shift {shift:g}: kappa (AUC)")
        lines.append(f"{'memorization':36}" + "".join(f"{share:>16}" for share in MEMORIZATION) + f"{'seconds':>10}")
        for name in dict.fromkeys(record["recipe"] for record in records):
            rows = [r for r in records if (r["recipe"], r["slices"], r["shift"]) == (name, slices, shift)]
            cells = ""
            for share in MEMORIZATION:
                here = [row for row in rows if row["memorization"] == share]
                kappa, auc = (np.mean([row[what] for row in here]) for what in ("kappa", "auc"))
                cells += f"{kappa:9.2f} ({auc:.2f})"
            lines.append(f"{name:36}{cells}{np.mean([row['seconds'] for row in rows]):10.1f}")
    return lines


def main() -> None:
    """Run it all, print the table, and write every record to a CSV file."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3, help="tasks for each setting")
    parser.add_argument("--null-seeds", type=int, default=50, help="tasks without memory, to count false alarms")
    parser.add_argument("--recipes", nargs="+", metavar="NAME", help="these recipes only [default: all that detect]")
    parser.add_argument("--jobs", type=int, default=-1)
    parser.add_argument("--output", type=Path, default=Path("power.csv"))
    options = parser.parse_args()
    names, start = options.recipes or detectors(), time.perf_counter()
    records, null = run(names, options.repeats, options.null_seeds, options.jobs)
    with options.output.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(records[0]))
        writer.writeheader()
        writer.writerows(records + [record for task in null for record in task])
    print(f"{SIZES['n_used']} used and {SIZES['n_unused']} unused images, {SIZES['n_generated']} generated, ", end="")
    print(f"{options.repeats} tasks a cell; every network is {NETWORK}; seconds are for one task, ", end="")
    print("features and similarities shared between recipes")
    print("\n".join(table(records)))
    quiet = sum(map(silent, null))
    print(f"\nWithout memory or shift, the joint 95 % intervals of all {len(names)} recipes contain chance in ", end="")
    print(f"{quiet} of {len(null)} tasks.")
    print(f"{options.output} holds every record ({time.perf_counter() - start:.0f} s)")


if __name__ == "__main__":
    main()
