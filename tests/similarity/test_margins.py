"""Margins: counted by hand, against plain loops, and silent about nobody's rivals."""

import numpy as np
import pytest

from fingerprint_features.similarity import margins
from fingerprint_features.similarity.margins import credit, largest_margin

# Two images, three rivals, two reference images.
OWN = np.array([[1.0, 8.0], [4.0, 4.0]])
RIVALS = np.array([[2.0, 4.0], [4.0, 1.0], [8.0, 16.0]])


def by_loops(own, rivals, exclude):
    """Return the margins, each from its own definition."""
    values = np.empty(own.shape)
    for i, g in np.ndindex(own.shape):
        nearest = min(rivals[j, g] for j in range(len(rivals)) if not exclude[i, j])
        values[i, g] = np.log(nearest) - np.log(own[i, g])
    return values


def test_counted_by_hand():
    np.testing.assert_allclose(margins(OWN, RIVALS), np.log([[2, 1 / 8], [1 / 2, 1 / 4]]))
    exclude = [[True, True, False], [False, True, False]]
    np.testing.assert_allclose(margins(OWN, RIVALS, exclude=exclude), np.log([[8, 2], [1 / 2, 1]]))


def test_the_largest_and_the_credit_by_hand():
    values = np.array([[1.0, 2.0, -5.0], [-1.0, -2.0, -3.0], [0.0, -1.0, 0.0]])
    np.testing.assert_array_equal(largest_margin(values), [2, -1, 0])
    np.testing.assert_array_equal(credit(values), [3, -1, 0])


@pytest.mark.parametrize("seed", range(20))
def test_it_is_what_plain_loops_find(seed):
    rng = np.random.default_rng(seed)
    own, rivals = rng.integers(1, 6, (9, 7)).astype(float), rng.integers(1, 6, (6, 7)).astype(float)  # many ties
    exclude = rng.random((9, 6)) < 0.4
    exclude[:, 0] = False
    np.testing.assert_allclose(margins(own, rivals, exclude=exclude), by_loops(own, rivals, exclude))


def test_a_margin_above_zero_is_the_only_hit():
    rng = np.random.default_rng(0)
    distances = rng.random((12, 30))
    own = np.eye(12, dtype=bool)
    values = margins(distances, distances, exclude=own)
    np.testing.assert_array_equal((values > 0).sum(axis=0), 1)
    np.testing.assert_array_equal(values.argmax(axis=0), distances.argmin(axis=0))


def test_an_exact_copy_has_a_finite_margin():
    np.testing.assert_allclose(margins([[0.0]], [[1.0]]), [[np.log(1e9)]])
    assert margins([[0.0]], [[0.0]]) == 0


def test_errors_say_what_to_change():
    with pytest.raises(
        ValueError, match=r"one distance for each reference image. Got the shapes \(2, 2\) and \(3, 1\)"
    ):
        margins(OWN, RIVALS[:, :1])
    with pytest.raises(ValueError, match=r"one entry per image and rival, \(2, 3\); got \(3, 3\)"):
        margins(OWN, RIVALS, exclude=np.eye(3, dtype=bool))
    with pytest.raises(ValueError, match="n_samples = 3 rivals leave an image without one: give images of other"):
        margins(OWN, RIVALS, exclude=[[True] * 3, [False] * 3])
    with pytest.raises(ValueError, match="n_samples = 0 rivals leave an image without one"):
        margins(OWN, RIVALS[:0])
