"""Was this collection of images used? Scores of a whole set against those of another."""

from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from ..checks import check_count
from .checks import as_scores, check_lengths
from .set_tests import LabelShuffle, SetTest


def dataset_inference(
    scores: ArrayLike,
    y_true: ArrayLike,
    *,
    groups: Sequence[Hashable] | ArrayLike | None = None,
    n_permutations: int = 999,
    n_bootstrap: int = 2000,
    confidence: float = 0.95,
    random_state: int | np.random.Generator | None = 0,
) -> SetTest:
    """Test whether a collection of images scores higher than images known to be unused.

    Weak traces in many images add up: a collection can be detected where no single image can.

    Parameters
    ----------
    scores : array-like of shape (n_images,)
        Larger = more likely used, finite. The rule behind them must not have learnt from these images.
    y_true : array-like of shape (n_images,)
        1 for the images of the collection, 0 for images known to be unused.
    groups, n_permutations
        As in `copying_test`.
    n_bootstrap, confidence, random_state
        As in `authenticity_gap`.

    Returns
    -------
    SetTest
        Its value is the difference of the mean scores, in standard deviations of all scores: above 0 for a used
        collection. Parts: the mean score of "used" and "unused".

    Raises
    ------
    ValueError
        When a score is not finite, or a patient has images of both labels.

    Notes
    -----
    The authors use Welch's t-test of single images, which takes the slices of a patient for independent. Here patients
    are shuffled and resampled whole. A collection that differs from the unused images in anything, such as the
    scanner, can score higher without having been used.

    On flat images all scores are equal, the value is 0 and p is 1.

    References
    ----------
    Maini, Yaghini, Papernot, Dataset inference: ownership resolution in machine learning, ICLR 2021.
    Dubinski et al., CDI: copyrighted data identification in diffusion models, CVPR 2025.

    Examples
    --------
    >>> result = dataset_inference(np.arange(20), np.repeat([0, 1], 10))
    >>> round(result.value, 2), result.detected
    (1.73, True)
    """
    check_count("dataset_inference", 1, n_bootstrap=n_bootstrap)
    scores = as_scores(scores)
    check_lengths(scores=scores, y_true=y_true, groups=groups)
    if not np.isfinite(scores).all():
        raise ValueError("scores must be finite: a mean of infinite scores says nothing. Clip them first")
    shuffle = LabelShuffle("dataset_inference", y_true, groups, n_permutations, confidence, random_state)
    spread = scores.std() if np.ptp(scores) > 0 else 1.0
    means = {"used": scores[shuffle.used].mean(), "unused": scores[~shuffle.used].mean()}

    def difference(used):
        return (scores[used].mean() - scores[~used].mean()) / spread

    sums, sizes = (np.bincount(shuffle.codes, weights=column) for column in (scores, np.ones(len(scores))))
    resampled = {}
    for name, label in (("used", 1), ("unused", 0)):
        patients = shuffle.labels == label
        weights = shuffle.rng.standard_exponential((n_bootstrap, patients.sum()))
        resampled[name] = weights @ sums[patients] / (weights @ sizes[patients])
    samples = (resampled["used"] - resampled["unused"]) / spread
    n_groups = int(np.bincount(shuffle.labels).min())
    return shuffle.test("dataset inference", difference, "above", means, samples, n_groups)
