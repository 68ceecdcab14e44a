"""What a pass must know of an extractor before it sees an image, looked up where nothing has changed since."""

import sys
from collections.abc import Hashable
from typing import Any, NamedTuple

import numpy as np

from ..cache.content import EDITED
from ..cache.identity import extractor_token

_MOST_KNOWN = 1024
_PLAIN = (str, bool, int, float, bytes, type(None), np.bool_, np.integer, np.floating)

_known: dict[Hashable, "Facts"] = {}


class Facts(NamedTuple):
    """The width of an extractor's rows, and its token (None where no row is kept)."""

    width: int
    token: bytes | None


def facts_of(extractor: Any, keyed: bool) -> Facts:
    """Return the facts of an extractor; naming all columns and hashing take longer than a look at its parameters.

    Parameters
    ----------
    extractor : BaseExtractor
    keyed : bool
        Whether the token is needed: not every extractor has one.
    """
    key = _key(extractor, keyed)
    facts = _known.get(key)
    if facts is None:
        facts = Facts(extractor.n_columns(), extractor_token(extractor) if keyed else None)
        if key is not None:
            if len(_known) >= _MOST_KNOWN:
                _known.clear()
            _known[key] = facts
    return facts


def _key(extractor, *more):
    """Return all that decides the facts, or None where that is more than numbers and texts.

    Classes of scripts, notebooks and functions can be edited; what has learnt has arrays.
    """
    kind = type(extractor)
    if kind.__module__ in EDITED or "<locals>" in kind.__qualname__:
        return None
    items = [(name, _frozen(value)) for name, value in vars(extractor).items()]
    if any(value is None for _, value in items):  # first: what such a value holds may have no state that can be named
        return None
    if extractor._stateful or extractor._value_state() is not None:
        return None
    interpreted = "numba" in sys.modules and sys.modules["numba"].config.DISABLE_JIT
    return kind, extractor._values_version, interpreted, tuple(items), more


def _frozen(value):
    if isinstance(value, _PLAIN):
        return type(value), value
    if isinstance(value, (list, tuple)):
        parts = tuple(_frozen(item) for item in value)
        return None if None in parts else parts
    return _key(value) if hasattr(value, "_value_state") else None
