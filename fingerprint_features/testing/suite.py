"""The suite: which checks an extractor gets, and the ways to run them."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import update_wrapper
from typing import Any
from unittest import SkipTest

from ..extractors.base import BaseExtractor
from .case import Case
from .checks import columns, forms, identity, parameters, rows, scikit, state


def extractor_checks(
    extractor: BaseExtractor, *, tolerance: float = 0.0
) -> Iterator[tuple[str, Callable[[BaseExtractor], None]]]:
    """Yield the checks that an extractor must pass, chosen by what it declares.

    Parameters
    ----------
    extractor : BaseExtractor
        An instance. ``_stateful`` and ``_mode`` decide which checks apply. Parameters that differ from their
        defaults, and several instances of one class, make the suite see more.
    tolerance : float, default=0.0
        Largest difference between two rows that ought to be one, as a share of the row's norm. 0 means
        bitwise; networks, whose sums depend on the batch, need about 1e-4.

    Yields
    ------
    name : str
        The fact that the check holds.
    check : callable
        ``check(extractor)`` raises AssertionError when the extractor fails, unittest.SkipTest when a library
        it needs is absent. The extractor is cloned, never touched.

    Examples
    --------
    >>> from fingerprint_features import ImageStats
    >>> checks = dict(extractor_checks(ImageStats()))
    >>> checks["permuted_images_give_permuted_rows"](ImageStats())
    """
    if not isinstance(extractor, BaseExtractor):
        raise TypeError(f"the suite checks instances of BaseExtractor, e.g. LBP(). Got {extractor!r} instead.")
    themes = [columns, rows, forms, parameters, identity, scikit]
    checks = [check for theme in themes for check in theme.CHECKS]
    checks += forms.RGB if extractor._mode == "rgb" else forms.GRAY
    if extractor._stateful:
        checks += state.STATEFUL + identity.STATEFUL
    else:
        checks += state.STATELESS + rows.STATELESS + scikit.STATELESS
    for check in checks:
        yield check.__name__, _with_case(check, tolerance)


def check_extractor(extractor: BaseExtractor, *, tolerance: float = 0.0) -> list[str]:
    """Run every check on an extractor and report all that fail at once.

    Parameters
    ----------
    extractor : BaseExtractor
    tolerance : float, default=0.0
        As for `extractor_checks`.

    Returns
    -------
    list of str
        The names of the checks that passed.

    Raises
    ------
    ExceptionGroup
        Holding one error for each check that fails.

    See Also
    --------
    parametrize_with_extractor_checks : One pytest test for each check.

    Examples
    --------
    >>> from fingerprint_features import ImageStats
    >>> len(check_extractor(ImageStats())) > 30
    True
    """
    passed, errors = [], []
    for name, check in extractor_checks(extractor, tolerance=tolerance):
        try:
            check(extractor)
        except SkipTest:
            continue
        except Exception as error:
            error.add_note(f"in the check {name}")
            errors.append(error)
        else:
            passed.append(name)
    if errors:
        raise ExceptionGroup(f"{extractor!r} fails {len(errors)} of {len(errors) + len(passed)} checks", errors)
    return passed


def parametrize_with_extractor_checks(
    extractors: Sequence[BaseExtractor],
    expected_failures: Mapping[str, Mapping[str, str]] | None = None,
    *,
    tolerance: float = 0.0,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Make one pytest test of each extractor and check.

    Parameters
    ----------
    extractors : list of BaseExtractor
        Instances.
    expected_failures : dict, default=None
        ``{"ClassName": {"name_of_a_check": "a sentence that says why"}}``. The tests are marked as strict
        expected failures: one that passes fails the run. A class or check that does not exist raises.
    tolerance : float, default=0.0
        As for `extractor_checks`.

    Returns
    -------
    decorator
        For a test function with the arguments ``extractor`` and ``check``.

    Examples
    --------
    >>> from fingerprint_features import ImageStats
    >>> @parametrize_with_extractor_checks([ImageStats()])
    ... def test_conformance(extractor, check):
    ...     check(extractor)
    """
    import pytest

    reasons = {kind: dict(checks) for kind, checks in (expected_failures or {}).items()}
    used, cases = set(), []
    for extractor in extractors:
        kind, label = type(extractor).__name__, " ".join(repr(extractor).split())
        for name, check in extractor_checks(extractor, tolerance=tolerance):
            reason = reasons.get(kind, {}).get(name)
            marks = [pytest.mark.xfail(reason=reason, strict=True)] if reason else []
            used.add((kind, name))
            cases.append(pytest.param(extractor, check, marks=marks, id=f"{label}-{name}"))
    unknown = [f"{kind}: {name}" for kind, checks in reasons.items() for name in checks if (kind, name) not in used]
    if unknown:
        raise ValueError(f"expected_failures names what is not checked: {', '.join(unknown)}")
    return pytest.mark.parametrize(("extractor", "check"), cases)


def _with_case(check, tolerance):
    def run(extractor):
        check(Case(extractor, tolerance))

    return update_wrapper(run, check)
