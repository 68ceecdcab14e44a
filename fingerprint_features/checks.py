"""Checks of parameters and names, with one wording: which parameter, of what, must be what, and what came instead.

Checks that take an `owner` read the parameter from an estimator; the others take a function's name and its values.
Nothing heavy is imported: listing extractors and recipes needs this module.
"""

import difflib
import math
from collections.abc import Iterable
from numbers import Integral, Real
from typing import Any, NoReturn

# ---- parameters of an estimator -----------------------------------------------------------------------------


def check_int(owner: object, name: str, low: int, high: int | None = None) -> None:
    """Require an int parameter in [low, high]."""
    _check_number(owner, name, Integral, "an int", low, high, closed=True)


def check_real(
    owner: object, name: str, low: float | None = None, high: float | None = None, closed: bool = True
) -> None:
    """Require a finite real parameter between low and high (`closed`: bounds included)."""
    _check_number(owner, name, Real, "a float", low, high, closed)


def check_option(owner: object, name: str, options: Iterable[Any]) -> None:
    """Require a parameter that is one of the given values."""
    value, options = getattr(owner, name), list(options)
    if not any(value is option or (isinstance(value, str) and value == option) for option in options):
        fail(owner, name, _one_of(options))


def check_pair(owner: object, name: str, low: int = 1) -> None:
    """Require (rows, columns), two ints of at least `low`."""
    value = getattr(owner, name)
    if not isinstance(value, (tuple, list)) or len(value) != 2 or not all(_in_range(v, Integral, low) for v in value):
        fail(owner, name, f"a pair of ints >= {low}")


def check_n_jobs(owner: object) -> None:
    """Require that the parameter `n_jobs` is None or an int that is not 0."""
    if owner.n_jobs is not None and not (_in_range(owner.n_jobs, Integral) and owner.n_jobs != 0):
        fail(owner, "n_jobs", "None or an int that is not 0")


def as_tuple(
    owner: object,
    name: str,
    of: type = Real,
    low: float | None = None,
    high: float | None = None,
    closed: bool = True,
) -> tuple[Any, ...]:
    """Return a parameter that is one number or a non-empty sequence of distinct numbers, as a tuple."""
    value = getattr(owner, name)
    values = (value,) if isinstance(value, Real) else value.tolist() if hasattr(value, "tolist") else value
    good = isinstance(values, (tuple, list)) and len(values) > 0
    if not good or not all(_in_range(item, of, low, high, closed) for item in values):
        kind = "int" if of is Integral else "float"
        fail(owner, name, f"one {kind} or several{_bounds(low, high, closed)}")
    if len({float(item) for item in values}) < len(values):
        fail(owner, name, "without repetitions")
    return tuple(int(item) if float(item).is_integer() else float(item) for item in values)


def fail(owner: object, name: str, requirement: str) -> NoReturn:
    """Raise the ValueError of a bad parameter."""
    raise _wrong(type(owner).__name__, name, requirement, getattr(owner, name))


# ---- parameters of a function -------------------------------------------------------------------------------


def check_count(function: str, low: int = 0, **values: Any) -> None:
    """Require that every value is an int of at least `low`."""
    for name, value in values.items():
        if not _in_range(value, Integral, low):
            raise _wrong(function, name, f"an int >= {low}", value)


def check_number(function: str, low: float, high: float | None = None, **values: Any) -> None:
    """Require that every value is a finite number from `low` to `high`."""
    for name, value in values.items():
        if not _in_range(value, Real, low, high):
            raise _wrong(
                function, name, f"a number >= {low}" if high is None else f"a number in [{low}, {high}]", value
            )


def check_share(function: str, **values: Any) -> None:
    """Require that every value is a number strictly between 0 and 1."""
    for name, value in values.items():
        if not _in_range(value, Real, 0, 1, closed=False):
            raise _wrong(function, name, "a number between 0 and 1, both excluded", value)


def check_choice(function: str, choices: Iterable[Any], **values: Any) -> None:
    """Require that every value is one of the choices."""
    choices = list(choices)
    for name, value in values.items():
        if value not in choices:
            raise _wrong(function, name, _one_of(choices), value)


# ---- names --------------------------------------------------------------------------------------------------


def closest(word: object, known: Iterable[str], n: int = 1, cutoff: float = 0.6) -> list[str]:
    """Return up to `n` known names that look like a word, the most similar first."""
    return difflib.get_close_matches(str(word), list(known), n=n, cutoff=cutoff)


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """Return ``"did you mean 'gabor'? "`` with the closest known name, or nothing where none is close."""
    close = closest(word, known)
    return f"did you mean {close[0]!r}? " if close else ""


def _check_number(owner, name, of, kind, low, high, closed):
    if not _in_range(getattr(owner, name), of, low, high, closed):
        fail(owner, name, kind + _bounds(low, high, closed))


def _in_range(value, of, low=None, high=None, closed=True):
    if not isinstance(value, of) or isinstance(value, bool) or not math.isfinite(value):
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


def _one_of(options):
    return "one of " + ", ".join(map(repr, options))


def _wrong(owner, name, requirement, value):
    return ValueError(f"the {name!r} parameter of {owner} must be {requirement}. Got {value!r} instead.")
