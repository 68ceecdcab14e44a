"""Is the real image nearest to a generated one a used one more often than chance gives?"""

from collections.abc import Hashable, Sequence

import numpy as np
from numpy.typing import ArrayLike

from ..checks import check_count
from .nearest import Nearest, as_distances
from .set_tests import LabelShuffle, SetTest, resampled_share


def dcr_share(
    generated_real: ArrayLike,
    y_true: ArrayLike,
    *,
    groups: Sequence[Hashable] | ArrayLike | None = None,
    n_permutations: int = 999,
    n_bootstrap: int = 2000,
    confidence: float = 0.95,
    random_state: int | np.random.Generator | None = 0,
) -> SetTest:
    """Return the share of generated images whose closest real image is a used one.

    Parameters
    ----------
    generated_real, y_true, groups, n_permutations
        As in `copying_test`.
    n_bootstrap, confidence, random_state
        As in `authenticity_gap`.

    Returns
    -------
    SetTest
        Its value is the share, in [0, 1]; a generated image at one distance from both counts one half. "expected" among
        the parts is the share of used images, which is what chance gives when patients are of similar size.

    Raises
    ------
    ValueError
        When a patient has used and unused images: the unused ones catch copies of the used ones.

    Notes
    -----
    Without copying the share is ``n_used / (n_used + n_unused)``, not one half: 0.8 with four used images for
    each unused one. The null is computed by shuffling who was used, by patient.

    The p-value is exact where chance decided which patients were used, as for canaries. Elsewhere a used set that
    differs from the unused one, by scanner say, raises the share without any copying.

    The interval resamples the patients that generated images are nearest to.

    On flat images all distances are equal and the value is one half.

    References
    ----------
    Platzer, Reutterer, Holdout-based empirical assessment of mixed-type synthetic data, Frontiers in Big Data 4, 2021.
    Zhang et al., Membership inference attacks cannot prove that a model was trained on your data, arXiv 2409.19798.

    Examples
    --------
    >>> near, far = [0.1, 5.0], [5.0, 0.1]
    >>> result = dcr_share([near, near, far, near], [1, 0])
    >>> result.value, result.parts["expected"], result.conclusion
    (0.75, 0.5, 'not detected; that does not mean safe: this sample is too small to detect anything')
    """
    check_count("dcr_share", 1, n_bootstrap=n_bootstrap)
    shuffle = LabelShuffle("dcr_share", y_true, groups, n_permutations, confidence, random_state)
    distances = as_distances(generated_real, "generated_real", (None, len(shuffle)))
    reals = Nearest(distances)

    def closer(used):
        to_used, to_unused = reals.among(used)[1], reals.among(~used)[1]
        return (to_used < to_unused) + 0.5 * (to_used == to_unused)

    shares = closer(shuffle.used)
    samples, n_groups = resampled_share(shares, shuffle.codes[distances.argmin(axis=1)], n_bootstrap, shuffle.rng)
    parts = {"expected": shuffle.used.mean()}
    return shuffle.test("DCR share", lambda used: closer(used).mean(), "above", parts, samples, n_groups, (0, 1))
