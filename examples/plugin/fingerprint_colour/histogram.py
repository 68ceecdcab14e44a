"""Colour histogram: how much of the image has each of a few colours."""

import numpy as np

from fingerprint_features import BaseExtractor
from fingerprint_features.checks import check_int
from fingerprint_features.images import to_uint8


class ColourHistogram(BaseExtractor):
    """Share of the pixels in each cell of a cube of colours [1]_.

    Parameters
    ----------
    n_bins : int, default=4
        Steps of each channel. Gives ``n_bins ** 3`` columns that sum to 1.

    Notes
    -----
    A flat image has 1 in one column and 0 in all others. Unchanged when pixels change places. uint16 and floats are
    rounded to 8 bits first. About 1 ms for an image of 256 x 256.

    References
    ----------
    .. [1] Swain, Ballard, Color Indexing, International Journal of Computer Vision 7(1), 1991.

    Examples
    --------
    >>> import numpy as np
    >>> red = np.zeros((1, 8, 8, 3), dtype=np.uint8)
    >>> red[..., 0] = 255
    >>> ColourHistogram(n_bins=2).fit_transform(red)
    array([[0., 0., 0., 0., 1., 0., 0., 0.]], dtype=float32)
    >>> ColourHistogram(n_bins=0).fit(red)
    Traceback (most recent call last):
    ValueError: the 'n_bins' parameter of ColourHistogram must be an int in [1, 16]. Got 0 instead.
    """

    _mode = "rgb"

    def __init__(self, n_bins=4):
        self.n_bins = n_bins

    def _check_params(self):
        check_int(self, "n_bins", 1, 16)

    def _column_names(self):
        steps = range(self.n_bins)
        return [f"colour{self.n_bins}_r{r}_g{g}_b{b}" for r in steps for g in steps for b in steps]

    def _extract_one(self, image):
        steps = to_uint8(image).astype(np.intp) * self.n_bins // 256
        cells = (steps[..., 0] * self.n_bins + steps[..., 1]) * self.n_bins + steps[..., 2]
        return np.bincount(cells.ravel(), minlength=self.n_bins**3) / cells.size
