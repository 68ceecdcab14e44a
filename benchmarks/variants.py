"""Which rule finds used images in what real generators make? ``python -m benchmarks.variants FOLDER...``.

The folders are rungs that ``make generators`` leaves. Every variant compares features with a metric and makes one score
an image, without labels. The table has the AUC of each on each rung, with intervals by patient.
"""

import argparse
import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from benchmarks.generators import read
from fingerprint_features import (
    FeaturePipeline,
    PHash,
    Pixels,
    ReferenceSimilarity,
    Task,
    Whiten,
    membership_scores,
)
from fingerprint_features.recipes.blocks import details
from fingerprint_features.similarity import pairwise_similarity

SIDE = 64
REDUCTIONS = ("max", "hits", "margin", "credit")
Table = NDArray[np.float64]


class Rung:
    """The images of one generator at one training length."""

    def __init__(self, task: Task) -> None:
        self.X, self.y, self.generated = task.X, task.y, task.reference
        pixels = FeaturePipeline([Pixels((SIDE, SIDE))])
        self.rows = [pixels.fit_transform(images) for images in (self.X, self.generated)]

    def interval(self, scores: Table) -> tuple[float, float, float]:
        """Return the AUC of scores and its limits."""
        auc = membership_scores(self.y, scores > np.median(scores), groups=self.X.groups, scores=scores)["auc"]
        return auc.value, auc.low, auc.high


def features(sigma: float | None, shrinkage: float | None) -> Any:
    """Return the features of images: pixels or their details, whitened or not."""
    steps = [FeaturePipeline([Pixels((SIDE, SIDE))])]
    steps += [] if sigma is None else [FunctionTransformer(details, kw_args={"sigma": sigma})]
    return make_pipeline(*steps, *([] if shrinkage is None else [Whiten(shrinkage)]))


def tables(rung: Rung, sigma: float | None, shrinkage: float | None) -> list[Table]:
    """Return the features of the real and of the generated images as tables."""
    some = features(sigma, shrinkage).fit(rung.X)
    return [some.transform(images) for images in (rung.X, rung.generated)]


def compared(rung: Rung) -> Iterator[tuple[str, Table]]:
    """Yield pixels and details, plain and whitened, under every reduction."""
    for sigma in (None, 1.0, 2.0):
        for shrinkage in (None, 0.1, 0.3, 1.0):
            rule = ReferenceSimilarity(rung.generated, features(sigma, shrinkage), "cosine", list(REDUCTIONS))
            columns = rule.fit_transform(rung.X)
            name = "pixels" if sigma is None else f"details {sigma:g}"
            name += "" if shrinkage is None else f", whitened {shrinkage:g}"
            for reduction, column in zip(REDUCTIONS, columns.T, strict=True):
                yield f"{name}: {reduction}", column
    hashed = ReferenceSimilarity(rung.generated, FeaturePipeline([PHash()]), "hamming", ["max", "margin"])
    for reduction, column in zip(("max", "margin"), hashed.fit_transform(rung.X).T, strict=True):
        yield f"perceptual hash: {reduction}", column
    rule = ReferenceSimilarity(rung.generated, metric="ssim", reduce=["max", "hits"])
    for reduction, column in zip(("max", "hits"), rule.fit_transform(rung.X).T, strict=True):
        yield f"SSIM: {reduction}", column


def relative(distances: Table, share: float = 0.25) -> Table:
    """Return the relative distance of Carlini et al., 2023: own distance over the nearest ones' mean."""
    n = max(2, round(share * len(distances)))
    means = np.sort(distances, axis=0)[:n].mean(axis=0)
    return (np.log(means) - np.log(np.maximum(distances, 1e-9))).max(axis=1)


def ridged(real: Table, generated: Table, penalty: float) -> Table:
    """Return the largest weight of each real image in a ridge regression of every generated one on all real ones."""
    scale = penalty * np.mean(np.sum(real**2, axis=1))
    return Ridge(alpha=scale, fit_intercept=False).fit(real.T, generated.T).coef_.max(axis=0)


def in_cells(rung: Rung, sigma: float, shrinkage: float) -> Table:
    """Return the mean over 2 x 2 cells, each whitened and compared alone."""
    half, scores = SIDE // 2, []
    rows = [details(part, sigma).reshape(-1, SIDE, SIDE) for part in rung.rows]
    for top in (0, half):
        for left in (0, half):
            real, made = (part[:, top : top + half, left : left + half].reshape(len(part), -1) for part in rows)
            white = Whiten(shrinkage).fit(real)
            scores.append(pairwise_similarity(white.transform(real), white.transform(made), "cosine").max(axis=1))
    return np.mean(scores, axis=0)


def aligned(rung: Rung, sigma: float, shrinkage: float) -> Table:
    """Return the largest cosine over shifts of a pixel and mirrored generated images."""
    white = make_pipeline(FunctionTransformer(details, kw_args={"sigma": sigma}), Whiten(shrinkage)).fit(rung.rows[0])
    real, best = white.transform(rung.rows[0]), []
    made = rung.rows[1].reshape(-1, SIDE, SIDE)
    for image in (made, made[:, :, ::-1]):
        for dy, dx in ((0, 0), (0, 1), (0, -1), (1, 0), (-1, 0)):
            moved = np.roll(image, (dy, dx), axis=(1, 2)).reshape(len(image), -1)
            best.append(pairwise_similarity(real, white.transform(moved), "cosine").max(axis=1))
    return np.max(best, axis=0)


def others(rung: Rung) -> Iterator[tuple[str, Table]]:
    """Yield what else was tried on whitened details."""
    real, made = tables(rung, 1.0, 0.3)
    distances = 1 - pairwise_similarity(real, made, "cosine")
    yield "whitened details: relative distance", relative(distances)
    plain = [details(part, 1.0) for part in rung.rows]
    yield "details: relative distance", relative(1 - pairwise_similarity(*plain, "cosine"))
    for penalty in (0.1, 1.0):
        yield f"details: ridge {penalty:g}", ridged(*plain, penalty)
    yield "whitened details: 5 nearest", np.sort(1 - distances, axis=1)[:, -5:].mean(axis=1)
    yield "whitened details: 2 x 2 cells", in_cells(rung, 1.0, 0.3)
    yield "whitened details: aligned", aligned(rung, 1.0, 0.3)


def measure(name: str, task: Task) -> list[dict[str, Any]]:
    """Return one record a variant."""
    rung = Rung(task)
    records = []
    for variant, scores in (*compared(rung), *others(rung)):
        value, low, high = rung.interval(scores)
        records.append({"rung": name, "variant": variant, "auc": value, "low": low, "high": high})
    return records


def main() -> None:
    """Measure rung by rung and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--output", type=Path, default=Path("variants.csv"))
    options = parser.parse_args()
    for folder in options.folders:
        records = measure(folder.name, read(folder))
        print(f"\n{folder.name}")
        for record in records:
            print(f"{record['variant']:44}{record['auc']:6.2f} [{record['low']:.2f}, {record['high']:.2f}]")
        new = not options.output.exists()
        with options.output.open("a", newline="") as file:
            writer = csv.DictWriter(file, list(records[0]))
            if new:
                writer.writeheader()
            writer.writerows(records)


if __name__ == "__main__":
    main()
