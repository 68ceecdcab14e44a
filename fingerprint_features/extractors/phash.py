"""Perceptual hash: which of the lowest cosine frequencies lie above their median."""

from functools import lru_cache

import numpy as np

from ..checks import check_int
from ..images.intensity import to_uint8
from .base import BaseExtractor
from .kernels.phash import resize_lanczos

_SIDES_PER_HASH = 4  # the image is shrunk to this many times the hash's side
_TOGETHER = 32  # images whose products are one step
_TIE = 1e-9  # relative to the largest coefficient; a matrix product is exact to 1e-13


class PHash(BaseExtractor):
    """Bits of the perceptual hash [1]_, identical to those of ``imagehash.phash(image, hash_size)``.

    The image is shrunk to four times `hash_size` a side and transformed by cosines; each bit says whether one of
    the ``hash_size ** 2`` lowest frequencies lies above their median. Compare hashes by Hamming distance.

    Parameters
    ----------
    hash_size : int, default=16
        Side of the block of frequencies, at least 2. Gives ``hash_size ** 2`` columns of 0 or 1, row by row.

    See Also
    --------
    Pixels : The intensities themselves.

    Notes
    -----
    All flat images share one hash, a 1 followed by zeros, except black, whose bits are all 0: the distance between
    two blank images says nothing. uint16 and floats are rounded to 8 bits first.
    About 0.04 ms for an image of 256 x 256.

    The bits are those of imagehash, without exception. For images more than about twice as tall as wide (and taller
    than ``4 * hash_size``) imagehash itself depends on the release of Pillow, by a few bits; here they are always
    those of Pillow 13. 64 bits (``hash_size=8``) cannot distinguish slices of one CT volume, 256 can.

    References
    ----------
    .. [1] Zauner, Implementation and Benchmarking of Perceptual Image Hash Functions, thesis, 2010.

    Examples
    --------
    >>> import numpy as np
    >>> images = np.array([np.full((8, 8), 200), np.eye(8) * 255], dtype=np.uint8)
    >>> PHash(hash_size=2).fit_transform(images)
    array([[1., 0., 0., 0.],
           [1., 0., 0., 1.]], dtype=float32)
    >>> PHash(hash_size=1).fit(images)
    Traceback (most recent call last):
    ValueError: the 'hash_size' parameter of PHash must be an int in [2, inf). Got 1 instead.
    """

    def __init__(self, hash_size: int = 16) -> None:
        self.hash_size = hash_size

    def _check_params(self):
        check_int(self, "hash_size", 2)

    def _column_names(self):
        return [f"phash_{i:03d}" for i in range(self.hash_size**2)]

    def n_columns(self) -> int:
        """Return the number of bits; naming them takes longer than hashing some images."""
        return self.hash_size**2

    def _extract_batch(self, images):
        side, basis = _SIDES_PER_HASH * self.hash_size, _cosines(self.hash_size)
        rows = []
        for start in range(0, len(images), _TOGETHER):
            smalls = [resize_lanczos(to_uint8(image), side) for image in images[start : start + _TOGETHER]]
            low = (basis @ np.stack(smalls) @ basis.T).reshape(len(smalls), -1)
            upper = low.shape[1] - low.shape[1] // 2  # rank of the least coefficient above the median
            ranked = np.sort(low, axis=1)
            below, above = ranked[:, upper - 1, None], ranked[:, upper, None]
            bits = low > (below + above) / 2
            for i in np.flatnonzero(above - below <= _TIE * low[:, :1]):
                exact = _low_frequencies(smalls[i], self.hash_size)
                bits[i] = exact > np.median(exact)
            rows.append(bits)
        return np.concatenate(rows)


@lru_cache(maxsize=16)
def _cosines(hash_size):
    side = _SIDES_PER_HASH * hash_size
    return 2 * np.cos(np.pi / (2 * side) * np.outer(np.arange(hash_size), 2 * np.arange(side) + 1))


def _low_frequencies(small, hash_size):
    """Transform as imagehash does: in near-ties, as in flat and symmetric images, rounding decides the bits."""
    from scipy.fft import dct

    return dct(dct(small, axis=0), axis=1)[:hash_size, :hash_size].ravel()
