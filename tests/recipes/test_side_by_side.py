"""Trying a recipe: no answer is learnt from the label of its image, its patient or its copy."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin

from fingerprint_features import ImageSet
from fingerprint_features.recipes.side_by_side import try_recipe

IMAGES = np.random.default_rng(0).integers(0, 256, (8, 8, 8), dtype=np.uint8)
Y = np.arange(16) % 2


class Remembers(ClassifierMixin, BaseEstimator):
    """Answers 1 for images whose content or patient was in `fit`."""

    def fit(self, X, y=None):
        self.classes_ = np.array([0, 1])
        self.seen_ = set(X.digests)
        self.groups_ = set() if X.groups is None else set(X.groups)
        return self

    def predict(self, X):
        known = np.isin(X.groups, list(self.groups_)) if X.groups is not None else np.zeros(len(X), dtype=bool)
        return (known | [digest in self.seen_ for digest in X.digests]).astype(int)


@pytest.mark.parametrize(
    "images",
    [
        ImageSet(np.repeat(IMAGES, 2, axis=0)[[*range(0, 16, 2), *range(1, 16, 2)]]),
        ImageSet(np.repeat(IMAGES, 2, axis=0), groups=np.repeat(list("abcdefgh"), 2)),
    ],
)
def test_a_recipe_with_labels_is_asked_about_unseen_patients_and_contents(images):
    answers, scores = try_recipe("dmk-2023-sift-knn", Remembers(), images, Y)
    assert not answers.any()
    np.testing.assert_array_equal(scores, 0)


def test_a_recipe_without_labels_sees_all_images_and_no_label():
    answers, _ = try_recipe("dmk-2023-phash", Remembers(), ImageSet(IMAGES), Y[:8])
    assert answers.all()


def test_too_few_images_of_a_label_are_refused():
    with pytest.raises(ValueError, match="cross-validation needs two or more groups of each class"):
        try_recipe("dmk-2023-sift-knn", Remembers(), ImageSet(IMAGES), np.array([0, 1, 1, 1, 1, 1, 1, 1]))
