"""Samples: the images of a set or the rows of a table, and which of them are the same or of one patient."""

import hashlib
from collections.abc import Sequence
from functools import cached_property
from itertools import repeat
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ..images import ImageSet
from ..images.errors import printable
from ..similarity.competitors import LeftOut

_NAMED = 5  # how many pairs an error lists


class Samples:
    """Images or rows, and the values by which they are compared.

    Parameters
    ----------
    data : ImageSet or ndarray of shape (n, d)
    values : ndarray of shape (n, n_features), default=None
        The features of `data`; None before they are extracted.
    """

    def __init__(self, data: ImageSet | NDArray[Any], values: Any = None) -> None:
        self.data = data
        self.values = values

    def __len__(self) -> int:
        return self.data.shape[0]

    @property
    def is_images(self) -> bool:
        """Whether these are images, not rows of a table."""
        return isinstance(self.data, ImageSet)

    @property
    def groups(self) -> NDArray[Any] | None:
        """The patients, or None if they are unknown; tables have none."""
        return self.data.groups if self.is_images else None

    @property
    def ids(self) -> Sequence[str]:
        """The name of each sample, for messages."""
        return self.data.ids if self.is_images else [f"row {i}" for i in range(len(self))]

    @cached_property
    def digests(self) -> NDArray[np.object_]:
        """The content of each sample in 32 bytes: samples with equal digests are the same."""
        if self.is_images:
            return self.data.digests
        table = np.ascontiguousarray(self.data) + 0.0  # -0.0 and 0.0 are one number
        return np.array([hashlib.blake2b(row.tobytes(), digest_size=32).digest() for row in table], dtype=object)

    def take(self, key: slice | NDArray[Any]) -> Self:
        """Return some of the samples: a slice, a mask or positions."""
        part = type(self)(self.data[key], None if self.values is None else self.values[key])
        if "digests" in self.__dict__:
            part.digests = self.digests[key]
        return part

    def draw(self, n: int) -> Self:
        """Return at most n samples. Content decides which, so that their order does not matter."""
        return self if len(self) <= n else self.take(np.sort(np.argsort(self.digests)[:n]))


def by_content(samples: Samples) -> Samples:
    """Return the samples in the order of their digests."""
    return samples.take(np.argsort(samples.digests))


def joined(a: Samples, b: Samples) -> Samples:
    """Return the samples of both sets, one after the other."""
    return Samples(ImageSet.join([a.data, b.data]) if a.is_images else np.vstack([a.data, b.data]))


def same_content(a: Samples, b: Samples) -> NDArray[np.bool_]:
    """Return a matrix of shape (len(a), len(b)): which samples are the same."""
    return _equal(a.digests, b.digests)


def same_patient(a: Samples, b: Samples) -> NDArray[np.bool_] | None:
    """Return a matrix of shape (len(a), len(b)): which samples share a patient; None where patients are unknown."""
    if a.groups is None or b.groups is None:
        return None
    return _equal(list(a.groups), list(b.groups))


def same_content_or_patient(a: Samples, b: Samples) -> NDArray[np.bool_]:
    """Return a matrix of shape (len(a), len(b)): which samples are no fair comparison."""
    content, patient = same_content(a, b), same_patient(a, b)
    return content if patient is None else content | patient


def left_out(a: Samples, b: Samples, *, patients: bool = False) -> LeftOut:
    """Return, for each sample of a, which samples of b are the same, or also those that share its patient."""
    by_content, by_patient = _places(b.digests), _places(b.groups) if patients and b.groups is not None else {}
    lists, parts, found = {}, [], []
    n = 0
    for digest, patient in zip(a.digests, repeat(None) if a.groups is None else a.groups, strict=False):
        same, own = by_content.get(digest, ()), by_patient.get(patient, ())
        others = () if not own else tuple(j for j in same if b.groups[j] != patient)
        key = (patient, others) if own else (None, tuple(same))
        if key not in lists:
            members = [*own, *others] if own else same
            lists[key] = (n, n := n + len(members))
            parts.extend(members)
        found.append(lists[key])
    start, stop = np.array(found, dtype=np.int64).reshape(-1, 2).T
    return LeftOut(start.copy(), stop.copy(), np.array(parts, dtype=np.int64))


def patients_known(a: Samples, b: Samples) -> bool:
    """Return whether patients can be compared; of tables nobody expects that."""
    return not a.is_images or (a.groups is not None and b.groups is not None)


def shared(a: Samples | ImageSet, b: Samples | ImageSet) -> list[tuple[str, str]]:
    """Return (id in a, id in b) of each sample of a that is in b too."""
    where = dict(zip(b.digests, b.ids, strict=True))
    return [(id, where[digest]) for id, digest in zip(a.ids, a.digests, strict=True) if digest in where]


def listed(pairs: list[tuple[str, str]], form: str) -> str:
    """Return the first few pairs of ids in words, and how many more there are."""
    named = ", ".join(form.format(*map(printable, pair)) for pair in pairs[:_NAMED])
    return named + (f" and {len(pairs) - _NAMED} more" if len(pairs) > _NAMED else "")


def _places(items):
    """Return at which positions each item stands."""
    places = {}
    for j, item in enumerate(items):
        places.setdefault(item, []).append(j)
    return places


def _equal(a, b):
    codes = {}
    a = np.array([codes.setdefault(item, len(codes)) for item in a])
    b = np.array([codes.setdefault(item, len(codes)) for item in b])
    return a[:, None] == b[None, :]
