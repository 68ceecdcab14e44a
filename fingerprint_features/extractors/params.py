"""Parameter checks with scikit-learn's wording: which parameter, of what, must be what, and what came instead."""

from numbers import Integral, Real

import numpy as np


def check_int(owner, name, low, high=None):
    """Require an int parameter in [low, high]."""
    _check_number(owner, name, Integral, "an int", low, high, closed=True)


def check_real(owner, name, low=None, high=None, closed=True):
    """Require a finite real parameter between low and high (`closed`: bounds included)."""
    _check_number(owner, name, Real, "a float", low, high, closed)


def check_option(owner, name, options):
    """Require a parameter that is one of the given values."""
    value = getattr(owner, name)
    if not any(value is option or (isinstance(value, str) and value == option) for option in options):
        fail(owner, name, "one of " + ", ".join(map(repr, options)))


def as_tuple(owner, name, of=Real, low=None, high=None, closed=True):
    """Return a parameter that is one number or a non-empty sequence of distinct numbers, as a tuple."""
    value = getattr(owner, name)
    values = (value,) if isinstance(value, Real) else value
    good = isinstance(values, (tuple, list, np.ndarray)) and len(values) > 0
    if not good or not all(_in_range(item, of, low, high, closed) for item in values):
        kind = "int" if of is Integral else "float"
        fail(owner, name, f"one {kind} or several{_bounds(low, high, closed)}")
    if len({float(item) for item in values}) < len(values):
        fail(owner, name, "without repetitions")
    return tuple(int(item) if float(item).is_integer() else float(item) for item in values)


def check_pair(owner, name, low=1):
    """Require (rows, columns), two ints of at least `low`."""
    value = getattr(owner, name)
    if not isinstance(value, (tuple, list)) or len(value) != 2 or not all(_in_range(v, Integral, low) for v in value):
        fail(owner, name, f"a pair of ints >= {low}")


def fail(owner, name, requirement):
    """Raise the error of a bad parameter."""
    kind = type(owner).__name__
    raise ValueError(f"the {name!r} parameter of {kind} must be {requirement}. Got {getattr(owner, name)!r} instead.")


def _check_number(owner, name, of, kind, low, high, closed):
    if not _in_range(getattr(owner, name), of, low, high, closed):
        fail(owner, name, kind + _bounds(low, high, closed))


def _in_range(value, of, low=None, high=None, closed=True):
    if not isinstance(value, of) or isinstance(value, (bool, np.bool_)) or not -np.inf < value < np.inf:
        return False
    if closed:
        return (low is None or value >= low) and (high is None or value <= high)
    return (low is None or value > low) and (high is None or value < high)


def _bounds(low, high, closed):
    if low is None and high is None:
        return ""
    left, right = ("[", "]") if closed else ("(", ")")
    start = "(-inf" if low is None else f"{left}{low:g}"
    end = "inf)" if high is None else f"{high:g}{right}"
    return f" in {start}, {end}"
