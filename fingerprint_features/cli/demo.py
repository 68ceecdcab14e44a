"""fingerprint-features demo: look for fingerprints in a task whose truth is known."""

import tempfile
import time
from contextlib import contextmanager
from functools import partial
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from textwrap import fill
from typing import Annotated

import numpy as np
import typer

from ..audits import audit
from ..datasets import make_membership_task
from ..evaluate import membership_scores
from ..extractors import GLCM, LBP, CNNEmbedding, Gabor, PHash
from ..images import ImageSet
from ..images.errors import printable
from ..pipeline import FeaturePipeline
from ..recipes.side_by_side import NETWORK, detectors, make_for_trial, try_recipe
from ..report import write_page
from .options import on_terminal
from .output import write_columns

_AUDITED = ["details-and-hashes", "calibrated-log-ratio", "dmk-2023-phash"]
_SIDE = 128  # of the images that the recipes see: half the native one takes a quarter of the time
_SHOWN = (  # one of each kind: SSIM, hashes, textures, a frozen network, distances, and what is recommended
    "vcmi-2023-threshold-max",
    "dmk-2023-phash",
    "aimultimedialab-2023-lbp-svm",
    "medhastra-2025-resnet50-logistic",
    "calibrated-log-ratio",
    "details-and-hashes",
)

_NEXT = """
Next, with a folder of your own images:
  fingerprint-features check FOLDER
  fingerprint-features extract FOLDER -o features.csv --cache features.cache --jobs -1
  fingerprint-features detect --candidates REAL --generated GENERATED -o answers.csv
  fingerprint-features audit --used USED --unused UNUSED --generated GENERATED -o audit.html
and from Python:
  from fingerprint_features import GLCM, LBP, FeaturePipeline, ImageSet
  FeaturePipeline([LBP(), GLCM()], cache="features.cache").fit_transform(ImageSet.from_folder("FOLDER"))"""


def demo(
    used: Annotated[int, typer.Option(min=10, help="Real images that trained the generator; as many did not.")] = 80,
    generated: Annotated[int, typer.Option(min=1, help="Generated images.")] = 320,
    memorization: Annotated[float, typer.Option(min=0, max=1, help="Share of copies among them.")] = 0.5,
    seed: Annotated[int, typer.Option(help="Random seed.")] = 0,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder for the page of the audit; it is made, and it stays.")
    ] = Path("fingerprint-demo"),
    every_recipe: Annotated[
        bool, typer.Option("--every-recipe", help="Try every recipe that trains no network, which takes minutes.")
    ] = False,
) -> None:
    """Plant training images in a generated set, find them again by their features, and audit the set."""
    _make(output)
    typer.echo(
        f"A task with known truth: {used} CT-like images trained a generator, {used} others did not, and of the\n"
        f"{generated} images it made {memorization:.0%} descend from a training image. Which images were used?\n"
    )
    with tempfile.TemporaryDirectory() as folder:
        with _timed("making the images"):
            task = make_membership_task(
                n_used=used,
                n_unused=used,
                n_generated=generated,
                memorization=memorization,
                slices_per_patient=2,
                random_state=seed,
                n_pool=generated,
            )
            real = _save(task.X, Path(folder) / "real")
            fake = _save(task.reference, Path(folder) / "generated")
            pool = _save(task.pool, Path(folder) / "pool")
        extractors = [LBP(), GLCM(), Gabor(), PHash()]
        with _timed("compiling the kernels (kept for the next time)"):
            FeaturePipeline(extractors).fit_transform(real()[:2])
        features = FeaturePipeline(extractors, cache=Path(folder) / "features.cache", progress=on_terminal())
        typer.echo("\nLBP + GLCM + Gabor + pHash from the PNG files:")
        first, blocks = _extract(features, real(), fake())
        typer.echo("the same again, from the cache:")
        second, _ = _extract(features, real(), fake())
        typer.echo(f"{first:.2f} s, then {second:.2f} s: {first / second:.0f} times faster\n")
        tables = {
            "their own features": np.hstack([rows for rows, _ in blocks]),
            "distance to the generated": np.column_stack([_nearest(*rows) for rows in blocks]),
        }
        deep = find_spec("torchvision") is not None
        if deep:
            embedding = FeaturePipeline([CNNEmbedding(NETWORK)], progress=on_terminal())
            with _timed("the embedding of the same images by a frozen network, EfficientNet-Lite0"):
                rows = embedding.fit_transform(real()), embedding.transform(fake())
            tables |= {"their embeddings": rows[0], "distance of embeddings": _nearest(*rows)[:, None]}
        _judge(tables, task)
        small, rows = [files(size=_SIDE) for files in (real, fake, pool)], Path(folder) / "rows.cache"
        shown = detectors() if every_recipe else [name for name in _SHOWN if name in detectors()]
        _try_recipes(shown, *small, task.y, rows, deep)
        _audit(*small, task.y, rows, output)
    typer.echo(_NEXT)


def _make(folder):
    """Make a folder, unless there is one."""
    try:
        folder.mkdir(exist_ok=True)
    except OSError as error:
        raise typer.BadParameter(f"{printable(folder)!r} cannot be a folder for the page: {error.strerror}") from None


def _save(images, folder):
    """Write images as PNG files, since files are what users have; return what opens them, ids and groups with them."""
    import cv2

    folder.mkdir()
    paths = [folder / f"{i:05d}.png" for i in range(len(images))]
    for path, image in zip(paths, images, strict=True):
        path.write_bytes(cv2.imencode(".png", image)[1].tobytes())
    return partial(ImageSet, paths, images.ids, images.groups)


def _extract(features, real, fake):
    """Return the seconds taken, and per extractor the rows of the real and of the generated images."""
    start = time.perf_counter()
    rows_real, rows_fake = features.fit_transform(real), features.transform(fake)
    seconds = time.perf_counter() - start
    ends = np.cumsum([0] + [len(extractor.get_feature_names_out()) for _, extractor in features.extractors_])
    return seconds, [(rows_real[:, a:b], rows_fake[:, a:b]) for a, b in pairwise(ends)]


def _judge(tables, task):
    """Cross-validate an SVM by patient on each table of features."""
    from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler
    from sklearn.svm import SVC

    folds = StratifiedGroupKFold(5, shuffle=True, random_state=0)
    metrics = {"kappa": "kappa", "f1": "F1", "accuracy": "accuracy"}
    typer.echo("An RBF SVM, cross-validated by patient; intervals are 95 %, by patient:\n")
    typer.echo(f"  {'':26}" + "".join(f"{title:>24}" for title in metrics.values()))
    for i, (name, table) in enumerate(tables.items()):
        model = make_pipeline(StandardScaler(), SVC())
        answers = cross_val_predict(model, table, task.y, groups=task.X.groups, cv=folds)
        scores = membership_scores(task.y, answers, groups=task.X.groups)
        if i == 0:
            _row(
                "calling every image used", [f"{scores.baselines['all used'][metric].value:.3f}" for metric in metrics]
            )
        _row(name, [str(scores[metric]) for metric in metrics])
    typer.echo(
        "\nAll images come from one scanner, so an image's own features do not show whether it was used. Its distance\n"
        "to the generated images can: the more of them are copies (--memorization), the better."
    )


def _try_recipes(names, real, fake, pool, y, cache, deep):
    """Print the scores of recipes on the task, with images of half the size."""
    typer.echo(f"\n{len(names)} recipes that detect, on the same images at {_SIDE} x {_SIDE}:\n")
    typer.echo(f"  {'recipe':36}{'kappa':>24}{'F1':>24}{'seconds':>9}")
    refused = {}
    for name in names:
        start = time.perf_counter()
        model = make_for_trial(name, fake, pool, cache)
        try:
            answers, _ = try_recipe(name, model, real, y)
        except ValueError as error:  # some need more images than --used and --generated ask for
            refused[name] = error
            continue
        seconds = time.perf_counter() - start
        scores = membership_scores(y, answers, groups=real.groups)
        typer.echo(f"  {name:36}{scores['kappa']!s:>24}{scores['f1']!s:>24}{seconds:9.1f}")
    if refused:
        typer.echo("\nThese cannot be tried on so few images; give a larger --used or --generated:")
    for name, error in refused.items():
        typer.echo(fill(f"{name}: {error}", 112, initial_indent="  ", subsequent_indent="    "))
    typer.echo(
        "\nRecipes that need labels are cross-validated by patient; the others never see any.\n"
        "All share one cache: the first recipe that needs a feature or a similarity takes the time for it.\n"
        "`fingerprint-features recipes` lists all recipes with the scores of the published systems; --every-recipe\n"
        "tries all here that train no network."
    )
    if deep:
        typer.echo(f"Systems on a frozen network were given {NETWORK} in place of their own.")
    else:
        typer.echo('pip install "fingerprint_features[cnn]" adds the systems on frozen networks.')


def _audit(real, fake, pool, y, cache, folder):
    """Audit the generated set, and write the page that people look at."""
    typer.echo(
        "\nMay this generated set be published, or does it give its training images away? An audit asks that with\n"
        f"three of these recipes, and with the {len(pool)} images of another generator as a control."
    )
    with _timed("the audit"):
        found = audit(
            _AUDITED,
            used=real[y == 1],
            unused=real[y == 0],
            generated=fake,
            foreign=pool,
            randomized_split=True,
            n_permutations=199,
            cache=cache,
        )
    page, table = folder / "audit.html", folder / "risk.csv"
    with _timed("its page"):
        write_page(found, page, cache=cache)
    write_columns(table, found.risk.by_image())
    typer.echo(f"\n{fill(found.verdict.sentence, 112)}\n")
    typer.echo(f"  {printable(page)}  the whole audit: open it in a browser")
    typer.echo(f"  {printable(page.with_suffix('.json'))}  its numbers")
    typer.echo(f"  {printable(table)}  who is at risk")


def _row(name, cells):
    typer.echo(f"  {name:26}" + "".join(f"{cell:>24}" for cell in cells))


def _nearest(real, fake):
    """Return the log distance of each real image to its nearest generated one, in standardised features."""
    from sklearn.neighbors import NearestNeighbors
    from sklearn.preprocessing import StandardScaler

    scale = StandardScaler().fit(fake)
    distance, _ = NearestNeighbors(n_neighbors=1).fit(scale.transform(fake)).kneighbors(scale.transform(real))
    return np.log(distance[:, 0] + 1e-6)


@contextmanager
def _timed(what):
    start = time.perf_counter()
    yield
    typer.echo(f"{what}: {time.perf_counter() - start:.1f} s")
