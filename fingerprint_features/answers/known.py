"""Images with known labels, and candidates without."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ..images import ImageSet
from .guards import shared


def labelled(sets: Mapping[str, ImageSet]) -> tuple[ImageSet, NDArray[np.int64]]:
    """Return the used and the unused images as one set, and their labels, 1 for used."""
    parts = [sets["used"], sets["unused"]]
    return ImageSet.join(parts), np.repeat([1, 0], [len(part) for part in parts])


def unknown(sets: Mapping[str, ImageSet]) -> ImageSet:
    """Return the candidates that are neither among the used nor among the unused images."""
    candidates = sets["candidates"]
    known = {i for name in ("used", "unused") if name in sets for i, _ in shared(candidates, sets[name])}
    return candidates[np.array([i not in known for i in range(len(candidates))], dtype=bool)]


def known_reference(sets: Mapping[str, ImageSet]) -> str:
    """Return the name of the generated images that belong to the images with known labels."""
    return "known_generated" if "known_generated" in sets else "generated"
