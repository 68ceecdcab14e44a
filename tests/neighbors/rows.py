"""Tables that several tests of neighbours share."""

import numpy as np


def clustered(n, d, seed=0, groups=40):
    """Return n rows around `groups` centres, float32."""
    rng = np.random.default_rng(seed)
    centres = rng.standard_normal((groups, d))
    return (centres[rng.integers(groups, size=n)] + 0.5 * rng.standard_normal((n, d))).astype(np.float32)


def bits(n, d, seed=0):
    """Return n rows of 0 and 1, float32."""
    return np.random.default_rng(seed).integers(0, 2, (n, d)).astype(np.float32)


def table(metric, n, d, seed=0):
    """Return rows that suit a metric."""
    return bits(n, d, seed) if metric == "hamming" else clustered(n, d, seed)


def brute_force(queries, rows, k, metric):
    """Return distances and indices by scipy in float64; ties by index."""
    from scipy.spatial.distance import cdist

    distances = cdist(np.asarray(queries, dtype=np.float64), np.asarray(rows, dtype=np.float64), metric)
    order = np.argsort(distances, axis=1, kind="stable")[:, :k]
    return np.take_along_axis(distances, order, 1), order


def recall(found, truth):
    """Return the share of the true neighbours that were found."""
    return np.mean([len(np.intersect1d(a, b)) / len(b) for a, b in zip(found, truth, strict=True)])
