"""Competitors of images: who does not compete with whom, and the few that are most similar to a reference image."""

from collections.abc import Iterator
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .kernels import ranks

_CELLS = 2**22  # numbers worked on at a time: 32 MB


class LeftOut(NamedTuple):
    """The competitors that do not count for an image: itself, images of its patient.

    Attributes
    ----------
    start, stop : ndarray of int of shape (n_images,)
        The competitors that image i leaves out are ``members[start[i]:stop[i]]``; images may share a list.
    members : ndarray of int
    """

    start: NDArray[np.int64]
    stop: NDArray[np.int64]
    members: NDArray[np.int64]

    @classmethod
    def of_matrix(cls, exclude: ArrayLike | None, shape: tuple[int, int], who: str = "competitor") -> Self:
        """Return the lists of a matrix of bool of this shape, (n_images, n_competitors); None leaves out nobody."""
        if exclude is None:
            nobody = np.zeros(shape[0], dtype=np.int64)
            return cls(nobody, nobody, nobody[:0])
        exclude = np.asarray(exclude, dtype=bool)
        if exclude.shape != shape:
            raise ValueError(f"exclude must have one entry per image and {who}, {shape}; got {exclude.shape}")
        counts = exclude.sum(axis=1, dtype=np.int64)
        stop = np.cumsum(counts)
        start = stop - counts
        members = np.empty(counts.sum(), dtype=np.int64)
        for row, first, end in zip(exclude, start, stop, strict=True):
            members[first:end] = np.flatnonzero(row)
        return cls(start, stop, members)

    @property
    def counts(self) -> NDArray[np.int64]:
        """How many competitors each image leaves out."""
        return self.stop - self.start

    @property
    def most(self) -> int:
        """How many competitors an image leaves out at most."""
        return int(self.counts.max(initial=0))

    def rows(self, part: slice) -> "LeftOut":
        """Return the lists of some of the images."""
        return LeftOut(self.start[part], self.stop[part], self.members)


class FirstCompetitors:
    """The competitors that are most similar to each reference image, a few of them.

    Parameters
    ----------
    n_reference : int
    depth : int
        How many of them for each reference image.

    Attributes
    ----------
    n_competitors : int
        How many there are in all.
    values : ndarray of shape (n_reference, depth)
        Their similarities, the largest first; NaN where there are fewer competitors.
    positions : ndarray of int of shape (n_reference, depth)
        Which they are. Of equally similar ones, the earlier comes first.
    """

    n_competitors: int
    values: NDArray[np.float64]
    positions: NDArray[np.int64]

    def __init__(self, n_reference: int, depth: int) -> None:
        self.n_competitors = 0
        self.values = np.full((n_reference, depth), np.nan)
        self.positions = np.zeros((n_reference, depth), dtype=np.int64)

    @classmethod
    def among(cls, similarities: ArrayLike, depth: int) -> Self:
        """Return the first of all competitors, whose similarities have the shape (n_competitors, n_reference)."""
        similarities = np.asarray(similarities)
        first = cls(similarities.shape[1], max(1, min(depth, len(similarities))))
        for rows in row_blocks(*similarities.shape):
            first.add(similarities[rows])
        return first

    def add(self, similarities: NDArray[Any]) -> None:
        """Take further competitors into account; their positions follow those of all before."""
        ranks.keep_first(plain(similarities), self.n_competitors, self.values, self.positions)
        self.n_competitors += len(similarities)

    def hits(
        self, S: NDArray[Any], k: int, left_out: LeftOut, position: ArrayLike | None
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return the number of hits of every image and its most similar hit, -inf where it has none."""
        n_hits, best = np.empty(len(S), dtype=np.int64), np.empty(len(S))
        place = np.full(len(S), self.n_competitors) if position is None else np.asarray(position)
        absent = np.zeros(self.n_competitors, dtype=bool)
        for rows in row_blocks(*S.shape):
            lists = left_out.rows(rows)
            ranks.count_hits(
                plain(S[rows]), self.values, self.positions, *lists, place[rows], k, absent, n_hits[rows], best[rows]
            )
        return n_hits, best

    def first_left(self, numbers: NDArray[np.float64], left_out: LeftOut) -> NDArray[np.float64]:
        """Return the number of the first competitor that counts, for every image and reference image.

        Parameters
        ----------
        numbers : ndarray of shape (n_reference, depth)
            One for each of `values`.
        left_out : LeftOut
            Every image leaves out fewer than `depth`.

        Returns
        -------
        ndarray of shape (n_images, n_reference)
        """
        found = np.empty((len(left_out.start), len(self.values)))
        absent = np.zeros(self.n_competitors, dtype=bool)
        ranks.first_left(self.positions, numbers, *left_out, absent, found)
        return found


def twice_ranks(S: NDArray[Any], competitors: NDArray[Any], left_out: LeftOut) -> NDArray[np.int64]:
    """Return two for each competitor behind an image and one for each level with it, over all reference images."""
    twice = np.zeros(len(S), dtype=np.int64)
    for columns in row_blocks(S.shape[1], max(1, len(competitors))):
        others = plain(competitors[:, columns].T)
        ordered = np.sort(others, axis=1)
        for rows in row_blocks(len(S), len(others)):
            ranks.add_ranks(plain(S[rows, columns].T), others, ordered, *left_out.rows(rows), twice[rows])
    return twice


def mean_ranks(
    twice: NDArray[np.int64], left_out: LeftOut, n_competitors: int, n_reference: int
) -> NDArray[np.float64]:
    """Return the mean rank of each image, from 0 to 1, behind what `twice_ranks` counts."""
    n = n_competitors - left_out.counts
    return np.divide(0.5 * twice / n_reference, n, out=np.full(len(twice), 0.5), where=n > 0)


def row_blocks(n: int, width: int) -> Iterator[slice]:
    """Yield slices of n rows of a width, a few million numbers each."""
    step = max(1, _CELLS // width)
    for start in range(0, n, step):
        yield slice(start, min(start + step, n))


def plain(block: NDArray[Any]) -> NDArray[np.float64]:
    """Return the one kind of array that the kernels are compiled for."""
    return np.require(block, dtype=np.float64, requirements=["C", "W"])
