"""Which parameters of ReferenceSimilarity go together."""

from ..extractors.params import check_int, check_option, fail
from ..similarity import METRICS
from .null import NULLS
from .reductions import CALIBRATED, COMPETING, REDUCTIONS


def check_params(estimator, reductions):
    """Raise ValueError for a parameter out of its range, and for parameters that contradict each other."""
    if not reductions or not all(isinstance(name, str) and name in REDUCTIONS for name in reductions):
        fail(estimator, "reduce", f"one or several of {', '.join(map(repr, REDUCTIONS))}")
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
    check_option(estimator, "diag", ("exclude", "row_mean"))
    check_option(estimator, "fit_features", ("x", "reference", "both"))
    check_int(estimator, "k", 1)
    if estimator.features is not None and isinstance(estimator.metric, str) and estimator.metric == "ssim":
        fail(estimator, "features", "None with metric='ssim', which compares the images themselves")
    _check_sets(estimator, reductions)


def _check_sets(estimator, reductions):
    """Raise for rules that need a set which was not given."""
    calibrated = [name for name in reductions if name in CALIBRATED]
    if calibrated and estimator.holdout is None:
        raise ValueError(f"reduce={calibrated} needs real images that were not used: pass holdout=, e.g. 'unused'")
    counting = [name for name in reductions if name in COMPETING]
    if counting and (estimator.reference is None or estimator.against != "reference"):
        raise ValueError(f"reduce={counting} counts over a reference: pass reference=, and against='reference'")
    if estimator.reference is None and estimator.against == "both":
        raise ValueError("against='both' needs a second set: pass reference=")
    if estimator.reference is None and isinstance(estimator.null, str) and estimator.null != "self":
        raise ValueError(f"null={estimator.null!r} needs a second set: pass reference=")
