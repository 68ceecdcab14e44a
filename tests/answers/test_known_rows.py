"""Rows in memory take the place of a FeaturePipeline."""

import numpy as np
from sklearn.linear_model import LogisticRegression

from fingerprint_features import FeaturePipeline, ImageSet, ImageStats
from fingerprint_features.answers.known_rows import with_known_rows
from fingerprint_features.reference import PairClassifier
from tests.helpers import random_images


def test_a_rule_that_asks_for_the_names_of_columns_gives_what_it_gave():
    images, generated = ImageSet(random_images(8)), ImageSet(random_images(6, seed=1))
    features = FeaturePipeline([ImageStats()])
    rule = PairClassifier(LogisticRegression(), generated, features=features, pair="groupdist")
    known = with_known_rows(rule, [images, generated])
    assert list(known.features.get_feature_names_out()) == list(features.get_feature_names_out())
    y = [0, 1] * 4
    np.testing.assert_array_equal(known.fit(images, y).predict_proba(images), rule.fit(images, y).predict_proba(images))
