"""From the four confusion counts to every official score."""

import numpy as np
from numpy.typing import ArrayLike, NDArray


def confusion_scores(
    tp: ArrayLike, fp: ArrayLike, fn: ArrayLike, tn: ArrayLike
) -> dict[str, float | NDArray[np.float64]]:
    """Compute all membership scores from the four confusion counts.

    Parameters
    ----------
    tp, fp, fn, tn : float or array of one shape
        Images used and called used, not used but called used, used but called not used, and neither.

    Returns
    -------
    dict
        ``kappa`` (Cohen's, unweighted), ``f1``, ``accuracy``, ``balanced_accuracy`` (the mean of recall and
        specificity), ``precision``, ``recall`` and ``specificity``: floats, or arrays of the counts' shape.

    Notes
    -----
    A ratio of nothing to nothing is 0: precision when nothing is called used, recall when nothing was used,
    specificity when everything was, and kappa when truth and answer are one and the same constant.

    With as many used as unused images, kappa is ``2 * accuracy - 1``.

    Examples
    --------
    >>> scores = confusion_scores(tp=77, fp=15, fn=23, tn=85)
    >>> round(scores["f1"], 4), round(scores["kappa"], 4)
    (0.8021, 0.62)
    >>> confusion_scores(tp=100, fp=100, fn=0, tn=0)["kappa"]
    0.0
    """
    tp, fp, fn, tn = (np.asarray(count, dtype=np.float64) for count in (tp, fp, fn, tn))
    if not all(np.all(count >= 0) for count in (tp, fp, fn, tn)):
        raise ValueError("confusion counts must be 0 or more")
    chance = (tp + fp) * (fp + tn) + (tp + fn) * (fn + tn)
    recall, specificity = ratio(tp, tp + fn), ratio(tn, tn + fp)
    return {
        "kappa": ratio(2 * (tp * tn - fp * fn), chance),
        "f1": ratio(2 * tp, 2 * tp + fp + fn),
        "accuracy": ratio(tp + tn, tp + fp + fn + tn),
        "balanced_accuracy": (recall + specificity) / 2,
        "precision": ratio(tp, tp + fp),
        "recall": recall,
        "specificity": specificity,
    }


def ratio(part: ArrayLike, whole: ArrayLike) -> float | NDArray[np.float64]:
    """Divide, with 0 for a ratio of nothing to nothing; scalars give a float."""
    part, whole = np.broadcast_arrays(part, whole)
    result = np.divide(part, whole, out=np.zeros(part.shape), where=whole > 0)
    return result if result.ndim else float(result)
