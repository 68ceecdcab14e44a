"""What a pass must know of an extractor before it sees an image, looked up where nothing has changed since."""

import sys
from collections.abc import Hashable
from operator import is_
from typing import Any, NamedTuple
from weakref import ref

import numpy as np

from ..cache.content import EDITED
from ..cache.identity import extractor_token

_MOST_KNOWN = 1024
_PLAIN = (str, bool, int, float, bytes, type(None), np.bool_, np.integer, np.floating)

_known: dict[Hashable, "Facts"] = {}
_seen: dict[int, "Seen"] = {}


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
            _keep(_known, key, facts)
    return facts


class Seen:
    """An extractor that is ready, as it was when it was checked.

    Parameters
    ----------
    extractor : BaseExtractor
    """

    def __init__(self, extractor: Any) -> None:
        self.extractor = ref(extractor)
        self.names, self.values = tuple(vars(extractor)), tuple(vars(extractor).values())
        self.kind = _kind(extractor)
        self._facts: dict[bool, Facts] = {}

    def is_still(self, extractor: Any) -> bool:
        """Return whether this very object still holds the very objects that it held."""
        now = vars(extractor)
        return (
            self.extractor() is extractor
            and self.kind == _kind(extractor)
            and len(now) == len(self.names)
            and all(map(is_, now, self.names))
            and all(map(is_, now.values(), self.values))
        )

    def facts(self, keyed: bool) -> Facts:
        """Return the facts of the extractor."""
        facts = self._facts.get(keyed)
        if facts is None:
            facts = self._facts[keyed] = facts_of(self.extractor(), keyed)
        return facts


def look_at(extractor: Any) -> Seen:
    """Return what is known of an extractor; check that it is ready, unless nothing about it has changed since."""
    seen = _seen.get(id(extractor))
    if seen is None or not seen.is_still(extractor):
        extractor.check_ready()
        seen = Seen(extractor)
        if all(map(_cannot_change, seen.values)) and _key(extractor) is not None:
            _keep(_seen, id(extractor), seen)
    return seen


def _keep(known, key, value):
    if len(known) >= _MOST_KNOWN:
        known.clear()
    known[key] = value


def _kind(extractor):
    kind = type(extractor)
    return kind, kind._values_version, "numba" in sys.modules and sys.modules["numba"].config.DISABLE_JIT


def _cannot_change(value):
    return isinstance(value, _PLAIN) or (type(value) is tuple and all(map(_cannot_change, value)))


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
    return *_kind(extractor), tuple(items), more


def _frozen(value):
    if isinstance(value, _PLAIN):
        return type(value), value
    if isinstance(value, (list, tuple)):
        parts = tuple(_frozen(item) for item in value)
        return None if None in parts else parts
    return _key(value) if hasattr(value, "_value_state") else None
