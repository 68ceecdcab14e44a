"""What a sample can show at all, before any method is tried."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from ..checks import check_count, check_share
from .auc import random_auc
from .checks import as_binary, group_codes
from .intervals import tally
from .membership import coin_scores
from .permuted import detectable_statistic


@dataclass(frozen=True)
class Resolution:
    """What a sample can show at all.

    Attributes
    ----------
    n_used, n_unused : int
        Patients of either kind (images when there are no groups).
    smallest_fpr : float
        The smallest step of the false-alarm rate.
    certified_fpr : float
        The false-alarm rate that no false alarm in this sample would show.
    auc, kappa : float
        The smallest true AUC and kappa that would be found in 80 % of all cases; infinite where none would.
    n_methods : int
        Number of methods that will be tried.
    confidence : float
        1 minus the error rate at which a method counts as detected.
    """

    n_used: int
    n_unused: int
    smallest_fpr: float
    certified_fpr: float
    auc: float
    kappa: float
    n_methods: int
    confidence: float

    @property
    def conclusion(self) -> str:
        """What may be expected, in two sentences."""
        smallest, certified = (f"{100 * rate:.3g} %" for rate in (self.smallest_fpr, self.certified_fpr))
        effects = " or ".join(
            f"a true {name} below {value:.2f}"
            for name, value in (("AUC", self.auc), ("kappa", self.kappa))
            if np.isfinite(value)
        )
        missed = f"{effects} is missed more often than one time in five" if effects else "no effect can be found"
        return (
            f"{self.n_used:,} used and {self.n_unused:,} unused: false-alarm rates below {smallest} cannot be measured"
            f", and rates below {certified} cannot be shown. "
            f"With {self.n_methods} method{'' if self.n_methods == 1 else 's'}, {missed}."
        )

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain numbers, ready for JSON; None stands for infinite."""
        numbers = {name: value if np.isfinite(value) else None for name, value in vars(self).items()}
        return {**numbers, "conclusion": self.conclusion}

    def __str__(self) -> str:
        return self.conclusion


def sample_resolution(
    y_true: ArrayLike,
    *,
    groups: Sequence[Hashable] | ArrayLike | None = None,
    n_methods: int = 1,
    n_draws: int = 5000,
    confidence: float = 0.95,
    random_state: int | np.random.Generator | None = 0,
) -> Resolution:
    """Return which false-alarm rates and which effects a sample can show, before any method is tried.

    Parameters
    ----------
    y_true : array-like of shape (n_images,)
        1 (or True) for used, 0 (or False) for not used.
    groups : sequence of shape (n_images,), default=None
        The patients. None treats every image as its own patient.
    n_methods : int, default=1
        Number of methods that will be tried; the more, the larger an effect must be.
    n_draws : int, default=5000
        Number of random answers drawn.
    confidence : float, default=0.95
        1 minus the error rate at which a method counts as detected.
    random_state : int, Generator or None, default=0
        Seed of the draws.

    Returns
    -------
    Resolution

    Notes
    -----
    The effects are those of a method that treats all images of a patient alike, the worst case, and methods that do not
    depend on each other. What could have been found in fact is in the `detectable` of `permutation_test`'s result.

    "Not detected" never means safe: say what would have been missed.

    Examples
    --------
    >>> print(sample_resolution([1] * 100 + [0] * 100))
    100 used and 100 unused: false-alarm rates below 1 % cannot be measured, and rates below 2.95 % cannot be shown.
    With 1 method, a true AUC below 0.60 or a true kappa below 0.18 is missed more often than one time in five.
    """
    y_true = as_binary(y_true, "y_true")
    check_count("sample_resolution", 1, n_methods=n_methods, n_draws=n_draws)
    check_share("sample_resolution", confidence=confidence)
    if y_true.min() == y_true.max():
        raise ValueError("a sample resolves nothing without used and unused images; y_true holds one class only")
    codes, rng = group_codes(groups, len(y_true)), np.random.default_rng(random_state)
    n_used, n_unused = (len(np.unique(codes[y_true == label])) for label in (1, 0))
    aucs = random_auc(y_true, codes, n_draws, rng)
    kappas = coin_scores(tally(codes, 1 - y_true, 2), n_draws, rng)["kappa"]
    corrected = 1 - (1 - confidence) / n_methods
    auc, kappa = (float(detectable_statistic(null[:, None], corrected)[0]) for null in (aucs, kappas))
    return Resolution(
        n_used=n_used,
        n_unused=n_unused,
        smallest_fpr=1 / n_unused,
        certified_fpr=float(1 - (1 - confidence) ** (1 / n_unused)),
        auc=auc if auc <= 1 else np.inf,
        kappa=kappa if kappa <= 1 else np.inf,
        n_methods=int(n_methods),
        confidence=float(confidence),
    )
