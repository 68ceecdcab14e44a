"""Sections that the pages of `detect` and `attribute` share; each is one function and one template."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from typing import Any

from .. import recipes
from ..answers import Attribution, Detection, Trial
from ..evaluate import operating_points, sample_resolution
from ..html import png_uri
from .pairs import pair_pictures
from .provenance import about_set, versions
from .section import Picture, Section, Table

Result = Detection | Attribution
_MOST_PAIRS, _MOST_ROWS = 12, 1000
_SIDE = 160  # pixels of a picture in a pair
_NAMES = {  # of the columns of a result
    **{"id": "image", "used": "answer", "subset": "answer", "score": "score", "patient": "patient"},
    **{"nearest": "nearest image", "distance": "differing bits of 256", "note": "note"},
}


def verdict(found: Result, limits: Sequence[str]) -> Section:
    """Return the section that says what was found, and what that does not mean."""
    count, _, _ = str(found).partition("\n")
    assessment = found.assessment
    values = {"count": count, "verdict": assessment.verdict, "why": assessment.why, "limits": limits}
    return Section("verdict", "Verdict", values, values | {"recipe": found.recipe})


def inputs(found: Result) -> Section:
    """Return the section on where the answer comes from: images, recipe, settings, versions."""
    about, given = recipes.info(found.recipe), found.inputs
    sets = {name: about_set(images, given.unit) for name, images in given.sets.items()}
    header = ["set", "images", "patients", "files", "sizes in pixels", "fingerprint"]
    rows = [[name, *map(_cell, one.values())] for name, one in sets.items()]
    published = about.paper or "a recipe of this library"
    settings = {"recipe": f"{about.name} ({published})", "what is ours in it": about.why or "nothing"}
    changed = ", ".join(f"{name}={value!r}" for name, value in given.overrides.items())
    settings |= {"changed in the recipe": changed or "nothing"}
    settings |= {"kept whole": {"patient": "each patient", "image": "each image"}.get(given.unit or "", "unknown")}
    settings |= {name: _cell(value) for name, value in given.settings.items()}
    settings |= versions()
    values = {
        "sets": Table(header, rows, "Images"),
        "settings": Table(["what", "value"], list(settings.items()), "Recipe, settings and versions"),
    }
    numbers = {"sets": sets, "unit": given.unit, "settings": dict(given.settings), "overrides": dict(given.overrides)}
    return Section("inputs", "Inputs", values, numbers | {"versions": versions()})


def findings(found: Result) -> Section:
    """Return the section on what was noticed apart from the answers."""
    rows = [[one.kind, one.where, one.id or "", one.text] for one in found.findings]
    table = Table(["kind", "set", "image", "what"], rows[:_MOST_ROWS], "Findings")
    values = {"table": table, "n": len(rows), "more": len(rows) > _MOST_ROWS}
    return Section("findings", "What was noticed", values, [asdict(one) for one in found.findings])


def resolution(found: Result) -> Section:
    """Return the section on what a sample of this size can show."""
    lines, numbers = [], []
    for trial in found.assessment.trials:
        test, by_patient = trial.judgement.test, found.inputs.unit == "patient"
        lines.append(f"{trial.how.capitalize()}: {_size(trial, by_patient)}. {_effect(test)}")
        number = {"trial": trial.how, "n_images": len(trial.y), "n_groups": test.n_groups}
        number |= {"statistic": test.statistic, "detectable": test.detectable[0], "n_permutations": test.n_permutations}
        if test.statistic == "auc":
            able = sample_resolution(trial.y, groups=trial.groups)
            smallest, shown = (f"{100 * rate:.3g} %" for rate in (able.smallest_fpr, able.certified_fpr))
            lines.append(
                f"The smallest rate of false alarms that can be seen is {smallest}, one of {able.n_unused:,} unused "
                f"{_unit(by_patient)}. No false alarm at all would show a rate of at most {shown} (95 %)."
            )
            number |= able.to_dict()
        numbers.append(number)
    return Section("resolution", "What this sample can show", {"lines": lines}, numbers)


def scores_of_trials(found: Result) -> Section:
    """Return the section with the scores on images with known labels, their intervals and the test against chance."""
    parts, numbers = [], []
    for trial in found.assessment.trials:
        judgement = trial.judgement
        rates = _rates(trial) if judgement.statistic == "auc" else []
        table = Table(
            ["false alarms allowed", "used images found", "false alarms reached", "note"],
            [rate["row"] for rate in rates],
            "Used images found while false alarms are rare, with 95 % intervals",
        )
        parts.append({"trial": trial, "scores": scores_table(trial), "rates": table})
        number = {"name": trial.name, "how": trial.how, "verdict": judgement.verdict, "p_value": judgement.p_value}
        number |= judgement.scores.to_dict() | {"rates": [rate["numbers"] for rate in rates]}
        numbers.append(number | {"y": trial.y.tolist(), "answers": judgement.answers.tolist()} | _decisions(judgement))
    return Section("scores", "Scores on images with known labels", {"parts": parts}, numbers)


def scores_table(trial: Trial) -> Table:
    """Return the scores of a trial as a table."""
    header, *rows = trial.judgement.scores.rows()
    return Table(["score", *header[1:]], rows, trial.judgement.scores.caption)


def evidence(
    found: Result, order: Iterable[int], shown: Mapping[str, Sequence[Any]], own: str, others: str, images: bool
) -> Section:
    """Return the section of pairs: an image, its nearest one in another set, and the difference.

    `order` lists positions of images, those to show first first; `shown` are the columns of the table.
    """
    pairs = []
    for i in list(order)[:_MOST_PAIRS]:
        near = str(found.nearest[i])
        pair = {name: column[i] for name, column in shown.items()}
        pictures = []
        if images:
            first, second = found.inputs.sets[own][int(i)], found.inputs.sets[others][near]
            names = f"the image {pair['id']}", f"the nearest image, {near}", "the difference of the two"
            pictures = [
                Picture(png_uri(pixels, _SIDE), name)
                for pixels, name in zip(pair_pictures(first, second), names, strict=True)
            ]
        facts = [(_NAMES[name], _cell(value)) for name, value in pair.items() if name != "id" and value is not None]
        pairs.append({"pictures": pictures, "facts": facts, "numbers": pair})
    values = {"pairs": pairs, "images": images, "own": own, "others": others.replace("_", " ")}
    return Section("evidence", "Nearest pairs", values, [pair["numbers"] for pair in pairs])


def answers(found: Result, order: Iterable[int], shown: Mapping[str, Sequence[Any]]) -> Section:
    """Return the section with the table of all answers."""
    order = [int(i) for i in order]
    names = [name for name, column in shown.items() if name != "note" or any(column)]
    rows = [[_cell(shown[name][i]) for name in names] for i in order[:_MOST_ROWS]]
    table = Table(
        [_NAMES[name] for name in names],
        rows,
        f"{len(rows):,} of {len(order):,} answers" if len(rows) < len(order) else "All answers",
    )
    return Section(
        "answers", "Answers", {"table": table}, {name: list(column) for name, column in found.columns().items()}
    )


def _unit(by_patient):
    return "patients" if by_patient else "images"


def _size(trial, by_patient):
    patients = f" of {trial.judgement.test.n_groups:,} patients" if by_patient else ""
    return f"{len(trial.y):,} images{patients}"


def _effect(test):
    if test.detectable[0] > 1:
        return "This sample is too small to find any effect reliably."
    return (
        f"A true {test.statistic} of {test.detectable[0]:.2f} is found in 80 % of all samples of this size; a smaller "
        "one is missed more often."
    )


def _rates(trial):
    """Return the used images found at each rate of false alarms, or that the sample is too small for it."""
    rates = []
    for point in operating_points(trial.y, trial.judgement.comparable, groups=trial.groups):
        numbers = {"asked": point.asked, "resolvable": point.resolvable, "certifiable": point.certifiable}
        numbers |= {"tpr": point.tpr._asdict(), "fpr": point.fpr._asdict(), "note": point.note}
        cells = (str(point.tpr), str(point.fpr), point.note)
        if not point.resolvable:
            cells = ("not resolvable", "", point.note.rpartition(": ")[2])
        rates.append({"row": [f"{100 * point.asked:g} %", *cells], "numbers": numbers})
    return rates


def _decisions(judgement):
    return {} if judgement.decisions is None else {"decisions": judgement.decisions.tolist()}


def _cell(value):
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)
