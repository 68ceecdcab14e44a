"""Training images as a network sees them: decoded once and held in memory, 8 bits a value."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..extractors.cnn.preprocessing import Preprocessing
from ..extractors.one_pass import single_threaded_opencv
from ..images import ImageReadError, ImageSet
from ..images.forms import Forms
from ..threads import in_threads

if TYPE_CHECKING:
    from torch import Tensor


def seen(image: NDArray[Any], preprocessing: Preprocessing) -> NDArray[np.uint8]:
    """Return the pixels that a network sees of the whole of an image (height, width, 3), in `fit` and after it."""
    return preprocessing.pixels(image, "squash")


def hold(sets: Sequence[ImageSet], preprocessing: Preprocessing, n_threads: int) -> NDArray[np.uint8]:
    """Decode every image once and keep what the network sees of it.

    Parameters
    ----------
    sets : sequence of ImageSet
        Held one behind the other.
    preprocessing : Preprocessing
    n_threads : int
        Threads that decode.

    Returns
    -------
    ndarray of shape (n_images, side, side, channels) and dtype uint8
        With one channel if all images are grey: `scaled` repeats it.

    Raises
    ------
    ImageReadError
        Naming every image that cannot be used.
    """
    failures = {}

    def pixels_of(place):
        number, i = place
        images = sets[number]
        try:
            pixels = seen(Forms(images[i]).rgb, preprocessing)
        except ImageReadError as error:
            failures[place] = error.named(images.ids[i]).failures
            return None
        return pixels[..., :1].copy() if _is_gray(pixels) else pixels.copy()

    places = [(number, i) for number, images in enumerate(sets) for i in range(len(images))]
    with single_threaded_opencv():
        held = in_threads(pixels_of, places, n_threads)
    if failures:
        raise ImageReadError([failure for place in sorted(failures) for failure in failures[place]])
    channels = max(pixels.shape[-1] for pixels in held)
    return np.stack([np.broadcast_to(pixels, (*pixels.shape[:2], channels)) for pixels in held])


def scaled(pixels: "Tensor", preprocessing: Preprocessing) -> "Tensor":
    """Return the network's float32 input (n, channels, side, side), from held pixels (n, side, side, 1 or channels)."""
    return preprocessing.scale(pixels.expand(-1, -1, -1, preprocessing.channels)).contiguous()


def _is_gray(pixels):
    return pixels.shape[-1] == 1 or (pixels[..., :1] == pixels).all()
