"""What an audit returns: the verdict, and every number that it rests on."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ..answers import Inputs, Trial
from ..evaluate import EpsilonBound, Resolution, SetTest
from ..files import replacing
from ..html import said, table
from ..plain import as_frame, plain
from .controls import Control
from .deciding import strongest_first
from .lint_findings import LintFinding
from .risk import Risk
from .verdict import BLIND, DETECTED, EXPLORATORY, LIMITS, Verdict

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, eq=False)
class AuditResult:
    """Whether a generated set gives away the images that it was trained on.

    Attributes
    ----------
    verdict : Verdict
        The answer.
    lint : tuple of LintFinding
        What is wrong with the sets themselves.
    attacks : tuple of Trial
        Every method tried. The p-value of its judgement is corrected for all methods of its family.
    left_out : dict of str to str
        The methods, and tests of the generated set, that were not tried, and why.
    controls : tuple of Control
        Questions whose answer should be "nothing".
    set_tests : tuple of SetTest
        Tests of the generated set as a whole.
    set_p : tuple of float
        Their p-values, corrected for all of them.
    resolution : Resolution or None
        What a sample of this size can show. None without labels.
    epsilon : EpsilonBound or None
        A lower bound of epsilon in differential privacy, from the best attack. None where it cannot be computed.
    risk : Risk
        Who is at risk.
    inputs : Inputs
        The images and the settings of the call.
    families : dict of str to float
        The smallest corrected p-value of each family: "rules", "networks" and "set level".
    """

    verdict: Verdict
    lint: tuple[LintFinding, ...]
    attacks: tuple[Trial, ...]
    left_out: dict[str, str]
    controls: tuple[Control, ...]
    set_tests: tuple[SetTest, ...]
    set_p: tuple[float, ...]
    resolution: Resolution | None
    epsilon: EpsilonBound | None
    risk: Risk
    inputs: Inputs
    families: Mapping[str, float] = field(default_factory=dict)

    @property
    def p_value(self) -> float | None:
        """The p-value of the whole audit: the smallest of the families times their number; None where there is none."""
        if not self.families:
            return None
        return min(1.0, len(self.families) * min(self.families.values()))

    @property
    def leak(self) -> bool:
        """Whether there are signs that training images are given away, proven or not."""
        return self.verdict.kind in (DETECTED, EXPLORATORY, BLIND)

    @property
    def frame(self) -> "pd.DataFrame":
        """The methods as a pandas frame, one row each, the best first."""
        return as_frame(self._columns())

    def risk_table(self, by: Literal["image", "patient"] = "image") -> "pd.DataFrame":
        """Return who is at risk as a pandas frame, most at risk first.

        Parameters
        ----------
        by : {"image", "patient"}, default="image"
            One row an image, or one a patient.

        Returns
        -------
        DataFrame
        """
        tables = {"image": self.risk.by_image, "patient": self.risk.by_patient}
        if by not in tables:
            raise ValueError(f"by= must be 'image' or 'patient'. Got {by!r} instead.")
        return as_frame(tables[by]())

    def to_dict(self) -> dict[str, Any]:
        """Return every number as plain dicts, lists and texts; None stands for what is infinite or missing."""
        return plain(
            {
                "verdict": asdict(self.verdict) | {"limits": LIMITS, "leak": self.leak},
                "p_value": self.p_value,
                "families": dict(self.families),
                "lint": [asdict(finding) for finding in self.lint],
                "attacks": [_trial(trial) for trial in self.attacks],
                "left_out": self.left_out,
                "controls": [asdict(control) | {"score": control.score._asdict()} for control in self.controls],
                "set_tests": [
                    test.to_dict() | {"p_corrected": p} for test, p in zip(self.set_tests, self.set_p, strict=True)
                ],
                "resolution": self.resolution and self.resolution.to_dict(),
                "epsilon": self.epsilon and self.epsilon.to_dict(),
                "risk": {
                    "images": self.risk.by_image(),
                    "patients": self.risk.by_patient(),
                    "conclusion": self.risk.image_risk and self.risk.image_risk.conclusion,
                },
                "inputs": {
                    "sets": {name: len(images) for name, images in self.inputs.sets.items()},
                    "unit": self.inputs.unit,
                    "settings": dict(self.inputs.settings),
                },
            }
        )

    def to_json(self, path: str | PathLike[str] | None = None) -> str:
        """Return every number as JSON, and write it to a file if one is named.

        Parameters
        ----------
        path : path-like, default=None
            The file. A file of this name is replaced.

        Returns
        -------
        str
        """
        text = json.dumps(self.to_dict(), indent=1, allow_nan=False) + "\n"
        if path is not None:
            with replacing(Path(path)) as temporary:
                temporary.write_text(text, encoding="utf-8", newline="\n")
        return text

    def to_html(self, path: str | PathLike[str], images: bool = True) -> None:
        """Write the report as one HTML file that needs nothing from elsewhere, and its numbers as JSON beside it.

        Parameters
        ----------
        path : path-like
            The page, ``NAME.html``. ``NAME.json`` is written beside it.
        images : bool, default=True
            Whether the page shows images. False is for patient data.
        """
        from ..report import write_page

        write_page(self, path, images=images)

    def __str__(self) -> str:
        lines = [str(self.verdict), ""]
        for header, *rows in self._tables():
            widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
            for row in (header, *rows):
                lines.append("  ".join(cell.ljust(w) for cell, w in zip(row, widths, strict=True)).rstrip())
            lines.append("")
        if self.left_out:
            lines.append(f"Left out: {', '.join(self.left_out)} (left_out says why).")
        if self.risk.image_risk is not None:
            lines.append(f"At risk: {self.risk.image_risk.conclusion}")
        return "\n".join([*lines, *LIMITS])

    def _repr_html_(self) -> str:
        above = said(self.verdict.sentence, self.verdict.why)
        tables = "".join(table(header, rows) for header, *rows in self._tables())
        below = "" if self.risk.image_risk is None else said("At risk:", self.risk.image_risk.conclusion)
        return f"<div>{above}{tables}{below}{said('Limits:', ' '.join(LIMITS))}</div>"

    def _columns(self):
        """Return the methods as lists by column name, the best first."""
        rows = []
        for trial in strongest_first(self.attacks):
            test, scores = trial.judgement.test, trial.judgement.scores.scores
            row = {"method": trial.name, "how": trial.how} | {name: score.value for name, score in scores.items()}
            row |= {"auc_low": scores["auc"].low, "auc_high": scores["auc"].high}
            row |= {"p": float(test.p_values[0]), "p_corrected": float(test.p_corrected[0])}
            rows.append(row | {"detectable": float(test.detectable[0])})
        return {name: [row[name] for row in rows] for name in (rows[0] if rows else ())}

    def _tables(self):
        """Yield what is worth reading first as rows of texts, each table with its header."""
        if self.lint:
            yield [["lint", "about", "what"], *([one.severity, one.kind, one.text] for one in self.lint)]
        if self.attacks:
            rows = [["method", "AUC", "p", "corrected"]]
            for trial in strongest_first(self.attacks):
                test = trial.judgement.test
                p = f"{test.p_values[0]:.3g}", f"{test.p_corrected[0]:.3g}"
                rows.append([trial.name, str(trial.judgement.scores["auc"]), *p])
            yield rows
        if self.set_tests:
            rows = [["generated set", "value", "by chance", "p", "corrected"]]
            for test, p in zip(self.set_tests, self.set_p, strict=True):
                rows.append([test.name, f"{test.value:.3f}", str(test.null), f"{test.p_value:.3g}", f"{p:.3g}"])
            yield rows
        if self.controls:
            rows = [["control", "AUC", "p", "alarm"]]
            for one in self.controls:
                p = "" if one.p_value is None else f"{one.p_value:.3g}"
                rows.append([one.name, str(one.score), p, "yes" if one.alarm else "no"])
            yield rows


def _trial(trial):
    """Return the numbers of one method."""
    judgement = trial.judgement
    test = judgement.test.to_dict()
    (test["methods"],) = test["methods"].values()
    return {"name": trial.name, "how": trial.how, "test": test, **judgement.scores.to_dict()}
