"""Which recipes find the training images of real generators? `make generators` trains them, and prints tables.

Small generators (a DDPM, a VAE and a GAN) learn the used images and nothing else. Each is sampled after few, more and
many steps of one training: a ladder from "has not memorised" to "has". Every recipe that detects judges every rung. A
null follows each training: real images that the generator has not seen are called used and unused at random.

The folder keeps a checkpoint of each training, each rung in ImageCLEF's layout with the truth in ``truth.csv``,
features, and the numbers of each recipe. A second call goes on where the first one stopped.
"""

import argparse
import csv
from collections.abc import Iterable, Iterator, Sequence
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from joblib import Parallel, delayed
from sklearn.metrics import roc_auc_score
from tqdm.auto import tqdm

from benchmarks.audits import keep, kept
from benchmarks.power import Record, judge
from fingerprint_features import ImageSet, Task
from fingerprint_features.datasets.trained import Training
from fingerprint_features.files import replacing
from fingerprint_features.images import natural_key
from fingerprint_features.recipes import info
from fingerprint_features.recipes.side_by_side import NETWORK, detectors

STEPS = {"ddpm": (300, 800, 1500), "vae": (400, 1200, 2400), "gan": (500, 1500, 3000)}
N_GENERATED = 300


class Study(NamedTuple):
    """Real images, and how they are dealt: as many unused as used ones, and `n_holdout` for the null."""

    images: Any
    slices: int | None
    split: str
    n_used: int
    n_holdout: int
    image_size: int = 64


STUDIES = {
    "chest": Study("chest", 1, "patient", 60, 120),
    "chest-4": Study("chest", 4, "patient", 60, 120),
    "chest-4-within": Study("chest", 4, "within", 60, 120),
    "photographs-within": Study("photographs", 16, "within", 56, 112),
}


def folder_study(path: Path, n_used: int | None) -> dict[str, Study]:
    """Return the study of a user's folder; by default a quarter of the images is used, 60 at most.

    Where all images lie in sub-folders, each of these is a patient.
    """
    images = ImageSet.from_folder(path)
    if all("/" in id for id in images.ids):
        images = ImageSet.from_folder(path, groups=lambda id: id.split("/")[0])
    n = n_used or min(60, len(images) // 4)
    return {path.name: Study(images, None, "patient", n, n)}


def train(kind: str, name: str, study: Study, seed: int, folder: Path, device: str) -> None:
    """Train a generator, and write the rungs that the folder lacks."""
    import torch

    paths = {steps: folder / f"{kind}_{name}_{steps}" for steps in STEPS[kind]}
    missing = [steps for steps, path in paths.items() if not (path / "truth.csv").exists()]
    if not missing:
        return
    torch.set_num_threads(1)  # the other cores train other generators
    training = Training(
        owner="benchmarks.generators",
        kind=kind,
        images=study.images,
        n_used=study.n_used,
        n_unused=study.n_used,
        n_holdout=study.n_holdout,
        slices_per_patient=study.slices,
        split=study.split,
        image_size=study.image_size,
        random_state=seed,
        device=device,
    )
    checkpoint = folder / f"{kind}_{name}.safetensors"
    tasks = training.tasks(N_GENERATED, missing, checkpoint=checkpoint)
    for steps, task in zip(missing, tasks, strict=True):
        write(task, paths[steps])
    checkpoint.unlink()


def write(task: Task, folder: Path) -> None:
    """Write a task in ImageCLEF's layout, and the truth last: a rung without it is not whole, and written again."""
    for file in folder.glob("*/*.png"):
        file.unlink()
    task.to_folder(folder)
    rows = []
    for part, images in (
        ("real_used", task.X[task.y == 1]),
        ("real_not_used", task.X[task.y == 0]),
        ("holdout", task.holdout),
    ):
        names = sorted((path.name for path in (folder / part).glob("*.png")), key=natural_key)
        patients = images.ids if images.groups is None else images.groups
        rows += [
            {"file": f"{part}/{name}", "id": id, "patient": patient, "used": int(part == "real_used")}
            for name, id, patient in zip(names, images.ids, patients, strict=True)
        ]
    with replacing(folder / "truth.csv") as unfinished, unfinished.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def read(folder: Path) -> Task:
    """Return the task that `write` wrote."""
    rows = sorted(kept(folder / "truth.csv"), key=lambda row: natural_key(row["id"]))
    sets = []
    for held in (False, True):
        own = [row for row in rows if row["file"].startswith("holdout/") is held]
        files = [folder / row["file"] for row in own]
        sets.append(ImageSet(files, [row["id"] for row in own], [row["patient"] for row in own]))
    y = np.array([int(row["used"]) for row in rows if not row["file"].startswith("holdout/")])
    return Task(sets[0], y, ImageSet.from_folder(folder / "generated"), sets[1], groups=sets[0].groups)


def null_of(task: Task, seed: int) -> Task:
    """Return the images that the generator never saw, called used and unused at random.

    Half of the patients are, or half of each patient's images where the task is split so.
    """
    rng, patients = np.random.default_rng(seed), task.holdout.groups
    if len(set(zip(task.groups, task.y, strict=True))) > len(set(task.groups)):
        order = np.lexsort((rng.random(len(patients)), np.unique(patients, return_inverse=True)[1]))
        y = np.empty(len(patients), dtype=int)
        y[order] = np.arange(len(patients)) % 2
    else:
        names = rng.permutation(np.unique(patients))
        y = np.isin(patients, names[: len(names) // 2]).astype(int)
    return Task(task.holdout, y, task.reference, groups=patients)


def yardstick(task: Task) -> Record:
    """Return what plain pixels show: how often the nearest real image of a generated one is a used one, and an AUC."""
    X, G = (images.decode().reshape(len(images), -1).astype(np.float64) for images in (task.X, task.reference))
    away = (X**2).sum(axis=1)[:, None] - 2 * X @ G.T + (G**2).sum(axis=1)
    return {
        "nearest is used": round(float(task.y[away.argmin(axis=0)].mean()), 3),
        "pixel auc": round(float(roc_auc_score(task.y, -away.min(axis=1))), 3),
    }


def judge_rung(recipes: Sequence[str], rung: tuple[str, str, int, int | None], folder: Path, n: int) -> list[Record]:
    """Return one record for each recipe on a rung, or on a null after it; n recipes are judged in all."""
    kind, name, steps, null = rung
    task = read(folder / f"{kind}_{name}_{steps}")
    task = task if null is None else null_of(task, null)
    about = {"kind": kind, "images": name, "steps": steps, "null": "" if null is None else null} | yardstick(task)
    return [about | record for record in judge(recipes, task, n, folder / "features.cache")]


def run(calls: Iterable[Any], jobs: int, what: str) -> Iterator[Any]:
    """Make the calls, a few at a time, and yield what each returns as soon as it is there."""
    calls = list(calls)
    done = Parallel(jobs, return_as="generator_unordered", batch_size=1)(calls)
    yield from tqdm(done, total=len(calls), unit=what, desc=what)


def table(rows: Sequence[Record]) -> Iterator[str]:
    """Yield the lines of the tables: a column a rung, and the mean of the nulls behind each generator's."""
    for images in dict.fromkeys(row["images"] for row in rows):
        here = [row for row in rows if row["images"] == images]
        columns = sorted({(row["kind"], row["null"] != "", int(row["steps"])) for row in here})
        cells = {column: [row for row in here if _column(row) == column] for column in columns}
        yield f"\n{images}: kappa (AUC)"
        yield f"{'':36}" + "".join(f"{f'{kind} null' if null else f'{kind} {n}':>16}" for kind, null, n in columns)
        for what in ("nearest is used", "pixel auc"):
            yield f"{what:36}" + "".join(f"{_mean(own, what):16.2f}" for own in cells.values())
        for recipe in dict.fromkeys(row["recipe"] for row in here):
            line = f"{recipe:36}"
            for column, own in cells.items():
                of = [row for row in own if row["recipe"] == recipe]
                sure = "*" if not column[1] and of and float(of[0]["low"]) > 0 else " "
                line += f"{_mean(of, 'kappa'):9.2f}{sure}({_mean(of, 'auc'):.2f})"
            yield line
    nulls = {}
    for row in rows:
        if row["null"] != "":
            key = row["kind"], row["images"], row["null"]
            nulls[key] = nulls.get(key, True) and float(row["low"]) <= 0 <= float(row["high"])
    quiet = f"{sum(nulls.values())} of {len(nulls)} nulls"
    yield "\nA star: the interval of kappa, joint for all recipes, lies above 0."
    yield f"The joint 95 % intervals of all recipes contain chance on {quiet}."


def _column(row):
    return row["kind"], row["null"] != "", int(row["steps"])


def _mean(rows, what):
    return float(np.mean([float(row[what]) for row in rows])) if rows else np.nan


def main() -> None:
    """Train, judge what is missing, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--folder", type=Path, help="images of yours, a sub-folder a patient [default: ours]")
    parser.add_argument("--used", type=int, metavar="N", help="images of yours that are used [default: a quarter]")
    parser.add_argument("--output", type=Path, default=Path("generators"), help="keeps images and numbers")
    parser.add_argument("--kinds", nargs="+", choices=STEPS, default=list(STEPS), metavar="KIND")
    parser.add_argument("--recipes", nargs="+", metavar="NAME", help="these only [default: all that detect]")
    parser.add_argument("--nulls", type=int, default=1, help="for each generator")
    parser.add_argument("--jobs", type=int, default=-1, help="processes [default: one for each core]")
    parser.add_argument("--device", default="cpu", help="where generators are trained")
    parser.add_argument("--table", action="store_true", help="run nothing: print what is kept")
    options = parser.parse_args()
    names = options.recipes or [name for name in detectors() if not info(name).needs_pool]
    studies = STUDIES if options.folder is None else folder_study(options.folder, options.used)
    options.output.mkdir(exist_ok=True)
    path = options.output / "recipes.csv"
    seeds = {training: seed for seed, training in enumerate(product(STEPS, studies))}  # whatever --kinds asks for
    trainings = [(kind, name) for kind, name in seeds if kind in options.kinds]
    if not options.table:
        calls = [
            delayed(train)(kind, name, studies[name], seeds[kind, name], options.output, options.device)
            for kind, name in trainings
        ]
        list(run(calls, options.jobs, "generator"))
        done = {tuple(row[key] for key in ("kind", "images", "steps", "null", "recipe")) for row in kept(path)}
        calls = []
        for kind, name in trainings:
            rungs = [(steps, None) for steps in STEPS[kind]]
            rungs += [(STEPS[kind][-1], null) for null in range(options.nulls)]
            for steps, null in rungs:
                key = kind, name, str(steps), "" if null is None else str(null)
                missing = [recipe for recipe in names if (*key, recipe) not in done]
                if missing:
                    calls.append(delayed(judge_rung)(missing, (kind, name, steps, null), options.output, len(names)))
        for records in run(calls, options.jobs, "rung"):
            for record in records:
                keep(path, record)
    rows = [row for row in kept(path) if row["images"] in studies and row["recipe"] in names]
    print(f"{N_GENERATED} generated images; every frozen network is {NETWORK}", end="")
    print("\n".join(["", *table(rows)]) if rows else ": nothing is measured yet")


if __name__ == "__main__":
    main()
