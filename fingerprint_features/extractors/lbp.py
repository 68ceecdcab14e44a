"""Local binary patterns: how often each small light-dark neighbourhood occurs."""

from collections.abc import Sequence
from functools import lru_cache
from numbers import Integral
from typing import Literal

import numpy as np

from ..checks import as_tuple, check_option, check_pair, fail
from ..images.errors import ImageReadError
from .depth import to_uint8_if_exact
from .kernels.lbp import binary_patterns
from .kernels.lbp_histogram import pattern_shares, pattern_values
from .on_device.base import OnDevice

_MOST_POINTS = {"uniform": 24, "nri_uniform": 24, "default": 16, "ror": 16}


class LBP(OnDevice):
    """Histogram of the local binary patterns, as shares of the pixels, in each cell of a grid [1]_.

    The pattern of a pixel states which points on a circle around it are at least as light as the pixel.

    Parameters
    ----------
    n_points : int or sequence of int, default=8
        Points on the circle, 2 to 24 (16 for "default" and "ror"); one number for all radii, or one for each.
    radius : float or sequence of float, default=1
        Radius of the circle in pixels, below 100. Several give the columns of each, one after another.
    method : {"uniform", "nri_uniform", "ror", "default"}, default="uniform"
        How patterns are grouped into columns. ``"uniform"``: patterns whose lighter points form one arc, grouped by
        arc length; all others share one bin (``n_points + 2`` columns). ``"nri_uniform"``: the same, and the position
        of the arc counts too (``n_points * (n_points - 1) + 3`` columns) [2]_. ``"ror"``: patterns that are equal
        after a rotation (36 columns for 8 points). ``"default"``: each pattern alone (``2 ** n_points`` columns).
    grid : (int, int), default=(1, 1)
        Rows and columns of cells the image is divided into. Multiplies the number of columns by both.
    device : str or None, default=None
        None computes on the CPU with compiled kernels. ``"cuda"``, or one card such as ``"cuda:1"``, computes a batch
        of images at a time on a graphics card with PyTorch; ``"cpu"`` does the same without a card, slowly; "auto"
        takes a card if there is one, and None otherwise. On a card, give FeaturePipeline a `batch_size` of 256 and
        some `n_jobs`, which decode meanwhile.

    Raises
    ------
    ImageReadError
        For an image with fewer pixels, down or across, than the grid has cells.
    ValueError
        For a device that is not there.
    ImportError
        If the device needs PyTorch and it is not installed: ``pip install "fingerprint_features[cnn]"``.

    See Also
    --------
    GLCM : How grey levels follow one another, rather than only which is lighter.

    Notes
    -----
    The last number in a column's name is the value scikit-image gives the pattern. Cells are divided as
    ``numpy.array_split`` does; the shares in a cell add up to 1. Points outside the image are black.
    A flat image is all ones inside: with ``"uniform"``, the column ``n_points``; on a black one also at the border.
    A constant added to all levels changes patterns only at the border, and the few that rounding decides; turning
    the image hardly changes those of ``"uniform"`` and ``"ror"``.

    Equal to ``skimage.feature.local_binary_pattern`` on x86-64, pixel by pixel, rounding included, and the same on
    every device. Levels are compared as 8 bits where they are that in any type (``257 * v``, ``v / 255``), as 16 bits
    otherwise, to which floats are rounded. About 0.08 ms for an 8-bit image of 256 x 256 with the defaults, 0.4 ms with
    16 points at radius 2.

    References
    ----------
    .. [1] Ojala, Pietikäinen, Mäenpää, Multiresolution Gray-Scale and Rotation Invariant Texture Classification with
       Local Binary Patterns, IEEE TPAMI 24(7), 2002.
    .. [2] Ahonen, Hadid, Pietikäinen, Face Description with Local Binary Patterns, IEEE TPAMI 28(12), 2006.

    Examples
    --------
    >>> import numpy as np
    >>> dot = np.zeros((1, 3, 3), dtype=np.uint8)
    >>> dot[0, 1, 1] = 9  # the centre is lighter than its neighbours
    >>> LBP(n_points=4).fit_transform(dot).round(2)
    array([[0.11, 0.  , 0.  , 0.  , 0.89, 0.  ]], dtype=float32)
    >>> LBP(radius=0).fit(dot)
    Traceback (most recent call last):
    ValueError: the 'radius' parameter of LBP must be one float or several in (0, 100). Got 0 instead.
    """

    def __init__(
        self,
        n_points: int | Sequence[int] = 8,
        radius: float | Sequence[float] = 1,
        method: Literal["uniform", "nri_uniform", "default", "ror"] = "uniform",
        grid: tuple[int, int] = (1, 1),
        device: str | None = None,
    ) -> None:
        self.n_points = n_points
        self.radius = radius
        self.method = method
        self.grid = grid
        self.device = device

    def _check_params(self):
        super()._check_params()
        check_option(self, "method", _MOST_POINTS)
        check_pair(self, "grid")
        self._circles()

    def _circles(self):
        """Return (points, radius) of each circle."""
        radii = as_tuple(self, "radius", low=0, high=100, closed=False)
        several = isinstance(self.n_points, (tuple, list, np.ndarray))
        points = tuple(self.n_points) if several else (self.n_points,) * len(radii)
        most = _MOST_POINTS[self.method]
        if len(points) != len(radii) or not all(isinstance(n, Integral) and 2 <= n <= most for n in points):
            each = f", or {len(radii)} of them, one for each radius" if len(radii) > 1 or several else ""
            fail(self, "n_points", f"an int in [2, {most}] for method {self.method!r}{each}")
        return list(zip(map(int, points), radii, strict=True))

    def _column_names(self):
        method = "" if self.method == "uniform" else f"{self.method}_"
        n_rows, n_columns = self.grid
        cells = [f"g{i}x{j}_" for i in range(n_rows) for j in range(n_columns)] if n_rows * n_columns > 1 else [""]
        names = []
        for n_points, radius in self._circles():
            values = pattern_values(n_points, self.method)
            digits = max(2, len(str(values[-1])))
            stems = [f"lbp_{method}p{n_points}_r{radius:g}_{cell}" for cell in cells]
            names += [f"{stem}{value:0{digits}d}" for stem in stems for value in values]
        return names

    def _extract_compiled(self, images):
        circles = self._circles()  # once: for a small image it is a fifth of the work
        return [self._row(self._prepared(image), circles) for image in images]

    def _row(self, image, circles):
        edges = self._grid_edges(image.shape)
        shares = [
            pattern_shares(binary_patterns(image, n_points, radius), n_points, self.method, *edges).ravel()
            for n_points, radius in circles
        ]
        return np.concatenate(shares)

    def _extract_on(self, stack):
        from .on_device import lbp

        edges = self._grid_edges(stack.shape[1:])
        shares = [lbp.pattern_shares(stack, *circle, self.method, *edges) for circle in self._circles()]
        return np.concatenate(shares, axis=1)

    def _numbers_per_image(self, height, width):
        n_patterns = max(len(pattern_values(n_points, self.method)) for n_points, _ in self._circles())
        return max(height * width, self.grid[0] * self.grid[1] * n_patterns)

    def _prepared(self, image):
        self._check_grid_fits(image)
        image = to_uint8_if_exact(image)
        return np.rint(image * np.float32(65535)).astype(np.uint16) if image.dtype == np.float32 else image

    def _grid_edges(self, shape):
        return [_edges(n, cells) for n, cells in zip(shape, self.grid, strict=True)]

    def _check_grid_fits(self, image):
        if self.grid[0] > image.shape[0] or self.grid[1] > image.shape[1]:
            raise ImageReadError.one(
                "unsuitable",
                f"the image of {image.shape[0]} x {image.shape[1]} pixels cannot be divided into "
                f"{self.grid[0]} x {self.grid[1]} cells: choose a smaller grid, or larger images",
            )


@lru_cache(maxsize=256)
def _edges(n, cells):
    """Return where each of `cells` nearly equal parts of n pixels begins, the longer ones first, and n."""
    i = np.arange(cells + 1)
    return i * (n // cells) + np.minimum(i, n % cells)
