"""How rarely images that were not used score as high: a p-value for each image."""

from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .checks import as_scores, check_lengths, group_codes


def conformal_p_values(
    scores: ArrayLike, null: ArrayLike, *, groups: Sequence[Hashable] | ArrayLike | None = None
) -> NDArray[np.float64]:
    """Return for each score how rarely scores of images that were not used are as high.

    Parameters
    ----------
    scores : array-like of shape (n_images,)
        Larger = more likely used.
    null : array-like of shape (n_unused,)
        Scores of images known to be unused, by the same rule, which must not have learnt from their labels.
    groups : sequence of shape (n_unused,), default=None
        The patients of the unused images. A patient with several images counts by the share of them that score as
        high. None treats every image as its own patient.

    Returns
    -------
    ndarray of shape (n_images,)
        ``(1 + number of patients that score as high) / (1 + n_patients)``.

    Raises
    ------
    ValueError
        When there are no unused images, or a score is NaN.

    Notes
    -----
    No distribution is assumed. An unused image has ``p <= t`` with a probability of at most t where it is like the
    unused images of the null: of the same scanners and hospitals, one image as good as any other.
    `scipy.stats.false_discovery_control` corrects for the number of images; Benjamini and Hochberg's procedure holds
    for p-values that share one null.

    On flat images all scores are equal and p is 1.

    References
    ----------
    Bates, Candes, Lei, Romano, Sesia, Testing for outliers with conformal p-values, Annals of Statistics 51(1), 2023.
    Dunn, Wasserman, Ramdas, Distribution-free prediction sets for two-layer hierarchical models, JASA 118, 2023.

    Examples
    --------
    >>> conformal_p_values([0.9, 0.35], [0.1, 0.2, 0.3, 0.4])
    array([0.2, 0.4])
    """
    scores, null = as_scores(scores), as_scores(null, "null")
    check_lengths(null=null, groups=groups)
    codes = group_codes(groups, len(null))
    order = np.argsort(-null)
    weights = 1 / np.bincount(codes)[codes]
    reach = np.concatenate([[0], weights[order].cumsum()])
    as_high = reach[np.searchsorted(-null[order], -scores, side="right")]
    return np.minimum(1.0, (1 + as_high) / (2 + codes.max()))
