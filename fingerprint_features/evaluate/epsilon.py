"""How much privacy the scores disprove: a lower bound of epsilon in differential privacy."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..checks import check_share
from .checks import as_binary, as_scores, check_lengths, group_codes
from .groups import independent_folds
from .intervals import clopper_pearson
from .roc_band import roc_band
from .scores import Score
from .shuffles import group_labels

ASSUMPTION = (
    "It holds where chance decided about each patient apart who was used, and where the score of a patient does not "
    "depend on who else was used."
)


@dataclass(frozen=True)
class EpsilonBound:
    """A lower bound of epsilon, and the two rates that it comes from.

    Attributes
    ----------
    epsilon : float
        The generator is no more private than this; 0 when nothing is shown.
    tpr, fpr : Score
        Rates of true and false alarms among the patients that did not choose the threshold. Either bound that epsilon
        rests on holds at half the error rate.
    threshold : float
        ``score > threshold`` calls a patient used.
    calls_used : bool
        Whether the bound comes from the patients called used, ``ln(TPR / FPR)``, or from those called unused,
        ``ln((1 - FPR) / (1 - TPR))``.
    n_used, n_unused : int
        Patients that the rates come from (images when there are no groups).
    confidence : float
        The bound holds in this share of samples, at least.
    """

    epsilon: float
    tpr: Score
    fpr: Score
    threshold: float
    calls_used: bool
    n_used: int
    n_unused: int
    confidence: float

    @property
    def assumption(self) -> str:
        """What the bound takes for granted."""
        return ASSUMPTION

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain dicts and numbers, ready for JSON."""
        rates = {"tpr": self.tpr._asdict(), "fpr": self.fpr._asdict()}
        return {**vars(self), **rates, "assumption": self.assumption}

    def __str__(self) -> str:
        return (
            f"epsilon >= {self.epsilon:.3f} ({100 * self.confidence:g} % confidence; TPR {self.tpr}, FPR {self.fpr})\n"
            f"{self.assumption}"
        )


def epsilon_lower_bound(
    y_true: ArrayLike,
    scores: ArrayLike,
    *,
    groups: Sequence[Hashable] | ArrayLike | None = None,
    confidence: float = 0.95,
    random_state: int | None = 0,
) -> EpsilonBound:
    """Return a lower bound of the epsilon that the generator can have, from how well scores tell who was used.

    Parameters
    ----------
    y_true : array-like of shape (n_images,)
        1 (or True) for used, 0 (or False) for not used.
    scores : array-like of shape (n_images,)
        Larger = more likely used.
    groups : sequence of shape (n_images,), default=None
        The patients. Each counts once, with the largest score of its images. None treats every image as a patient.
    confidence : float, default=0.95
        The share of samples in which the bound holds, at least.
    random_state : int or None, default=0
        Seed of the split.

    Returns
    -------
    EpsilonBound

    Raises
    ------
    ValueError
        When there are fewer than two used or two unused patients, or a patient has images of both labels.

    Notes
    -----
    No test of a generator with (epsilon, 0)-differential privacy has ``TPR > exp(epsilon) FPR`` or
    ``1 - FPR > exp(epsilon) (1 - TPR)``. One half of the patients chooses the threshold and which of the two to use,
    the other half gives the rates, with Clopper-Pearson bounds at half the error rate each.

    The bound is about patients. It takes for granted that chance decided about each patient apart who was used, and
    that the score of a patient does not depend on who else was used; without that it is an indication only. A bound
    of 0 does not mean safe: n patients of either kind can show no more than about ``ln(n / 7)``.

    References
    ----------
    Jagielski, Ullman, Oprea, Auditing differentially private machine learning, NeurIPS 2020.
    Steinke, Nasr, Jagielski, Privacy auditing with one (1) training run, NeurIPS 2023.

    Examples
    --------
    >>> y = np.repeat([1, 0], 100)
    >>> bound = epsilon_lower_bound(y, y)
    >>> round(bound.epsilon, 2), bound.fpr.value, bound.n_used
    (2.57, 0.0, 50)
    """
    y_true, scores = as_binary(y_true, "y_true"), as_scores(scores)
    check_lengths(y_true=y_true, scores=scores)
    check_share("epsilon_lower_bound", confidence=confidence)
    codes = group_codes(groups, len(y_true))
    labels, highest = group_labels(y_true, codes, groups), np.full(codes.max() + 1, -np.inf)
    np.maximum.at(highest, codes, scores)
    choosing, judging = independent_folds(labels, n_splits=2, random_state=random_state)[0]
    threshold, calls_used = _best_cut(labels[choosing], highest[choosing], confidence)
    called, used = highest[judging] > threshold, labels[judging] == 1
    tpr, fpr = (
        Score(float(hits.mean()), *clopper_pearson(hits.sum(), len(hits), confidence))
        for hits in (called[used], called[~used])
    )
    shown = tpr.low / fpr.high if calls_used else (1 - fpr.high) / (1 - tpr.low)
    return EpsilonBound(
        epsilon=float(np.log(max(1.0, shown))),
        tpr=tpr,
        fpr=fpr,
        threshold=threshold,
        calls_used=calls_used,
        n_used=int(used.sum()),
        n_unused=int((~used).sum()),
        confidence=float(confidence),
    )


def _best_cut(labels, scores, confidence):
    """Return the threshold that shows the most, and whether it does so by the patients called used."""
    roc = roc_band(labels, scores, confidence=confidence)
    shown = np.stack([(1 - roc.fpr_high) / (1 - roc.tpr_low), roc.tpr_low / roc.fpr_high])
    calls_used, cut = np.unravel_index(shown.argmax(), shown.shape)
    return float(roc.thresholds[cut]), bool(calls_used)
