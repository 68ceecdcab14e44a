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


def competing(sets: Mapping[str, ImageSet]) -> ImageSet:
    """Return all real images that a rule without labels may look at: those of which the same is asked.

    With two generators, the known images belong to the other one.
    """
    known = () if "known_generated" in sets else ("used", "unused")
    parts = [sets[name] for name in (*known, "holdout") if name in sets]
    return ImageSet.join([*parts, unknown(sets) if known else sets["candidates"]])


def known_reference(sets: Mapping[str, ImageSet]) -> str:
    """Return the name of the generated images that belong to the images with known labels."""
    return "known_generated" if "known_generated" in sets else "generated"
