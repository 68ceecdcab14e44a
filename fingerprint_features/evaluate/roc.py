"""The share of used images found while false alarms stay rare, and whether the sample is large enough to say."""

import math
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..checks import check_share
from .checks import as_binary, as_scores, check_lengths, group_codes
from .intervals import proportion_interval, tally
from .scores import Score


class NotResolvableError(ValueError):
    """A false-alarm rate was asked for that is finer than one image of the sample."""


@dataclass(frozen=True)
class OperatingPoint:
    """The loosest threshold that keeps the false-alarm rate at or below the one asked for.

    Attributes
    ----------
    asked : float
        The false-alarm rate asked for.
    threshold : float
        ``score > threshold`` calls an image used.
    tpr, fpr : Score
        True-alarm and false-alarm rates reached, with Clopper-Pearson intervals.
    confidence : float
        Coverage of the intervals.
    certifiable : bool
        Whether there are enough non-members that no false alarm among them would show the rate asked for.
    note : str
        What the sample is too small for; empty when it is large enough. Where the rate asked for is not resolvable, the
        threshold and the rates are NaN.
    """

    asked: float
    threshold: float
    tpr: Score
    fpr: Score
    confidence: float
    certifiable: bool
    note: str

    @property
    def resolvable(self) -> bool:
        """Whether one false alarm is no more than the rate asked for."""
        return not math.isnan(self.threshold)

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain dicts and numbers, ready for JSON; None stands for what is not resolvable."""
        known = {"threshold": self.threshold, "tpr": self.tpr._asdict(), "fpr": self.fpr._asdict()}
        return {**vars(self), **(known if self.resolvable else dict.fromkeys(known)), "resolvable": self.resolvable}

    def __str__(self) -> str:
        if not self.resolvable:
            return self.note
        line = f"TPR {self.tpr} at FPR {self.fpr}, asked {_percent(self.asked)}"
        return f"{line} ({self.note})" if self.note else line


def tpr_at_fpr(
    y_true: ArrayLike,
    scores: ArrayLike,
    fpr: float,
    *,
    groups: Sequence[Hashable] | ArrayLike | None = None,
    confidence: float = 0.95,
) -> OperatingPoint:
    """Find the share of used images that score above all but a share `fpr` of the unused ones.

    Parameters
    ----------
    y_true : array of shape (n_images,)
        1 (or True) for used, the members; 0 (or False) for not used.
    scores : array of shape (n_images,)
        Larger = more likely used.
    fpr : float
        The largest false-alarm rate allowed, in (0, 1).
    groups : sequence of shape (n_images,), default=None
        The patients. With them the intervals, and what is resolvable, count patients instead of images.
    confidence : float, default=0.95
        Coverage of the intervals.

    Returns
    -------
    OperatingPoint

    Raises
    ------
    NotResolvableError
        When one false alarm is already more than `fpr`.

    Notes
    -----
    Images of one score get the same answer: ties are never split and nothing is interpolated. So the rate reached may
    be below the one asked for (down to 0, with no image called used), never above.

    No false alarm among n non-members shows a rate of at most ``1 - (1 - confidence) ** (1 / n)``. Below 59, 299 and
    2,995 non-members for 5 %, 1 % and 0.1 % the result says "not certified".

    The threshold is chosen on the images it is judged on: rates are those of this sample, and the interval of the
    false-alarm rate is an indication. With groups it is Korn and Graubard's, which counts n images of a group for fewer
    when their calls agree.

    References
    ----------
    Carlini et al., Membership inference attacks from first principles, IEEE S&P 2022.
    Korn, Graubard, Confidence intervals for proportions with small expected number of positive counts estimated from
    survey data, Survey Methodology 24(2), 1998.

    Examples
    --------
    >>> import numpy as np
    >>> point = tpr_at_fpr([1, 1, 1, 0, 0, 0, 0], [3, 2, 1, 2, 1, 0, 0], fpr=0.3)
    >>> round(point.tpr.value, 3), point.fpr.value, point.threshold, point.note
    (0.667, 0.25, 1.5, 'not certified: needs 9 non-members')
    >>> tpr_at_fpr(np.repeat([1, 0], 50), np.arange(100), fpr=0.01)
    Traceback (most recent call last):
    fingerprint_features.evaluate.roc.NotResolvableError: 1 % FPR is not resolvable with 50 non-members:
    the smallest step is 2 %
    """
    y_true, scores = as_binary(y_true, "y_true"), as_scores(scores)
    check_lengths(y_true=y_true, scores=scores)
    check_share("tpr_at_fpr", fpr=fpr, confidence=confidence)
    if y_true.min() == y_true.max():
        raise ValueError("TPR at FPR needs used and unused images; y_true holds one class only")
    codes = group_codes(groups, len(y_true))
    n_units = len(np.unique(codes[y_true == 0]))
    units = "non-members" if groups is None else "non-member groups"
    if n_units * fpr < 1 - 1e-9:  # 50 * 0.02 may come out below 1
        raise NotResolvableError(
            f"{_percent(fpr)} FPR is not resolvable with {n_units:,} {units}: "
            f"the smallest step is {_percent(1 / n_units)}"
        )
    threshold = _threshold(y_true, scores, fpr)
    called = scores > threshold
    needed = needed_to_certify(fpr, confidence)
    certifiable = n_units >= needed
    return OperatingPoint(
        asked=float(fpr),
        threshold=threshold,
        tpr=_rate(called[y_true == 1], codes[y_true == 1], confidence),
        fpr=_rate(called[y_true == 0], codes[y_true == 0], confidence),
        confidence=confidence,
        certifiable=bool(certifiable),
        note="" if certifiable else f"not certified: needs {needed:,} {units}",
    )


def operating_points(
    y_true: ArrayLike,
    scores: ArrayLike,
    fprs: Sequence[float] = (0.1, 0.05, 0.01, 0.001),
    *,
    groups: Sequence[Hashable] | ArrayLike | None = None,
    confidence: float = 0.95,
) -> tuple[OperatingPoint, ...]:
    """Return `tpr_at_fpr` at several false-alarm rates; a rate that the sample cannot resolve says so in its note.

    Parameters
    ----------
    y_true, scores, groups, confidence
        As in `tpr_at_fpr`.
    fprs : sequence of float, default=(0.1, 0.05, 0.01, 0.001)
        The largest false-alarm rates allowed.

    Returns
    -------
    tuple of OperatingPoint

    Examples
    --------
    >>> for point in operating_points([1] * 20 + [0] * 20, range(40, 0, -1)):
    ...     print(point)
    TPR 1.000 [0.832, 1.000] at FPR 0.100 [0.012, 0.317], asked 10 % (not certified: needs 29 non-members)
    TPR 1.000 [0.832, 1.000] at FPR 0.050 [0.001, 0.249], asked 5 % (not certified: needs 59 non-members)
    1 % FPR is not resolvable with 20 non-members: the smallest step is 5 %
    0.1 % FPR is not resolvable with 20 non-members: the smallest step is 5 %
    """
    unknown, points = Score(np.nan, np.nan, np.nan), []
    for fpr in fprs:
        try:
            points.append(tpr_at_fpr(y_true, scores, fpr, groups=groups, confidence=confidence))
        except NotResolvableError as error:
            points.append(OperatingPoint(float(fpr), np.nan, unknown, unknown, confidence, False, str(error)))
    return tuple(points)


def needed_to_certify(fpr: float, confidence: float) -> int:
    """Return how many non-members without a false alarm show that the false-alarm rate is at most `fpr`."""
    return int(np.ceil(np.log(1 - confidence) / np.log(1 - fpr) - 1e-9))


def _threshold(y_true, scores, fpr):
    """Return the lowest cut with at most a share `fpr` of the unused above it: midway between two scores."""
    levels, level = np.unique(-scores, return_inverse=True)  # highest score first
    false_alarms = np.bincount(level, weights=1 - y_true).cumsum()
    n_called = np.searchsorted(false_alarms, fpr * false_alarms[-1] * (1 + 1e-9), side="right")
    if n_called == 0:
        return float(-levels[0])
    low, high = float(-levels[n_called]), float(-levels[n_called - 1])
    middle = low + (high - low) / 2
    return middle if low <= middle < high else low  # neighbours in float64, or infinite


def _rate(called, codes, confidence):
    _, codes = np.unique(codes, return_inverse=True)
    missed, hits = tally(codes, called.astype(np.int64), 2).T
    return Score(float(called.mean()), *proportion_interval(hits, hits + missed, confidence))


def _percent(share):
    return f"{100 * share:.3g} %"
