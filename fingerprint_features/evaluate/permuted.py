"""What a permutation test found: p-values, corrected for all methods tried, and what could have been detected."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from ..html import table

_POWER = 0.8  # of finding the smallest detectable effect
_CEILING = {"kappa": 1.0, "auc": 1.0, "accuracy": 1.0}


@dataclass(frozen=True)
class PermutationResult:
    """Every method's statistic, how often chance does as well, and what could have been detected.

    Attributes
    ----------
    methods : tuple of str
        The methods, in the order given.
    statistic : str
        What was measured, larger = better.
    values, p_values, p_corrected : ndarray of shape (n_methods,)
        The statistic, its p-value alone, and its p-value corrected for all the methods tried (maxT).
    detectable : ndarray of shape (n_methods,)
        The true statistic that would be found, after the correction, in 80 % of all cases; infinite for a
        method that never varies.
    confidence : float
        1 minus the error rate at which a method counts as detected.
    n_permutations, n_groups : int
        Shuffles made, and groups (images when there are no groups).
    n_shuffles, n_strata : int
        Different ways to shuffle the labels, and strata of groups of similar size; labels are shuffled within strata.
    """

    methods: tuple[str, ...]
    statistic: str
    values: NDArray[np.float64]
    p_values: NDArray[np.float64]
    p_corrected: NDArray[np.float64]
    detectable: NDArray[np.float64]
    confidence: float
    n_permutations: int
    n_groups: int
    n_shuffles: int
    n_strata: int

    @property
    def can_detect(self) -> bool:
        """Whether there are enough ways to shuffle the labels for any p-value to be small enough."""
        return self.n_shuffles * (1 - self.confidence) >= 1 - 1e-9

    @property
    def detected(self) -> NDArray[np.bool_]:
        """Whether each method beats chance after the correction: ndarray of bool."""
        return self.p_corrected <= 1 - self.confidence + 1e-12

    def conclusion(self, method: str) -> str:
        """Return what may be said about one method, in one sentence."""
        i = self.methods.index(method)
        if not self.can_detect and self.n_strata > 1:
            return size_gives_label_away(self.n_shuffles)
        if self.detected[i]:
            return f"detected (corrected p = {self.p_corrected[i]:.3g})"
        if np.isinf(self.detectable[i]):
            return "not assessed: its answers are the same for all labels"
        if not self.can_detect or self.detectable[i] > _CEILING.get(self.statistic, np.inf):
            return "not detected; that does not mean safe: this sample is too small to detect anything"
        return (
            f"not detected; that does not mean safe: "
            f"a true {self.statistic} below {self.detectable[i]:.2f} is missed more often than one time in five"
        )

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain dicts and numbers, ready for JSON; None stands for infinite."""
        methods = {
            method: {
                "value": float(self.values[i]),
                "p_value": float(self.p_values[i]),
                "p_corrected": float(self.p_corrected[i]),
                "detectable": float(self.detectable[i]) if np.isfinite(self.detectable[i]) else None,
                "detected": bool(self.detected[i]),
                "conclusion": self.conclusion(method),
            }
            for i, method in enumerate(self.methods)
        }
        settings = ("statistic", "confidence", "n_permutations", "n_groups", "n_shuffles", "n_strata")
        return {"methods": methods, **{name: getattr(self, name) for name in settings}}

    def __str__(self) -> str:
        header, *rows = self._rows()
        width = max(len(row[0]) for row in (header, *rows))
        return "\n".join(
            f"{name:{width}}  {value:>9}  {p:>6}  {corrected:>9}  {conclusion}"
            for name, value, p, corrected, conclusion in (header, *rows)
        )

    def _repr_html_(self) -> str:
        header, *rows = self._rows()
        return table(header, rows)

    def _rows(self):
        rows = [["method", self.statistic, "p", "corrected", "conclusion"]]
        for i, method in enumerate(self.methods):
            p, corrected = f"{self.p_values[i]:.4f}", f"{self.p_corrected[i]:.4f}"
            rows.append([method, f"{self.values[i]:.3f}", p, corrected, self.conclusion(method)])
        return rows


def size_gives_label_away(n_shuffles: int) -> str:
    """Return the sentence for labels that follow from the sizes of the groups."""
    return (
        "not assessed: group size goes with the label, and the labels of groups of similar size can be "
        f"shuffled in {n_shuffles} way{'' if n_shuffles == 1 else 's'} only"
    )


def max_t(null: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the p-values of methods, alone and corrected for all of them (maxT, single step).

    Parameters
    ----------
    null : ndarray of shape (1 + n_shuffles, n_methods)
        The statistics, larger = better, with the true labels in the first row.
    """
    scaled, varies = _scaled(null)
    best = scaled.max(axis=1)
    return _share_as_good(scaled, scaled[0]), np.where(varies, _share_as_good(best[:, None], scaled[0]), 1.0)


def detectable_statistic(null: NDArray[np.float64], confidence: float) -> NDArray[np.float64]:
    """Return, from (n_shuffles, n_methods), the true statistic of each method that would be found in 80 % of cases."""
    scaled, varies = _scaled(null)
    critical = np.quantile(scaled.max(axis=1), confidence, method="higher")
    return np.where(varies, null.mean(axis=0) + null.std(axis=0) * (critical + norm.ppf(_POWER)), np.inf)


def _scaled(null):
    """Return every method on the scale of its own spread, and which methods have one."""
    spread = null.std(axis=0)
    varies = spread > 1e-12
    return np.divide(null - null.mean(axis=0), spread, out=np.zeros_like(null), where=varies), varies


def _share_as_good(null, observed):
    """Share of rows, the observed one among them, that do as well; rounding must not break ties."""
    return (null >= observed - 1e-9).mean(axis=0)
