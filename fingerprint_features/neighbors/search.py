"""The search: candidates from FAISS, ranked again by exact values, completed where a candidate may be missing."""

import numpy as np

from .distances import DISTANCES
from .indexes import BitIndex, VectorIndex, threads

_EXTRA = 8  # candidates beyond k: usually enough to see that none is missing
_PAIR_NUMBERS = 2**18  # numbers in one block of pairs, so that it stays in the processor's cache


class Search:
    """Finds the k nearest of the rows it holds: by value, then by position.

    With an exact index no row is missing, whatever float32 made of it: the candidates of a query are complete when the
    last lies beyond the k-th by more than the rounding of both, and else more are fetched, up to all rows. Results
    therefore do not depend on the batch. With an approximate index only answers that came short are completed.
    """

    def __init__(self, rows, metric, kind, params, seed):
        self.rows = rows
        self.metric = metric
        if metric == "hamming":
            self.index = BitIndex(rows)
        else:
            self.index = VectorIndex(rows, metric, kind, params, seed)

    def nearest(self, queries, k, n_threads):
        """Return values and positions, both of shape (n_queries, k)."""
        values, found = np.empty((len(queries), k)), np.empty((len(queries), k), dtype=np.intp)
        with threads(n_threads):
            for start in range(0, len(queries), self.index.block):
                part = slice(start, start + self.index.block)
                values[part], found[part] = self._block(queries[part], k)
        return values, found

    def within(self, queries, radius, n_columns, n_threads):
        """Return for each query the distances and positions of the rows at most `radius` away, nearest first."""
        metric, distances, found = DISTANCES[self.metric], [], []
        value = metric.value_of(radius, n_columns)
        with threads(n_threads):
            for start in range(0, len(queries), self.index.block):
                part = queries[start : start + self.index.block]
                counts, positions = self.index.within(part, value) or _everything(part, self.rows)
                here = metric.distance(
                    self._values(part, np.repeat(np.arange(len(part)), counts), positions), n_columns
                )
                ends = np.cumsum(counts)
                for low, high in zip(ends - counts, ends, strict=True):
                    near = here[low:high] <= radius
                    rows, away = positions[low:high][near], here[low:high][near]
                    order = np.lexsort((rows, away))
                    distances.append(away[order])
                    found.append(rows[order].astype(np.intp))
        return distances, found

    def _block(self, queries, k):
        values, found = np.empty((len(queries), k)), np.empty((len(queries), k), dtype=np.intp)
        open_, width = np.arange(len(queries)), k + _EXTRA
        while len(open_) and width < len(self.rows):
            complete, *best = self._from_candidates(queries[open_], k, width)
            values[open_[complete]], found[open_[complete]] = best
            open_ = open_[~complete]
            # an approximate index would come short again
            width = 4 * width if self.index.exact else len(self.rows)
        step = max(1, _PAIR_NUMBERS // len(self.rows))
        for part in (open_[start : start + step] for start in range(0, len(open_), step)):
            values[part], found[part] = self._among_all(queries[part], k)
        return values, found

    def _from_candidates(self, queries, k, width):
        """Return which queries are answered for good, and for those values and positions."""
        rough, candidates, limit = self.index.candidates(queries, k, width)
        filled = (candidates[:, -1] >= 0) & np.isfinite(rough[:, -1])
        complete = filled & (rough[:, -1] > limit) if self.index.exact else filled
        ranked = rough <= limit[:, None]
        ranked, candidates = ranked[complete], candidates[complete]
        values = np.full(candidates.shape, np.inf)
        values[ranked] = self._values(queries[complete], np.nonzero(ranked)[0], candidates[ranked])
        order = np.lexsort((candidates, values))[:, :k]
        return complete, np.take_along_axis(values, order, 1), np.take_along_axis(candidates, order, 1)

    def _among_all(self, queries, k):
        shape = len(queries), len(self.rows)
        left, right = np.indices(shape).reshape(2, -1)
        values = self._values(queries, left, right).reshape(shape)
        order = np.argsort(values, axis=1, kind="stable")[:, :k]
        return np.take_along_axis(values, order, 1), order

    def _values(self, queries, left, right):
        """Return the exact values of pairs (queries[left], rows[right])."""
        values, step = np.empty(len(left)), max(1, _PAIR_NUMBERS // self.rows.shape[1])
        for start in range(0, len(left), step):
            part = slice(start, start + step)
            values[part] = DISTANCES[self.metric].value(queries[left[part]], self.rows[right[part]])
        return values


def _everything(queries, rows):
    """Return counts and positions of all rows for every query."""
    return np.full(len(queries), len(rows)), np.tile(np.arange(len(rows)), len(queries))
