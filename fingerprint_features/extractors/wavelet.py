"""Wavelet bands: how much energy the image has at each scale and in each direction."""

from functools import lru_cache

import numpy as np

from ..checks import check_int, fail
from ..images.intensity import to_levels
from .base import BaseExtractor
from .kernels.wavelet import filter_level, haar_level

_MOST_OF_WHOLE_NUMBERS = 11  # levels: sums of 4**11 pixels of 8 bits fit into 32 bits


class Wavelet(BaseExtractor):
    """Mean energy of every band of a two-dimensional wavelet decomposition [1]_.

    The energy of a band is the mean of its squared coefficients.

    Parameters
    ----------
    wavelet : str, default="db1"
        A discrete wavelet of PyWavelets: ``"db1"`` (Haar), ``"db4"``, ``"sym4"``, ``"bior1.3"``, ...
    level : int, default=2
        How often the image is halved, up to 12. Gives ``3 * level + 1`` columns: the approximation ``a``, and at
        each level, coarsest first, horizontal ``h``, vertical ``v`` and diagonal ``d`` details.

    See Also
    --------
    Gabor : Energies by frequency and by finer steps of orientation.

    Notes
    -----
    A flat image of level v (on the 8-bit scale) has ``(2**level * v) ** 2`` as its approximation and 0 for all
    details, up to rounding (exactly with Haar). uint16 is divided by 257, floats are multiplied by 255. Images are
    mirrored at the border (mode "symmetric"); levels beyond the size of the image describe that mirror image.
    About 0.08 ms for an image of 256 x 256 with Haar, 0.6 ms with ``"db4"``. Equal to ``pywt.wavedec2`` to single
    precision.

    References
    ----------
    .. [1] Mallat, A Theory for Multiresolution Signal Decomposition, IEEE TPAMI 11(7), 1989.

    Examples
    --------
    >>> import numpy as np
    >>> stripes = np.tile(np.array([0, 2], dtype=np.uint8), (1, 4, 2))
    >>> Wavelet(level=1).fit_transform(stripes)
    array([[4., 0., 4., 0.]], dtype=float32)
    >>> [str(name) for name in Wavelet(level=1).get_feature_names_out()]
    ['wavelet_db1_a1', 'wavelet_db1_h1', 'wavelet_db1_v1', 'wavelet_db1_d1']
    """

    _values_version = 2

    def __init__(self, wavelet: str = "db1", level: int = 2) -> None:
        self.wavelet = wavelet
        self.level = level

    def _check_params(self):
        import pywt

        if not isinstance(self.wavelet, str) or self.wavelet not in pywt.wavelist(kind="discrete"):
            fail(self, "wavelet", "one of pywt.wavelist(kind='discrete')")
        check_int(self, "level", 1, 12)

    def _column_names(self):
        bands = [f"a{self.level}"] + [f"{band}{level}" for level in range(self.level, 0, -1) for band in "hvd"]
        return [f"wavelet_{self.wavelet}_{band}" for band in bands]

    def _extract_one(self, image):
        low, high = _filters(self.wavelet)
        haar = low.size == 2
        whole = haar and image.dtype == np.uint8 and self.level <= _MOST_OF_WHOLE_NUMBERS
        band = image.astype(np.int32) if whole else to_levels(image).astype(np.float64)
        energies = []
        for level in range(1, self.level + 1):
            band, sums = haar_level(band) if haar else filter_level(band, low, high)
            means = sums / band.size / (4.0**level if haar else 1)
            energies = [*means[1:], *energies]
        return [means[0], *energies]


@lru_cache(maxsize=16)
def _filters(name):
    """Return the filters of the decomposition, reversed."""
    import pywt

    wavelet = pywt.Wavelet(name)
    return np.array(wavelet.dec_lo[::-1]), np.array(wavelet.dec_hi[::-1])
