"""SSIM: how alike each image and every image of a reference set are, pixel by pixel."""

import hashlib
import os
import threading
from collections.abc import Sequence
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from ..checks import check_int, check_option, fail
from ..images import ImageReadError, ImagesLike, as_image_set
from ..images.forms import Forms
from ..similarity import REDUCTIONS, SSIMPool, ssim_matrix
from ..similarity.reductions import ReductionName
from .base import BaseExtractor

_KEPT = 2**27  # bytes of a decoded reference that stay in memory; a larger one is read again for every batch
_lock = threading.Lock()
_opened = WeakKeyDictionary()  # SSIM -> (its reference, the ImageSet of that)
_known = WeakKeyDictionary()  # ImageSet -> _Known


class SSIM(BaseExtractor):
    """Structural similarity [1]_ to the images of a reference set, usually the generated one.

    Parameters
    ----------
    reference : ImageSet, or list, array or Series of paths or images
        What every image is compared with. Its files must not change; open a new set after they have.
    reduce : str, list of str or None, default="max"
        One column each: ``"max"``, ``"mean"``, ``"topk"`` (mean of the `k` largest), ``"std"``, ``"min"`` over the
        reference. None gives the similarities themselves, one column a reference image, in its order.
    k : int, default=3
        For ``"topk"``.
    gaussian : bool, default=False
        Weight the window by a Gaussian (sigma 1.5, 11 x 11 pixels) in place of a plain 7 x 7.
    device : str or None, default=None
        Where to compute, see `similarity.ssim_matrix`.

    See Also
    --------
    ReferenceSimilarity : The same with ranks, hits, nulls and a holdout; leaves an image's own copy out.
    similarity.ssim_matrix : The numbers alone, with the tolerance against scikit-image.

    Notes
    -----
    FeaturePipeline caches the whole row of similarities: another `reduce` or `k`, a fold or a permutation costs
    nothing, another reference set everything. All images must have one size. The three depths of one picture agree
    (8-bit pairs are compared in 8 bits, all others in 16). A flat image of level a has
    ``(2ab + c) / (a^2 + b^2 + c)`` with one of level b, ``c = (0.01 * data_range)^2``. About 0.05 ms a pair of
    256 x 256 pixels. A reference of more than 128 MB of pixels is read again for every batch of images, so give
    FeaturePipeline a larger `batch_size` there.

    References
    ----------
    .. [1] Wang, Bovik, Sheikh, Simoncelli, "Image quality assessment: from error visibility to structural
       similarity", IEEE Transactions on Image Processing 13(4), 2004.

    Examples
    --------
    >>> import numpy as np
    >>> ramp = np.tile(np.arange(0, 80, 10, dtype=np.uint8), (8, 1))
    >>> SSIM([ramp, ramp.T], reduce=["max", "min"]).fit_transform([ramp]).round(3)
    array([[1.   , 0.066]], dtype=float32)
    >>> SSIM([ramp]).fit_transform([ramp[:, :7]])
    Traceback (most recent call last):
    fingerprint_features.images.errors.ImageReadError: 0: SSIM: the image is 8 x 7, those of the reference are 8 x 8:
    have all resized with ImageSet(images, size=(8, 8)) [unsuitable]
    """

    _values_version = 2
    _one_size = True
    _runtime_params = ("reference", "device")  # the reference is in _value_state, by its content

    def __init__(
        self,
        reference: ImagesLike,
        reduce: ReductionName | Sequence[ReductionName] | None = "max",
        *,
        k: int = 3,
        gaussian: bool = False,
        device: str | None = None,
    ) -> None:
        self.reference = reference
        self.reduce = reduce
        self.k = k
        self.gaussian = gaussian
        self.device = device

    def _check_params(self):
        given = [self.reduce] if isinstance(self.reduce, str) else self.reduce
        if given is not None and not (isinstance(given, (list, tuple)) and given and set(given) <= set(REDUCTIONS)):
            fail(self, "reduce", f"None, one or several of {', '.join(map(repr, REDUCTIONS))}")
        check_int(self, "k", 1)
        check_option(self, "gaussian", (False, True))
        if self.device is not None and not isinstance(self.device, str):
            fail(self, "device", "None or a device such as 'cuda'")
        try:
            images = self._images()
        except (TypeError, ValueError) as error:
            fail(self, "reference", f"a set of images ({error})")
        if not len(images):
            fail(self, "reference", "a set of at least one image")

    def _names(self):
        return [self.reduce] if isinstance(self.reduce, str) else None if self.reduce is None else list(self.reduce)

    def _column_names(self):
        stem = "ssim_gaussian" if self.gaussian else "ssim"
        if self.reduce is None:
            return [f"{stem}_{id}" for id in self._images().ids]
        return [f"{stem}_topk_k{self.k}" if name == "topk" else f"{stem}_{name}" for name in self._names()]

    def n_columns(self) -> int:
        """Return the number of columns."""
        return len(self._images()) if self.reduce is None else len(self._names())

    def stored(self) -> "SSIM":
        """Return the extractor of the whole row of similarities, which is what is cached."""
        return SSIM(self._images(), None, gaussian=self.gaussian, device=self.device)

    def finish(self, rows: NDArray[np.float32]) -> NDArray[Any]:
        """Reduce whole rows of similarities to the columns."""
        if self.reduce is None:
            return rows
        return np.column_stack([REDUCTIONS[name](rows, self.k) for name in self._names()])

    def _value_state(self):
        """Return the content of the reference, in its order."""
        with _lock:
            digests = _know(self._images()).digests
        return hashlib.blake2b(b"".join(digests), digest_size=32).digest()

    def _extract_batch(self, images):
        reference = self._images()
        with _lock:
            known = _know(reference)
            known.prepare(reference, self.gaussian, self.device)
        height, width = known.shape
        for image in images:
            if image.shape != known.shape:
                raise ImageReadError.one(
                    "unsuitable",
                    f"the image is {image.shape[0]} x {image.shape[1]}, those of the reference are {height} x "
                    f"{width}: have all resized with ImageSet(images, size=({height}, {width}))",
                )
        pool = known.pools.get((self.gaussian, self.device))
        if pool is not None:
            return pool.matrix(images)
        pictures = known.pictures(reference)
        return ssim_matrix(images, pictures, gaussian=self.gaussian, device=self.device)

    def _images(self):
        """Return the reference as one and the same ImageSet, for as long as it is the same object."""
        given, images = _opened.get(self, (None, None))
        if images is None or given is not self.reference:
            images = as_image_set(self.reference)
            _opened[self] = self.reference, images
        return images


class _Known:
    """What has been worked out about a reference set: its content, its size, and itself made ready."""

    def __init__(self, images):
        self.digests, failures = [], []
        for i in range(len(images)):
            try:
                self.digests.append(images.identify(i)[0])
            except ImageReadError as error:
                failures.extend(error.failures)
        if failures:
            raise _unreadable(failures)
        self.shape = None
        self.pools = {}

    def prepare(self, images, gaussian, device):
        """Find the size of the images; keep them made ready if they are few."""
        if self.shape is None:
            first = next(self.pictures(images))
            self.small = first.nbytes * len(images) <= _KEPT
            self.shape = first.shape  # last: a process may be forked between the two
        if self.small and (gaussian, device) not in self.pools:
            self.pools[gaussian, device] = SSIMPool(self.pictures(images), gaussian=gaussian, device=device)

    def pictures(self, images):
        """Yield the grey images, each still of the content under which its similarities are cached."""
        for i, digest in enumerate(self.digests):
            try:
                raw, now, _ = images.read(i)
                gray = Forms(images.decode_one(raw, i)).gray
            except ImageReadError as error:
                raise _unreadable(error.failures) from error
            if now != digest:
                raise RuntimeError(f"the reference image {images.ids[i]} has changed: open the reference set again")
            if self.shape is not None and gray.shape != self.shape:
                (height, width), (h, w) = self.shape, gray.shape
                raise ValueError(
                    f"SSIM compares images of one size, and {images.ids[0]} is {height} x {width}, {images.ids[i]} is "
                    f"{h} x {w}: have all resized with ImageSet(images, size=({height}, {width})) or --size "
                    f"{height}x{width}"
                )
            yield gray


def _free_lock():
    global _lock
    _lock = threading.Lock()  # the thread that held it, if one did, is not in this process


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_free_lock)


def _know(images):
    """Return what is known of an ImageSet; called under the lock."""
    if images not in _known:
        _known[images] = _Known(images)
    return _known[images]


def _unreadable(failures):
    return ValueError(f"SSIM cannot read what it compares images with: {'; '.join(map(str, failures))}")
