"""An audit where nobody knows which images were used."""

from collections.abc import Mapping

import numpy as np
from scipy.stats import rankdata

from ..answers import Inputs
from ..answers.guards import exact_copies
from ..evaluate import independent_groups
from ..evaluate.refits import decision_values
from ..images import ImageSet
from ..recipes.kinds import Cache
from .deciding import decide_without_labels, refused
from .distances import measure
from .lint_findings import LintFinding
from .methods import Method
from .results import AuditResult
from .risk import assess_risk
from .settings import Settings


def audit_unlabelled(
    sets: Mapping[str, ImageSet],
    unit: str | None,
    lint: tuple[LintFinding, ...],
    methods: list[Method],
    left_out: dict[str, str],
    cache: Cache,
    settings: Settings,
    inputs: Inputs,
) -> AuditResult:
    """Return the result of `audit` for candidates."""
    images, generated = sets["candidates"], sets["generated"]
    groups = None if unit is None else independent_groups(images.groups, images.digests)
    alone = len(set(images.digests)) < 2 or (groups is not None and groups.max() == 0)  # rules compare patients
    scores, scored_by = (None, "") if alone else _scores(methods, images, generated, cache)
    risk = assess_risk(
        measure(images, generated, cache),
        images,
        "candidates",
        generated,
        groups,
        unit,
        scores,
        scored_by,
        random_state=settings.random_state,
    )
    verdict = refused(lint, _unassessable(groups))
    if verdict is None:
        copies = len({i for i, _ in exact_copies(images, generated)})
        verdict = decide_without_labels(risk.image_risk, copies)
    return AuditResult(
        verdict=verdict,
        lint=lint,
        attacks=(),
        left_out=left_out,
        controls=(),
        set_tests=(),
        set_p=(),
        resolution=None,
        epsilon=None,
        risk=risk,
        inputs=inputs,
    )


def _unassessable(groups):
    """Return what stands in the way of all numbers, or nothing."""
    if groups is None:
        return "the patients are unknown (give groups=, or groups='none' if each image is a patient of its own)"
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
