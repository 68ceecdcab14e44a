"""Are generated images closer to used images than those are to each other, more often than to unused ones?"""

from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..checks import check_count
from .nearest import Nearest, as_distances, as_own_distances
from .set_tests import LabelShuffle, SetTest, resampled_share


def authenticity_gap(
    generated_real: ArrayLike,
    real_real: ArrayLike,
    y_true: ArrayLike,
    *,
    groups: Sequence[Hashable] | ArrayLike | None = None,
    n_permutations: int = 999,
    n_bootstrap: int = 2000,
    confidence: float = 0.95,
    random_state: int | np.random.Generator | None = 0,
) -> SetTest:
    """Compare the share of authentic images with respect to the used and to the unused images.

    A generated image is authentic when it is farther from its nearest real image than that image is from the nearest
    other patient.

    Parameters
    ----------
    generated_real, real_real, y_true, groups, n_permutations
        As in `copying_test`.
    n_bootstrap : int, default=2000
        Number of resamples.
    confidence : float, default=0.95
        Coverage of the interval and of the null's band, and 1 minus the error rate of the test.
    random_state : int, Generator or None, default=0
        Seed of the shuffles and resamples.

    Returns
    -------
    SetTest
        Its value is the share with respect to the used images minus that with respect to the unused ones, in [-1, 1]:
        far below 0 for copying. Both shares are its parts, "used" and "unused".

    Raises
    ------
    ValueError
        When there are fewer than two used or two unused patients, or a patient has images of both labels.

    Notes
    -----
    The share alone says nothing: without any copying it is about 37, 69 and 81 % in 2, 16 and 64 dimensions. The share
    with respect to unused images of the same kind is what it must be compared with.

    Neighbours of the same patient are left out. With several similar slices a patient, the nearest image of a used
    image is its own neighbouring slice, closer than any copy; the plain share is then near 100 % when everything
    was copied.

    The interval resamples the patients that generated images are nearest to, used and unused apart. The p-value is
    exact where chance decided which patients were used.

    On flat images all distances are equal, no image is authentic, and the value is 0.

    References
    ----------
    Alaa et al., How faithful is your synthetic data? Sample-level metrics for evaluating and auditing generative
    models, ICML 2022.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> reals = rng.normal(size=(60, 8))
    >>> y = np.repeat([1, 0], 30)
    >>> copies = reals[:30] + 0.1 * rng.normal(size=(30, 8))
    >>> from scipy.spatial.distance import cdist
    >>> result = authenticity_gap(cdist(copies, reals), cdist(reals, reals), y)
    >>> result.parts["used"], result.detected
    (0.0, True)
    """
    check_count("authenticity_gap", 1, n_bootstrap=n_bootstrap)
    shuffle = LabelShuffle("authenticity_gap", y_true, groups, n_permutations, confidence, random_state)
    to_reals = Nearest(as_distances(generated_real, "generated_real", (None, len(shuffle))))
    reals = Nearest(as_own_distances(real_real, "real_real", len(shuffle)), apart=shuffle.own())
    shares, samples, n_groups = {}, {}, {}
    for name, chosen in (("used", shuffle.used), ("unused", ~shuffle.used)):
        authentic, nearest = _authentic(to_reals, reals, chosen)
        shares[name] = authentic.mean()
        samples[name], n_groups[name] = resampled_share(authentic, shuffle.codes[nearest], n_bootstrap, shuffle.rng)

    def gap(used):
        return _authentic(to_reals, reals, used)[0].mean() - _authentic(to_reals, reals, ~used)[0].mean()

    gaps = samples["used"] - samples["unused"]
    return shuffle.test("authenticity gap", gap, "below", shares, gaps, min(n_groups.values()), (-1, 1))


def _authentic(
    to_reals: Nearest, reals: Nearest, chosen: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
    """Return whether each generated image is authentic, and its nearest chosen image."""
    nearest, distance = to_reals.among(chosen)
    return reals.among(chosen)[1][nearest] < distance, nearest
