"""SIFTWords: which visual words an image holds, and how often."""

import numpy as np
from numpy.typing import NDArray

from ..checks import check_int, check_option
from ..images import ImageReadError
from ..images.forms import Forms
from ..images.intensity import to_uint8
from .base import BaseExtractor

_LENGTH = 128  # numbers in a descriptor, whole ones from 0 to 255
_GRAIN = 1024  # words are rounded to this part of a whole, so that distances to them are exact


class SIFTWords(BaseExtractor):
    """Bag of visual words: SIFT descriptors [1]_ counted by the nearest word of a learnt codebook [2]_.

    `fit` describes the keypoints of the images it is given and clusters the descriptors by k-means; the centres are
    the words. `transform` counts the keypoints of each image by their nearest word.

    Parameters
    ----------
    n_words : int, default=100
        Size of the codebook. Gives one column each, ``siftwords_000`` and so on: the number of keypoints.
    binary : bool, default=False
        True gives 1 for a word that occurs and 0 for one that does not, in place of counts.
    max_descriptors : int, default=200000
        Most descriptors that k-means learns from, at least `n_words`; where the images have more, as many are drawn
        at random. Bounds the memory, at 1 kB each. Photographs of 256 x 256 have 50 to 1500.
    random_state : int, default=0
        Seed of k-means and of the draw.

    Attributes
    ----------
    codebook_ : ndarray of shape (n_words, 128) and dtype float32
        The words.

    See Also
    --------
    LBP : Counts of small neighbourhoods, at every pixel and with nothing to learn.

    Notes
    -----
    Keypoints and descriptors are those of ``cv2.SIFT_create()`` with its defaults, on the grey image in 8 bits:
    uint16 is divided by 257, floats are multiplied by 255, both rounded. The words are those of scikit-learn's
    ``KMeans(n_words, random_state=random_state)`` in one thread, rounded to 1/1024: with them all distances are
    computed without error, so that the nearest word, the lowest among equals, does not depend on the machine.

    An image without keypoints, as a flat or tiny one, has a row of zeros; `fit` needs `n_words` different
    descriptors. Counts grow with the image: put ``Normalizer(norm="l1")`` behind to compare images of several sizes.
    About 25 ms for a photograph of 256 x 256, nearly all of it OpenCV's.

    References
    ----------
    .. [1] Lowe, Distinctive Image Features from Scale-Invariant Keypoints, IJCV 60(2), 2004.
    .. [2] Csurka, Dance, Fan, Willamowski, Bray, Visual Categorization with Bags of Keypoints, ECCV workshop, 2004.

    Examples
    --------
    >>> import numpy as np
    >>> images = np.random.default_rng(0).integers(0, 256, (2, 64, 64), dtype=np.uint8)
    >>> words = SIFTWords(n_words=4).fit(images)
    >>> words.transform(np.zeros((1, 64, 64), dtype=np.uint8))
    array([[0., 0., 0., 0.]], dtype=float32)
    >>> SIFTWords(n_words=5000).fit(images)
    Traceback (most recent call last):
    fingerprint_features.images.errors.ImageReadError: 2 images: ...: lower n_words, or give more images ...
    """

    codebook_: NDArray[np.float32]

    _stateful = True

    def __init__(
        self, n_words: int = 100, *, binary: bool = False, max_descriptors: int = 200_000, random_state: int = 0
    ) -> None:
        self.n_words = n_words
        self.binary = binary
        self.max_descriptors = max_descriptors
        self.random_state = random_state

    def _check_params(self):
        check_int(self, "n_words", 1)
        check_option(self, "binary", (False, True))
        check_int(self, "max_descriptors", self.n_words)
        check_int(self, "random_state", 0, 2**32 - 1)

    def _fit(self, images, y):
        from sklearn.cluster import KMeans
        from threadpoolctl import threadpool_limits

        descriptors = self._gather(images)
        n_different = len(np.unique(descriptors, axis=0))
        if n_different < self.n_words:
            raise ImageReadError.one(
                "unsuitable",
                f"SIFTWords cannot learn {self.n_words} words from images that have {n_different} different "
                "descriptors: lower n_words, or give more images or larger ones",
                id=f"{len(images)} images",
            )
        means = KMeans(self.n_words, random_state=self.random_state, copy_x=False)
        with threadpool_limits(1):  # sums would otherwise depend on which thread comes first
            means.fit(descriptors.astype(np.float32))
        self.codebook_ = (np.rint(means.cluster_centers_ * _GRAIN) / _GRAIN).astype(np.float32)

    def _gather(self, images):
        """Return the descriptors of all images in order, or `max_descriptors` of them drawn at random."""
        rng = np.random.default_rng(self.random_state)
        found, lots, n = [np.empty((0, _LENGTH), dtype=np.uint8)], [np.empty(0)], 0
        for image in images:
            found.append(_describe(Forms(image).gray))
            lots.append(rng.random(len(found[-1])))
            n += len(found[-1])
            if n > 2 * self.max_descriptors:
                found, lots = _draw(found, lots, self.max_descriptors)
                n = self.max_descriptors
        return _draw(found, lots, self.max_descriptors)[0][0]

    def _value_state(self):
        return getattr(self, "codebook_", None)

    def _column_names(self):
        return [f"siftwords_{i:03d}" for i in range(len(self.codebook_))]

    def _extract_one(self, image):
        nearest = _nearest(_describe(image), self.codebook_)
        counts = np.bincount(nearest, minlength=len(self.codebook_))
        return counts > 0 if self.binary else counts


def _draw(found, lots, most):
    """Keep the descriptors with the lowest lots, in their order; both in lists of one array."""
    found, lots = np.concatenate(found), np.concatenate(lots)
    kept = np.sort(np.argsort(lots, kind="stable")[:most])
    return [found[kept]], [lots[kept]]


def _describe(image):
    """Return the SIFT descriptors of an image, whole numbers, in OpenCV's order."""
    import cv2

    _, descriptors = cv2.SIFT_create().detectAndCompute(to_uint8(image), None)  # one object cannot serve two threads
    return np.empty((0, _LENGTH), dtype=np.uint8) if descriptors is None else descriptors.astype(np.uint8)


def _nearest(descriptors, codebook):
    """Return the number of each descriptor's nearest word, the lowest among equals."""
    words = codebook.astype(np.float64)
    # Squared distances, less what all words share: sums of multiples of _GRAIN ** -2 that float64 holds exactly.
    scores = np.square(words).sum(axis=1) - 2 * (descriptors.astype(np.float64) @ words.T)
    return scores.argmin(axis=1)
