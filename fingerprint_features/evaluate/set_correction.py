"""Several tests of one generated set, corrected for their number."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from .permuted import max_t
from .set_tests import SetTest


def correct_set_tests(tests: Sequence[SetTest]) -> NDArray[np.float64]:
    """Return the p-values of tests of one generated set, corrected for all of them.

    Parameters
    ----------
    tests : sequence of SetTest
        Of the same `y_true`, `groups` and `n_permutations`, and one int `random_state`: all tests that were tried.

    Returns
    -------
    ndarray of shape (n_tests,)

    Raises
    ------
    ValueError
        When the tests were shuffled differently, or there are none.

    Notes
    -----
    Every test is compared with the best of all tests in every shuffle, each on the scale of its own spread (maxT). The
    chance of any false detection stays at 5 %, and tests that say the same thing cost little. Each corrected p-value
    also holds for the generated set: it was copied when any test says so.

    References
    ----------
    Westfall, Young, Resampling-based multiple testing, Wiley 1993.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> from scipy.spatial.distance import cdist
    >>> from fingerprint_features.evaluate import authenticity_gap, copying_test, dcr_share
    >>> reals, y = rng.normal(size=(60, 8)), np.repeat([1, 0], 30)
    >>> copies = reals[:30] + 0.1 * rng.normal(size=(30, 8))
    >>> far, near = cdist(copies, reals), cdist(reals, reals)
    >>> correct_set_tests([copying_test(far, near, y), authenticity_gap(far, near, y), dcr_share(far, y)])
    array([0.001, 0.001, 0.001])
    """
    if not len(tests):
        raise ValueError("there is no test to correct")
    if len({test.shuffles for test in tests}) > 1:
        raise ValueError(
            "the tests were shuffled differently and cannot be corrected together: give all of them the same y_true, "
            "groups and n_permutations, and one int as random_state"
        )
    signs = np.array([-1 if test.side == "below" else 1 for test in tests])
    return max_t(signs * np.array([[test.value, *test.shuffled] for test in tests]).T)[1]
