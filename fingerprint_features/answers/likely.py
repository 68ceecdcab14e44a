"""A guess at unknown patients: slices of one patient have similar names and look alike."""

from collections.abc import Collection, Iterator, Sequence

import numpy as np
from sklearn.metrics import pairwise_distances

from ..evaluate import likely_patients
from ..evaluate.patients import LikelyPatients
from ..images import ImageSet
from ..pipeline import FeaturePipeline
from ..recipes.kinds import Cache
from .findings import Finding
from .nearest import LOOKS

_MOST_COMPARED = 4000  # images whose pairs are compared: 128 MB


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
    if len(names) > _MOST_COMPARED:
        return likely_patients(names)
    features = FeaturePipeline([LOOKS], cache=cache)
    rows = np.vstack([features.fit_transform(images) for images in sets])
    return likely_patients(names, pairwise_distances(rows > 0, metric="hamming"))


def doubts(unit: str | None, guess: LikelyPatients | None) -> Iterator[Finding]:
    """Yield a finding where each image is said to be a patient of its own and does not look like it."""
    if unit == "image" and guess is not None and guess.found:
        text = f"each image is said to be a patient of its own, but {guess.reason} If so, scores are too good."
        yield Finding("patients", "patients", None, text)


def _below(id, folders):
    first, _, rest = id.partition("/")
    return rest if rest and first in folders else id
