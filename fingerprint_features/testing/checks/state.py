"""State: what is learnt in fit, or that nothing is."""

from sklearn.exceptions import NotFittedError


def transform_needs_no_fit(case):
    """A stateless extractor works at once, and `fit` adds nothing to it."""
    unfitted = case.fresh()
    before = set(vars(unfitted))
    case.expect_same(unfitted.transform(case.pictures), case.rows(), "fit changes the rows of a stateless extractor")
    added = set(vars(case.fitted())) - before
    case.expect(not added, f"fit set {sorted(added)}: an extractor that learns declares _stateful = True")


def unfitted_use_is_refused(case):
    """A stateful extractor says that it must be fitted."""
    for method in ("transform", "get_feature_names_out"):
        use = getattr(case.fresh(), method)
        case.expect_error(NotFittedError, "fit", lambda use=use: use(case.pictures), f"{method} before fit")


def fit_forgets_the_fit_before(case):
    """Fitting again equals fitting a new extractor."""
    again = case.fitted(case.others.swapaxes(1, 2)).fit(case.pictures)
    case.expect_same(again.transform(case.pictures), case.rows(), "fit depends on an earlier fit")


STATELESS = [transform_needs_no_fit]
STATEFUL = [unfitted_use_is_refused, fit_forgets_the_fit_before]
