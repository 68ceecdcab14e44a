"""The distances: how rows are kept, how they lie in an index, and the exact value of a pair."""

import numpy as np

_PACKED = 100_000  # rows that are packed at a time: comparisons of them take as much memory as they do


class Euclidean:
    """Rows as they are; the value of a pair is the squared distance."""

    def pack(self, X):
        """Return rows as they are kept."""
        return X

    def embed(self, rows, query):
        """Return rows of a space in which the squared Euclidean distance ranks as the metric does."""
        return rows.astype(np.float64)

    def value(self, queries, rows):
        """Return one float64 per pair of rows, taken from differences: a copy is at exactly 0."""
        difference = np.subtract(queries, rows, dtype=np.float64)
        return np.einsum("ij,ij->i", difference, difference)

    def distance(self, values, n_columns):
        """Turn values into distances."""
        return np.sqrt(values)

    def value_of(self, distance, n_columns):
        """Turn a distance into a value."""
        return distance * distance


class Cosine(Euclidean):
    """Directions; the value of a pair is the squared distance of unit vectors, twice the cosine distance.

    A row of zeros has no direction: it is at distance 1 from every row, another row of zeros too, as in scikit-learn.
    """

    def embed(self, rows, query):
        """Put rows of zeros on an axis of their own, one for queries and one for references."""
        units, empty = _unit(rows)
        return np.column_stack([units, empty & query, empty & (not query)])

    def value(self, queries, rows):
        """Return one float64 per pair, from differences of unit vectors."""
        (queries, no_query), (rows, no_row) = _unit(queries), _unit(rows)
        return np.where(no_query | no_row, 2.0, super().value(queries, rows))

    def distance(self, values, n_columns):
        """Turn values into 1 - similarity."""
        return values / 2

    def value_of(self, distance, n_columns):
        """Turn 1 - similarity into a value."""
        return 2 * distance


class Hamming:
    """Rows of 0 and 1, eight to a byte; the value of a pair is the number of bits that differ."""

    _ONES = np.array([bin(byte).count("1") for byte in range(256)], dtype=np.int64)

    def pack(self, X):
        """Return rows as bytes."""
        packed = np.empty((len(X), -(-X.shape[1] // 8)), dtype=np.uint8)
        for start in range(0, len(X), _PACKED):
            packed[start : start + _PACKED] = self._bytes(X[start : start + _PACKED])
        return packed

    def _bytes(self, X):
        wrong = (X != 0) & (X != 1)
        if wrong.any():
            raise ValueError(
                f"metric='hamming' compares bits: X must hold 0 and 1 only. Got {X[wrong][0]:g} instead. "
                "PHash gives such columns; sklearn.preprocessing.Binarizer makes them of others."
            )
        return np.packbits(X != 0, axis=1)

    def value(self, queries, rows):
        """Return the number of differing bits of each pair."""
        return self._ONES[queries ^ rows].sum(axis=1).astype(np.float64)

    def distance(self, values, n_columns):
        """Turn counts into the share of columns that differ."""
        return values / n_columns

    def value_of(self, distance, n_columns):
        """Turn a share of columns into a count, to the next larger one where rounding might lose it."""
        return np.ceil(distance * n_columns)


DISTANCES = {"euclidean": Euclidean(), "cosine": Cosine(), "hamming": Hamming()}


def _unit(rows):
    rows = rows.astype(np.float64)
    # the largest value first: squares of tiny rows would vanish
    largest = np.abs(rows).max(axis=1)
    empty = largest == 0
    rows /= np.where(empty, 1, largest)[:, None]
    rows /= np.where(empty, 1, np.sqrt(np.einsum("ij,ij->i", rows, rows)))[:, None]
    return rows, empty
