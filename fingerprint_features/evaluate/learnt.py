"""Scores of a learnt rule by cross-validation, with intervals that allow for the rule's being learnt."""

from collections.abc import Hashable, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import ArrayLike, NDArray

from ..checks import check_count, check_share
from .attribution import attribution_baselines, phantom_answers, scores_of_confusion
from .auc import PairWins, random_auc
from .checks import group_codes
from .groups import independent_folds
from .intervals import band, bounds, resample_counts, tally
from .membership import PHANTOM, membership_baselines, scores_of_cells
from .refits import HeldOut, held_out, take
from .scores import Score, Scores

_HALVINGS = 20  # random cuts of the groups into halves, from which the spread of a learnt rule is estimated
_FEWEST = 6  # groups of a class: three in each half, so that two are learnt from, which some rules compare
_MOST = 2.0  # by what learning can raise the variance of a score


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
        The scores of all cross-validations together.
    held_out : HeldOut
        ``answers`` and ``decisions``, one an image, of the first cross-validation.

    Notes
    -----
    The scores estimate what this way of learning reaches, on average, with training sets of this size. The AUC compares
    used and unused images of the same fold only, since each fold has its own rule and its own scale.

    The intervals of `membership_scores` take the answers' rule as fixed. A learnt rule depends on the same images that
    it is judged on, which raises the variance of its score up to twofold: there is no other source when an effect is
    strong, and the variance doubles when there is none (each pair of images then counts as training and test image, and
    as test and training image, with the same result). The variance is estimated by 20 random cuts of the groups into
    two halves, each cross-validated by itself, as half the mean square of their difference (the conservative estimate
    of Nadeau and Bengio), scaled to the full size. It widens the interval of `membership_scores` by a factor between 1
    and the square root of 2; the larger where a class has fewer than six groups.

    ``python -m benchmarks.calibration`` measures the coverage of these intervals and of those of `membership_scores`.
    With ten patients a class, one image each, in 100 tables without effect (standard error 2 %), the intervals of AUC,
    kappa and accuracy covered 97, 99 and 98 % with a support vector machine (as a fixed rule: 91, 87 and 91 %), and 97,
    94 and 94 % with logistic regression (92, 93 and 94 %). They are wide then, 0.6 for the AUC: read the limits, not
    the value.

    The cost is ``n_splits * n_repeats`` fits, and ``40 * n_splits`` fits of half the size.

    References
    ----------
    Nadeau, Bengio, Inference for the generalization error, Machine Learning 52, 2003.
    Efron, Stein, The jackknife estimate of variance, Annals of Statistics 9(3), 1981.
    """
    check_count("cross_validated_scores", 1, n_repeats=n_repeats, n_bootstrap=n_bootstrap)
    check_share("cross_validated_scores", confidence=confidence)
    labels, codes = np.asarray(y), group_codes(groups, len(y))
    classes, y = np.unique(labels, return_inverse=True)
    scoring = (_Membership if is_membership(labels) else _Attribution)(len(classes))
    rng = np.random.default_rng(random_state)
    everything = np.arange(len(y))
    whole = [everything] * int(n_repeats)
    halves = _halves(y, codes, rng)
    parts = [*whole, *halves]
    cuts = [
        independent_folds(y[part], codes[part], n_splits=n_splits, random_state=int(rng.integers(2**31)))
        for part in parts
    ]
    results = Parallel(n_jobs=n_jobs, prefer="threads")(
        delayed(held_out)(estimator, take(X, part), labels[part], folds)
        for part, folds in zip(parts, cuts, strict=True)
    )
    encoded = [replace(result, answers=np.searchsorted(classes, result.answers)) for result in results]
    repeats, of_halves = encoded[: len(whole)], encoded[len(whole) :]

    values = scoring.values(y, codes, repeats)
    samples = scoring.resample(y, codes, repeats, n_bootstrap, rng)
    spread = _spread([scoring.values(y[p], codes[p], [r]) for p, r in zip(halves, of_halves, strict=True)])
    n_groups = int(codes.max()) + 1
    scores = {}
    for metric, value in values.items():
        widening = _widening(spread.get(metric, np.inf), samples[metric].var())
        scores[metric] = Score(value, *bounds(value, samples[metric], n_groups, confidence, widening))
    baselines = scoring.baselines(y, codes, n_bootstrap, confidence, rng)
    return Scores(scores, baselines, confidence, len(y), None if groups is None else n_groups), results[0]


def is_membership(y: NDArray[Any]) -> bool:
    """Whether labels are 0 (not used) and 1 (used), not the names or numbers of subsets."""
    return y.dtype.kind in "biuf" and set(np.unique(y).tolist()) <= {0, 1}


def _halves(y, codes, rng):
    """Return the positions of the halves of random cuts, one half after the other; none where halves are too small."""
    n_groups = np.unique(np.stack([codes, y]), axis=1)[1]
    if np.bincount(n_groups).min() < _FEWEST:
        return []
    cuts = (independent_folds(y, codes, n_splits=2, random_state=int(rng.integers(2**31))) for _ in range(_HALVINGS))
    return [half for (_, first), (_, second) in cuts for half in (first, second)]


def _spread(values):
    """Return the variance of each score at full size, from the scores of two halves after each other."""
    first, second = values[::2], values[1::2]
    return {
        metric: float(np.mean([(a[metric] - b[metric]) ** 2 for a, b in zip(first, second, strict=True)])) / 4
        for metric in (values[0] if values else ())
    }


def _widening(learnt, fixed):
    """Return the factor on the standard error of a fixed rule, from both variances."""
    if fixed == 0:
        return 1.0
    return float(np.sqrt(np.clip(learnt / fixed, 1.0, _MOST)))


class _Membership:
    """Scores of used-or-not answers, averaged over repeated cross-validations."""

    def __init__(self, n_classes):
        pass

    def values(self, y, codes, repeats):
        wins = PairWins(y, codes, repeats)
        return scores_of_cells(self._table(y, codes, repeats).sum(axis=0)) | {"auc": wins.value()}

    def resample(self, y, codes, repeats, n_bootstrap, rng):
        counts = resample_counts(self._table(y, codes, repeats), PHANTOM, n_bootstrap, rng)
        return scores_of_cells(counts) | {"auc": PairWins(y, codes, repeats).resample(n_bootstrap, rng)}

    def baselines(self, y, codes, n_draws, confidence, rng):
        baselines = membership_baselines(tally(codes, 1 - y, 2), n_draws, confidence, rng)
        baselines["all used"]["auc"] = baselines["none used"]["auc"] = Score(0.5, 0.5, 0.5)
        baselines["random"]["auc"] = Score(0.5, *band(random_auc(y, codes, n_draws, rng), confidence))
        return baselines

    def _table(self, y, codes, repeats):
        return np.mean([tally(codes, 2 * (1 - y) + (1 - result.answers), 4) for result in repeats], axis=0)


class _Attribution:
    """Scores of which-subset answers, averaged over repeated cross-validations."""

    def __init__(self, n_classes):
        self.shape, self.real = (n_classes, n_classes), np.ones(n_classes, dtype=bool)

    def values(self, y, codes, repeats):
        confusion = self._table(y, codes, repeats).sum(axis=0).reshape(self.shape)
        return {metric: float(value) for metric, value in scores_of_confusion(confusion, self.real).items()}

    def resample(self, y, codes, repeats, n_bootstrap, rng):
        phantom = phantom_answers(self.real).ravel()
        counts = resample_counts(self._table(y, codes, repeats), phantom, n_bootstrap, rng)
        return scores_of_confusion(counts.reshape(-1, *self.shape), self.real)

    def baselines(self, y, codes, n_draws, confidence, rng):
        return attribution_baselines(tally(codes, y, len(self.real)), self.real, n_draws, confidence, rng)

    def _table(self, y, codes, repeats):
        k = len(self.real)
        return np.mean([tally(codes, y * k + result.answers, k * k) for result in repeats], axis=0)
