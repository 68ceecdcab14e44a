"""Sections that the pages of `detect` and `attribute` share; each is one function and one template."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from ..answers import Attribution, Detection
from .section import Section, Table
from .words import MOST_ROWS, NAMES, cell

_SOMETIMES = ("note", "p", "q")  # columns that are left out where they are empty


def verdict(found: Detection | Attribution, limits: Sequence[str]) -> Section:
    """Return the section that says what was found, and what that does not mean."""
    count, _, _ = str(found).partition("\n")
    assessment = found.assessment
    numbers = {"count": count, "verdict": assessment.verdict, "why": assessment.why, "limits": limits}
    values = {"sentence": f"Verdict: {assessment.verdict}.", "why": assessment.why, "lines": [count], "limits": limits}
    return Section("verdict", "Verdict", values, numbers | {"recipe": found.recipe})


def findings(found: Detection | Attribution) -> Section:
    """Return the section on what was noticed apart from the answers."""
    rows = [[one.kind, one.where, one.id or "", one.text] for one in found.findings]
    table = Table(["kind", "set", "image", "what"], rows[:MOST_ROWS], "Findings")
    values = {"table": table, "n": len(rows), "more": len(rows) > MOST_ROWS}
    return Section("findings", "What was noticed", values, [asdict(one) for one in found.findings])


def answers(found: Detection | Attribution, order: Iterable[int], shown: Mapping[str, Sequence[Any]]) -> Section:
    """Return the section with the table of all answers."""
    order = [int(i) for i in order]
    names = [name for name, column in shown.items() if name not in _SOMETIMES or any(column)]
    rows = [[cell(shown[name][i]) for name in names] for i in order[:MOST_ROWS]]
    table = Table(
        [NAMES[name] for name in names],
        rows,
        f"{len(rows):,} of {len(order):,} answers" if len(rows) < len(order) else "All answers",
    )
    return Section(
        "answers", "Answers", {"table": table}, {name: list(column) for name, column in found.columns().items()}
    )
