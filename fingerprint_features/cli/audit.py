"""fingerprint-features audit: does a generated set give away the images that its generator was trained on?"""

from dataclasses import replace
from pathlib import Path
from typing import Annotated

import joblib
import typer

from ..answers import rows_kept
from ..audits import AuditResult
from ..audits import audit as find_leaks
from ..files import replacing
from ..images.errors import printable
from ..report import write_page
from .options import (
    Jobs,
    OnError,
    Page,
    PatientsOrGuess,
    Permutations,
    Preset,
    Progress,
    RowCache,
    ShowImages,
    Size,
    ValueRange,
    check_jobs,
    open_sets,
)
from .output import check_apart, check_cache, check_report, check_table, write_columns
from .words import in_options, say

_LEAK = 3  # exit code
# They see different things: the details of a picture; the hash of the whole picture; and which real image a generated
# one resembles most.
_LABELLED = ("details-and-hashes", "calibrated-log-ratio", "vcmi-2023-retrieval")
_UNLABELLED = ("details-and-hashes", "vcmi-2023-retrieval", "dmk-2023-phash")


def audit(
    generated: Annotated[Path, typer.Option(help="Folder of the generated images, as they are to be published.")],
    output: Annotated[
        Path,
        typer.Option("--output", "-o", metavar="PAGE.html", help="Page to write. PAGE.json has its numbers."),
    ],
    used: Annotated[Path | None, typer.Option(help="Folder of real images that trained the generator.")] = None,
    unused: Annotated[
        Path | None, typer.Option(help="Folder of real images that did not, of other patients from the same source.")
    ] = None,
    candidates: Annotated[
        Path | None,
        typer.Option(help="Folder of real images, where nobody knows which were used: instead of --used and --unused."),
    ] = None,
    foreign: Annotated[
        Path | None,
        typer.Option(help="Folder of images by a generator that never saw these patients, as a control."),
    ] = None,
    patients: PatientsOrGuess = None,
    recipe: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME",
            help="A name from `recipes` to try; give the option several times for several. [default: "
            f"{', '.join(_LABELLED)}; without labels {', '.join(_UNLABELLED)}]",
        ),
    ] = None,
    random_split: Annotated[
        bool | None,
        typer.Option(
            "--random-split/--no-random-split",
            help="Whether chance chose the used patients. Only then can the verdict be more than exploratory.",
        ),
    ] = None,
    preset: Preset = "published",
    images: ShowImages = True,
    risk: Annotated[
        Path | None,
        typer.Option(metavar="RISK.csv", help="Table to write: who is at risk, most first.", show_default=False),
    ] = None,
    fail_on_leak: Annotated[
        bool, typer.Option("--fail-on-leak", help="End with exit code 3 if there are signs of a leak.")
    ] = False,
    cache: RowCache = None,
    jobs: Jobs = 1,
    size: Size = None,
    value_range: ValueRange = None,
    page: Page = None,
    on_error: OnError = "raise",
    permutations: Permutations = 999,
    seed: Annotated[int, typer.Option(min=0, help="Seed of folds, shuffles and intervals.")] = 0,
    progress: Progress = True,
) -> None:
    """Find out whether a set of generated images gives away who its generator was trained on, and who is at risk."""
    check_jobs(jobs)
    check_cache(cache)
    if risk is not None:
        check_table(risk)
    check_report(output, images, option="output", cache=cache, risk=risk)
    check_apart(cache=cache, risk=risk)
    folders = {"used": used, "unused": unused, "candidates": candidates, "generated": generated, "foreign": foreign}
    sets, groups = open_sets(folders, size, value_range, page, patients, real=("used", "unused", "candidates"))
    if progress:
        typer.echo(", ".join(f"{len(part)} {name}" for name, part in sets.items()) + " images", err=True)
    with joblib.parallel_config(n_jobs=jobs), rows_kept(cache) as cache:
        found = find_leaks(
            list(recipe or (_UNLABELLED if candidates is not None else _LABELLED)),
            **sets,
            groups=groups,
            randomized_split=random_split,
            n_permutations=permutations,
            random_state=seed,
            preset=preset,
            cache=cache,
            progress=progress,
            on_error=on_error,
        )
        found = _in_options(found)
        write_page(found, output, images=images, cache=cache)
    say(found)
    if risk is not None:
        with replacing(risk) as path:
            write_columns(path, found.risk.by_image())
    _say_where(output, risk)
    if fail_on_leak and found.leak:
        raise typer.Exit(_LEAK)


def _in_options(found: AuditResult) -> AuditResult:
    """Return the result with texts that speak of options and not of arguments."""
    return replace(
        found,
        verdict=replace(found.verdict, sentence=in_options(found.verdict.sentence), why=in_options(found.verdict.why)),
        lint=tuple(replace(finding, text=in_options(finding.text)) for finding in found.lint),
        left_out={name: in_options(why) for name, why in found.left_out.items()},
    )


def _say_where(output: Path, risk: Path | None) -> None:
    typer.echo(f"\n{printable(output)}: the page of this audit; {printable(output.with_suffix('.json'))}: its numbers")
    if risk is not None:
        typer.echo(f"{printable(risk)}: who is at risk, most first")
