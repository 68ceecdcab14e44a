"""PatchSwapError: how well an auto-encoder gives an image back that holds a patch of another, as a metric."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .autoencoder import Autoencoder
from .held import seen

_TOGETHER = 512  # images given back at a time


class PatchSwapError:
    """Compare images by how little the auto-encoder minds a patch of the one in the place of that of the other.

    ``metric(A, B)`` is a metric for ReferenceSimilarity. A patch of each image of B is pasted into each image of A, and
    the auto-encoder gives the result back. The similarity is minus the mean squared difference to the image of A as it
    was, in intensities in [0, 1]. It is high where the patches are alike, or where the auto-encoder knows the image so
    well that it mends it.

    Parameters
    ----------
    autoencoder : Autoencoder
        Fitted.
    patch : (float, float, float, float), default=(0.5, 1.0, 0.25, 0.75)
        Top, bottom, left and right of the patch, as shares of the side; the default is the middle of the lower half.

    Raises
    ------
    ValueError
        For a patch that is empty or leaves the image.

    Notes
    -----
    Images are rows of grey levels from 0 to 255, as `Pixels` gives them of square images; the patch is swapped at the
    size of the auto-encoder's network. The network gives each pair back: 200 by 10,000 images are two million. A flat
    image is an image like any other.

    Examples
    --------
    >>> import numpy as np
    >>> from fingerprint_features.learned import Autoencoder
    >>> images = np.random.default_rng(0).integers(0, 99, (6, 16, 16), dtype=np.uint8)
    >>> metric = PatchSwapError(Autoencoder(latent=8, image_size=16, epochs=1).fit(images))
    >>> metric(images[:2].reshape(2, -1), images.reshape(6, -1)).shape
    (2, 6)
    """

    def __init__(self, autoencoder: Autoencoder, patch: Sequence[float] = (0.5, 1.0, 0.25, 0.75)) -> None:
        top, bottom, left, right = patch
        if not (0 <= top < bottom <= 1 and 0 <= left < right <= 1):
            raise ValueError(
                "PatchSwapError: patch must be (top, bottom, left, right) with 0 <= top < bottom <= 1 and 0 <= left < "
                f"right <= 1. Got {tuple(patch)!r} instead."
            )
        self.autoencoder = autoencoder
        self.patch: tuple[float, ...] = tuple(patch)

    def __call__(self, A: ArrayLike, B: ArrayLike) -> NDArray[np.float64]:
        """Return the similarities.

        Parameters
        ----------
        A, B : array-like of shape (n_A, side * side) and (n_B, side * side)
            Grey levels, 0 to 255.

        Returns
        -------
        ndarray of shape (n_A, n_B) and dtype float64
        """
        into, patches = self._pictures(A), self._pictures(B)
        place = self._place(into.shape[1])
        return np.array([self._swapped(image, patches[(slice(None), *place)], place) for image in into])

    def _swapped(self, image, patches, place):
        """Return minus the error of one image with each patch."""
        errors = []
        for start in range(0, len(patches), _TOGETHER):
            some = patches[start : start + _TOGETHER]
            changed = np.repeat(image[None], len(some), axis=0)
            changed[(slice(None), *place)] = some
            back = self.autoencoder.reconstruct(changed).astype(np.float64).reshape(len(some), *image.shape, -1)
            errors.append(((back - image[..., None] / 255) ** 2).mean(axis=(1, 2, 3)))
        return -np.concatenate(errors)

    def _pictures(self, rows):
        """Return rows as pictures (n, side, side) of the network's size, uint8."""
        rows = np.rint(np.asarray(rows)).clip(0, 255).astype(np.uint8)
        side = round(rows.shape[1] ** 0.5)
        if side**2 != rows.shape[1]:
            raise ValueError(
                f"PatchSwapError compares square grey images, and rows of {rows.shape[1]} pixels are none: have the "
                "images resized with ImageSet(images, size=(side, side)), and give Pixels()"
            )
        shown = self.autoencoder._shown()
        return np.stack([seen(picture, shown)[..., 0] for picture in rows.reshape(-1, side, side)])

    def _place(self, side):
        top, bottom, left, right = (round(share * side) for share in self.patch)
        return slice(top, bottom), slice(left, right)
