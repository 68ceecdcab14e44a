"""conformal_p_values: counted by hand, and as often small as they say where nothing was used."""

import numpy as np
import pytest
from scipy.stats import false_discovery_control

from fingerprint_features.evaluate import conformal_p_values


def test_counted_by_hand():
    # of 4 unused images, 0, 1, 2 (one equal) and 4 score as high
    np.testing.assert_allclose(conformal_p_values([5, 3.5, 3, -1], [1, 2, 3, 4]), [0.2, 0.4, 0.6, 1])


def test_patients_count_by_the_share_of_their_images():
    # ann: 1 of 2 as high as 3; bob: 1 of 1; cid: 0 of 1
    p = conformal_p_values([3], [1, 4, 9, 0], groups=["ann", "ann", "bob", "cid"])
    np.testing.assert_allclose(p, [(1 + 1.5) / 4])


def test_flat_scores_and_infinities():
    assert conformal_p_values([1, 1], [1, 1, 1]).tolist() == [1, 1]
    assert conformal_p_values([np.inf, -np.inf], [0.0]).tolist() == [0.5, 1]


def test_unused_images_get_small_p_values_no_more_often_than_stated():
    rng = np.random.default_rng(0)
    p = np.array([conformal_p_values(rng.normal(size=1), rng.normal(size=39))[0] for _ in range(4000)])
    for level in (0.05, 0.25, 0.5):
        assert abs(np.mean(p <= level) - level) < 4 * np.sqrt(level * (1 - level) / len(p))


def test_false_discoveries_stay_below_their_share():
    rng, wrong = np.random.default_rng(1), []
    for _ in range(300):
        used = np.arange(40) < 20
        scores = rng.normal(size=40) + 4 * used
        found = false_discovery_control(conformal_p_values(scores, rng.normal(size=100))) <= 0.1
        wrong.append((found & ~used).sum() / max(found.sum(), 1))
        assert found[used].sum() >= 10
    assert np.mean(wrong) <= 0.1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (([1.0], []), r"null must be one value an image\. Got an array of shape \(0,\)"),
        (([1.0], [np.nan]), "null holds 1 NaN"),
        (([1.0], [1.0, 2.0], ["ann"]), "lengths differ: null has 2, groups has 1"),
    ],
)
def test_errors_say_what_to_change(arguments, words):
    scores, null, *groups = arguments
    with pytest.raises(ValueError, match=words):
        conformal_p_values(scores, null, groups=groups[0] if groups else None)
