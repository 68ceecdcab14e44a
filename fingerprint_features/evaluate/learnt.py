"""Scores of a learnt rule by cross-validation, with intervals that allow for the rule's being learnt."""

from collections.abc import Hashable, Sequence
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import ArrayLike, NDArray

from ..checks import check_count, check_share
from .attribution import attribution_baselines, phantom_answers, scores_of_confusion
from .auc import PairWins, random_auc
from .checks import as_binary, group_codes
from .groups import independent_folds
from .intervals import band, bounds, resample_counts, tally
from .membership import PHANTOM, membership_baselines, scores_of_cells
from .refits import HeldOut, held_out
from .scores import Score, Scores

_LEARNING = 2.0  # by what the variance of a score grows, at most, when its rule is learnt from the same images


def cross_validated_scores(
    estimator: Any,
    X: Any,
    y: ArrayLike,
    *,
    groups: Sequence[Hashable] | ArrayLike | None = None,
    n_splits: int = 5,
    n_repeats: int = 5,
    n_bootstrap: int = 2000,
    confidence: float = 0.95,
    n_jobs: int | None = None,
    random_state: int | None = 0,
) -> tuple[Scores, HeldOut]:
    """Score a rule that learns from labels on images that it has not seen, with intervals for a learnt rule.

    Parameters
    ----------
    estimator : classifier
        The unfitted rule.
    X : ImageSet, array, frame or list of length n_images
    y : array-like of shape (n_images,)
        The labels: 0 (not used) and 1 (used) give the scores of `membership_scores`, any others those of
        `attribution_scores`.
    groups : sequence of shape (n_images,), default=None
        The patients, or what `independent_groups` returns. None makes every image its own group.
    n_splits, n_repeats : int, default=5
        Folds, and cross-validations with different folds whose results are averaged.
    n_bootstrap : int, default=2000
        Number of resamples.
    confidence : float, default=0.95
        Coverage of the intervals.
    n_jobs : int or None, default=None
        Cross-validations at a time. None is what ``joblib.parallel_config`` says. Never changes the result.
    random_state : int or None, default=0
        Seed of the folds and resamples.

    Returns
    -------
    scores : Scores
    held_out : HeldOut
        ``answers`` and ``decisions``, one an image, of the first cross-validation.
    """
    check_count("cross_validated_scores", 1, n_repeats=n_repeats, n_bootstrap=n_bootstrap)
    check_share("cross_validated_scores", confidence=confidence)
    y = np.asarray(y)
    codes = group_codes(groups, len(y))
    rng = np.random.default_rng(random_state)
    seeds = rng.integers(2**31, size=n_repeats).tolist()
    cuts = [independent_folds(y, codes, n_splits=n_splits, random_state=seed) for seed in seeds]
    repeats = Parallel(n_jobs=n_jobs, prefer="threads")(delayed(held_out)(estimator, X, y, folds) for folds in cuts)
    binary = y.dtype.kind in "biuf" and set(np.unique(y).tolist()) <= {0, 1}
    summarise = _membership if binary else _attribution
    values, samples, baselines = summarise(y, codes, repeats, n_bootstrap, confidence, rng)
    n_groups = int(codes.max()) + 1
    widening = np.sqrt(_LEARNING)
    scores = {m: Score(v, *bounds(v, samples[m], n_groups, confidence, widening)) for m, v in values.items()}
    return Scores(scores, baselines, confidence, len(y), None if groups is None else n_groups), repeats[0]


def _membership(y, codes, repeats, n_bootstrap, confidence, rng):
    """Return values, resampled values and baselines of used-or-not answers, averaged over the repeats."""
    y = as_binary(y, "y")
    table = np.mean([tally(codes, 2 * (1 - y) + (1 - result.answers.astype(int)), 4) for result in repeats], axis=0)
    wins = PairWins(y, codes, repeats)
    values = scores_of_cells(table.sum(axis=0)) | {"auc": wins.value()}
    samples = scores_of_cells(resample_counts(table, PHANTOM, n_bootstrap, rng)) | {
        "auc": wins.resample(n_bootstrap, rng)
    }
    baselines = membership_baselines(tally(codes, 1 - y, 2), n_bootstrap, confidence, rng)
    baselines["all used"]["auc"] = baselines["none used"]["auc"] = Score(0.5, 0.5, 0.5)
    baselines["random"]["auc"] = Score(0.5, *band(random_auc(y, codes, n_bootstrap, rng), confidence))
    return values, samples, baselines


def _attribution(y: NDArray, codes, repeats, n_bootstrap, confidence, rng):
    """Return values, resampled values and baselines of which-subset answers, averaged over the repeats."""
    classes, y = np.unique(y, return_inverse=True)
    k = len(classes)
    answers = [np.searchsorted(classes, result.answers) for result in repeats]
    table = np.mean([tally(codes, y * k + answered, k * k) for answered in answers], axis=0)
    real = np.ones(k, dtype=bool)
    values = scores_of_confusion(table.sum(axis=0).reshape(k, k), real)
    resampled = resample_counts(table, phantom_answers(real).ravel(), n_bootstrap, rng).reshape(-1, k, k)
    baselines = attribution_baselines(tally(codes, y, k), real, n_bootstrap, confidence, rng)
    return {m: float(v) for m, v in values.items()}, scores_of_confusion(resampled, real), baselines
