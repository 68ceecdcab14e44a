"""What folders hold, by content: the same picture under another name is the same picture."""

import numpy as np

from ..images import ImageReadError
from ..reference.samples import listed, shared


def by_content(images):
    """Return an ImageSet whose contents are known; raise ImageReadError for all that cannot be decoded."""
    failures = images.failures
    if failures:
        raise ImageReadError(failures)
    return images


def refuse_shared(pools, others, why):
    """Raise if one of the sets shares images with one of the others; both are dicts from an option to an ImageSet."""
    for option, pool in pools.items():
        for other, rest in others.items():
            pairs = shared(rest, pool)
            if pairs:
                raise ValueError(
                    f"{option} and {other} share {len(pairs)} of {len(rest)} images ({listed(pairs, '{1} = {0}')}), "
                    f"but {why}: take them out of {option} or {other}"
                )


def without(pool, others):
    """Return the images of a set that are in none of the others."""
    known = {digest for other in others for digest in other.digests}
    return pool[np.array([digest not in known for digest in pool.digests])]
