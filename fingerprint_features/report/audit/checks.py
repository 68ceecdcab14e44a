"""The sections that come before the numbers: lint, what the sample can show, and the controls."""

from dataclasses import asdict
from itertools import zip_longest

from ...audits import AuditResult
from ..evidence import MOST_PAIRS, triple
from ..section import Section, Table
from ..words import METRICS, MOST_ROWS, cell, first_upper

_SEVERITIES = {"error": "Error", "warning": "Warning", "note": "Note"}


def lint(found: AuditResult, images: bool) -> Section:
    """Return the section on what is wrong with the sets themselves, with pairs of images that should not be alike."""
    order = list(_SEVERITIES)
    findings = sorted(found.lint, key=lambda one: order.index(one.severity))
    values = {
        "findings": [_finding(one) for one in findings],
        "pairs": _pairs(found, findings) if images else [],
        "table": _table(findings),
        "n": sum(len(one.pairs) for one in findings),
    }
    return Section("lint", "Checks of the images", values, [asdict(one) for one in found.lint])


def resolution(found: AuditResult) -> Section | None:
    """Return the section on what a sample of this size can show; None without labels."""
    able = found.resolution
    if able is None:
        return None
    counted = "patients" if found.inputs.unit == "patient" else "images"
    lines = [
        able.conclusion,
        f"This counts {counted}. What cannot be measured or found here may still be there: a verdict of “not detected” "
        "only speaks of effects that are larger.",
    ]
    return Section("resolution", "What this sample can show", {"lines": lines}, able.to_dict())


def controls(found: AuditResult) -> Section | None:
    """Return the section on questions whose answer should be "nothing"; None where there are none."""
    if not found.controls and not found.attacks:
        return None
    numbers = [asdict(one) | {"score": one.score._asdict()} for one in found.controls]
    shown = [asdict(one) | {"name": first_upper(one.name), "score": one.score} for one in found.controls]
    values = {"controls": shown, "trivial": _trivial(found)}
    return Section("controls", "Controls", values, {"controls": numbers, "trivial": _baselines(found)})


def _finding(one):
    return {
        "severity": one.severity,
        "word": _SEVERITIES[one.severity],
        "kind": one.kind.replace("-", " "),
        "roles": " and ".join(one.roles),
        "text": one.text,
    }


def _table(findings):
    rows = [
        [one.kind.replace("-", " "), pair.role, pair.id, pair.other_role, pair.other_id, cell(float(pair.distance))]
        for one in findings
        for pair in one.pairs
    ]
    header = ["pair", "set", "image", "set", "image", "distance"]
    return Table(header, rows[:MOST_ROWS], "Pairs of images that should not be alike")


def _pairs(found, findings):
    """Return the nearest pairs as pictures."""
    pairs = []
    by_rank = zip_longest(*(one.pairs for one in findings if one.pairs))  # the nearest of each finding, and so on
    nearest = [pair for rank in by_rank for pair in rank if pair is not None]
    for pair in nearest[:MOST_PAIRS]:
        images = found.inputs.sets[pair.role][pair.id], found.inputs.sets[pair.other_role][pair.other_id]
        names = f"{pair.role}: {pair.id}", f"{pair.other_role}: {pair.other_id}", "the difference of the two"
        rows = [triple(*images, names, (pair.role, pair.other_role, "difference"))]
        facts = [(pair.role, pair.id), (pair.other_role, pair.other_id), ("distance", cell(float(pair.distance)))]
        pairs.append({"name": "", "rows": rows, "facts": facts})
    return pairs


def _baselines(found):
    return found.attacks[0].judgement.scores.to_dict()["baselines"] if found.attacks else {}


def _trivial(found):
    """Return what answers score that look at no image."""
    baselines = found.attacks[0].judgement.scores.baselines if found.attacks else {}
    rows = [
        [METRICS[metric], *(_range(scores[metric]) for scores in baselines.values())]
        for metric in (METRICS if baselines else ())
    ]
    return Table(["score", *baselines], rows, "Scores of such answers")


def _range(score):
    return f"{score.value:.3f}" if score.low == score.high else f"{score.low:.3f} to {score.high:.3f}"
