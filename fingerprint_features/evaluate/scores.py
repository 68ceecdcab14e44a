"""Scores with their intervals and trivial baselines, as a table, a dict or a frame."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from ..html import table

if TYPE_CHECKING:
    import pandas


class Score(NamedTuple):
    """A number and the interval it comes with."""

    value: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.value:.3f} [{self.low:.3f}, {self.high:.3f}]"


@dataclass(frozen=True)
class Scores:
    """Every score of one set of answers, and what trivial answers would have scored.

    Attributes
    ----------
    scores : dict of str to Score
        One Score a metric; ``scores["kappa"]`` on the object itself does the same.
    baselines : dict of str to dict of str to Score
        The trivial answers on the same truth. A constant answer has one value; "random" has the expected value
        and the band between which chance alone stays in `confidence` of all cases.
    confidence : float
        Coverage of every interval.
    n_images : int
        Number of images.
    n_groups : int or None
        Number of groups that were resampled; None when images were.
    """

    scores: dict[str, Score]
    baselines: dict[str, dict[str, Score]]
    confidence: float
    n_images: int
    n_groups: int | None

    def __getitem__(self, metric: str) -> Score:
        return self.scores[metric]

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain dicts and numbers, ready for JSON."""
        return {
            "scores": {metric: score._asdict() for metric, score in self.scores.items()},
            "baselines": {
                name: {metric: score._asdict() for metric, score in baseline.items()}
                for name, baseline in self.baselines.items()
            },
            "confidence": self.confidence,
            "n_images": self.n_images,
            "n_groups": self.n_groups,
        }

    def frame(self) -> "pandas.DataFrame":
        """Return the table as a pandas frame: one row a metric, columns value, low, high and the baselines."""
        try:
            import pandas as pd
        except ImportError as error:
            raise ImportError(
                "Scores.frame() needs pandas: pip install pandas (or take .to_dict(), which needs nothing)"
            ) from error
        columns = {field: [getattr(score, field) for score in self.scores.values()] for field in Score._fields}
        for name, baseline in self.baselines.items():
            columns[name] = [baseline[metric].value for metric in self.scores]
        columns["random low"] = [self.baselines["random"][metric].low for metric in self.scores]
        columns["random high"] = [self.baselines["random"][metric].high for metric in self.scores]
        return pd.DataFrame(columns, index=pd.Index(self.scores, name="metric"))

    def __str__(self) -> str:
        rows = self.rows()
        widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
        lines = [self.caption]
        for first, *others in rows:
            cells = [first.ljust(widths[0]), *(cell.rjust(w) for cell, w in zip(others, widths[1:], strict=True))]
            lines.append("  ".join(cells))
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        header, *rows = self.rows()
        return table(header, rows, self.caption)

    @property
    def caption(self) -> str:
        """How many images there are, and what the intervals are by."""
        unit = "by image" if self.n_groups is None else f"by group ({self.n_groups} groups)"
        return f"{self.n_images} images, intervals {unit}"

    def rows(self) -> list[list[str]]:
        """Return the table as texts, the header first."""
        share = f"{100 * self.confidence:g} %"
        rows = [["", "value", f"{share} interval", *self.baselines, f"{share} of random"]]
        for metric, score in self.scores.items():
            answers = [baseline[metric] for baseline in self.baselines.values()]
            band = self.baselines["random"][metric]
            rows.append(
                [metric, _cell(score.value), _interval(score), *(_cell(a.value) for a in answers), _interval(band)]
            )
        return rows


def _cell(value):
    return f"{value:.3f}"


def _interval(score):
    return f"[{score.low:6.3f}, {score.high:6.3f}]"
