"""The section with a map of all images by their textures."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from ..answers import Attribution, Detection
from ..answers.blind import textures
from ..pipeline import FeaturePipeline
from ..recipes.kinds import Cache
from .pictures import plot
from .plots import draw_map
from .section import Section

_MOST = 300  # images of a set


def feature_map(
    found: Detection | Attribution, labels: Mapping[str, NDArray[np.generic]], kinds: Mapping[str, str], cache: Cache
) -> Section | None:
    """Return the section with a map of the images of every set, or None where there are too few.

    Parameters
    ----------
    found : Detection or Attribution
    labels : mapping of str to ndarray
        The colour of each image, by set.
    kinds : mapping of str to str
        The marker of a set; "real" for a set that it does not name.
    cache : path-like or FeatureCache or None
    """
    features = FeaturePipeline(textures(), cache=cache)
    bad = {(one.where, one.id) for one in found.findings if one.kind == "cannot-be-used"}
    rng = np.random.default_rng(0)
    rows, colours, markers = [], [], []
    for name, images in found.inputs.sets.items():
        good = np.array([i for i, id in enumerate(images.ids) if (name, id) not in bad], dtype=np.intp)
        some = np.sort(rng.choice(good, _MOST, replace=False)) if len(good) > _MOST else good
        if len(some):
            rows.append(features.fit_transform(images[some]))
            colours.append(np.asarray(labels[name])[some].astype(str))
            markers.append(np.full(len(some), kinds.get(name, "real")))
    if sum(map(len, rows)) < 3:
        return None
    figure = draw_map(np.concatenate(rows), np.concatenate(colours), np.concatenate(markers), title="textures")
    alt = f"Map of {sum(map(len, rows))} images by the first two principal components of their textures."
    return Section("map", "Map", {"picture": plot(figure, alt), "most": _MOST})
