"""A test of a whole generated set: a number, what it is when chance chose the used patients, and what may be said."""

import hashlib
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..checks import check_count, check_share
from ..html import table
from .checks import as_binary, group_codes
from .intervals import band, bounds, resample_counts
from .permuted import detectable_statistic, size_gives_label_away
from .scores import Score
from .shuffles import count_shuffles, group_labels, shuffled, size_strata

_PHANTOM = 0.5  # of an average group, in each of the two cells of a share


@dataclass(frozen=True)
class SetTest:
    """A number about a whole generated set, and what it would be if chance had chosen the used patients.

    Attributes
    ----------
    name : str
        What was measured.
    value : float
        The number.
    interval : (float, float) or None
        Its interval, by patient; None where there is none.
    null : Score
        The mean of the number over shuffles of the used patients, and the band that holds a share `confidence` of them.
    side : {"below", "above"}
        The side of the null on which copying of the used images lies.
    p_value : float
        Share of shuffles, the truth among them, that lie as far on that side.
    detectable : float
        The true value that would be found in 80 % of all cases; infinite when the number never varies, or cannot be
        as far from chance as that.
    parts : dict of str to float
        What the number is made of.
    confidence : float
        Coverage of band and interval, and 1 minus the error rate at which copying counts as detected.
    n_permutations, n_groups : int
        Shuffles made, and groups (images when there are no groups).
    n_shuffles, n_strata : int
        Different ways to shuffle the labels, and strata of groups of similar size; labels are shuffled within strata.
    shuffled : tuple of float
        The number in each shuffle.
    shuffles : str
        A digest of the shuffles; tests of one digest can be corrected together.
    """

    name: str
    value: float
    interval: tuple[float, float] | None
    null: Score
    side: str
    p_value: float
    detectable: float
    parts: dict[str, float]
    confidence: float
    n_permutations: int
    n_groups: int
    n_shuffles: int
    n_strata: int
    shuffled: tuple[float, ...] = field(repr=False)
    shuffles: str = field(repr=False)

    @property
    def can_detect(self) -> bool:
        """Whether there are enough shuffles, and ways to shuffle the labels, for any p-value to be small enough."""
        return min(self.n_shuffles, self.n_permutations + 1) * (1 - self.confidence) >= 1 - 1e-9

    @property
    def detected(self) -> bool:
        """Whether the p-value is small enough."""
        return bool(self.p_value <= 1 - self.confidence + 1e-12)

    @property
    def conclusion(self) -> str:
        """What may be said, in one sentence."""
        if not self.can_detect and self.n_shuffles > self.n_permutations:
            return (
                f"not assessed: n_permutations = {self.n_permutations} is too small for any p-value to be small enough"
            )
        if not self.can_detect and self.n_strata > 1:
            return size_gives_label_away(self.n_shuffles)
        if self.detected:
            return f"detected: {self.side} what chance gives (p = {self.p_value:.3g})"
        if not self.can_detect or np.isinf(self.detectable):
            return "not detected; that does not mean safe: this sample is too small to detect anything"
        weaker = "above" if self.side == "below" else "below"
        return (
            "not detected; that does not mean safe: "
            f"a true value {weaker} {self.detectable:.3g} is missed more often than one time in five"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain dicts, lists and numbers, ready for JSON; None stands for infinite."""
        return {
            "name": self.name,
            "value": self.value,
            "interval": None if self.interval is None else list(self.interval),
            "null": self.null._asdict(),
            "side": self.side,
            "p_value": self.p_value,
            "detectable": self.detectable if np.isfinite(self.detectable) else None,
            "parts": dict(self.parts),
            "confidence": self.confidence,
            "n_permutations": self.n_permutations,
            "n_groups": self.n_groups,
            "n_shuffles": self.n_shuffles,
            "conclusion": self.conclusion,
        }

    def __str__(self) -> str:
        return (
            f"{self.name}: {self.value:.3f}{self._interval()}, by chance {self.null}; p = {self.p_value:.3g}\n"
            f"{self._parts()}\n{self.conclusion}"
        )

    def _repr_html_(self) -> str:
        header = ["", "value", "by chance", "p", "", ""]
        value, p = f"{self.value:.3f}{self._interval()}", f"{self.p_value:.3g}"
        return table(header, [[self.name, value, str(self.null), p, self._parts(), self.conclusion]])

    def _interval(self):
        return "" if self.interval is None else f" [{self.interval[0]:.3f}, {self.interval[1]:.3f}]"

    def _parts(self):
        return ", ".join(f"{name} {value:.3g}" for name, value in self.parts.items())


class LabelShuffle:
    """The shuffles of who was used, by patient.

    Parameters
    ----------
    function : str
        Who asks, for messages.
    y_true : array of shape (n_reals,)
        1 for used and 0 for not used.
    groups : sequence of shape (n_reals,) or None
        The patients.
    n_permutations, confidence, random_state
        As in `permutation_test`.
    """

    def __init__(
        self,
        function: str,
        y_true: ArrayLike,
        groups: Sequence[Hashable] | ArrayLike | None,
        n_permutations: int,
        confidence: float,
        random_state: int | np.random.Generator | None,
    ) -> None:
        check_count(function, 1, n_permutations=n_permutations)
        check_share(function, confidence=confidence)
        y_true = as_binary(y_true, "y_true")
        self.used, self.codes = y_true == 1, group_codes(groups, len(y_true))
        self.labels, self.strata = group_labels(y_true, self.codes, groups), size_strata(self.codes)
        self.n_permutations, self.confidence = int(n_permutations), float(confidence)
        self.rng = np.random.default_rng(random_state)
        self.rows = shuffled(self.labels, self.strata, self.n_permutations, self.rng)  # before anything else is drawn

    def __len__(self) -> int:
        return len(self.codes)

    def own(self) -> NDArray[np.bool_]:
        """Return which pairs of real images are of one patient; refuses labels of one patient only."""
        counts = np.bincount(self.labels, minlength=2)
        if counts.min() < 2:
            raise ValueError(
                "an image's own patient does not count, so two or more used and two or more unused patients are "
                f"needed. Got {counts[1]} used and {counts[0]} unused"
            )
        return self.codes[:, None] == self.codes

    def test(
        self,
        name: str,
        statistic: Callable[[NDArray[np.bool_]], float],
        side: str,
        parts: Mapping[str, float],
        samples: NDArray[np.float64] | None = None,
        n_sampled: int = 0,
        limits: tuple[float, float] = (-np.inf, np.inf),
    ) -> SetTest:
        """Return the test of ``statistic(used)``, where `used` says of each real image whether it counts as used.

        The interval comes from resampled values of `n_sampled` groups, and stays within limits. It is stretched where
        shuffles vary more: resampling the images leaves each its neighbours, which other patients would change.
        """
        values = np.array([statistic(row[self.codes] == 1) for row in [self.labels, *self.rows]])
        sign = -1 if side == "below" else 1
        interval = None
        if samples is not None:
            stretch = max(1.0, values[1:].std() / samples.std()) if samples.std() > 0 else 1.0
            stretched = np.clip(values[0] + stretch * (samples - values[0]), *limits)
            interval = bounds(float(values[0]), stretched, n_sampled, self.confidence)
        detectable = sign * float(detectable_statistic(sign * values[:, None], self.confidence)[0])
        ahead = sign * values >= sign * values[0] - 1e-9
        return SetTest(
            name=name,
            value=float(values[0]),
            interval=interval,
            null=Score(float(values[1:].mean()), *band(values[1:], self.confidence)),
            side=side,
            p_value=float(ahead.mean()),
            detectable=detectable if limits[0] <= detectable <= limits[1] else sign * np.inf,
            parts={part: float(value) for part, value in parts.items()},
            confidence=self.confidence,
            n_permutations=self.n_permutations,
            n_groups=len(self.labels),
            n_shuffles=count_shuffles(self.labels, self.strata),
            n_strata=len(self.strata),
            shuffled=tuple(values[1:].tolist()),
            shuffles=hashlib.blake2b(self.rows.tobytes(), digest_size=16).hexdigest(),
        )


def resampled_share(
    hits: NDArray[Any], codes: NDArray[np.intp], n_bootstrap: int, rng: np.random.Generator
) -> tuple[NDArray[np.float64], int]:
    """Return the resampled mean of values in [0, 1] that come in groups, and the number of groups.

    A group without values plays no part.
    """
    _, codes = np.unique(codes, return_inverse=True)
    table = np.column_stack([np.bincount(codes, weights=hits), np.bincount(codes, weights=1 - hits)])
    cells = resample_counts(table, _PHANTOM, n_bootstrap, rng)
    return cells[:, 0] / cells.sum(axis=1), len(table)
