"""From the numbers of an audit to its verdict."""

from collections.abc import Mapping, Sequence

import numpy as np

from ..answers import Trial
from ..evaluate import ImageRisk, SetTest
from .controls import Control, blind_alarm
from .lint_findings import LintFinding
from .verdict import BLIND, DETECTED, ERROR_RATE, EXPLORATORY, NOT_ASSESSABLE, NOT_DETECTED, Verdict, verdict

_UNSAID = {
    None: "nobody has said that chance chose the used patients (randomized_split=True says so)",
    False: "chance did not choose the used patients",
}


def refused(lint: Sequence[LintFinding], why: str) -> Verdict | None:
    """Return the verdict where no number can be trusted, or None; `why` says what else stands in the way."""
    errors = [finding for finding in lint if finding.severity == "error"]
    if errors:
        kinds = ", ".join(dict.fromkeys(finding.kind for finding in errors))
        return verdict(NOT_ASSESSABLE, errors[0].text, reason=f"the sets overlap or do not fit together ({kinds})")
    return verdict(NOT_ASSESSABLE, "", reason=why) if why else None


def decide(
    attacks: Sequence[Trial],
    set_tests: Sequence[SetTest],
    set_p: Sequence[float],
    families: Mapping[str, float],
    controls: Sequence[Control],
    copies: int,
    randomized_split: bool | None,
) -> Verdict:
    """Return the verdict of an audit with labels.

    Parameters
    ----------
    attacks, set_tests, set_p, families, controls
        As in `AuditResult`.
    copies : int
        How many used images have an exact copy among the generated ones, where no unused image has one.
    randomized_split : bool or None
        Whether chance chose the used patients.
    """
    if copies:
        numbers = f"{copies} used image{'' if copies == 1 else 's'} and generated ones are equal pixel by pixel"
        return verdict(DETECTED, "An exact copy is proof; no test is needed for it.", numbers=numbers)
    p = min(1.0, len(families) * min(families.values(), default=1.0))
    p_words = f"p = {p:.3g}, corrected for {_tried(attacks, set_tests, families)}"
    best = _best(attacks, set_tests, set_p)
    alarm = blind_alarm(controls)
    if p <= ERROR_RATE and alarm is not None:
        about = f'Control "{alarm.name}": AUC {alarm.score}, p = {alarm.p_value:.3g}. {alarm.conclusion}'
        return verdict(BLIND, f"{best} {about}", numbers=p_words)
    if p <= ERROR_RATE and randomized_split:
        return verdict(DETECTED, f"{best} {_silent(controls)}".rstrip(), numbers=p_words)
    if p <= ERROR_RATE:
        why = f"{best} {_silent(controls)}".rstrip()
        return verdict(EXPLORATORY, why, numbers=p_words, reason=_UNSAID[randomized_split])
    if not _could_detect(attacks, set_tests, families):
        return verdict(NOT_ASSESSABLE, best, reason="this sample is too small to detect anything")
    return verdict(NOT_DETECTED, best, numbers=p_words, missed=_missed(attacks, set_tests))


def decide_without_labels(risk: ImageRisk, copies: int) -> Verdict:
    """Return the verdict of an audit without labels; `copies` is how many candidates have an exact copy."""
    flagged, n = int(risk.flagged.sum()), len(risk.p_values)
    reason = "nobody knows which candidates were used, and nothing shows how often this method is wrong"
    said = f"{copies} of {n} candidates and generated images are equal pixel by pixel" if copies else ""
    if flagged:
        said += f"{'; ' if said else ''}{flagged} of {n} candidates stand out, with 5 % false alarms among them allowed"
    if said:
        return verdict(EXPLORATORY, risk.conclusion, numbers=said, reason=reason)
    if risk.fewest is None:
        return verdict(
            NOT_ASSESSABLE, risk.conclusion, reason="there are too few candidates for so many generated images"
        )
    missed = f"with {n} candidates, fewer than {risk.fewest} copied ones may not be found"
    return verdict(NOT_DETECTED, risk.conclusion, numbers=f"none of {n} candidates stands out", missed=missed)


def strongest_first(attacks: Sequence[Trial]) -> list[Trial]:
    """Return attacks by their corrected p-value, the smallest first, and then by AUC."""
    return sorted(attacks, key=lambda trial: (trial.judgement.p_value, -trial.judgement.scores["auc"].value))


def _tried(attacks, set_tests, families):
    counts = []
    for n, what in ((len(attacks), "method"), (len(set_tests), "test")):
        if n:
            counts.append(f"{n} {what}{'' if n == 1 else 's'}{' of the whole set' if what == 'test' else ''}")
    return f"{' and '.join(counts)} in {len(families)} famil{'y' if len(families) == 1 else 'ies'}"


def _best(attacks, set_tests, set_p):
    """Return the strongest attack and the strongest test in words."""
    said = []
    if attacks:
        trial = strongest_first(attacks)[0]
        auc = trial.judgement.scores["auc"]
        said.append(f"The strongest method is {trial.name}: AUC {auc}, corrected p = {trial.judgement.p_value:.3g}.")
    if set_tests:
        test, p = min(zip(set_tests, set_p, strict=True), key=lambda pair: pair[1])
        said.append(f"The strongest test of the whole set is the {test.name}: {test.value:.3f}, corrected p = {p:.3g}.")
    return " ".join(said)


def _silent(controls):
    return "No control raised an alarm." if controls and not any(control.alarm for control in controls) else ""


def _could_detect(attacks, set_tests, families):
    """Return whether any result could have been a detection."""
    tests = [trial.judgement.test for trial in attacks]
    rules = any(test.can_detect and test.detectable[0] <= 1 for test in tests)
    sets = any(test.can_detect and np.isfinite(test.detectable) for test in set_tests)
    ways = [test.n_shuffles for test in (*tests, *set_tests)]
    return (rules or sets) and len(families) <= ERROR_RATE * max(ways, default=0)


def _missed(attacks, set_tests):
    """Return in words what would have been missed."""
    able = [float(trial.judgement.test.detectable[0]) for trial in attacks]
    able = [value for value in able if value <= 1]
    if able:
        return f"a method whose true AUC is below {min(able):.2f} is missed more often than one time in five"
    test = set_tests[0]
    return f"a true {test.name} {_weaker(test)} {test.detectable:.3g} is missed more often than one time in five"


def _weaker(test):
    return "above" if test.side == "below" else "below"
