"""Measures: similarity between the members of two pools, larger for closer, and the distance behind it."""

import numpy as np

from ..images.forms import Forms
from ..similarity import METRICS, pairwise_similarity


def similarity(metric, a, b):
    """Return the (len(a), len(b)) float64 matrix of similarities between the values of two pools."""
    # a fresh array: what it holds for oneself and one's kin is overwritten
    similarities = np.array(pairwise_similarity(a, b, metric), dtype=np.float64)
    if not np.isfinite(similarities).all():
        raise ValueError("the metric must return finite similarities, and returned NaN or infinity")
    return similarities


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


class GrayImages:
    """The grey pictures of an ImageSet, decoded when they are drawn and not kept."""

    def __init__(self, images):
        self.images = images

    def __len__(self):
        return len(self.images)

    def __iter__(self):
        return (Forms(image).gray for image in self.images)

    def __getitem__(self, key):
        return GrayImages(self.images[key])
