"""How well answers separate used images from unused ones."""

from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from ..checks import check_count, check_share
from .auc import auc, random_auc, resample_auc
from .checks import as_binary, as_scores, check_lengths, group_codes
from .counts import confusion_scores
from .intervals import band, bounds, resample_counts, tally
from .scores import Score, Scores

PHANTOM = 0.5  # of an average group, in each of the four confusion cells


def membership_scores(
    y_true: ArrayLike,
    y_pred: ArrayLike,
    *,
    groups: Sequence[Hashable] | ArrayLike | None = None,
    scores: ArrayLike | None = None,
    n_bootstrap: int = 2000,
    confidence: float = 0.95,
    random_state: int | np.random.Generator | None = 0,
) -> Scores:
    """Score used-or-not answers of a fixed rule: kappa, F1 and more, with intervals and trivial baselines.

    The rule must not have learnt from these images. For answers of a cross-validation, where each image helps to learn
    the rule that judges the others, the intervals are too narrow: 95 % intervals then hold the truth in about 80 to
    90 % of cases. `cross_validated_scores` has intervals for those.

    Parameters
    ----------
    y_true, y_pred : array of shape (n_images,)
        The truth and the answers: 1 (or True) for used, 0 (or False) for not used.
    groups : sequence of shape (n_images,), default=None
        The patients. Intervals then resample patients, not images; with several similar slices a patient, intervals
        by image are far too narrow. None treats every image as its own patient.
    scores : array of shape (n_images,), default=None
        The continuous scores behind the answers, larger = more likely used; adds the AUC. The
        direction is never turned round: an AUC of 0.4 stays 0.4.
    n_bootstrap : int, default=2000
        Number of resamples.
    confidence : float, default=0.95
        Coverage of the intervals.
    random_state : int, Generator or None, default=0
        Seed of the resamples.

    Returns
    -------
    Scores
        ``result["kappa"]`` is a Score (value, low, high); printing the result gives the table. Baselines: "all used",
        "none used", and "random", a coin tossed for every group, with the band in which such answers stay by chance.

    Notes
    -----
    The interval is a Bayesian bootstrap over groups with half a phantom group in each of the four confusion cells (for
    the AUC, a quarter at either end of either class), and tails widened for few groups. It contains the value, and
    holds its coverage from about ten groups on, also near 0 and 1 where percentile and BCa intervals do not.

    When a class or an answer is missing, the undefined score is 0 (see `confusion_scores`), the AUC 0.5, and the
    interval as wide as nothing known: recall without one used image is 0 in about [0, 1].

    See Also
    --------
    cross_validated_scores : The same for a rule that learns from these images.
    permutation_test : Whether an answer is better than chance, corrected for several methods tried.
    tpr_at_fpr : The share of used images found when false alarms must be rare.
    attribution_scores : The same for more than two classes.

    References
    ----------
    Rubin, The Bayesian bootstrap, Annals of Statistics 9(1), 1981.
    Brown, Cai, DasGupta, Interval estimation for a binomial proportion, Statistical Science 16(2), 2001.

    Examples
    --------
    >>> result = membership_scores([1, 1, 1, 0, 0, 0], [1, 1, 0, 0, 0, 1])
    >>> round(result["kappa"].value, 3), round(result.baselines["all used"]["f1"].value, 3)
    (0.333, 0.667)
    >>> membership_scores(["used", "unused"], [1, 0])
    Traceback (most recent call last):
    ValueError: y_true must hold 0 (not used) and 1 (used). Got 'used' instead: try y_true == 'used'
    """
    y_true, y_pred = as_binary(y_true, "y_true"), as_binary(y_pred, "y_pred")
    scores = None if scores is None else as_scores(scores)
    check_lengths(y_true=y_true, y_pred=y_pred, scores=scores)
    check_count("membership_scores", 1, n_bootstrap=n_bootstrap)
    check_share("membership_scores", confidence=confidence)
    codes = group_codes(groups, len(y_true))
    n_groups = codes.max() + 1
    rng = np.random.default_rng(random_state)

    table = tally(codes, 2 * (1 - y_true) + (1 - y_pred), 4)  # columns: tp, fn, fp, tn
    values = scores_of_cells(table.sum(axis=0))
    samples = scores_of_cells(resample_counts(table, PHANTOM, n_bootstrap, rng))
    baselines = membership_baselines(tally(codes, 1 - y_true, 2), n_bootstrap, confidence, rng)
    if scores is not None:
        values["auc"] = auc(y_true, scores)
        samples["auc"] = resample_auc(y_true, scores, codes, n_bootstrap, rng)
        baselines["all used"]["auc"] = baselines["none used"]["auc"] = Score(0.5, 0.5, 0.5)
        baselines["random"]["auc"] = Score(0.5, *band(random_auc(y_true, codes, n_bootstrap, rng), confidence))
    intervals = {m: Score(v, *bounds(v, samples[m], n_groups, confidence)) for m, v in values.items()}
    return Scores(intervals, baselines, confidence, len(y_true), None if groups is None else int(n_groups))


def scores_of_cells(cells):
    """Return the scores of (..., 4) counts: tp, fn, fp, tn."""
    tp, fn, fp, tn = np.moveaxis(cells, -1, 0)
    return confusion_scores(tp, fp, fn, tn)


def membership_baselines(truth, n_draws, confidence, rng):
    """Score "all used", "none used" and a coin a group, from the (n_groups, 2) counts of used and unused images."""
    used, unused = truth.sum(axis=0)
    constant = {
        "all used": confusion_scores(used, unused, 0, 0),
        "none used": confusion_scores(0, 0, used, unused),
    }
    baselines = {name: {m: Score(v, v, v) for m, v in values.items()} for name, values in constant.items()}
    draws = coin_scores(truth, n_draws, rng)
    expected = confusion_scores(used / 2, unused / 2, used / 2, unused / 2)
    baselines["random"] = {m: Score(v, *band(draws[m], confidence)) for m, v in expected.items()}
    return baselines


def coin_scores(truth, n_draws, rng):
    """Score a coin tossed for every group, again and again, from the (n_groups, 2) counts of used and unused images."""
    used, unused = truth.sum(axis=0)
    rows, multiplicity = np.unique(truth, axis=0, return_counts=True)
    tp, fp = (rng.binomial(multiplicity, 0.5, (n_draws, len(rows))) @ rows).T
    return confusion_scores(tp, fp, used - tp, unused - fp)
