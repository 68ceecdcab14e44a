"""Folds: no patient, and where patients are not known no copy of an image, on both sides of a split."""

import numpy as np
import pytest

from fingerprint_features import ImageSet
from fingerprint_features.recipes.judge import patient_folds

IMAGES = np.random.default_rng(0).integers(0, 256, (8, 8, 8), dtype=np.uint8)
Y = np.arange(16) % 2


@pytest.mark.parametrize(
    ("images", "of_one"),
    [
        (ImageSet(np.repeat(IMAGES, 2, axis=0)[[*range(0, 16, 2), *range(1, 16, 2)]]), np.tile(np.arange(8), 2)),
        (ImageSet(np.repeat(IMAGES, 2, axis=0), groups=np.repeat(list("abcdefgh"), 2)), np.repeat(np.arange(8), 2)),
    ],
)
def test_copies_and_patients_stay_together(images, of_one):
    folds = patient_folds(images, Y)
    assert len(folds) >= 4
    assert sorted(np.concatenate([test for _, test in folds])) == list(range(16))
    for train, test in folds:
        assert not set(of_one[train]) & set(of_one[test])


def test_too_few_patients_of_a_label_are_counted():
    with pytest.raises(ValueError, match=r"two patients or more .* of each of two labels: there are 1 of 0, 7 of 1"):
        patient_folds(ImageSet(IMAGES), np.array([0, 1, 1, 1, 1, 1, 1, 1]))
    with pytest.raises(ValueError, match="there are 8 of 1"):
        patient_folds(ImageSet(IMAGES), np.ones(8, dtype=int))
