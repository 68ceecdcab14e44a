"""What folders hold, by content: the same picture under another name is the same picture."""

import numpy as np

from ..images import ImageReadError, check_images
from ..reference.pools import Pool, shared, told


def by_content(images):
    """Return the Pool of an ImageSet, its contents read once; raise ImageReadError for all that cannot be read."""
    pool = Pool(images)
    try:
        pool.digests  # noqa: B018 (found here and kept)
    except ImageReadError as error:  # of the first that cannot be read: name all
        raise ImageReadError(check_images(images)) from error
    return pool


def refuse_shared(pools, others, why):
    """Raise if one of the pools shares images with one of the others; both are dicts from an option to a Pool."""
    for option, pool in pools.items():
        for other, rest in others.items():
            pairs = shared(rest, pool)
            if pairs:
                raise ValueError(
                    f"{option} and {other} share {len(pairs)} of {len(rest)} images ({told(pairs, '{1} = {0}')}), but "
                    f"{why}: take them out of {option} or {other}"
                )


def without(pool, others):
    """Return the images of a pool that are in none of the others."""
    known = {digest for other in others for digest in other.digests}
    return pool.data[np.array([digest not in known for digest in pool.digests])]
