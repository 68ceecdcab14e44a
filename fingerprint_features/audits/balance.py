"""How many images and patients each set holds, and whether that alone gives the label away."""

import math
from collections.abc import Iterator, Mapping

import numpy as np

from ..evaluate import permutation_test
from ..images import ImageSet
from .lint_findings import LintFinding

_CHANCE = 0.05
_FEW = 10  # patients of a set
_UNEVEN = 2  # times as many images
_SHUFFLES = 999
_RARE = 0.01


def balance(sets: Mapping[str, ImageSet], unit: str | None) -> Iterator[LintFinding]:
    """Yield what is wrong with the numbers of images and patients; `unit` is what a patient is, None where unknown."""
    if "used" in sets and "unused" in sets:
        yield from _uneven(len(sets["used"]), len(sets["unused"]))
        if unit is not None:
            counts = {role: np.unique(sets[role].groups, return_counts=True)[1] for role in ("used", "unused")}
            yield from _few(len(counts["used"]), len(counts["unused"]), unit)
            yield from _slices(counts)
    elif "candidates" in sets and unit is not None:
        n = len(np.unique(sets["candidates"].groups))
        if n < _FEW:
            yield LintFinding(
                "balance",
                "warning",
                ("candidates",),
                f"There {_are(n, unit)} among the candidates. How near a generated image comes by chance is learnt "
                "from other patients: add candidates.",
            )


def _uneven(n_used, n_unused):
    if max(n_used, n_unused) > _UNEVEN * min(n_used, n_unused):
        yield LintFinding(
            "balance",
            "warning",
            ("used", "unused"),
            f"There are {n_used} used and {n_unused} unused images. Accuracy and F1 are high then for a rule that "
            "gives one answer to all: look at kappa and AUC, or take as many of each.",
        )


def _few(n_used, n_unused, unit):
    smallest = 1 / math.comb(n_used + n_unused, n_used)
    if smallest > _CHANCE:
        text = f"so no p-value can be below {smallest:.2g}, and nothing can be detected"
    elif min(n_used, n_unused) < _FEW:
        text = "so only a strong effect can be seen, and intervals are wide"
    else:
        return
    yield LintFinding(
        "balance",
        "warning",
        ("used", "unused"),
        f"There {_are(n_used, unit)} used and {n_unused} not used, {text}: add {unit}s.",
    )


def _slices(counts):
    """Yield a finding where the number of a patient's images gives the label away."""
    sizes = np.concatenate(list(counts.values()))
    if (sizes == sizes[0]).all():
        return
    y = np.repeat([1, 0], [len(part) for part in counts.values()])
    result = permutation_test(
        y, {"more": sizes, "fewer": -sizes}, statistic="auc", n_permutations=_SHUFFLES, random_state=0
    )
    p = result.p_corrected.min()
    if p > _RARE:
        return
    used, unused = (np.mean(part) for part in counts.values())
    yield LintFinding(
        "balance",
        "warning",
        ("used", "unused"),
        f"A used patient has {used:.3g} images in the mean and an unused one {unused:.3g}, and the number alone tells "
        f"them apart (AUC {result.values[0]:.3f}, p = {p:.3g}). A patient with more images has a nearer neighbour by "
        "chance: take as many images of each patient.",
    )


def _are(n, unit):
    return f"is 1 {unit}" if n == 1 else f"are {n} {unit}s"
