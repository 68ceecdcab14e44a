"""One decoded picture in the forms that extractors ask for, each made once."""

from functools import cached_property
from typing import Any

from numpy.typing import NDArray

from .intensity import to_gray, to_rgb


class Forms:
    """A decoded image, with its grey and colour forms on demand.

    Parameters
    ----------
    image : ndarray of shape (height, width) or (height, width, 3)
        As ImageSet decodes it. All forms are read-only, so that no extractor spoils the picture for the next.
    """

    def __init__(self, image: NDArray[Any]) -> None:
        self.image = _read_only(image)

    @cached_property
    def gray(self) -> NDArray[Any]:
        """The grey form, shape (height, width)."""
        return _read_only(to_gray(self.image))

    @cached_property
    def rgb(self) -> NDArray[Any]:
        """The colour form, shape (height, width, 3)."""
        return _read_only(to_rgb(self.image))


def _read_only(array):
    array = array.view()
    array.flags.writeable = False
    return array
