"""The sections on images with known labels: what the sample can show, and the scores."""

from typing import Any

from ..answers import Attribution, Detection, Trial
from ..evaluate import OperatingPoint, operating_points, sample_resolution
from .section import Section, Table
from .words import percent

RATES = ["false alarms allowed", "used images found", "false alarms reached", "note"]


def resolution(found: Detection | Attribution) -> Section:
    """Return the section on what a sample of this size can show."""
    lines, numbers = [], []
    for trial in found.assessment.trials:
        test, by_patient = trial.judgement.test, found.inputs.unit == "patient"
        lines.append(f"{trial.how.capitalize()}: {_size(trial, by_patient)}. {_effect(test)}")
        number = {"trial": trial.how, "n_images": len(trial.y), "n_groups": test.n_groups}
        number |= {"statistic": test.statistic, "detectable": test.detectable[0], "n_permutations": test.n_permutations}
        if test.statistic == "auc":
            able = sample_resolution(trial.y, groups=trial.groups)
            lines.append(_smallest_rates(able, by_patient))
            number |= able.to_dict()
        numbers.append(number)
    return Section("resolution", "What this sample can show", {"lines": lines}, numbers)


def scores_of_trials(found: Detection | Attribution) -> Section:
    """Return the section with the scores on images with known labels, their intervals and the test against chance."""
    parts, numbers = [], []
    for trial in found.assessment.trials:
        rates = rates_of(trial)
        table = Table(
            RATES,
            [[f"{100 * rate.asked:g} %", *rate_cells(rate)] for rate in rates],
            "Used images found while false alarms are rare, with 95 % intervals",
        )
        parts.append({"trial": trial, "scores": scores_table(trial), "rates": table})
        numbers.append(numbers_of(trial, rates))
    return Section("scores", "Scores on images with known labels", {"parts": parts}, numbers)


def scores_table(trial: Trial) -> Table:
    """Return the scores of a trial as a table."""
    header, *rows = trial.judgement.scores.rows()
    return Table(["score", *header[1:]], rows, trial.judgement.scores.caption)


def rates_of(trial: Trial) -> tuple[OperatingPoint, ...]:
    """Return the used images found at each rate of false alarms; empty where a trial has no AUC."""
    if trial.judgement.statistic != "auc":
        return ()
    return operating_points(trial.y, trial.judgement.comparable, groups=trial.groups)


def rate_cells(point: OperatingPoint) -> list[str]:
    """Return the used images found, the false alarms reached, and what the sample is too small for."""
    if not point.resolvable:
        return ["not resolvable", "", point.note.rpartition(": ")[2]]
    return [str(point.tpr), str(point.fpr), point.note]


def numbers_of(trial: Trial, rates: tuple[OperatingPoint, ...]) -> dict[str, Any]:
    """Return every number of a trial: scores, test, rates, and the answer to each image."""
    judgement = trial.judgement
    numbers = {"name": trial.name, "how": trial.how, "verdict": judgement.verdict, "p_value": judgement.p_value}
    numbers |= judgement.scores.to_dict() | {"rates": [rate.to_dict() for rate in rates]}
    numbers |= {"y": trial.y.tolist(), "answers": judgement.answers.tolist()}
    return numbers if judgement.decisions is None else numbers | {"decisions": judgement.decisions.tolist()}


def _size(trial, by_patient):
    patients = f" of {trial.judgement.test.n_groups:,} patients" if by_patient else ""
    return f"{len(trial.y):,} images{patients}"


def _smallest_rates(able, by_patient):
    return (
        f"The smallest rate of false alarms that can be seen is {percent(able.smallest_fpr)}, one of "
        f"{able.n_unused:,} unused {'patients' if by_patient else 'images'}. No false alarm at all would show a rate "
        f"of at most {percent(able.certified_fpr)} (95 %)."
    )


def _effect(test):
    if test.detectable[0] > 1:
        return "This sample is too small to find any effect reliably."
    return (
        f"A true {test.statistic} of {test.detectable[0]:.2f} is found in 80 % of all samples of this size; a smaller "
        "one is missed more often."
    )
