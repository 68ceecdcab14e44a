"""The section with every method that was tried on images with known labels."""

from ...audits import AuditResult
from ...audits.deciding import strongest_first
from ...evaluate import predictive_values
from ...evaluate.roc import needed_to_certify
from ..section import Section, Table
from ..trials import numbers_of, rates_of
from ..words import METRICS, below, percent


def attacks(found: AuditResult) -> Section | None:
    """Return the section with the table of methods, the best first; None without labels."""
    trials = strongest_first(found.attacks)
    left_out = [[name, why] for name, why in found.left_out.items()]
    if not trials and not left_out:
        return None
    rates = [rates_of(trial) for trial in trials]
    values = [predictive_values(trial.y, trial.judgement.answers, groups=trial.groups) for trial in trials]
    shown = {
        "scores": _scores(trials, found.inputs.unit or "image"),
        "rates": _rates(trials, rates),
        "needed": _needed(found, rates),
        "predictive": _predictive(trials, values),
        "epsilon": found.epsilon,
        "unit": "patients" if found.inputs.unit == "patient" else "images",
        "left_out": Table(["method or test", "why"], left_out, "Left out"),
    }
    numbers = []
    for trial, points, predicted in zip(trials, rates, values, strict=True):
        ppv = {prior: score._asdict() for prior, score in predicted.items()}
        numbers.append(numbers_of(trial, points) | {"test": trial.judgement.test.to_dict(), "ppv": ppv})
    everything = {"methods": numbers, "left_out": dict(found.left_out)}
    everything["epsilon"] = None if found.epsilon is None else found.epsilon.to_dict()
    title = "Single images: every method tried" if trials else "Methods"
    return Section("attacks", title, shown, everything)


def _scores(trials, unit):
    header = ["method", "AUC", "p alone", "p corrected", *list(METRICS.values())[1:]]
    rows = []
    for trial in trials:
        scores, test = trial.judgement.scores, trial.judgement.test
        p = f"{test.p_values[0]:.3g}", f"{test.p_corrected[0]:.3g}"
        first, *others = (below(scores[name]) for name in METRICS)  # the AUC is what p is about
        rows.append([(trial.name, trial.how), first, *p, *others])
    return Table(header, rows, f"Scores with 95 % intervals by {unit}")


def _rates(trials, rates):
    header = ["method", *(f"at {percent(rate.asked)} false alarms" for rate in (rates[0] if rates else ()))]
    rows = [[trial.name, *map(_rate, points)] for trial, points in zip(trials, rates, strict=True)]
    return Table(header, rows, "Used images found while false alarms are rare, with 95 % intervals")


def _rate(point):
    if not point.resolvable:
        return "not resolvable"
    note = () if point.certifiable else ("not certified",)
    return (*below(point.tpr), f"reached {percent(point.fpr.value)}", *note)


def _needed(found, rates):
    """Return how many unused patients it takes to certify each rate."""
    if not rates:
        return ""
    unit = "patients" if found.inputs.unit == "patient" else "images"
    asked = ", ".join(percent(point.asked) for point in rates[0])
    needed = ", ".join(f"{needed_to_certify(point.asked, point.confidence):,}" for point in rates[0])
    return f"To show that false alarms are as rare as {asked}, it takes {needed} unused {unit} without one."


def _predictive(trials, values):
    header = ["method", *(f"{percent(prior)} were used" for prior in (values[0] if values else ()))]
    rows = [[trial.name, *(below(score) for score in of.values())] for trial, of in zip(trials, values, strict=True)]
    return Table(header, rows, "How likely an image that is called used was used, with 95 % intervals")
