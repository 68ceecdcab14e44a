"""The section with a map of all images by their textures, and the rows that it is drawn from."""

from collections.abc import Collection, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..answers import Attribution, Detection, Inputs
from ..pipeline import FeaturePipeline
from ..recipes.blocks import textures
from ..recipes.kinds import Cache
from .pictures import plot
from .plots import draw_map
from .section import Section

MOST = 300  # images of a set


class Textures(NamedTuple):
    """Textures of some images of every set.

    Attributes
    ----------
    X : ndarray of shape (n_images, n_features)
    places : dict of str to ndarray of int
        By set, the positions in it of the images that the rows belong to; set follows set.
    """

    X: NDArray[np.float64]
    places: dict[str, NDArray[np.intp]]

    @property
    def sets(self) -> NDArray[np.str_]:
        """The set of each row."""
        return np.repeat(list(self.places), list(map(len, self.places.values())))


def textures_of(given: Inputs, cache: Cache, bad: Collection[tuple[str, str | None]] = ()) -> Textures:
    """Return the textures of at most 300 images of every set, drawn at random.

    Parameters
    ----------
    given : Inputs
    cache : path-like or FeatureCache or None
    bad : collection of (set, id)
        Images that cannot be used.

    Returns
    -------
    Textures
    """
    features = FeaturePipeline(textures(), cache=cache)
    rng = np.random.default_rng(0)
    rows, places = [], {}
    for name, images in given.sets.items():
        good = np.array([i for i, id in enumerate(images.ids) if (name, id) not in bad], dtype=np.intp)
        some = np.sort(rng.choice(good, MOST, replace=False)) if len(good) > MOST else good
        if len(some):
            rows.append(features.fit_transform(images[some]))
            places[name] = some
    return Textures(np.concatenate(rows) if rows else np.empty((0, 0)), places)


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
    bad = {(one.where, one.id) for one in found.findings if one.kind == "cannot-be-used"}
    rows = textures_of(found.inputs, cache, bad)
    if len(rows.X) < 3:
        return None
    colours = np.concatenate([np.asarray(labels[name])[some].astype(str) for name, some in rows.places.items()])
    markers = [kinds.get(name, "real") for name in rows.sets]
    figure = draw_map(rows.X, colours, markers, title="textures")
    alt = f"Map of {len(rows.X)} images by the first two principal components of their textures."
    return Section("map", "Map", {"picture": plot(figure, alt), "most": MOST})
