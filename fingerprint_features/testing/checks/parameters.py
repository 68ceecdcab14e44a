"""Parameters: stored as given, checked when used, and free to change at any time."""

import inspect

import numpy as np
from sklearn.base import clone

from ...cache.identity import extractor_token


def init_stores_its_parameters_and_nothing_else(case):
    """Constructing does no work: no check, no conversion, no derived attribute."""
    kind = type(case.extractor)
    given = {name: object() for name in case.extractor.get_params(deep=False)}
    try:
        made = vars(kind(**given))
    except Exception as error:
        case.expect(False, f"__init__ does more than store its parameters: {error!r}. Check them in _check_params")
    for name, value in given.items():
        case.expect(made.get(name) is value, f"__init__ must store {name!r} as it is given")
    case.expect(made.keys() == given.keys(), f"__init__ must not set {sorted(made.keys() - given.keys())}")


def get_params_lists_the_constructor(case):
    """Every argument of ``__init__`` is a parameter that `get_params` returns."""
    arguments = inspect.signature(type(case.extractor)).parameters
    params = case.extractor.get_params(deep=False)
    case.expect(set(params) == set(arguments), f"get_params gives {sorted(params)}, __init__ takes {sorted(arguments)}")
    for name in case.extractor._runtime_params:
        case.expect(name in params, f"_runtime_params names {name!r}, which is no parameter")


def bad_parameters_raise_when_fitted(case):
    """A senseless value of any parameter is refused by `fit`, and the error names the parameter."""
    for name in case.extractor.get_params(deep=False):
        senseless = case.fresh(**{name: object()})
        case.expect_error(
            (ValueError, TypeError), name, lambda e=senseless: e.fit(case.pictures), f"fit with bad {name!r}"
        )


def bad_parameters_raise_when_used(case):
    """So it is by `transform`, for parameters set after `fit`."""
    for name in case.extractor.get_params(deep=False):
        senseless = case.fitted().set_params(**{name: object()})
        why = f"transform with bad {name!r}"
        case.expect_error((ValueError, TypeError), name, lambda e=senseless: e.transform(case.pictures), why)


def set_params_equals_a_fresh_object(case):
    """Names, width, values and token depend on the parameters as they are now."""
    for params in case.variants():
        used = case.fitted()
        used.transform(case.pictures)
        used.set_params(**params)
        fresh = clone(case.fresh(**params))
        if case.stateful:
            used.fit(case.pictures)
            fresh.fit(case.pictures)
        what = "set_params(" + ", ".join(f"{key}={value!r}" for key, value in params.items()) + ") on a used extractor"
        names = list(used.get_feature_names_out()), list(fresh.get_feature_names_out())
        case.expect(names[0] == names[1], f"{what} leaves the names of the old parameters")
        rows = used.transform(case.pictures), fresh.transform(case.pictures)
        case.expect_same(*rows, f"{what} leaves the values of the old parameters")
        case.expect(extractor_token(used) == extractor_token(fresh), f"{what} leaves the token of the old parameters")


def a_clone_of_a_used_extractor_is_new(case):
    """Cloning keeps the parameters and drops the rest."""
    used = case.fitted()
    used.transform(case.pictures)
    copy = clone(used)
    case.expect(vars(copy).keys() == vars(case.fresh()).keys(), "a clone keeps attributes that are no parameters")
    case.expect_same(copy.fit(case.pictures).transform(case.pictures), case.rows(), "a clone gives other rows")


def use_leaves_the_parameters_alone(case):
    """Neither fit nor transform writes to a parameter."""
    extractor = case.fresh()
    before = extractor.get_params()
    extractor.fit(case.pictures)
    extractor.transform(case.pictures)
    for name, value in extractor.get_params().items():
        case.expect(value is before[name], f"using the extractor replaced its parameter {name!r}")
    copy, kept = case.fresh().get_params(deep=False), extractor.get_params(deep=False)
    same = all(
        np.array_equal(copy[k], kept[k]) if isinstance(kept[k], np.ndarray) else repr(copy[k]) == repr(kept[k])
        for k in kept
    )
    case.expect(same, "using the extractor changed a parameter in place")


CHECKS = [
    init_stores_its_parameters_and_nothing_else,
    get_params_lists_the_constructor,
    bad_parameters_raise_when_fitted,
    bad_parameters_raise_when_used,
    set_params_equals_a_fresh_object,
    a_clone_of_a_used_extractor_is_new,
    use_leaves_the_parameters_alone,
]
