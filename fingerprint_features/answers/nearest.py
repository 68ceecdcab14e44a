"""The generated image that looks most like each real one."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..extractors import PHash
from ..images import ImageSet
from ..neighbors import FaissNearestNeighbors
from ..pipeline import FeaturePipeline
from ..recipes.kinds import Cache
from .guards import exact_copies

LOOKS = PHash()  # 256 bits


class Nearest(NamedTuple):
    """The nearest image of another set, for each image.

    Attributes
    ----------
    ids : ndarray of str of shape (n_images,)
        The id of the nearest image.
    distances : ndarray of int of shape (n_images,)
        Bits, of 256, in which the perceptual hashes of the two differ.
    copies : dict of int to str
        For the images that have an exact copy, pixel by pixel: position, and id of the copy. Flat images do not count.
    """

    ids: NDArray[np.str_]
    distances: NDArray[np.int64]
    copies: dict[int, str]


def nearest(images: ImageSet, others: ImageSet, cache: Cache) -> Nearest:
    """Return the nearest of the other images for each image; an exact copy is the nearest of all.

    Where there are no others, ids are empty and distances those of nothing in common.
    """
    if not len(others):
        return Nearest(np.full(len(images), "", dtype=str), np.full(len(images), LOOKS.hash_size**2), {})
    features = FeaturePipeline([LOOKS], cache=cache).fit(images)
    search = FaissNearestNeighbors(n_neighbors=1, metric="hamming").fit(features.transform(others))
    shares, found = search.kneighbors(features.transform(images))
    ids = others.ids[found[:, 0]].astype(object)
    copies = {i: str(others.ids[j]) for i, j in exact_copies(images, others)}
    for i, id in copies.items():
        ids[i] = id
    bits = np.rint(shares[:, 0] * LOOKS.hash_size**2).astype(np.int64)
    return Nearest(ids.astype(str), bits, copies)
