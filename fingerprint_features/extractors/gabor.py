"""Gabor filters: how strongly the image ripples at each frequency, in each direction."""

from collections.abc import Sequence
from typing import Literal

import numpy as np

from ..checks import as_tuple, check_int, check_option, check_real, fail
from ..images.intensity import to_levels
from .kernels.gabor import complex_kernels, make_bank, response_sums
from .on_device.base import OnDevice

_STATISTICS = ("mean", "std", "var")


class Gabor(OnDevice):
    """Mean and standard deviation of the responses to a bank of Gabor filters [1]_.

    A filter is a wave under a Gaussian bell; its response is large where the image ripples like the wave.

    Parameters
    ----------
    frequencies : float or sequence of float, default=(0.1, 0.2, 0.3, 0.4)
        Cycles per pixel, from 0.01 to 0.5. Gives, with the default statistics, 2 columns per frequency and
        orientation.
    n_orientations : int or sequence of float, default=4
        How many directions, spread evenly over 180 degrees; or a list of angles, in degrees from 0 to 180. The
        waves run along the rows at 0 and down the columns at 90.
    bandwidth : float, default=1.0
        Octaves that a filter lets through at half its height, from 0.1 to 8: the width of the bell goes with the
        wavelength.
    sigma : float, default=None
        Standard deviation of the bell along the wave, in pixels, the same at every frequency; replaces `bandwidth`.
    gamma : float, default=1.0
        Roundness of the bell, from 0.1 to 10: its standard deviation across the wave is ``sigma / gamma``.
    kernel_size : int, default=None
        Side of the kernels in pixels, odd. None lets the bell reach out 3 standard deviations.
    response : {"magnitude", "real"}, default="magnitude"
        Magnitude of the complex response, which does not depend on where the ripples lie, or its real part.
    statistics : sequence of {"mean", "std", "var"}, default=("mean", "std")
        What is taken over all pixels. Gives one column each per filter.
    device : str or None, default=None
        None computes on the CPU with compiled kernels. ``"cuda"``, or one card such as ``"cuda:1"``, computes a batch
        of images at a time on a graphics card with PyTorch; ``"cpu"`` does the same without a card, slowly; "auto"
        takes a card if there is one, and None otherwise. On a card, give FeaturePipeline a `batch_size` of 256 and
        some `n_jobs`, which decode meanwhile.

    Raises
    ------
    ValueError
        For a device that is not there.
    ImportError
        If the device needs PyTorch and it is not installed: ``pip install "fingerprint_features[cnn]"``.

    See Also
    --------
    Wavelet : Energies of bands one octave wide, in three directions.
    GLCM : Texture by the steps between neighbouring pixels.

    Notes
    -----
    The kernels are those of ``skimage.filters.gabor_kernel`` and the responses those of ``skimage.filters.gabor`` on
    the 8-bit scale 0..255, with its default border (mirrored, edge pixels repeated): means and deviations agree to
    1e-5 of their value, or 1e-7 of the brightness where texture is that faint. An image smaller than a kernel is
    mirrored as often as it takes, also where scikit-image returns chance values. uint16 is divided by 257, floats are
    multiplied by 255. Turning the image by 90 degrees exchanges columns 90 degrees apart.

    The filters have a small response to brightness itself: at bandwidth 1, a flat image of level v has a mean of
    about 0.0006 v to 0.002 v, and a standard deviation of 0 up to rounding.

    A `device` filters by Fourier transforms in double precision, at one cost for filters of every shape. Its rows agree
    with the others as stated above, and are cached on their own.

    About 2.5 ms for an image of 256 x 256 and 16 filters, and memory for a few rows. Elongated filters
    (`gamma` other than 1) at angles other than 0, 90 and 180 go through a Fourier transform, at 2 ms each for
    real parts and 4 for magnitudes.

    The real response with `kernel_size` is that to ``cv2.getGaborKernel((n, n), sigma, angle, 1 / frequency, gamma,
    0)``, whose kernels are larger by the constant ``2 * pi * sigma**2 / gamma``.

    References
    ----------
    .. [1] Jain, Farrokhnia, Unsupervised Texture Segmentation Using Gabor Filters, Pattern Recognition 24(12), 1991.

    Examples
    --------
    >>> import numpy as np
    >>> stripes = np.tile(np.array([0, 0, 255, 255, 255], dtype=np.uint8), (1, 20, 4))  # one every 5 pixels
    >>> Gabor(frequencies=0.2, n_orientations=2, statistics=["mean"]).fit_transform(stripes).round(1)
    array([[67.6,  0.2]], dtype=float32)
    >>> Gabor(frequencies=0.6).fit(stripes)
    Traceback (most recent call last):
    ValueError: the 'frequencies' parameter of Gabor must be one float or several in [0.01, 0.5]. Got 0.6 instead.
    """

    def __init__(
        self,
        frequencies: float | Sequence[float] = (0.1, 0.2, 0.3, 0.4),
        n_orientations: int | Sequence[float] = 4,
        bandwidth: float = 1.0,
        sigma: float | None = None,
        gamma: float = 1.0,
        kernel_size: int | None = None,
        response: Literal["magnitude", "real"] = "magnitude",
        statistics: Sequence[Literal["mean", "std", "var"]] = ("mean", "std"),
        device: str | None = None,
    ) -> None:
        self.frequencies = frequencies
        self.n_orientations = n_orientations
        self.bandwidth = bandwidth
        self.sigma = sigma
        self.gamma = gamma
        self.kernel_size = kernel_size
        self.response = response
        self.statistics = statistics
        self.device = device

    def _check_params(self):
        super()._check_params()
        self._frequencies()
        self._angles()
        check_real(self, "bandwidth", 0.1, 8)
        if self.sigma is not None:
            check_real(self, "sigma", 0.1, 500)
        check_real(self, "gamma", 0.1, 10)
        if self.kernel_size is not None:
            check_int(self, "kernel_size", 3, 2001)
            if self.kernel_size % 2 == 0:
                fail(self, "kernel_size", "odd, so that it has a centre")
        check_option(self, "response", ("magnitude", "real"))
        chosen = self.statistics
        if not isinstance(chosen, (tuple, list)) or not chosen or [s for s in chosen if s not in _STATISTICS]:
            fail(self, "statistics", f"a sequence of {', '.join(map(repr, _STATISTICS))}")
        if len(set(chosen)) < len(chosen):
            fail(self, "statistics", "without repetitions")

    def _frequencies(self):
        return as_tuple(self, "frequencies", low=0.01, high=0.5)

    def _angles(self):
        if isinstance(self.n_orientations, (tuple, list, np.ndarray)):
            return as_tuple(self, "n_orientations", low=0, high=180)
        check_int(self, "n_orientations", 1, 180)
        return tuple(180 * i / self.n_orientations for i in range(self.n_orientations))

    def _column_names(self):
        return [
            f"gabor_{statistic}_f{frequency:g}_a{angle:g}"
            for frequency in self._frequencies()
            for angle in self._angles()
            for statistic in self.statistics
        ]

    def _value_state(self):
        return None if self._device() is None else "in double precision"

    def _extract_compiled(self, images):
        bank, magnitude = make_bank(*self._filters()), self.response == "magnitude"
        sums = [response_sums(self._prepared(image), bank, magnitude) / image.size for image in images]
        return self._rows(np.stack(sums))

    def _extract_on(self, stack):
        from .on_device import gabor

        kernels = complex_kernels(*self._filters())
        return self._rows(gabor.response_means(stack, kernels, self.response == "magnitude"))

    def _prepared(self, image):
        return to_levels(image)

    def _numbers_per_image(self, height, width):
        from .on_device import gabor

        return np.prod(gabor.transform_shape((height, width), complex_kernels(*self._filters())))

    def _filters(self):
        return self._frequencies(), self._angles(), self.bandwidth, self.sigma, self.gamma, self.kernel_size

    def _rows(self, means):
        """Return the columns, of the means of the responses and of their squares (n, n_filters, 2)."""
        mean, square = np.moveaxis(means, -1, 0)
        variance = np.maximum(square - mean**2, 0)
        values = {"mean": mean, "std": np.sqrt(variance), "var": variance}
        return np.stack([values[statistic] for statistic in self.statistics], axis=-1).reshape(len(means), -1)
