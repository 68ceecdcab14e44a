"""A guess at unknown patients: slices of one patient have similar names and look alike."""

from collections.abc import Collection, Iterator, Sequence
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from ..evaluate import likely_patients
from ..evaluate.patients import LikelyPatients
from ..images import ImageSet
from ..neighbors import FaissNearestNeighbors
from ..pipeline import FeaturePipeline
from ..recipes.kinds import Cache
from .findings import Finding
from .nearest import LOOKS

_NEAR = 0.4  # of the usual distance, as in likely_patients
_SAMPLE = 500  # images that show which distance is usual
_BLOCK = 256  # images whose pairs are in memory at the same time


def look_for_patients(sets: Sequence[ImageSet], cache: Cache, folders: Collection[str] = ()) -> LikelyPatients:
    """Return which images of several sets seem to show one patient, by their names and by how much they look alike.

    Parameters
    ----------
    sets : sequence of ImageSet
    cache : path-like or FeatureCache
        Keeps the perceptual hashes.
    folders : collection of str, default=()
        Folders that stand for a label, not for a patient.
    """
    names = [_below(id, folders) for images in sets for id in images.ids.tolist()]
    features = FeaturePipeline([LOOKS], cache=cache)
    rows = np.vstack([features.fit_transform(images) for images in sets])
    return likely_patients(names, alike=_chains(rows))


def usual_distance(rows: NDArray[np.float32], metric: Literal["hamming", "cosine"]) -> float:
    """Return the median distance of two images, by a sample of 500; 0 where there are fewer than two."""
    if len(rows) < 2:
        return 0.0
    rows = rows[np.random.default_rng(0).permutation(len(rows))[:_SAMPLE]]
    search = FaissNearestNeighbors(len(rows) - 1, metric=metric).fit(rows)
    return float(np.median(search.kneighbors()[0]))


def _chains(rows):
    """Number the chains of near duplicates among perceptual hashes; no matrix of all pairs is kept."""
    chains = np.arange(len(rows))
    below = np.nextafter(_NEAR * usual_distance(rows, "hamming"), 0)
    search = FaissNearestNeighbors(1, radius=max(below, 0), metric="hamming").fit(rows)
    for start in range(0, len(rows), _BLOCK):
        found = search.radius_neighbors(rows[start : start + _BLOCK], return_distance=False)
        i = np.repeat(np.arange(start, start + len(found)), [len(near) for near in found])
        edges = np.unique(np.column_stack([chains[i], chains[np.concatenate(found)]]), axis=0).T
        graph = coo_array((np.ones(edges.shape[1]), edges), shape=(len(rows), len(rows)))
        chains = connected_components(graph, directed=False)[1][chains]
    return chains


def doubts(unit: str | None, guess: LikelyPatients | None) -> Iterator[Finding]:
    """Yield a finding where each image is said to be a patient of its own and does not look like it."""
    if unit == "image" and guess is not None and guess.found:
        text = f"each image is said to be a patient of its own, but {guess.reason} If so, scores are too good."
        yield Finding("patients", "patients", None, text)


def _below(id, folders):
    first, _, rest = id.partition("/")
    return rest if rest and first in folders else id
