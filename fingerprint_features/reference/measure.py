"""Measures: similarities of the samples of two sets, larger for closer, and the distances behind them."""

import numpy as np

from ..extractors import SSIM
from ..pipeline import FeaturePipeline
from ..similarity import METRICS, pairwise_similarity
from ..threads import count_threads

_BATCH = 128  # images compared with a reference at a time: it is read anew for each batch when it is large


def similarity(metric, a, b, n_jobs):
    """Return the (len(a), len(b)) float64 matrix of similarities of the rows of two tables."""
    # a copy: entries that do not count are overwritten
    similarities = np.array(pairwise_similarity(a, b, metric, n_jobs=n_jobs), dtype=np.float64)
    if not np.isfinite(similarities).all():
        raise ValueError("the metric must return finite similarities, and returned NaN or infinity")
    return similarities


def image_similarity(a, b, cache, n_jobs, progress):
    """Return the (len(a), len(b)) float64 matrix of structural similarities of two ImageSets; whole rows are cached."""
    share = -(-len(a) // count_threads(n_jobs))
    rows = FeaturePipeline(
        [SSIM(b, None)], cache=cache, n_jobs=n_jobs, batch_size=max(1, min(share, _BATCH)), progress=progress
    )
    return rows.fit_transform(a).astype(np.float64)


def distance(metric, similarities):
    """Return the distances behind similarities: zero for the same thing."""
    if not callable(metric):
        return np.maximum(METRICS[metric].maximum - similarities, 0.0)
    if (similarities > 0).any():
        raise ValueError(
            "reductions that need distances (log_ratio, monte_carlo) take a callable metric for minus a distance, and "
            "this one returned similarities above 0"
        )
    return 0.0 - similarities
