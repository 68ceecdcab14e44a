"""All that a plug-in needs by way of tests: the conformance suite, and values that one can count."""

import numpy as np
from fingerprint_colour import ColourHistogram

from fingerprint_features.testing import parametrize_with_extractor_checks


@parametrize_with_extractor_checks([ColourHistogram(), ColourHistogram(n_bins=2)])
def test_conformance(extractor, check):
    """Run one check on one extractor."""
    check(extractor)


def test_four_pixels_counted_by_hand():
    """One pixel is black, one blue, two are red."""
    image = np.array([[[255, 0, 0], [200, 0, 0]], [[0, 0, 255], [0, 0, 0]]], dtype=np.uint8)
    row = ColourHistogram(n_bins=2).fit_transform([image])[0]
    np.testing.assert_array_equal(row, [0.25, 0.25, 0, 0, 0.5, 0, 0, 0])
