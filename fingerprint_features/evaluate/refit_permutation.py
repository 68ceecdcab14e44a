"""Is a learnt rule better than chance? The rule is learnt again in every shuffle of the labels."""

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import Any

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import ArrayLike, NDArray
from tqdm.auto import tqdm

from ..checks import check_choice, check_count, check_share
from .checks import check_lengths, group_codes
from .groups import independent_folds
from .permuted import PermutationResult, detectable_statistic
from .refits import Folds, held_out, held_out_decisions
from .shuffles import count_shuffles, group_labels, shuffled, size_strata

_BATCH = 16  # shuffles at a time; the p-value does not depend on it
_PATIENCE = 2.0  # seconds before a progress bar appears


def refit_permutation_test(
    estimator: Any,
    X: Any,
    y: ArrayLike,
    *,
    groups: Sequence[Hashable] | ArrayLike | None = None,
    statistic: str = "auc",
    n_splits: int = 5,
    n_permutations: int = 199,
    confidence: float = 0.95,
    n_jobs: int | None = None,
    progress: bool = False,
    random_state: int | None = 0,
) -> PermutationResult:
    """Test whether a rule that learns from labels beats chance, by learning it again in every shuffle of the labels.

    Parameters
    ----------
    estimator : classifier, or mapping of str to classifier
        The unfitted rule, or all rules tried. Leave none out that was tried and dropped: the correction is for those.
    X : ImageSet, array, frame or list of length n_images
    y : array-like of shape (n_images,)
        The labels. The second of two classes in sorted order is "used".
    groups : sequence of shape (n_images,), default=None
        The patients, or what `independent_groups` returns. All images of one group must have one label. None makes
        every image its own group.
    statistic : {"auc", "kappa", "accuracy"}, default="auc"
        What is measured on held-out images. "auc" compares used and unused images of the same fold and needs two
        classes; the others count answers.
    n_splits : int, default=5
        Folds of the cross-validation; see `independent_folds`.
    n_permutations : int, default=199
        The largest number of shuffles.
    confidence : float, default=0.95
        1 minus the error rate at which a rule counts as detected.
    n_jobs : int or None, default=None
        Shuffles at a time. None is what ``joblib.parallel_config`` says. Never changes the result.
    progress : bool, default=False
        Whether to show a progress bar, when the test takes more than two seconds.
    random_state : int or None, default=0
        Seed of the folds and shuffles.

    Returns
    -------
    PermutationResult

    Notes
    -----
    A shuffle gives the labels of whole groups to other groups of similar size, splits by the shuffled labels, fits and
    asks, all as with the true labels. It thus has the spread that learning adds, which shuffling the labels of fixed
    held-out answers has not.

    The test costs at most ``n_splits * (1 + n_permutations)`` fits of each rule. It stops early when so many shuffles
    did as well as the true labels that the rule cannot be detected any more; the p-value is then (Besag and Clifford)
    this number by the number of shuffles made. Where nothing is found, that usually takes 20 to 40 shuffles.

    The corrected p-value compares a rule with the best of all rules in every shuffle (maxT).

    See Also
    --------
    permutation_test : The same for answers of a fixed rule, which has never seen the labels.
    judge_learnt : This test and intervals together.

    References
    ----------
    Besag, Clifford, Sequential Monte Carlo p-values, Biometrika 78(2), 1991.
    Ojala, Garriga, Permutation tests for studying classifier performance, JMLR 11, 2010.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.svm import SVC
    >>> rng = np.random.default_rng(1)
    >>> y = np.repeat([1, 0], 20)
    >>> result = refit_permutation_test(SVC(), rng.normal(size=(40, 3)), y)
    >>> result.conclusion("rule")[:12], result.n_permutations < 100
    ('not detected', True)
    """
    models = dict(estimator) if isinstance(estimator, Mapping) else {"rule": estimator}
    if not models:
        raise ValueError("estimator holds no rule")
    check_choice("refit_permutation_test", _STATISTICS, statistic=statistic)
    check_count("refit_permutation_test", 1, n_permutations=n_permutations)
    check_share("refit_permutation_test", confidence=confidence)
    y = np.asarray(y)
    check_lengths(X=X if hasattr(X, "__len__") else y, y=y)
    codes = group_codes(groups, len(y))
    labels, strata = group_labels(y, codes, groups), size_strata(codes)
    if statistic == "auc" and len(np.unique(labels)) > 2:
        raise ValueError('statistic="auc" needs two classes: take statistic="accuracy"')
    rng = np.random.default_rng(random_state)
    fold_seed = int(rng.integers(2**31))

    def score(shuffled_labels: NDArray[Any]) -> list[float]:
        truth = shuffled_labels[codes]
        folds = independent_folds(truth, codes, n_splits=n_splits, random_state=fold_seed)
        return [_STATISTICS[statistic](model, X, truth, folds) for model in models.values()]

    observed = np.array(score(labels))
    enough = math.ceil((1 - confidence) * (n_permutations + 1) - 1e-9)
    null = _shuffle_until(score, observed, labels, strata, n_permutations, enough, rng, n_jobs, progress)
    as_good, best_as_good = null >= observed - 1e-9, null.max(axis=1)[:, None] >= observed - 1e-9
    return PermutationResult(
        methods=tuple(map(str, models)),
        statistic=statistic,
        values=observed,
        p_values=_sequential_p(as_good, enough),
        p_corrected=_sequential_p(best_as_good, enough),
        detectable=detectable_statistic(null, confidence),
        confidence=confidence,
        n_permutations=len(null),
        n_groups=len(labels),
        n_shuffles=count_shuffles(labels, strata),
        n_strata=len(strata),
    )


def _shuffle_until(score, observed, labels, strata, n_permutations, enough, rng, n_jobs, progress):
    """Return (n_shuffles, n_rules) statistics; stop when every rule was matched by `enough` shuffles."""
    null = np.empty((0, len(observed)))
    with (
        Parallel(n_jobs=n_jobs, prefer="threads") as parallel,
        tqdm(total=n_permutations, unit="shuffle", delay=_PATIENCE, disable=not progress) as bar,
    ):
        while len(null) < n_permutations and ((null >= observed - 1e-9).sum(axis=0) < enough).any():
            batch = shuffled(labels, strata, min(_BATCH, n_permutations - len(null)), rng)
            null = np.vstack([null, parallel(delayed(score)(row) for row in batch)])
            bar.update(len(batch))
    return null


def _sequential_p(as_good, enough):
    """Return Besag and Clifford's p-value of each column: of (n_shuffles, n_rules), whether a shuffle does as well."""
    counts = as_good.cumsum(axis=0)
    reached = counts[-1] >= enough
    first = 1 + (counts >= enough).argmax(axis=0)
    return np.where(reached, enough / first, (1 + counts[-1]) / (1 + len(as_good)))


def _auc(model: Any, X: Any, y: NDArray[Any], folds: Folds) -> float:
    """Share of (used, unused) pairs of one fold that are ranked the right way, ties counting one half."""
    used = y == np.unique(y)[1]
    wins = pairs = 0.0
    for (_, test), decisions in zip(folds, held_out_decisions(model, X, y, folds), strict=True):
        of_used, of_unused = decisions[used[test]], np.sort(decisions[~used[test]])
        wins += sum(np.searchsorted(of_unused, of_used, side).sum() for side in ("left", "right")) / 2
        pairs += len(of_used) * len(of_unused)
    return float(wins / pairs) if pairs else 0.5


def _accuracy(model: Any, X: Any, y: NDArray[Any], folds: Folds) -> float:
    return float(np.mean(held_out(model, X, y, folds).answers == y))


def _kappa(model: Any, X: Any, y: NDArray[Any], folds: Folds) -> float:
    """Cohen's kappa of all folds together, for any number of classes."""
    answers = held_out(model, X, y, folds).answers
    classes, codes = np.unique(np.concatenate([y, answers]), return_inverse=True)
    truth, answers = codes.reshape(2, -1)
    shares = [np.bincount(column, minlength=len(classes)) / len(y) for column in (truth, answers)]
    expected = float(np.dot(*shares))
    return 0.0 if expected == 1 else (float(np.mean(truth == answers)) - expected) / (1 - expected)


_STATISTICS = {"auc": _auc, "kappa": _kappa, "accuracy": _accuracy}
