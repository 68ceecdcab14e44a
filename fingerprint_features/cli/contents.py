"""What folders hold, by content: the same picture under another name is the same picture."""

import numpy as np

from ..images import ImageReadError, check_images
from ..images.errors import printable
from ..reference.pools import Pool

_NAMED = 5  # how many pairs an error lists


def refuse_shared(sets, others, why):
    """Raise if one of the sets shares images with one of the others; both are dicts from an option to an ImageSet."""
    for option, images in sets.items():
        where = dict(zip(_digests(images), images.ids, strict=True))
        for other, rest in others.items():
            pairs = [
                (where[digest], id) for digest, id in zip(_digests(rest), rest.ids, strict=True) if digest in where
            ]
            if pairs:
                named = ", ".join(f"{printable(a)} = {printable(b)}" for a, b in pairs[:_NAMED])
                more = f" and {len(pairs) - _NAMED} more" if len(pairs) > _NAMED else ""
                raise ValueError(
                    f"{option} and {other} share {len(pairs)} of {len(rest)} images ({named}{more}), but {why}: take "
                    f"them out of {option} or {other}"
                )


def without(images, others):
    """Return the images that are not among the others."""
    known = set(_digests(others))
    return images[np.array([digest not in known for digest in _digests(images)])]


def _digests(images):
    try:
        return Pool(images).digests
    except ImageReadError as error:  # of the first that cannot be read: name all
        raise ImageReadError(check_images(images)) from error
