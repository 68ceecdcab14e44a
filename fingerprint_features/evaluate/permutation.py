"""Is any of these methods better than chance? Labels shuffled by patient, corrected for the number of methods tried."""

from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.stats import rankdata

from ..checks import check_count, check_share
from .checks import as_binary, as_scores, group_codes
from .counts import confusion_scores
from .intervals import blocks
from .permuted import PermutationResult, detectable_statistic, max_t
from .shuffles import count_shuffles, group_labels, shuffled, size_strata


def permutation_test(
    y_true: ArrayLike,
    predictions: ArrayLike | Mapping[str, ArrayLike] | Any,
    *,
    statistic: str | Callable[..., float] = "kappa",
    groups: Sequence[Hashable] | ArrayLike | None = None,
    n_permutations: int = 999,
    confidence: float = 0.95,
    random_state: int | np.random.Generator | None = 0,
) -> PermutationResult:
    """Test whether answers or scores of a fixed rule beat chance, by shuffling the labels of whole patients.

    The rule must not have learnt from these images. With held-out answers of a cross-validation this test rejects 8 to
    12 % of true null hypotheses at 5 %; `refit_permutation_test` is for those.

    Parameters
    ----------
    y_true : array of shape (n_images,)
        The truth: 1 (or True) for used, 0 (or False) for not used. Any labels when `statistic` is a callable.
    predictions : array of shape (n_images,) or (n_images, n_methods), mapping or frame
        Answers (for "kappa") or continuous scores (for "auc"), of one method or of all methods tried: columns, or
        ``{name: array}``. Leave none out that was tried and dropped; that is what the correction is for.
    statistic : "kappa", "auc" or callable, default="kappa"
        ``statistic(y_true, prediction)`` returns a finite float, larger = better.
    groups : sequence of shape (n_images,), default=None
        The patients. All images of one must have one label. None treats every image as its own patient.
    n_permutations : int, default=999
        Number of shuffles; no p-value is below ``1 / (n_permutations + 1)``.
    confidence : float, default=0.95
        1 minus the error rate at which a method counts as detected.
    random_state : int, Generator or None, default=0
        Seed of the shuffles.

    Returns
    -------
    PermutationResult

    Notes
    -----
    ``p = (1 + number of shuffles that do as well) / (1 + n_permutations)``, one-sided: the
    direction of a method is fixed beforehand.

    The corrected p-value compares a method with the best of all methods in every shuffle (maxT, single step), each on
    the scale of its own spread under shuffling. It keeps the chance of any false detection at 5 %, even when
    the methods depend on each other. A method that never varies has p = 1.

    Labels are shuffled among patients of similar size only: 1, 2, 3, 4, 5-6, 7-9, 10-13, 14-19 ... images. A kappa of
    images depends on the sizes of the used patients, so that shuffles among all sizes have the wrong spread where size
    goes with the label. True null hypotheses rejected at 5 % (kappa, correlated images, 1000 samples a line,
    ``python -m benchmarks.calibration``):

    ==============================  ============================  =================================  =======
    used patients                   unused patients               shuffled among all sizes           here
    ==============================  ============================  =================================  =======
    2 of 10 images                  8 of 1 image                  12.8 %                             0 %
    8 of 1 image                    2 of 10 images                11.7 %                             0 %
    5 of 6 images                   20 of 4 images                8.1 %                              0 %
    12 of 2 to 9 images             24 of 1 to 9 images           5.4 %                              3.9 %
    ==============================  ============================  =================================  =======

    In the first three lines no label can move to a patient of similar size. Nothing can be detected then, and the
    conclusion says so.

    A patient with both used and unused images has no label to shuffle, and shuffling inside the patient would take
    similar neighbouring slices for independent: that raises.

    See Also
    --------
    refit_permutation_test : The same for a rule that learns from these images.

    References
    ----------
    Westfall, Young, Resampling-based multiple testing, Wiley 1993.
    Phipson, Smyth, Permutation p-values should never be zero, Statistical Applications in Genetics 9(1), 2010.

    Examples
    --------
    >>> y = [1] * 10 + [0] * 10
    >>> result = permutation_test(y, {"good": y, "constant": [1] * 20})
    >>> result.p_corrected
    array([0.001, 1.   ])
    >>> permutation_test([1, 0, 0, 0], [1, 0, 0, 0], groups=["ann", "ann", "bo", "bo"])
    Traceback (most recent call last):
    ValueError: 1 group holds images of several labels ('ann'), so no label can be shuffled as a whole: ...
    """
    named = isinstance(statistic, str)
    if not callable(statistic) and not (named and statistic in _STATISTICS):
        raise ValueError(f"statistic must be 'kappa', 'auc' or a callable. Got {statistic!r} instead.")
    check_count("permutation_test", 1, n_permutations=n_permutations)
    check_share("permutation_test", confidence=confidence)
    y_true = as_binary(y_true, "y_true") if named else np.asarray(y_true)
    methods, columns = _columns(predictions, len(y_true))
    codes = group_codes(groups, len(y_true))
    labels, strata = group_labels(y_true, codes, groups), size_strata(codes)
    rng = np.random.default_rng(random_state)

    evaluate = _STATISTICS[statistic](columns, codes) if named else _Callable(statistic, columns, codes)
    null = np.empty((1 + n_permutations, len(methods)))
    null[0] = evaluate(labels[None])[0]
    rows = null[1:]
    for block in blocks(n_permutations, len(y_true)):
        rows[block] = evaluate(shuffled(labels, strata, len(rows[block]), rng))
    if not np.isfinite(null).all():
        raise ValueError("the statistic is not finite for every shuffle of the labels: return 0 where it is undefined")

    p_values, p_corrected = max_t(null)
    return PermutationResult(
        methods=methods,
        statistic=statistic if named else getattr(statistic, "__name__", "statistic"),
        values=null[0].copy(),
        p_values=p_values,
        p_corrected=p_corrected,
        detectable=detectable_statistic(null, confidence),
        confidence=confidence,
        n_permutations=int(n_permutations),
        n_groups=len(labels),
        n_shuffles=count_shuffles(labels, strata),
        n_strata=len(strata),
    )


def _columns(predictions, n):
    """Return the methods' names and their predictions, as a list of columns."""
    if hasattr(predictions, "keys") and not hasattr(predictions, "ndim"):
        names, columns = list(predictions), [np.asarray(column) for column in predictions.values()]
    elif hasattr(predictions, "columns"):
        names = list(predictions.columns)
        columns = [np.asarray(predictions[name]) for name in names]
    else:
        table = np.asarray(predictions)
        table = table[:, None] if table.ndim == 1 else table
        if table.ndim != 2:
            raise ValueError(f"predictions must be one column or one column a method. Got shape {table.shape} instead.")
        columns = list(table.T)
        names = ["prediction"] if len(columns) == 1 else [f"method {i}" for i in range(len(columns))]
    if not columns:
        raise ValueError("predictions holds no method")
    for name, column in zip(names, columns, strict=True):
        if column.shape != (n,):
            raise ValueError(f"y_true has {n} labels, but {name!r} among the predictions has shape {column.shape}")
    return tuple(map(str, names)), columns


class _Kappa:
    """Cohen's kappa of (n_shuffles, n_groups) labels against every method at once."""

    def __init__(self, columns, codes):
        called = [as_binary(column, "predictions", 'continuous scores need statistic="auc"') for column in columns]
        self.sizes = np.bincount(codes).astype(np.float64)
        self.called = np.stack([np.bincount(codes, weights=column) for column in called], axis=1)

    def __call__(self, labels):
        tp = labels @ self.called
        used = (labels @ self.sizes)[:, None]
        total = self.called.sum(axis=0)
        return confusion_scores(tp, total - tp, used - tp, self.sizes.sum() - used - total + tp)["kappa"]


class _AUC:
    """Area under the ROC curve of (n_shuffles, n_groups) labels against every method at once, from rank sums."""

    def __init__(self, columns, codes):
        ranks = [rankdata(as_scores(column, "predictions")) for column in columns]
        self.sizes = np.bincount(codes).astype(np.float64)
        self.ranks = np.stack([np.bincount(codes, weights=column) for column in ranks], axis=1)

    def __call__(self, labels):
        used = (labels @ self.sizes)[:, None]
        return (labels @ self.ranks - used * (used + 1) / 2) / (used * (self.sizes.sum() - used))


class _Callable:
    """Any statistic, one shuffle and one method at a time."""

    def __init__(self, statistic, columns, codes):
        self.statistic, self.columns, self.codes = statistic, columns, codes

    def __call__(self, labels):
        return np.array([[self.statistic(row[self.codes], column) for column in self.columns] for row in labels])


_STATISTICS = {"kappa": _Kappa, "auc": _AUC}
