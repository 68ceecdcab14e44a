"""Patches: another extractor, applied to every cell of a grid."""

from itertools import pairwise

import numpy as np

from ..checks import check_pair
from ..images import ImageReadError
from .base import BaseExtractor
from .wrapper import Wrapper


class Patches(Wrapper):
    """Apply another extractor to every cell of a grid over the image, and put the columns side by side.

    Parameters
    ----------
    extractor : extractor
        What to extract from each cell. One that learns from images learns from all cells of all images.
    grid : (int, int), default=(2, 2)
        Rows and columns of cells. Gives ``rows * columns`` times the extractor's columns, named
        ``patch0x1_...`` for the cell in row 0 and column 1.

    Attributes
    ----------
    extractor_ : extractor
        The fitted copy of an `extractor` that learns from images; absent otherwise.

    See Also
    --------
    Filtered : Apply another extractor to filtered images.

    Notes
    -----
    Cells cover the image without overlap; where its sides cannot be divided evenly, the first cells are one pixel
    larger, as in `numpy.array_split`. A flat image, a deeper one and the cost are what they are for the extractor.
    An image with fewer rows or columns of pixels than of cells is unsuitable.

    Examples
    --------
    >>> import numpy as np
    >>> from fingerprint_features import Pixels
    >>> halves = Patches(Pixels(), grid=(1, 2)).fit(np.array([[[1, 2, 3, 4]]], dtype=np.uint8))
    >>> [str(name) for name in halves.get_feature_names_out()]
    ['patch0x0_pixel_y0_x0', 'patch0x0_pixel_y0_x1', 'patch0x1_pixel_y0_x0', 'patch0x1_pixel_y0_x1']
    >>> Patches(Pixels(), grid=3).fit(np.zeros((1, 8, 8), dtype=np.uint8))
    Traceback (most recent call last):
    ValueError: the 'grid' parameter of Patches must be a pair of ints >= 1. Got 3 instead.
    """

    def __init__(self, extractor: BaseExtractor, grid: tuple[int, int] = (2, 2)) -> None:
        self.extractor = extractor
        self.grid = grid

    def _check_views(self):
        check_pair(self, "grid")

    def _prefixes(self):
        rows, columns = self.grid
        return [f"patch{row}x{column}" for row in range(rows) for column in range(columns)]

    def _views(self, image):
        (height, width), (rows, columns) = image.shape[:2], self.grid
        if height < rows or width < columns:
            raise ImageReadError.one(
                "unsuitable",
                f"the image is {height} x {width} pixels, too small for {rows} x {columns} patches: "
                "choose a coarser grid, or leave the image out",
            )
        ys, xs = _edges(height, rows), _edges(width, columns)
        return [
            np.ascontiguousarray(image[top:bottom, left:right])
            for top, bottom in pairwise(ys)
            for left, right in pairwise(xs)
        ]


def _edges(n, parts):
    """Return where `parts` runs of n pixels begin and end; the first runs take the pixels left over."""
    size, extra = divmod(n, parts)
    return [part * size + min(part, extra) for part in range(parts + 1)]
