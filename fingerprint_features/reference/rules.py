"""Checks of the parameters of ReferenceSimilarity, each alone and all together."""

import os
from typing import Any

from ..cache import FeatureCache
from ..checks import check_int, check_n_jobs, check_option, fail
from ..similarity import METRICS, REDUCTIONS
from .columns import COLUMNS, need
from .null import NULLS


def check_params(estimator: Any, reductions: list[str]) -> None:
    """Raise ValueError for a parameter out of its range, and for parameters that contradict each other.

    Parameters
    ----------
    estimator : ReferenceSimilarity
    reductions : list of str
        Empty for ``reduce=None``.
    """
    known = all(isinstance(name, str) and name in COLUMNS for name in reductions)
    if not known or (not reductions and estimator.reduce is not None):
        fail(estimator, "reduce", f"None, one or several of {', '.join(map(repr, COLUMNS))}")
    if len(set(reductions)) < len(reductions):
        fail(estimator, "reduce", "without repetitions")
    if not callable(estimator.metric):
        check_option(estimator, "metric", tuple(METRICS))
    if isinstance(estimator.null, str):
        check_option(estimator, "null", NULLS)
    if isinstance(estimator.holdout, str):
        check_option(estimator, "holdout", (None, "unused"))
    check_option(estimator, "against", ("reference", "self", "both"))
    check_option(estimator, "standardize", (None, "max", "zscore", "mean"))
    check_option(estimator, "null_of", ("pairs", "reduced"))
    check_option(estimator, "diag", ("exclude", "row_mean"))
    check_option(estimator, "fit_features", ("x", "reference", "both", "rivals"))
    check_int(estimator, "k", 1)
    if estimator.features is not None and isinstance(estimator.metric, str) and estimator.metric == "ssim":
        fail(estimator, "features", "None with metric='ssim', which compares the images themselves")
    check_n_jobs(estimator)
    check_option(estimator, "progress", (True, False))
    _check_cache(estimator)
    _check_sets(estimator, reductions)
    if estimator.null_of == "reduced":
        _check_reduced_null(estimator, reductions)


def _check_cache(estimator: Any) -> None:
    if estimator.cache is None:
        return
    if not isinstance(estimator.cache, (str, os.PathLike, FeatureCache)):
        fail(estimator, "cache", "None, a path or a FeatureCache")
    if estimator.metric != "ssim":
        fail(estimator, "cache", "None unless metric='ssim': give it to features=FeaturePipeline(..., cache=...)")


def _check_reduced_null(estimator, reductions):
    """Raise for reductions whose value among unrelated images cannot be measured."""
    if not (estimator.null is None or isinstance(estimator.null, str)):
        raise ValueError("null_of='reduced' reduces whole rows: take null='self', 'cross', 'reference' or 'both'")
    others = [name for name in reductions if COLUMNS[name].standardized is not None and name not in REDUCTIONS]
    if others or not reductions:
        raise ValueError(f"null_of='reduced' is for reduce of {sorted(REDUCTIONS)}, not for {others or None}")


def _check_sets(estimator, reductions):
    """Raise for rules that need a set which was not given."""
    calibrated = need(reductions, "holdout")
    if calibrated and estimator.holdout is None:
        raise ValueError(f"reduce={calibrated} needs real images that were not used: pass holdout=, e.g. 'unused'")
    counting = need(reductions, "competition", "rivals")
    _check_rivals(estimator, counting)
    if counting and (estimator.reference is None or estimator.against != "reference"):
        raise ValueError(f"reduce={counting} counts over a reference: pass reference=, and against='reference'")
    if estimator.reduce is None and (estimator.reference is None or estimator.against != "reference"):
        raise ValueError("reduce=None lists the similarities to a reference: pass reference=, and against='reference'")
    if estimator.reference is None and estimator.against == "both":
        raise ValueError("against='both' needs a second set: pass reference=")
    if estimator.reference is None and isinstance(estimator.null, str) and estimator.null != "self":
        raise ValueError(f"null={estimator.null!r} needs a second set: pass reference=")


def _check_rivals(estimator, counting):
    """Raise for rivals that nothing needs, and where features are to learn from rivals that were not given."""
    from_rivals = estimator.fit_features == "rivals"
    if from_rivals and estimator.rivals is None:
        raise ValueError("fit_features='rivals' needs real images to learn from: pass rivals=")
    if estimator.rivals is not None and not counting and not from_rivals:
        among = [name for name in COLUMNS if need([name], "competition", "rivals")]
        raise ValueError(f"rivals= compete in reduce={among} and nowhere else: leave them out, or choose one of these")


def check_places(estimator: Any, n_competing: int) -> None:
    """Raise if every image would have every place that a reference image gives."""
    counting = [name for name in need(estimator._names(), "competition") if COLUMNS[name].uses_k]
    if counting and estimator.k > n_competing:
        raise ValueError(
            f"reduce={counting} with k={estimator.k} gives {estimator.k} places for each reference image, and only "
            f"{n_competing} different images compete, n_samples = {n_competing}: all would have all. Choose a smaller k"
        )


def check_exchangeable(estimator: Any) -> None:
    """Raise if the columns of a fitted estimator cannot be had with another reference."""
    if estimator.reduce is None:
        raise ValueError(
            "ReferenceSimilarity(reduce=None) has one column for each image of its reference, and what was learnt "
            "from them does not fit the columns of another one: choose a reduction, e.g. 'max'"
        )
    if estimator.against == "self":
        raise ValueError(
            "ReferenceSimilarity(against='self') compares X with the X of fit, so another reference changes "
            "nothing: take against='reference' or 'both'"
        )
