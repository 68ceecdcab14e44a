"""The figures of ``benchmarks.reproduce``, kept in a table, and the page SYSTEMS.md that is made of them."""

import csv
import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from fingerprint_features import recipes
from fingerprint_features.recipes import RecipeInfo

FIGURES = Path(__file__).with_name("reproduced.csv")
PAGE = Path(__file__).parents[1] / "SYSTEMS.md"
METHODS = [f"M{number:02d}" for number in range(1, 48)]
CHANCE = {"kappa": 0.0, "accuracy": 0.2}
Key = tuple[str, str, str]  # recipe, task, metric
METRICS = {"f1": "F1", "kappa": "kappa", "accuracy": "accuracy"}

HEAD = """# All systems

The published systems by name, in the order of their methods, and what they reach here. This page is written by
`make reproduce`.

**published**: the official score, the best of a system's runs in the challenge. A system that was not submitted has
none, nor has a part of a system.

**ours**: the same metric on images of ours, with a 95 % interval. To detect: 120 real images, half of them used, and
200 generated ones, half of which descend from a used image. To attribute: five subsets with 40 real and 80 generated
images each. All have 64 x 64 pixels. A system learns from one half of the images with known labels and is judged on the
other half. Patients are on one side only. A label-free system is fitted on the images that it judges, without their
labels. To attribute, both halves come from the same generators, and an image of one half may descend from the same real
image as one of the other, as in the challenge.

**kappa** is 0 at chance, whatever the share of used images; F1 is not. **null** is kappa where no generated image
descends from a used one: there is nothing to find, and a good system is at chance. One interval in twenty misses it by
chance. Chance to attribute is 0.2.

Networks are trained with `preset="fast"`, on small images and from the start where weights would have to be downloaded;
frozen networks are EfficientNet-Lite0. So a row says that a system works, not how well its published form does. Planted
copies are also easier to find than what real generators make.
"""


@dataclass(frozen=True)
class Row:
    """One score of one recipe on one task."""

    recipe: str
    task: str
    metric: str
    value: float
    low: float
    high: float
    seconds: float

    @property
    def key(self) -> Key:
        """What the row is about."""
        return self.recipe, self.task, self.metric

    def __str__(self) -> str:
        return f"{METRICS[self.metric]} {interval(self)}" + (
            "" if math.isnan(self.seconds) else f", {self.seconds:.0f} s"
        )


def kept() -> dict[Key, Row]:
    """Return the kept figures by recipe, task and metric."""
    if not FIGURES.exists():
        return {}
    with FIGURES.open(newline="", encoding="utf-8") as file:
        rows = [
            Row(*(values[f.name] if f.type is str else float(values[f.name]) for f in fields(Row)))
            for values in csv.DictReader(file)
        ]
    return {row.key: row for row in rows}


def keep(rows: Iterable[Row]) -> None:
    """Put figures in the place of the older ones of the same recipes."""
    rows = {row.key: row for row in rows}
    anew = {key[0] for key in rows}
    table = {key: row for key, row in kept().items() if key[0] not in anew} | rows
    with FIGURES.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, [f.name for f in fields(Row)], lineterminator="\n")
        writer.writeheader()
        for _, row in sorted(table.items()):
            numbers = {name: value if isinstance(value, str) else f"{value:.4f}" for name, value in asdict(row).items()}
            writer.writerow(numbers)


def page() -> str:
    """Return the text of the page."""
    about = [recipes.info(name) for name in recipes.names()]
    missing = [method for method in METHODS if not any(one.method[:3] == method for one in about)]
    count = f"{len(METHODS) - len(missing)} of the {len(METHODS)} published methods have a recipe"
    count += f" ({', '.join(missing)} have none)." if missing else "."
    ours = [f"- `{one.name}`{_part(one)}: {one.why}" for one in about if not one.exact]
    head = "What a paper does not say is ours, and so is what a part leaves out:"
    return "\n".join([HEAD, count, "", *table(kept()), "", "## What is ours", "", head, "", *ours, ""])


def table(known: Mapping[Key, Row]) -> list[str]:
    """Return the lines of the table of all systems with these figures."""
    return [
        "| method | recipe | team | published | ours | kappa | null | | seconds | exact |",
        "|---|---|---|---|---|---|---|---|---|---|",
        *(_line(recipes.info(name), known) for name in recipes.names()),
    ]


def write_page() -> None:
    """Write the page."""
    PAGE.write_text(page(), encoding="utf-8")


def interval(row: Row) -> str:
    """Return a score with its interval."""
    return f"{row.value:.2f} [{row.low:.2f}, {row.high:.2f}]"


def word(row: Row) -> str:
    """Return what an interval says, in a word or three."""
    chance = CHANCE[row.metric]
    if row.low > chance:
        return "better than chance"
    return "worse than chance" if row.high < chance else "at chance"


def _line(about: RecipeInfo, known: Mapping[Key, Row]) -> str:
    task, judged = ("remembered", "kappa") if about.subtask == 1 else ("subsets", "accuracy")
    ours, kappa, null = (
        known.get((about.name, *where)) for where in ((task, about.metric), (task, "kappa"), ("null", "kappa"))
    )
    verdict = known.get((about.name, task, judged))
    seconds = [row.seconds for row in (ours, null) if row is not None and not math.isnan(row.seconds)]
    cells = [
        about.method,
        f"`{about.name}`",
        f"{about.team}, {about.year}" if about.year else about.team,
        f"{METRICS[about.metric]} {_published(about)}",
        *("" if row is None else interval(row) for row in (ours, kappa, null)),
        "not run yet" if verdict is None else word(verdict),
        f"{sum(seconds) / len(seconds):.0f}" if seconds else "",
        "yes" if about.exact else "part" if about.part else "no",
    ]
    return f"| {' | '.join(cells)} |"


def _published(about):
    return "-" if about.score is None else f"{about.score:.3f}"


def _part(about):
    return f" ({about.part})" if about.part else ""
