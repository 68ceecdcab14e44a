"""One extractor under test: fresh and fitted copies of it, other values of its parameters, and comparison of rows."""

from numbers import Integral, Real

import numpy as np
from sklearn.base import clone

from .pictures import make_pictures


class Case:
    """What every check is given.

    Parameters
    ----------
    extractor : BaseExtractor
        Never touched: checks work on clones.
    tolerance : float
        Largest difference between two rows that ought to be one, as a share of the row's norm; 0 means bitwise.
    """

    def __init__(self, extractor, tolerance):
        self.extractor = extractor
        self.tolerance = tolerance
        self.stateful = extractor._stateful
        self.pictures = make_pictures(extractor._mode)
        self.others = make_pictures(extractor._mode, seed=1)

    def fresh(self, **params):
        """Return an unused copy, with some parameters changed."""
        return clone(self.extractor).set_params(**params)

    def fitted(self, images=None, **params):
        """Return a copy fitted on `images`, by default the case's own pictures."""
        return self.fresh(**params).fit(self.pictures if images is None else images)

    def rows(self, images=None):
        """Return the rows of `images` from a copy fitted on the case's own pictures."""
        return self.fitted().transform(self.pictures if images is None else images)

    def variants(self):
        """Yield ``{parameter: other value}``, one parameter at a time, where the extractor accepts another value.

        Numbers, switches and sequences of numbers are varied, those of an extractor inside this one too; the
        words that a text parameter allows cannot be known from outside.
        """
        for name, value in self.extractor.get_params(deep=True).items():
            for other in _other_values(value):
                try:
                    self.fitted(**{name: other}).transform(self.pictures)
                except (ValueError, TypeError):
                    continue
                yield {name: other}
                break

    def expect(self, fact, words):
        """Raise AssertionError, in the extractor's name, unless `fact` holds."""
        if not fact:
            raise AssertionError(f"{type(self.extractor).__name__}: {words}")

    def expect_same(self, rows, expected, words):
        """Require equal rows: bitwise, or within the case's tolerance."""
        self.expect(rows.shape == expected.shape, f"{words}: got shape {rows.shape} and {expected.shape}")
        if self.tolerance:
            norms = np.linalg.norm(expected, axis=1, keepdims=True)
            wrong = ~(np.abs(rows - expected) <= self.tolerance * norms)
        else:
            wrong = rows != expected
        if wrong.any():
            row, column = np.argwhere(wrong)[0]
            got = f"{rows[row, column]:.9g} against {expected[row, column]:.9g}"
            self.expect(False, f"{words}: image {row}, column {column} is {got} ({wrong.sum()} values differ)")

    def expect_error(self, kinds, words, action, why):
        """Require that `action` raises one of `kinds` with `words` in its message."""
        try:
            action()
        except kinds as error:
            self.expect(words in str(error), f"{why}: the error must say {words!r}, it says {str(error)!r}")
        else:
            self.expect(False, f"{why}: nothing was raised")


def _other_values(value):
    """Yield values near the given one, to be tried in turn."""
    if isinstance(value, (bool, np.bool_)):
        yield not value
    elif isinstance(value, Integral):
        yield from (value + 1, value - 1, 2 * value, value // 2)
    elif isinstance(value, Real):
        yield from (1.5 * value, value / 2)
    elif isinstance(value, (tuple, list)) and value:
        if len(value) > 1:
            yield value[:-1]
        if all(isinstance(item, Real) for item in value):
            yield type(value)(item + 1 for item in value)
