"""The FAISS indexes: their parameters, how each is built, and the candidates it finds."""

from contextlib import contextmanager
from numbers import Integral, Real

import numpy as np

from ..checks import check_option, fail
from .distances import DISTANCES

# index: {parameter: what it is when not given; None stands for a value that depends on the data}
PARAMETERS = {
    "flat": {},
    "ivf": {"n_lists": None, "n_probes": None, "recall": 0.95},
    "hnsw": {"m": 16, "ef_construction": 128, "ef_search": 96},
    "pq": {"n_bytes": None},
    "auto": {"recall": 0.95},  # flat or ivf
}
PAIRS = [
    ("hamming", "flat"),
    ("hamming", "auto"),
    *((metric, index) for metric in ("euclidean", "cosine") for index in PARAMETERS),
]
# FAISS takes fewer than 20 queries one by one, and more by matrix products whose rounding depends on the batch:
# an approximate index could then look into other lists for the same query.
_ONE_BY_ONE = 16
_BLOCK = 1024
_MEASURED = 256  # rows whose neighbours are looked for, to see how many lists hold them
_NEAREST = 10  # neighbours of each
_MANY = 20_000  # rows from which on lists can pay
_ROUGH = 10  # codes rank roughly: the right rows are further down


@contextmanager
def threads(n):
    """Let FAISS use n threads in calls of the current thread; leave the setting as it was."""
    import faiss

    before = faiss.omp_get_max_threads()
    faiss.omp_set_num_threads(n)
    try:
        yield
    finally:
        faiss.omp_set_num_threads(before)


def check_index(owner):
    """Refuse an unknown index, metric, pair of the two, or index parameter."""
    kind, index, metric = type(owner).__name__, owner.index, owner.metric
    check_option(owner, "metric", dict(PAIRS))
    check_option(owner, "index", PARAMETERS)
    if (metric, index) not in PAIRS:
        raise ValueError(f"{kind} has no index={index!r} for metric={metric!r}: use index='flat'")
    given = {} if owner.index_params is None else owner.index_params
    if not isinstance(given, dict) or not set(given) <= set(PARAMETERS[index]):
        listed = ", ".join(map(repr, PARAMETERS[index])) or "nothing"
        fail(owner, "index_params", f"None or a dict of {listed} with index={index!r}")
    for name, value in given.items():
        if name == "recall":
            if not isinstance(value, Real) or isinstance(value, bool) or not 0 < value <= 1:
                raise ValueError(f"index_params['recall'] must be a number in (0, 1]. Got {value!r} instead.")
        elif not isinstance(value, Integral) or isinstance(value, bool) or value < 1:
            raise ValueError(f"index_params[{name!r}] must be an int >= 1. Got {value!r} instead.")


class BitIndex:
    """Rows of bits: exact."""

    exact, kind = True, "flat"
    block = 1024

    def __init__(self, rows):
        import faiss

        self._index = faiss.IndexBinaryFlat(8 * rows.shape[1])
        self._index.add(rows)

    def candidates(self, queries, k, n):
        """Return values and positions of the n nearest rows, and the value above which none is among the first k."""
        values, found = self._index.search(queries, n)
        return values, found, values[:, k - 1]

    def within(self, queries, value):
        """Return how many rows each query has within a value, and the positions of these, query after query."""
        most = 8 * queries.shape[1]
        ends, _, found = self._index.range_search(queries, int(min(value, most)) + 1)  # FAISS takes what is below
        return np.diff(ends.astype(np.intp)), found

    def __getstate__(self):
        import faiss

        return faiss.serialize_index_binary(self._index)

    def __setstate__(self, state):
        import faiss

        self._index = faiss.deserialize_index_binary(state)


class VectorIndex:
    """Rows of float32, centred and scaled first: FAISS loses digits on data far from the origin."""

    def __init__(self, rows, metric, kind, given, seed):
        self.kind, self.metric = kind, metric
        self.params = {**PARAMETERS[kind], **(given or {})}
        parts = [slice(start, start + _BLOCK) for start in range(0, len(rows), _BLOCK)]
        self.mean = sum(self._embed(rows[part], query=False).sum(axis=0) for part in parts) / len(rows)
        self.scale = 1.0
        self.scale = max(np.abs(self._centred(rows[part], query=False)).max() for part in parts) or 1.0
        vectors = np.empty((len(rows), len(self.mean)), dtype=np.float32)
        for part in parts:
            vectors[part] = self._centred(rows[part], query=False)
        with threads(1):  # the same index on any machine
            self._index = getattr(self, f"_build_{kind}")(vectors, seed)
        self.exact = self.kind == "flat"
        self.block = _BLOCK if self.kind in ("flat", "hnsw") else _ONE_BY_ONE

    def candidates(self, queries, k, n):
        """Return values and positions of about the n nearest rows, and the value above which none is among the first k.

        Positions are -1 where the index found no more.
        """
        with np.errstate(over="ignore"):  # a query that far away is compared with every row, in float64
            vectors = self._centred(queries, query=True).astype(np.float32)
        padding = self._index.d - vectors.shape[1]
        padded = np.pad(vectors, ((0, 0), (0, padding))) if padding else vectors
        if self.kind == "pq":
            n = min(_ROUGH * n, self._index.ntotal)
            return *self._index.search(padded, n), np.full(len(queries), np.inf)
        values, found = self._index.search(padded, n, params=self._search_parameters(n))
        return values, found, self._limit(vectors, values[:, k - 1].astype(np.float64))

    def within(self, queries, value):
        """Return how many rows each query may have within a value, and their positions; None where float32 ends."""
        with np.errstate(over="ignore"):
            vectors = self._centred(queries, query=True).astype(np.float32)
            limit = self._limit(vectors, np.full(len(queries), value) / self.scale**2).max()
        if not limit < np.finfo(np.float32).max:
            return None
        above = float(np.nextafter(np.float32(limit), np.float32(np.inf)))  # FAISS takes what is below
        ends, _, found = self._index.range_search(vectors, above, params=self._search_parameters(1))
        return np.diff(ends.astype(np.intp)), found

    def _limit(self, vectors, values):
        """Return the float32 value that a row at most as far as the given values cannot exceed.

        With d columns the rounding of a dot product grows as sqrt(d) times both norms, and a row this near a query is
        at most as long as the query and the distance together. Both values may be off.
        """
        norms = np.sqrt(np.einsum("ij,ij->i", vectors, vectors, dtype=np.float64))
        unit = np.finfo(np.float32).eps * (4 + 2 * np.sqrt(vectors.shape[1]))
        return values + 4 * unit * (2 * norms + np.sqrt(values)) ** 2

    def _embed(self, rows, query):
        return DISTANCES[self.metric].embed(rows, query)

    def _centred(self, rows, query):
        return (self._embed(rows, query) - self.mean) / self.scale

    def _build_flat(self, rows, seed):
        import faiss

        index = faiss.IndexFlatL2(rows.shape[1])
        index.add(rows)
        return index

    def _build_ivf(self, rows, seed):
        import faiss

        n, d = rows.shape
        # at least 39 rows a list, as FAISS asks for
        lists = min(self.params.get("n_lists") or max(1, min(int(4 * np.sqrt(n)), n // 39)), n)
        self._quantizer = faiss.IndexFlatL2(d)
        index = faiss.IndexIVFFlat(self._quantizer, d, lists)
        index.cp.seed, index.cp.min_points_per_centroid = seed, 1
        index.train(rows)
        index.add(rows)
        probes = self.params.get("n_probes")
        if probes is None:  # queries may be farther from the lists than the rows that are measured: not too few
            probes = max(int(np.sqrt(2 * lists)), self._lists_needed(index, rows, seed))
        self.params = {"n_lists": lists, "n_probes": min(probes, lists)}
        return index

    def _build_auto(self, rows, seed):
        """Take lists where they are searched faster than all rows, at the recall that is asked for."""
        self.kind = "flat"
        if len(rows) >= _MANY:
            index = self._build_ivf(rows, seed)
            cost = min(max(rows.shape[1] / 32, 2), 16)  # of a row in a list: those of "flat" go by matrix products
            if self._share_searched(index, rows, seed) * cost < 1:
                self.kind = "ivf"
                return index
            del self._quantizer
        self.params = {}
        return self._build_flat(rows, seed)

    def _lists_needed(self, index, rows, seed):
        """Return how many lists hold the nearest neighbours of rows, as large a share of them as is asked for."""
        import faiss

        some, order = self._lists_in_order(index, rows, seed)
        nearest = faiss.knn(rows[some], rows, min(_NEAREST + 1, len(rows)))[1]
        home = self._quantizer.search(rows[nearest.ravel()], 1)[1].reshape(nearest.shape)
        places = np.take_along_axis(np.argsort(order, axis=1), home, axis=1)
        places = np.sort(places[nearest != some[:, None]])
        return 1 + int(places[int(np.ceil(self.params["recall"] * len(places))) - 1]) if len(places) else 1

    def _share_searched(self, index, rows, seed):
        """Return the share of all rows that a query is compared with."""
        sizes = np.array([index.invlists.list_size(i) for i in range(index.nlist)])
        order = self._lists_in_order(index, rows, seed)[1]
        return sizes[order[:, : self.params["n_probes"]]].sum(axis=1).mean() / len(rows)

    def _lists_in_order(self, index, rows, seed):
        """Return some of the rows, and all lists in the order in which each would look into them."""
        some = np.random.default_rng(seed).choice(len(rows), min(len(rows), _MEASURED), replace=False)
        return some, self._quantizer.search(rows[some], index.nlist)[1]

    def _build_hnsw(self, rows, seed):
        import faiss

        index = faiss.IndexHNSWFlat(rows.shape[1], self.params["m"])
        index.hnsw.efConstruction = self.params["ef_construction"]
        index.add(rows)
        return index

    def _build_pq(self, rows, seed):
        import faiss

        n, d = rows.shape
        if n < 2:
            raise ValueError("index='pq' learns codes and needs at least 2 samples; got n_samples = 1")
        pieces = self.params["n_bytes"] = min(self.params["n_bytes"] or -(-d // 8), d)
        rows = np.pad(rows, ((0, 0), (0, -d % pieces)))
        index = faiss.IndexPQ(rows.shape[1], pieces, min(8, int(np.log2(n))))
        index.pq.cp.seed, index.pq.cp.min_points_per_centroid = seed, 1
        index.train(rows)
        index.add(rows)
        return index

    def _search_parameters(self, n):
        import faiss

        if self.kind == "ivf":
            return faiss.SearchParametersIVF(nprobe=self.params["n_probes"])
        if self.kind == "hnsw":
            return faiss.SearchParametersHNSW(efSearch=max(n, self.params["ef_search"]))
        return None

    def __getstate__(self):
        import faiss

        kept = {name: value for name, value in vars(self).items() if name not in ("_index", "_quantizer")}
        return kept, faiss.serialize_index(self._index)

    def __setstate__(self, state):
        import faiss

        vars(self).update(state[0])
        self._index = faiss.deserialize_index(state[1])
