"""The intensities themselves, for systems that compare pictures pixel by pixel."""

from ..checks import check_pair
from ..images.errors import ImageReadError
from ..images.intensity import to_levels
from .base import BaseExtractor


class Pixels(BaseExtractor):
    """Grey intensities of every pixel, row by row, on the 8-bit scale 0..255.

    ``height * width`` columns. Without a size, it is learnt in `fit`, and every image must have it.

    Parameters
    ----------
    size : (int, int), default=None
        ``(height, width)`` to resize every image to, by area interpolation. None keeps their own size, which must be
        one; the ``size`` of an ImageSet resizes them for all extractors.

    Attributes
    ----------
    image_shape_ : (int, int)
        ``(height, width)`` of the images seen in `fit`; absent where `size` is given.

    Notes
    -----
    A flat image gives its level in every column. uint16 is divided by 257, floats are multiplied by 255.
    About 0.02 ms for an image of 256 x 256.

    Examples
    --------
    >>> import numpy as np
    >>> Pixels().fit_transform(np.array([[[0, 1], [2, 3]]], dtype=np.uint8))
    array([[0., 1., 2., 3.]], dtype=float32)
    """

    image_shape_: tuple[int, int]

    def __init__(self, size: tuple[int, int] | None = None) -> None:
        self.size = size

    @property
    def _stateful(self):
        return self.size is None

    @property
    def _one_size(self):
        return self.size is None

    def _check_params(self):
        if self.size is not None:
            check_pair(self, "size")

    def _fit(self, images, y):
        error = ValueError("Pixels learns its width from the first image, and there is none")
        for i in range(len(images)):
            try:
                self.image_shape_ = images[i].shape[:2]
                return
            except ImageReadError as unreadable:  # transform will name it
                error = unreadable
        raise error

    def _value_state(self):
        return getattr(self, "image_shape_", None)  # 2 x 8 and 8 x 2 are as wide, but not the same columns

    def _column_names(self):
        height, width = self._shape
        return [f"pixel_y{y}_x{x}" for y in range(height) for x in range(width)]

    def n_columns(self) -> int:
        """Return the number of columns."""
        return self._shape[0] * self._shape[1]

    @property
    def _shape(self):
        return self.image_shape_ if self.size is None else tuple(self.size)

    def _extract_one(self, image):
        if self.size is not None:
            import cv2

            return cv2.resize(to_levels(image), self._shape[::-1], interpolation=cv2.INTER_AREA).ravel()
        if image.shape != self.image_shape_:
            height, width = self.image_shape_
            raise ImageReadError.one(
                "unsuitable",
                f"the image is {image.shape[0]} x {image.shape[1]}, the images seen in fit were {height} x {width}: "
                f"have all resized with ImageSet(images, size=({height}, {width}))",
            )
        return to_levels(image).ravel()
