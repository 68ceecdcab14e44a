"""Structural similarity (SSIM) of all pairs of images, as scikit-image defines it, a hundred times as fast."""

import math
from collections.abc import Iterable
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..threads import count_threads, in_threads
from . import windows
from .ssim_torch import find_device
from .stacks import FULL_RANGE, draw_stacks
from .windows import GAUSSIAN, UNIFORM

_TILE = 2**19  # pixels of the pool taken together: they and their moments stay in the processor's cache
_CHUNK = 2**21  # pixels of other images compared with the pool at a time
_MOMENTS = 2**29  # bytes of moments kept; the rest of a larger pool makes them again for every chunk


def ssim_matrix(
    A: Iterable[NDArray[Any]],
    B: Iterable[NDArray[Any]],
    *,
    data_range: float | None = None,
    gaussian: bool = False,
    n_jobs: int | None = None,
    device: str | None = None,
) -> NDArray[np.float32]:
    """Compute the structural similarity [1]_ of every image of A and every image of B.

    Parameters
    ----------
    A, B : ndarray of shape (n_images, height, width), or iterable of ndarray of shape (height, width)
        Grey images, all of one size, uint8, uint16, or float in [0, 1]. The one with fewer images is held in memory,
        the other is drawn image by image and may be a generator that decodes as it goes.
    data_range : float or None, default=None
        Span of the values; None is that of the dtype: 255, 65535, 1.
    gaussian : bool, default=False
        Weight the window by a Gaussian (sigma 1.5, 11 x 11 pixels) in place of a plain 7 x 7.
    n_jobs : int or None, default=None
        Threads of the compiled kernels; None is what ``joblib.parallel_config`` says. Never changes the values.
    device : str or None, default=None
        None computes on the CPU with compiled kernels, ``"cuda"`` or one card such as ``"cuda:1"`` with PyTorch,
        ``"auto"`` on a graphics card if PyTorch finds one, ``"cpu"`` with PyTorch on the CPU (slow: for tests).

    Returns
    -------
    ndarray of shape (n_A, n_B) and dtype float32
        In [-1, 1]; exactly 1 for equal images.

    Raises
    ------
    ValueError
        Naming the image that is too small, of another size, not grey, or of another dtype; or the device that is
        not there.
    ImportError
        If the device needs PyTorch and it is not installed: ``pip install "fingerprint_features[cnn]"``.

    See Also
    --------
    SSIMPool : Holds one side ready, for images that come one after another.

    Notes
    -----
    Values are those of ``skimage.metrics.structural_similarity(a, b)``, or with ``gaussian_weights=True``, within
    1e-6 for 8 and 16 bits with a `data_range` of at least a thousandth of the dtype's, whatever the size of the images.
    Floats are rounded to 16 bits, which makes up to 1e-4, or ``1e-7 / data_range ** 2`` where that is more. Two flat
    images of levels a and b give ``(2ab + c) / (a^2 + b^2 + c)`` with ``c = (0.01 * data_range)^2``. Pairs of 8-bit
    images are compared in 8 bits, all others in 16, so the three depths of one picture agree. ``ssim_matrix(B, A)`` is
    the transpose, bit for bit, and a pair's value does not depend on the other images. About 0.05 ms for a pair of
    256 x 256 in 8 bits. All of this holds on every `device`, whose values are within 1e-6 of each other; a block of
    pairs that does not fit the memory of a graphics card is halved until it does.

    References
    ----------
    .. [1] Wang, Bovik, Sheikh, Simoncelli, "Image quality assessment: from error visibility to structural
       similarity", IEEE Transactions on Image Processing 13(4), 2004.

    Examples
    --------
    >>> import numpy as np
    >>> ramp = np.tile(np.arange(0, 80, 10, dtype=np.uint8), (8, 1))
    >>> ssim_matrix([ramp], [ramp, ramp.T, np.full_like(ramp, 35)]).round(3)
    array([[1.   , 0.066, 0.124]], dtype=float32)
    >>> ssim_matrix([ramp], [ramp[:, :7]])
    Traceback (most recent call last):
    ValueError: SSIM compares images of one size, got 8 x 8 and 8 x 7 (image 0): have all resized with ...
    """
    settings = {"data_range": data_range, "gaussian": gaussian, "device": device}
    if _length(B) < _length(A):
        return SSIMPool(B, **settings).matrix(A, n_jobs=n_jobs)
    return np.ascontiguousarray(SSIMPool(A, **settings).matrix(B, n_jobs=n_jobs).T)


class SSIMPool:
    """Grey images made ready for SSIM: the means and variances of their windows are computed once.

    Parameters
    ----------
    images : ndarray of shape (n_images, height, width), or iterable of ndarray of shape (height, width)
        At least one; held in memory, with 6 bytes a pixel more (up to 512 MB in all) for what is computed once. On a
        graphics card 12 or 20 bytes a pixel, in up to half of its free memory; the rest is sent again as needed.
    data_range, gaussian, device
        See `ssim_matrix`.

    Attributes
    ----------
    image_shape : (int, int)
        ``(height, width)`` that every image must have.

    Examples
    --------
    >>> import numpy as np
    >>> images = np.random.default_rng(0).integers(0, 256, (3, 16, 16), dtype=np.uint8)
    >>> pool = SSIMPool(images)
    >>> len(pool), pool.row(images[1]).shape, pool.matrix(images[:2]).shape
    (3, (3,), (2, 3))
    """

    image_shape: tuple[int, int]

    def __init__(
        self,
        images: Iterable[NDArray[Any]],
        *,
        data_range: float | None = None,
        gaussian: bool = False,
        device: str | None = None,
    ) -> None:
        if data_range is not None and not (isinstance(data_range, Real) and 0 < data_range < math.inf):
            raise ValueError(f"data_range must be None or a positive number. Got {data_range!r} instead.")
        self.image_shape = None
        self._window = GAUSSIAN if gaussian else UNIFORM
        self._data_range = data_range
        self._device = find_device(device)
        room, tile = (_MOMENTS, _TILE) if self._device is None else (self._device.room(), _CHUNK)
        self._tiles, kept = [], 0  # of (images, the same prepared or None)
        for stack in self._draw(images, tile):
            prepared = self._prepare(stack) if kept < room else None
            if prepared is not None:
                kept += prepared.nbytes
            self._tiles.append((stack, prepared))
        if not self._tiles:
            raise ValueError("SSIM needs at least one image to compare with, and there is none")

    def __len__(self) -> int:
        return sum(len(stack) for stack, _ in self._tiles)

    def row(self, image: NDArray[Any]) -> NDArray[np.float32]:
        """Return the similarities (n_images,) of one image and every image of the pool."""
        return self.matrix([image])[0]

    def matrix(self, images: Iterable[NDArray[Any]], *, n_jobs: int | None = None) -> NDArray[np.float32]:
        """Return the similarities (n, n_images) of other images and those of the pool.

        Parameters
        ----------
        images : ndarray of shape (n, height, width), or iterable of ndarray of shape (height, width)
            Drawn one by one; a generator may decode as it goes.
        n_jobs : int or None, default=None
            Threads of the compiled kernels. Never changes the values.

        Returns
        -------
        ndarray of shape (n, n_images) and dtype float32
        """
        if self._device is not None:
            count_threads(n_jobs)  # refuses what is no number of threads
            n_jobs = None  # one keeps the device busy
        share = _length(images) * math.prod(self.image_shape) / count_threads(n_jobs)
        blocks = in_threads(self._compare, self._draw(images, min(share, _CHUNK)), n_jobs)
        return np.concatenate([np.empty((0, len(self)), dtype=np.float32), *blocks])

    def _draw(self, images, pixels):
        """Yield stacks of images that suit the pool; its own first image sets the size and, if need be, the dtype."""
        for stack in draw_stacks(images, self.image_shape, pixels):
            if self.image_shape is None:
                self.image_shape, self._dtype = stack.shape[1:], stack.dtype
            if min(self.image_shape) < self._window.side:
                height, width = self.image_shape
                side = self._window.side
                raise ValueError(
                    f"SSIM looks through windows of {side} x {side} pixels, the images have {height} x {width}"
                )
            if self._data_range is not None and stack.dtype != self._dtype:
                raise ValueError(
                    f"data_range={self._data_range} means one thing for {self._dtype} and another for {stack.dtype}: "
                    "leave it None to have images of several depths compared"
                )
            yield stack

    def _prepare(self, stack, in_8_bits=True):
        return self._engine.prepare(stack, self._window, in_8_bits and stack.dtype == np.uint8)

    def _compare(self, stack):
        """Return the block of similarities of a stack: in 8 bits where both images are, else in 16."""
        ready = {}
        blocks = []
        for tile, prepared in self._tiles:
            in_8_bits = tile.dtype == stack.dtype == np.uint8
            if in_8_bits not in ready:
                ready[in_8_bits] = self._prepare(stack, in_8_bits)
            if prepared is None or prepared.in_8_bits != in_8_bits:
                prepared = self._prepare(tile, in_8_bits)
            blocks.append(self._engine.compare(ready[in_8_bits], prepared, self._window, self._span(in_8_bits)))
        return np.concatenate(blocks, axis=1)

    @property
    def _engine(self):
        return self._device or windows  # not an attribute: a module cannot be pickled

    def _span(self, in_8_bits):
        share = 1 if self._data_range is None else self._data_range / FULL_RANGE[self._dtype]
        return share * (255 if in_8_bits else 65535)


def _length(images):
    return len(images) if hasattr(images, "__len__") else math.inf
