"""An audit where nobody knows which images were used."""

import numpy as np
from scipy.stats import rankdata

from ..answers.guards import exact_copies
from ..evaluate.refits import decision_values
from .case import UNKNOWN_PATIENTS, Case
from .deciding import decide_without_labels, refused
from .distances import measure
from .results import AuditResult
from .risk import assess_risk


def audit_unlabelled(case: Case) -> AuditResult:
    """Return the result of `audit` for candidates."""
    images, generated = case.sets["candidates"], case.sets["generated"]
    groups = case.groups(images)
    alone = len(set(images.digests)) < 2 or (groups is not None and groups.max() == 0)  # rules compare patients
    scores, scored_by = (None, "") if alone else _scores(case.methods, images, generated, case.cache)
    risk = assess_risk(
        measure(images, generated, case.cache),
        images,
        "candidates",
        generated,
        groups,
        case.unit,
        scores,
        scored_by,
        random_state=case.settings.random_state,
    )
    verdict = refused(case.lint, _unassessable(groups))
    if verdict is None:
        copies = len({i for i, _ in exact_copies(images, generated)})
        verdict = decide_without_labels(risk.image_risk, copies)
    return AuditResult(
        verdict=verdict,
        lint=case.lint,
        attacks=(),
        left_out=case.left_out,
        controls=(),
        set_tests=(),
        set_p=(),
        resolution=None,
        epsilon=None,
        risk=risk,
        inputs=case.inputs,
    )


def _unassessable(groups):
    """Return what stands in the way of all numbers, or nothing."""
    if groups is None:
        return UNKNOWN_PATIENTS
    return "" if groups.max() > 0 else "all candidates are of one patient"


def _scores(methods, images, generated, cache):
    """Return the score of each candidate, and the method's name; of several methods the mean rank, from 0 to 1."""
    columns = []
    for method in methods:
        model = method.make(generated, images, cache).fit(images)
        columns.append(decision_values(model, images))
    if not columns:
        return None, ""
    if len(columns) == 1:
        return columns[0], methods[0].name
    ranks = [(rankdata(column) - 1) / max(1, len(images) - 1) for column in columns]
    return np.mean(ranks, axis=0), f"mean rank of {len(columns)} methods"
