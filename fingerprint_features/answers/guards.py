"""Refuse sets that overlap where they must not: the overlap would decide the answer."""

import os
from collections.abc import Mapping
from contextlib import suppress
from typing import Any

from numpy.typing import NDArray

from ..images import ImageSet
from ..images.digest import examine
from ..images.errors import printable
from .errors import ArgumentError

_NAMED = 5  # how many pairs of images an error lists


def check_alike(sets: Mapping[str, ImageSet]) -> None:
    """Raise unless all sets hold images, decoded in one way: rows of different sizes or ranges cannot be compared."""
    for name, images in sets.items():
        if not len(images):
            raise ArgumentError(f"{name}= holds no images")
    first, *others = sets.items()
    for name, images in others:
        for what in ("size", "options"):
            mine, its = getattr(first[1], what), getattr(images, what)
            if mine != its:
                raise ArgumentError(
                    f"{first[0]}= has {what}={mine} and {name}= has {what}={its}: open all sets in one way"
                )


def refuse_shared(sets: Mapping[str, ImageSet], others: Mapping[str, ImageSet], why: str) -> None:
    """Raise if one of the sets shares an image with one of the others; `why` says what is wrong with that."""
    for name, images in sets.items():
        for other, rest in others.items():
            pairs = shared(images, rest)
            if pairs:
                raise ValueError(
                    f"{name}= and {other}= share {len(pairs)} of {len(images)} ({_listed(images, rest, pairs)}), "
                    f"but {why}: take them out of {name}= or {other}="
                )


def refuse_same_files(sets: Mapping[str, ImageSet], others: Mapping[str, ImageSet], why: str) -> None:
    """Raise if one file is in one of the sets and in one of the others: a folder then lies in another by mistake.

    The same picture in another file is no mistake: a generator may have made an exact copy.
    """
    for name, images in sets.items():
        for other, rest in others.items():
            where = {file: j for j, file in _files(rest)}
            pairs = [(i, where[file]) for i, file in _files(images) if file in where]
            if pairs:
                raise ValueError(
                    f"{name}= and {other}= hold {len(pairs)} files in common ({_listed(images, rest, pairs)}), but "
                    f"{why}: give folders that do not overlap"
                )


def refuse_contradictions(name: str, images: ImageSet, labels: NDArray[Any]) -> None:
    """Raise if one image of a set has two labels."""
    first = {}
    for i, digest in _contents(images):
        j = first.setdefault(digest, i)
        if labels[i] != labels[j]:
            raise ValueError(
                f"{name}= holds one image under two labels: {printable(images.ids[j])} is {labels[j]} and "
                f"{printable(images.ids[i])} is {labels[i]}: keep one of them"
            )


def shared(images: ImageSet, others: ImageSet) -> list[tuple[int, int]]:
    """Return the positions (in `images`, in `others`) of each image of the first set that is in the second too."""
    where = {digest: j for j, digest in reversed(_contents(others))}
    return [(i, where[digest]) for i, digest in _contents(images) if digest in where]


def exact_copies(images: ImageSet, others: ImageSet) -> list[tuple[int, int]]:
    """Return what `shared` does, without flat images.

    Two images that are of one value everywhere are equal by chance: that is no sign of memorization.
    """
    pairs = shared(images, others)
    records = examine(images[[i for i, _ in pairs]])
    return [pair for pair, record in zip(pairs, records, strict=True) if not record.flat]


def _contents(images):
    """Return the position and the digest of each image that can be decoded."""
    failed = {failure.id for failure in images.failures}
    return [
        (i, digest) for i, (id, digest) in enumerate(zip(images.ids, images.digests, strict=True)) if id not in failed
    ]


def _files(images):
    """Yield the position of each image that is a file, and what that file is under any name."""
    for i in range(len(images)):
        place = images.place(i)
        if os.path.isabs(place):  # an array's place is its position
            with suppress(OSError, ValueError):  # no such file
                found = os.stat(place)
                yield i, (found.st_dev, found.st_ino)


def _listed(images, others, pairs):
    named = ", ".join(f"{printable(images.ids[i])} = {printable(others.ids[j])}" for i, j in pairs[:_NAMED])
    return named + (f" and {len(pairs) - _NAMED} more" if len(pairs) > _NAMED else "")
