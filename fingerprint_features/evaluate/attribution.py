"""How well generated images are attributed to subsets of the training images."""

from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from ..checks import check_count, check_share
from .checks import as_classes, group_codes
from .counts import ratio
from .intervals import band, blocks, bounds, resample_counts, tally
from .scores import Score, Scores


def attribution_scores(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    groups: Sequence[Hashable] | ArrayLike | None = None,
    n_bootstrap: int = 2000,
    confidence: float = 0.95,
    random_state: int | np.random.Generator | None = 0,
) -> Scores:
    """Score which-subset answers of a fixed rule: accuracy and more, with intervals and trivial baselines.

    The rule must not have learnt from these images; `cross_validated_scores` is for rules that have.

    Parameters
    ----------
    y_true, y_pred : array of shape (n_images,)
        The true and the answered subsets: all names or all ints. Answers outside the true classes are plain errors.
    groups : sequence of shape (n_images,), default=None
        Images that belong together and are resampled together. None treats every image as its own group.
    n_bootstrap : int, default=2000
        Number of resamples.
    confidence : float, default=0.95
        Coverage of the intervals.
    random_state : int, Generator or None, default=0
        Seed of the resamples.

    Returns
    -------
    Scores
        ``accuracy``; ``precision``, ``recall`` and ``f1``, averaged over the true classes by their support;
        ``specificity``, the plain mean over the true classes of TN / (TN + FP), one class against the rest. Baselines:
        "most frequent" class of the truth, and "random", a class drawn for every group.

    Notes
    -----
    Support-weighted recall is the accuracy. A class never answered has precision 0. With k balanced classes
    and no answer outside them, the specificity is ``1 - (1 - accuracy) / (k - 1)``.

    The interval is that of `membership_scores`; its phantom group lies half on the right cells of the confusion table
    and half on the wrong ones, for any number of classes.

    See Also
    --------
    cross_validated_scores : The same for a rule that learns from these images.
    membership_scores : The same for used or not used, where the intervals are explained.

    Examples
    --------
    >>> result = attribution_scores(["t1", "t1", "t2", "t3"], ["t1", "t2", "t2", "t3"])
    >>> result["accuracy"].value, round(result["specificity"].value, 3)
    (0.75, 0.889)
    >>> attribution_scores(["t1", "t2"], [1, 2])
    Traceback (most recent call last):
    ValueError: y_true and y_pred must both be names or both be ints. Got text and number instead.
    """
    y_true, y_pred, classes = as_classes(y_true, y_pred)
    check_count("attribution_scores", 1, n_bootstrap=n_bootstrap)
    check_share("attribution_scores", confidence=confidence)
    codes = group_codes(groups, len(y_true))
    n_groups, k = codes.max() + 1, len(classes)
    rng = np.random.default_rng(random_state)

    table = tally(codes, y_true * k + y_pred, k * k)
    confusion = table.sum(axis=0).reshape(k, k)
    real = confusion.sum(axis=1) > 0
    values = {metric: float(v) for metric, v in scores_of_confusion(confusion, real).items()}
    resampled = resample_counts(table, phantom_answers(real).ravel(), n_bootstrap, rng).reshape(-1, k, k)
    samples = scores_of_confusion(resampled, real)
    scores = {m: Score(v, *bounds(v, samples[m], n_groups, confidence)) for m, v in values.items()}
    baselines = attribution_baselines(tally(codes, y_true, k), real, n_bootstrap, confidence, rng)
    return Scores(scores, baselines, confidence, len(y_true), None if groups is None else int(n_groups))


def scores_of_confusion(confusion, real):
    """Score (..., k, k) confusion tables, rows true and columns answered; `real` marks the true classes."""
    hits = np.diagonal(confusion, axis1=-2, axis2=-1)
    support, answered = confusion.sum(axis=-1), confusion.sum(axis=-2)
    total = support.sum(axis=-1)
    share = support / total[..., None]
    false_alarms = answered - hits
    rest = total[..., None] - support
    return {
        "accuracy": hits.sum(axis=-1) / total,
        "precision": (share * ratio(hits, answered)).sum(axis=-1),
        "recall": (share * ratio(hits, support)).sum(axis=-1),
        "f1": (share * ratio(2 * hits, support + answered)).sum(axis=-1),
        "specificity": ratio(rest - false_alarms, rest)[..., real].mean(axis=-1),
    }


def phantom_answers(real):
    """One pseudo-image spread over the right cells of the true classes and one over the wrong ones."""
    right = np.diag(real)
    wrong = np.broadcast_to(real[:, None], right.shape) & ~np.eye(len(real), dtype=bool)
    return right / right.sum() + wrong / wrong.sum()


def attribution_baselines(truth, real, n_draws, confidence, rng):
    """Score the most frequent class and a class drawn a group, from (n_groups, k) counts of the true classes."""
    support = truth.sum(axis=0)
    k, n_real = len(support), real.sum()

    def answer(shares):
        return scores_of_confusion(support[:, None] * shares, real)

    frequent = answer(np.eye(k)[support.argmax()])
    expected = answer(real / n_real)
    rows, multiplicity = np.unique(truth, axis=0, return_counts=True)
    drawn = np.empty((n_draws, k, k))
    for block in blocks(n_draws, len(rows) * k):
        groups = rng.multinomial(multiplicity, real / n_real, (len(drawn[block]), len(rows)))  # by drawn class
        drawn[block] = np.einsum("rt,brp->btp", rows, groups)
    samples = scores_of_confusion(drawn, real)
    return {
        "most frequent": {m: Score(float(v), float(v), float(v)) for m, v in frequent.items()},
        "random": {m: Score(float(v), *band(samples[m], confidence)) for m, v in expected.items()},
    }
