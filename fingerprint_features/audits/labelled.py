"""An audit where it is known which images were used."""

from dataclasses import replace
from typing import Any

import numpy as np

from ..answers.guards import exact_copies
from ..answers.known import labelled
from ..evaluate import epsilon_lower_bound, sample_resolution
from .attacks import try_networks, try_rules
from .bench import set_up
from .case import UNKNOWN_PATIENTS, Case
from .controls import run_controls
from .deciding import decide, refused, strongest_first
from .distances import measure, measure_details
from .known import Labelled
from .results import AuditResult
from .risk import assess_risk
from .sets import set_level
from .verdict import ERROR_RATE


def audit_labelled(case: Case) -> AuditResult:
    """Return the result of `audit` for used and unused images."""
    sets = case.sets
    images, y = labelled(sets)
    distances, groups = measure(images, sets["generated"], case.cache), case.groups(images)
    known = None if groups is None else Labelled(images, y, groups, case.unit)
    verdict = refused(case.lint, _unassessable(known))
    parts: dict[str, Any] = _NOTHING | {"left_out": case.left_out}
    if verdict is None:
        parts = _numbers(known, distances, case)
        copies = 0 if exact_copies(sets["unused"], sets["generated"]) else _n_copied(sets)
        named = {name: parts[name] for name in ("attacks", "set_tests", "set_p", "families", "controls")}
        verdict = decide(**named, copies=copies, randomized_split=case.settings.randomized_split)
    best = next(iter(strongest_first(parts["attacks"])), None)
    scores, name = _scores(best, images)
    risk = assess_risk(
        distances,
        sets["used"],
        "used",
        sets["generated"],
        groups,
        case.unit,
        scores[y == 1],
        name,
        {"unused": sets["unused"]},
        random_state=case.settings.random_state,
    )
    return AuditResult(
        verdict=verdict,
        lint=case.lint,
        risk=risk,
        inputs=case.inputs,
        epsilon=_epsilon(parts["attacks"], best, case.settings),
        **parts,
    )


_NOTHING = {"attacks": (), "controls": (), "set_tests": (), "set_p": (), "resolution": None, "families": {}}


def _unassessable(known):
    """Return what stands in the way of all numbers, or nothing."""
    if known is None:
        return UNKNOWN_PATIENTS
    if not known.enough_patients:
        return f"there are fewer than three {known.unit}s that were used, or that were not"
    return ""


def _numbers(known, distances, case):
    """Return every number that needs labels, as arguments of AuditResult."""
    sets, methods, cache, settings = case.sets, case.methods, case.cache, case.settings
    quick = [method for method in methods if not method.trains]
    rules, failed = set_up(quick, known, sets["generated"], cache, settings.progress)
    if failed and len(methods) == 1:
        raise ValueError(f"{methods[0].name} cannot be tried: {failed[methods[0].name]}")
    controls = run_controls(quick, known, sets["generated"], sets.get("foreign"), cache, settings)
    slow = [method for method in methods if method.trains]
    rule_trials = try_rules(rules, known, settings)
    network_trials, not_trained = try_networks(slow, known, sets["generated"], cache, settings)
    details = measure_details(known.images, sets["generated"], cache)
    tests, set_p, not_tested = set_level(
        distances, details, known.y, known.groups, settings.n_permutations, settings.random_state
    )
    smallest = {
        "rules": [trial.judgement.p_value for trial in rule_trials],
        "networks": [trial.judgement.p_value for trial in network_trials],
        "set level": set_p,
    }
    trials = (*rule_trials, *network_trials)
    return {
        "attacks": trials,
        "left_out": case.left_out | failed | not_trained | not_tested,
        "controls": controls,
        "set_tests": tests,
        "set_p": set_p,
        "resolution": sample_resolution(
            known.y, groups=known.groups, n_methods=max(1, len(trials)), random_state=settings.random_state
        ),
        "families": {name: float(min(values)) for name, values in smallest.items() if len(values)},
    }


def _n_copied(sets):
    return len({i for i, _ in exact_copies(sets["used"], sets["generated"])})


def _scores(best, images):
    """Return the comparable scores of a trial, one an image; NaN for what it was not judged on."""
    scores = np.full(len(images), np.nan)
    if best is None:
        return scores, ""
    judged = best.judgement.comparable
    if len(judged) == len(scores):
        return np.asarray(judged, dtype=np.float64), best.name
    return scores, ""


def _epsilon(attacks, best, settings):
    """Return the bound that the scores of the best method give; None where no method was tried."""
    if best is None:
        return None
    # the best of several was chosen by the labels: every one of them is given a bound that holds for all at once
    bound = epsilon_lower_bound(
        best.y,
        best.judgement.comparable,
        groups=best.groups,
        confidence=1 - ERROR_RATE / len(attacks),
        random_state=settings.random_state,
    )
    return replace(bound, confidence=1 - ERROR_RATE)
