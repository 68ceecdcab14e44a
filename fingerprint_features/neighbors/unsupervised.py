"""FaissNearestNeighbors: who is near whom."""

from .base import FaissNeighbors


class FaissNearestNeighbors(FaissNeighbors):
    """Find nearest neighbours with FAISS, by the contract of scikit-learn's NearestNeighbors.

    Parameters
    ----------
    n_neighbors : int, default=5
        Neighbours of a query.
    metric : {"euclidean", "cosine", "hamming"}, default="euclidean"
        "euclidean" is the true distance, "cosine" is 1 - similarity, "hamming" the share of differing columns of tables
        of 0 and 1.
    index : {"flat", "ivf", "hnsw", "pq"}, default="flat"
        "flat" is exact, and right up to about a million rows. "ivf" looks into the nearest of many lists, "hnsw" walks
        a graph, "pq" compares codes of few bytes; these three may miss neighbours. "hamming" has "flat" only.
    index_params : dict or None, default=None
        For "ivf": ``n_lists`` (default: about 4 times the root of the number of rows) and ``n_probes`` (the root
        of twice the lists). For "hnsw": ``m`` (16), ``ef_construction`` (128), ``ef_search`` (96). For "pq":
        ``n_bytes`` a row (one per eight columns).
    random_state : int, default=0
        Seed of what "ivf" and "pq" learn. Never changes the results of "flat" and "hnsw".
    n_jobs : int or None, default=None
        Threads of a search; None is 1 outside a `joblib.parallel_config`. Never changes results.

    Attributes
    ----------
    n_samples_fit_ : int
        Number of indexed rows.
    n_features_in_ : int
        Number of columns seen in `fit`.

    Notes
    -----
    FAISS ranks in float32; what it finds is ranked again by float64 differences, and rows at one distance come in the
    order of their indices. Distances therefore hold to about 1e-12, an exact copy is at exactly 0, and results depend
    neither on the batch nor on the number of threads. Where "flat" cannot tell in float32 whether a neighbour is
    missing, as among many copies, it compares the query with more rows, at worst with all. An approximate index that
    finds too few neighbours is completed in the same way, so no index of -1 ever appears.

    The rows given to `fit` are kept as they are beside the index, for the exact distances; "pq" therefore saves half
    the memory at most, and no time. "hnsw" is the one to take for speed. Queries far from every row, as generated
    images may be, are the hard ones: raise ``ef_search`` or ``n_probes`` for them.

    A row of zeros is at cosine distance 1 from every row, as in scikit-learn.

    An index is built on one thread, so that it is the same everywhere. The thread setting of FAISS is the calling
    thread's own and is put back. A process that has searched with several threads must not fork and search in the
    child: FAISS's OpenMP would hang there (start workers by "spawn" or "forkserver", or use joblib).

    See Also
    --------
    FaissKNeighborsClassifier : Let the neighbours vote.
    FaissKNeighborsTransformer : Hand the graph of neighbours on to another estimator.
    retrieve : Neighbours by image id, as a frame.

    References
    ----------
    Douze et al., The Faiss library, arXiv:2401.08281, 2024.

    Examples
    --------
    >>> index = FaissNearestNeighbors(n_neighbors=1).fit([[0.0, 0.0], [3.0, 4.0]])
    >>> index.kneighbors([[3.0, 0.0]])
    (array([[3.]]), array([[0]]))
    >>> index.kneighbors()
    (array([[5.],
           [5.]]), array([[1],
           [0]]))
    >>> FaissNearestNeighbors(metric="hamming", index="hnsw").fit([[0, 1]])
    Traceback (most recent call last):
    ValueError: FaissNearestNeighbors has no index='hnsw' for metric='hamming': use index='flat'
    """
