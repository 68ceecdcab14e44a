"""One size for all images, where a method needs it: asked before any work begins."""

from collections.abc import Mapping

from .digest import examine
from .errors import printable
from .imageset import ImageSet


def check_one_size(sets: Mapping[str, ImageSet], who: str) -> None:
    """Raise ValueError unless the images of all sets have one size.

    The sizes are found together with ``ImageSet.digests``. Images that cannot be decoded are left out; sets that
    resize their images are not read.

    Parameters
    ----------
    sets : mapping of str to ImageSet
        By the name of their argument, as the message shall have it.
    who : str
        What needs images of one size, to begin the message.

    Examples
    --------
    >>> import numpy as np
    >>> check_one_size({"X": ImageSet([np.eye(8) > 0, np.ones((8, 7)) > 0])}, "SSIM")
    Traceback (most recent call last):
    ValueError: SSIM compares images of one size, and X 0 is 8 x 8, X 1 is 8 x 7: have all resized with
    ImageSet(images, size=(8, 8))
    """
    sizes = {images.size for images in sets.values()}
    if len(sizes) == 1 and None not in sizes:
        return
    first = None
    for name, images in sets.items():
        for id, record in zip(images.ids, examine(images), strict=True):
            if record.shape is None:
                continue
            height, width = record.shape
            here = f"{name} {printable(id)} is {height} x {width}"
            if first is None:
                first, size = here, record.shape
            elif record.shape != size:
                raise ValueError(
                    f"{who} compares images of one size, and {first}, {here}: have all resized with "
                    f"ImageSet(images, size=({size[0]}, {size[1]}))"
                )
