"""Measures: similarities of the samples of two sets, larger for closer, and the distances behind them."""

from collections.abc import Callable
from os import PathLike
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..cache import FeatureCache
from ..extractors import SSIM
from ..images import ImageSet
from ..pipeline import FeaturePipeline
from ..similarity import METRICS, pairwise_similarity
from ..threads import count_threads

_BATCH = 128  # images compared with a reference at a time: a large one is read again for each batch


def similarity(
    metric: str | Callable[[Any, Any], ArrayLike], a: Any, b: Any, n_jobs: int | None
) -> NDArray[np.float64]:
    """Return the (len(a), len(b)) float64 matrix of similarities of the rows of two tables."""
    # a copy: entries that do not count are overwritten
    similarities = np.array(pairwise_similarity(a, b, metric, n_jobs=n_jobs), dtype=np.float64)
    if not np.isfinite(similarities).all():
        raise ValueError("the metric must return finite similarities, and returned NaN or infinity")
    return similarities


def image_similarity(
    a: ImageSet, b: ImageSet, cache: str | PathLike[str] | FeatureCache | None, n_jobs: int | None, progress: bool
) -> NDArray[np.float64]:
    """Return the (len(a), len(b)) float64 matrix of structural similarities of two ImageSets; whole rows are cached."""
    share = -(-len(a) // count_threads(n_jobs))
    rows = FeaturePipeline(
        [SSIM(b, None)], cache=cache, n_jobs=n_jobs, batch_size=max(1, min(share, _BATCH)), progress=progress
    )
    return rows.fit_transform(a).astype(np.float64)


def distance(metric: str | Callable[[Any, Any], ArrayLike], similarities: NDArray[Any]) -> NDArray[np.float64]:
    """Return the distances behind similarities: 0 for equal rows or images."""
    if not callable(metric):
        return np.maximum(METRICS[metric].maximum - similarities, 0.0)
    if (similarities > 0).any():
        raise ValueError(
            "reductions that need distances (log_ratio, monte_carlo) need a callable metric that returns negated "
            "distances, and this one returned similarities above 0"
        )
    return 0.0 - similarities
