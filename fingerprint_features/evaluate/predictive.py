"""How likely an image that is called used was used, when few images were."""

from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..checks import check_count, check_share
from .checks import as_binary, check_lengths, group_codes
from .counts import ratio
from .intervals import bounds, resample_counts, tally
from .membership import PHANTOM
from .scores import Score


def predictive_values(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    priors: Sequence[float] = (0.5, 0.1, 0.01),
    *,
    groups: Sequence[Hashable] | ArrayLike | None = None,
    n_bootstrap: int = 2000,
    confidence: float = 0.95,
    random_state: int | np.random.Generator | None = 0,
) -> dict[float, Score]:
    """Return the positive predictive value of a fixed rule for several shares of used images.

    Parameters
    ----------
    y_true, y_pred : array of shape (n_images,)
        The truth and the answers: 1 (or True) for used, 0 (or False) for not used.
    priors : sequence of float, default=(0.5, 0.1, 0.01)
        Shares of used images among those that the rule will be asked about, each in (0, 1).
    groups, n_bootstrap, confidence, random_state
        As in `membership_scores`.

    Returns
    -------
    dict of float to Score
        By prior, the probability that an image called used was used, with its interval.

    Notes
    -----
    ``PPV = TPR prior / (TPR prior + FPR (1 - prior))``, with the rates of this sample. It is 0 when no image is called
    used. A sample with half of its images used makes precision look good: a rule with 60 % true and 10 % false alarms
    is right in 86 % of its calls there, and in 6 % where one image in a hundred was used.

    The interval resamples patients, with half a phantom patient in each confusion cell: without one false alarm in 20
    patients the value is 1, and its interval says how little that means at a small prior.

    References
    ----------
    Jayaraman et al., Revisiting membership inference under realistic assumptions, PoPETs 2021.

    Examples
    --------
    >>> y_true, y_pred = [1] * 10 + [0] * 10, [1] * 6 + [0] * 4 + [1] + [0] * 9
    >>> {prior: round(score.value, 2) for prior, score in predictive_values(y_true, y_pred).items()}
    {0.5: 0.86, 0.1: 0.4, 0.01: 0.06}
    """
    y_true, y_pred = as_binary(y_true, "y_true"), as_binary(y_pred, "y_pred")
    check_lengths(y_true=y_true, y_pred=y_pred)
    check_count("predictive_values", 1, n_bootstrap=n_bootstrap)
    check_share("predictive_values", confidence=confidence)
    for prior in priors:
        check_share("predictive_values", prior=prior)
    if y_true.min() == y_true.max():
        raise ValueError("predictive values need used and unused images; y_true holds one class only")
    codes = group_codes(groups, len(y_true))
    table = tally(codes, 2 * (1 - y_true) + (1 - y_pred), 4)  # columns: tp, fn, fp, tn
    samples = resample_counts(table, PHANTOM, n_bootstrap, np.random.default_rng(random_state))
    values = {}
    for prior in map(float, priors):
        value = float(_predictive_value(table.sum(axis=0), prior))
        values[prior] = Score(value, *bounds(value, _predictive_value(samples, prior), len(table), confidence))
    return values


def _predictive_value(cells: NDArray[np.float64], prior: float) -> NDArray[np.float64]:
    """Return the PPV of (..., 4) counts: tp, fn, fp, tn."""
    tp, fn, fp, tn = np.moveaxis(cells, -1, 0)
    hits, alarms = prior * ratio(tp, tp + fn), (1 - prior) * ratio(fp, fp + tn)
    return np.asarray(ratio(hits, hits + alarms))
