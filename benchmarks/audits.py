"""How often does `audit` find something where there is nothing, and where there is? ``python -m benchmarks.audits``.

*Nothing* (`make calibrate`): images of generators without memory. In each run chance splits the patients of a task into
used and unused ones. Which split was drawn is then independent of all images, so any difference between the two is
chance: the null is exact, whatever the images are. One task serves many runs, and its images are drawn, decoded and
described once. In the runs without labels there is nothing to split: each takes a random half of the real images and of
the generated ones. These runs share images, so their standard errors are too small.

*Something* (``--power``): a new task in each run, with more and more generated images that descend from used ones, and
with used and unused images from one scanner or from two.

A file keeps the numbers of each run, and a second call goes on where the first one stopped. A run depends on its number
alone, not on the order or the number of processes.
"""

import argparse
import csv
import time
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from scipy.stats import mannwhitneyu
from tqdm.auto import tqdm

from fingerprint_features import Task, audit, make_membership_task
from fingerprint_features.audits import AuditResult

METHODS = ("calibrated-log-ratio", "dmk-2023-phash")
RUNS_OF_A_TASK = 10
ALPHA = 0.05
CHANCE = {"auc": 0.5, "kappa": 0.0, "accuracy": 0.5}
MEMORIZATION = (0.0, 0.1, 0.25, 0.5, 1.0)
SHIFT = (0.0, 1.0)
CONTROLS = ("blind: textures alone", "blind: other patients' images as reference", "members only")
PEER = "rank test by slice"


class Kind(NamedTuple):
    """Sizes of a kind of task; `labelled` says whether the audit knows which images were used."""

    n_used: int
    n_generated: int
    slices: int = 1
    labelled: bool = True
    image_size: int = 64


KINDS = {"labelled": Kind(60, 120), "slices": Kind(150, 120, slices=10), "unlabelled": Kind(120, 240, labelled=False)}
Record = dict[str, Any]


@lru_cache(maxsize=1)
def task_of(kind: Kind, number: int, memorization: float = 0.0, shift: float = 0.0) -> Task:
    """Return a task; the last one is kept."""
    return make_membership_task(
        kind.n_used,
        kind.n_used,
        kind.n_generated,
        memorization,
        slices_per_patient=kind.slices,
        shift=shift,
        image_size=kind.image_size,
        random_state=number,
    )


def split(patients: NDArray[Any], seed: int) -> NDArray[np.bool_]:
    """Return a mask of the images of a random half of the patients."""
    names = np.unique(patients)
    chosen = np.random.default_rng([seed, 1]).permutation(names)  # not the stream of the audit, whose seed it is too
    return np.isin(patients, chosen[: len(names) // 2])


def run_null(name: str, seed: int, cache: Path, n_permutations: int) -> Record:
    """Audit a generated set without memory."""
    kind = KINDS[name]
    task = task_of(kind, seed // RUNS_OF_A_TASK)
    chosen = split(task.groups, seed)
    if kind.labelled:
        sets, generated = {"used": task.X[chosen], "unused": task.X[~chosen]}, task.reference
    else:
        half = np.random.default_rng([seed, 2]).permutation(len(task.reference))[: len(task.reference) // 2]
        sets, generated = {"candidates": task.X[chosen]}, task.reference[half]
    return {"kind": name, "seed": seed} | _audit(sets, generated, cache, n_permutations, seed)


def run_power(memorization: float, shift: float, seed: int, cache: Path, n_permutations: int) -> Record:
    """Audit a generated set that remembers a share of the used images."""
    task = task_of(KINDS["labelled"], 10_000 + seed, memorization, shift)
    sets = {"used": task.X[task.y == 1], "unused": task.X[task.y == 0]}
    key = {"kind": "power", "seed": seed, "memorization": memorization, "shift": shift}
    return key | _audit(sets, task.reference, cache, n_permutations, seed)


def _audit(sets, generated, cache, n_permutations, seed):
    """Return the numbers of one audit."""
    start = time.perf_counter()
    found = audit(
        list(METHODS),
        **sets,
        generated=generated,
        randomized_split=True,
        n_permutations=n_permutations,
        random_state=seed,
        cache=cache,
    )
    numbers = numbers_of(found) | {"seconds": round(time.perf_counter() - start, 3)}
    return {name: float(f"{value:.6g}") if isinstance(value, float) else value for name, value in numbers.items()}


def numbers_of(found: AuditResult) -> Record:
    """Return what is kept of an audit."""
    p, risk = found.p_value, found.risk.image_risk
    numbers = {"verdict": found.verdict.kind, "p": np.nan if p is None else p, "attacks": len(found.attacks)}
    numbers |= {f"family: {name}": float(family) for name, family in found.families.items()}
    numbers |= dict.fromkeys((f"control: {name}" for name in CONTROLS), np.nan)  # few patients leave one out
    numbers |= {f"control: {control.name}": float(control.p_value) for control in found.controls}
    for metric, chance in CHANCE.items():
        scores = [trial.judgement.scores[metric] for trial in found.attacks]
        numbers[f"held: {metric}"] = sum(score.low <= chance <= score.high for score in scores)
    numbers["auc"] = max((trial.judgement.scores["auc"].value for trial in found.attacks), default=np.nan)
    for trial in [trial for trial in found.attacks if not trial.judgement.learnt][:1]:
        scores = trial.judgement.decisions
        numbers[f"peer: {PEER}"] = float(mannwhitneyu(scores[trial.y == 1], scores[trial.y == 0]).pvalue)
    if risk is not None:
        numbers["flagged images"] = int(risk.flagged.sum())
        numbers["flagged patients"] = int((risk.patient_q <= risk.fdr).sum())
    return numbers


def kept(path: Path) -> list[Record]:
    """Return the runs that a file holds."""
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def keep(path: Path, record: Record) -> None:
    """Add a run to a file; each kind of run has a file of its own, so that all rows have the same columns."""
    new = not path.exists()
    with path.open("a", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(record))
        if new:
            writer.writeheader()
        writer.writerow(record)


def run(calls: Sequence[Any], path: Path, jobs: int) -> None:
    """Make the calls, a few at a time, and keep what each returns as soon as it is there."""
    done = Parallel(jobs, return_as="generator_unordered", batch_size=1)(calls)
    for record in tqdm(done, total=len(calls), unit="audit", desc=path.stem):
        keep(path, record)


def rate(hits: Iterable[float]) -> str:
    """Return the mean of the rates of all runs in percent, with its standard error."""
    hits = np.array(list(hits), dtype=float)
    return f"{100 * hits.mean():5.1f} % +- {100 * hits.std() / np.sqrt(len(hits)):.1f}"


def null_lines(name: str, rows: Sequence[Record]) -> Iterator[str]:
    """Yield the lines of the table of one kind of run."""
    kind, seconds = KINDS[name], np.mean([float(row["seconds"]) for row in rows])
    reals = f"{2 * kind.n_used // kind.slices} patients, {kind.slices} slice{'s' * (kind.slices > 1)} each"
    yield f"\n{name}: {reals}, {kind.n_generated} generated images; {len(rows)} runs, {seconds:.1f} s each"

    def alarms(column):
        return rate(float(row[column]) <= ALPHA for row in rows)

    columns = [column for column in rows[0] if column.startswith(("family: ", "control: ", "peer: "))]
    if kind.labelled:
        yield f"{'corrected p of the audit at most 0.05':52}{alarms('p')}   (wanted: 3 to 7)"
        for column in columns:
            yield f"{column:52}{alarms(column)}"
        for metric, value in CHANCE.items():
            held = rate(float(row[f"held: {metric}"]) / float(row["attacks"]) for row in rows)
            yield f"{f'95 % intervals hold {metric} {value:g}':52}{held}   (wanted: 93 to 97)"
    for column in ("flagged images", "flagged patients"):
        if column in rows[0]:
            yield f"{f'some {column}':52}{rate(int(row[column]) > 0 for row in rows)}   (wanted: 5 at most)"
    verdicts = [row["verdict"] for row in rows]
    counted = ", ".join(f"{verdicts.count(kind)} {kind}" for kind in sorted(set(verdicts)))
    yield f"verdicts: {counted}"


def power_lines(rows: Sequence[Record]) -> Iterator[str]:
    """Yield the lines of the table of power."""
    header = ("memorization", "shift", "runs", "p <= 0.05", "detected", "blind", "best AUC", "flagged patients")
    yield "".join(f"{word:>18}" for word in header)
    for shift in SHIFT:
        for share in MEMORIZATION:
            here = [row for row in rows if (float(row["memorization"]), float(row["shift"])) == (share, shift)]
            if not here:
                continue
            found = np.mean([float(row["p"]) <= ALPHA for row in here])
            detected, blind = (
                np.mean([row["verdict"] == kind for row in here])
                for kind in ("detected", "not above the blind control")
            )
            auc, flagged = (np.mean([float(row[name]) for row in here]) for name in ("auc", "flagged patients"))
            cells = (f"{share:g}", f"{shift:g}", len(here), f"{100 * found:.0f} %", f"{100 * detected:.0f} %")
            cells += (f"{100 * blind:.0f} %", f"{auc:.2f}", f"{flagged:.1f}")
            yield "".join(f"{cell:>18}" for cell in cells)


def main() -> None:
    """Run what is missing, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, help="of each kind [default: 1000, and 10 of each cell of --power]")
    parser.add_argument("--only", nargs="+", choices=KINDS, default=list(KINDS), help="these kinds of runs")
    parser.add_argument("--power", action="store_true", help="where there is something to find")
    parser.add_argument("--permutations", type=int, default=199)
    parser.add_argument("--jobs", type=int, default=-1, help="processes [default: one for each core]")
    parser.add_argument("--folder", type=Path, default=Path("calibration"), help="keeps the numbers and the features")
    parser.add_argument("--table", action="store_true", help="run nothing: print what is kept")
    options = parser.parse_args()
    options.folder.mkdir(exist_ok=True)
    cache = options.folder / "features.cache"
    if options.power:
        path = options.folder / "power.csv"
        done = {(float(row["memorization"]), float(row["shift"]), int(row["seed"])) for row in kept(path)}
        cells = [(m, s, seed) for seed in range(options.runs or 10) for s in SHIFT for m in MEMORIZATION]
        calls = [delayed(run_power)(*cell, cache, options.permutations) for cell in cells if cell not in done]
        if not options.table:
            run(calls, path, options.jobs)
        print("\n".join(power_lines(kept(path))))
        return
    for name in options.only:
        path = options.folder / f"{name}.csv"
        done = {int(row["seed"]) for row in kept(path)}
        seeds = [seed for seed in range(options.runs or 1000) if seed not in done]
        if not options.table:
            run([delayed(run_null)(name, seed, cache, options.permutations) for seed in seeds], path, options.jobs)
        if kept(path):
            print("\n".join(null_lines(name, kept(path))), flush=True)


if __name__ == "__main__":
    from benchmarks import audits  # by this name the processes find `task_of`, which cannot be sent to them

    audits.main()
