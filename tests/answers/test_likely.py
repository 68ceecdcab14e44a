"""A guess at patients that keeps no matrix of all pairs, against one that does."""

import numpy as np
from sklearn.metrics import pairwise_distances

from fingerprint_features import FeaturePipeline, ImageSet, PHash
from fingerprint_features.answers import likely
from fingerprint_features.answers.likely import look_for_patients
from fingerprint_features.evaluate import likely_patients
from tests.helpers import random_images


def test_chains_of_near_duplicates_are_those_of_all_pairs(monkeypatch):
    monkeypatch.setattr(likely, "_BLOCK", 7)
    rng = np.random.default_rng(0)
    images = random_images(20, 64)[rng.integers(0, 20, 60)]
    for image in images:  # some of one picture are near each other, others are far
        image.ravel()[rng.choice(image.size, rng.integers(0, 900), replace=False)] = 0
    sets = [ImageSet(images[:35]), ImageSet(images[35:])]
    names = [id for some in sets for id in some.ids]
    hashes = FeaturePipeline([PHash()]).fit_transform(ImageSet(images))
    expected = likely_patients(names, pairwise_distances(hashes > 0, metric="hamming"))
    guess = look_for_patients(sets, None)
    assert 5 < expected.n_patients < 50
    np.testing.assert_array_equal(guess.labels, expected.labels)
    assert guess.reason == expected.reason


def test_one_image_and_equal_images():
    assert look_for_patients([ImageSet(random_images(1, 32))], None).labels.tolist() == [0]
    flat = np.zeros((3, 32, 32), np.uint8)
    assert look_for_patients([ImageSet(flat)], None).labels.tolist() == [0, 0, 0]
