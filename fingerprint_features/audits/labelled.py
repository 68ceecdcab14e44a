"""An audit where it is known which images were used."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from ..answers import Inputs
from ..answers.guards import exact_copies
from ..answers.known import labelled
from ..evaluate import epsilon_lower_bound, independent_groups, sample_resolution
from ..images import ImageSet
from ..recipes.kinds import Cache
from .attacks import try_networks, try_rules
from .bench import set_up
from .controls import run_controls
from .deciding import decide, refused
from .distances import measure
from .known import Labelled
from .lint_findings import LintFinding
from .methods import Method
from .results import AuditResult
from .risk import assess_risk
from .sets import set_level
from .settings import Settings
from .verdict import ERROR_RATE


def audit_labelled(
    sets: Mapping[str, ImageSet],
    unit: str | None,
    lint: tuple[LintFinding, ...],
    methods: list[Method],
    left_out: dict[str, str],
    cache: Cache,
    settings: Settings,
    randomized_split: bool | None,
    inputs: Inputs,
) -> AuditResult:
    """Return the result of `audit` for used and unused images."""
    images, y = labelled(sets)
    distances = measure(images, sets["generated"], cache)
    groups = None if unit is None else independent_groups(images.groups, images.digests)
    known = None if groups is None else Labelled(images, y, groups, unit)
    verdict = refused(lint, _unassessable(known))
    parts: dict[str, Any] = _NOTHING | {"left_out": left_out}
    if verdict is None:
        parts = _numbers(known, sets, distances, methods, left_out, cache, settings)
        copies = 0 if exact_copies(sets["unused"], sets["generated"]) else _n_copied(sets)
        named = {name: parts[name] for name in ("attacks", "set_tests", "set_p", "families", "controls")}
        verdict = decide(**named, copies=copies, randomized_split=randomized_split)
    best = min(
        parts["attacks"],
        key=lambda trial: (trial.judgement.p_value, -trial.judgement.scores["auc"].value),  # as in the verdict
        default=None,
    )
    scores, name = _scores(best, images)
    risk = assess_risk(
        distances,
        sets["used"],
        "used",
        sets["generated"],
        groups,
        unit,
        scores[y == 1],
        name,
        {"unused": sets["unused"]},
        random_state=settings.random_state,
    )
    return AuditResult(
        verdict=verdict,
        lint=lint,
        risk=risk,
        inputs=inputs,
        epsilon=_epsilon(parts["attacks"], best, settings),
        **parts,
    )


_NOTHING = {"attacks": (), "controls": (), "set_tests": (), "set_p": (), "resolution": None, "families": {}}


def _unassessable(known):
    """Return what stands in the way of all numbers, or nothing."""
    if known is None:
        return "the patients are unknown (give groups=, or groups='none' if each image is a patient of its own)"
    if not known.enough_patients:
        return f"there are fewer than three {known.unit}s that were used, or that were not"
    return ""


def _numbers(known, sets, distances, methods, left_out, cache, settings):
    """Return every number that needs labels, as arguments of AuditResult."""
    quick = [method for method in methods if not method.trains]
    rules, failed = set_up(quick, known, sets["generated"], cache, settings.progress)
    if failed and len(methods) == 1:
        raise ValueError(f"{methods[0].name} cannot be tried: {failed[methods[0].name]}")
    controls = run_controls(quick, known, sets["generated"], sets.get("foreign"), cache, settings)
    slow = [method for method in methods if method.trains]
    rule_trials = try_rules(rules, known, settings)
    network_trials, not_trained = try_networks(slow, known, sets["generated"], cache, settings)
    tests, set_p, not_tested = set_level(
        distances, known.y, known.groups, settings.n_permutations, settings.random_state
    )
    smallest = {
        "rules": [trial.judgement.p_value for trial in rule_trials],
        "networks": [trial.judgement.p_value for trial in network_trials],
        "set level": set_p,
    }
    trials = (*rule_trials, *network_trials)
    return {
        "attacks": trials,
        "left_out": left_out | failed | not_trained | not_tested,
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
