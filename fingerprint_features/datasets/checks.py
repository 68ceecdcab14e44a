"""The wording of complaints about parameters."""

from numbers import Integral, Real


def check_count(function, low=0, **values):
    """Raise unless every value is an int of at least `low`."""
    for name, value in values.items():
        if not isinstance(value, Integral) or isinstance(value, bool) or value < low:
            raise _wrong(function, name, f"an int >= {low}", value)


def check_number(function, low, high=None, **values):
    """Raise unless every value is a finite number from `low` to `high`."""
    for name, value in values.items():
        if not isinstance(value, Real) or not low <= value < float("inf") or (high is not None and value > high):
            expected = f"a number >= {low}" if high is None else f"a number in [{low}, {high}]"
            raise _wrong(function, name, expected, value)


def check_choice(function, choices, **values):
    """Raise unless every value is one of the choices."""
    for name, value in values.items():
        if value not in choices:
            raise _wrong(function, name, " or ".join(map(repr, choices)), value)


def _wrong(function, name, expected, value):
    return ValueError(f"the {name!r} parameter of {function} must be {expected}. Got {value!r} instead.")
