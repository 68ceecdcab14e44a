"""Rivals: who competes with an image, in the columns margin and credit and in those that count places."""

import warnings

import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn.base import BaseEstimator, TransformerMixin

from fingerprint_features import FeaturePipeline, ImageSet, Pixels, ReferenceSimilarity

from .worlds import patients

RNG = np.random.default_rng(0)
X, RIVALS, GENERATED = RNG.random((9, 3)), RNG.random((14, 3)), RNG.random((20, 3))


def by_hand(x, rivals, generated, left_out):
    """Return margin and credit of every row of x, without those rivals that `left_out` (i, j) names."""
    own, others = cdist(x, generated), cdist(rivals, generated)
    columns = []
    for i, row in enumerate(own):
        nearest = np.min([others[j] for j in range(len(rivals)) if not left_out(i, j)], axis=0)
        values = np.log(nearest / row)
        columns.append([values.max(), values[values > 0].sum() if (values > 0).any() else values.max()])
    return np.array(columns)


def columns(reduce=("margin", "credit"), **params):
    return ReferenceSimilarity(GENERATED, reduce=list(reduce), **params)


def test_margin_and_credit_against_the_images_of_fit():
    expected = by_hand(X, X, GENERATED, lambda i, j: i == j)
    model = columns().fit(X)
    np.testing.assert_allclose(model.transform(X), expected)
    np.testing.assert_allclose(model.transform(X[[4]]), expected[[4]])
    order = RNG.permutation(len(X))
    np.testing.assert_allclose(columns().fit(X[order]).transform(X), expected)
    assert list(model.get_feature_names_out()) == ["euclidean_margin", "euclidean_credit"]


def test_given_rivals_compete_and_the_images_of_fit_do_not():
    expected = by_hand(X, RIVALS, GENERATED, lambda i, j: False)
    model = columns(rivals=RIVALS).fit(X[:2])
    np.testing.assert_allclose(model.transform(X), expected)
    hits = ReferenceSimilarity(GENERATED, reduce="hits", rivals=RIVALS).fit(X[:2]).transform(X)[:, 0]
    nearest = cdist(RIVALS, GENERATED).min(axis=0)
    np.testing.assert_array_equal(hits, (cdist(X, GENERATED) < nearest).sum(axis=1))


def test_a_rival_of_the_images_own_content_does_not_compete():
    rivals = np.vstack([RIVALS, X[:1]])
    np.testing.assert_allclose(
        columns(rivals=rivals).fit(X).transform(X[:1]), by_hand(X[:1], RIVALS, GENERATED, lambda i, j: False)
    )


def test_the_images_own_patient_does_not_compete():
    slices, owner = patients(np.random.default_rng(0), 6, n_slices=3)
    generated = patients(np.random.default_rng(1), 5)[0]
    features = FeaturePipeline([Pixels()])
    model = ReferenceSimilarity(generated, features, reduce="margin")
    rows, seen = (s.reshape(len(s), -1).astype(float) for s in (slices, generated))
    found = model.fit_transform(ImageSet(slices, groups=owner))
    expected = by_hand(rows, rows, seen, lambda i, j: owner[i] == owner[j])
    np.testing.assert_allclose(found[:, 0], expected[:, 0], rtol=1e-5)
    with pytest.warns(UserWarning, match="does not know which images show the same patient"):
        alone = model.fit_transform(ImageSet(slices))
    expected = by_hand(rows, rows, seen, lambda i, j: i == j)
    np.testing.assert_allclose(alone[:, 0], expected[:, 0], rtol=1e-5)


def test_hits_do_not_ask_for_patients():
    slices, _ = patients(np.random.default_rng(0), 4)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        ReferenceSimilarity(slices[:2], FeaturePipeline([Pixels()]), reduce="hits").fit(slices)


class Remember(TransformerMixin, BaseEstimator):
    """Passes rows on and keeps those that it was fitted on."""

    def fit(self, X, y=None):
        self.seen_ = np.asarray(X)
        return self

    def transform(self, X):
        return np.asarray(X)


def test_features_learn_from_the_rivals():
    model = columns(rivals=RIVALS, features=Remember(), fit_features="rivals").fit(X)
    np.testing.assert_array_equal(model.features_.seen_, RIVALS)
    same = columns(rivals=RIVALS).fit(X)
    np.testing.assert_array_equal(model.transform(X), same.transform(X))


def test_rivals_stay_with_another_reference():
    model = columns(rivals=RIVALS).fit(X).with_reference(GENERATED[:7])
    np.testing.assert_allclose(model.transform(X), by_hand(X, RIVALS, GENERATED[:7], lambda i, j: False))


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"reduce": "max", "rivals": RIVALS}, r"rivals= compete in reduce=\['rank', 'hits', 'hit_max', 'margin', 'cre"),
        ({"reduce": "margin", "fit_features": "rivals"}, "fit_features='rivals' needs real images.*pass rivals="),
        ({"reduce": "margin", "against": "both"}, r"reduce=\['margin'\] counts over a reference"),
        ({"reduce": "margin", "rivals": RIVALS[:, :2]}, "rivals has 2 columns"),
        ({"reduce": "margin", "rivals": ImageSet(patients(RNG, 2)[0])}, "rivals is images"),
    ],
)
def test_errors_say_what_to_change(params, words):
    with pytest.raises(ValueError, match=words):
        ReferenceSimilarity(GENERATED, **params).fit(X)


def test_changed_rivals_ask_for_fit():
    model = columns(rivals=RIVALS).fit(X)
    model.set_params(rivals=RIVALS[:5])
    with pytest.raises(ValueError, match="fitted with another rivals than it has now: call fit again"):
        model.transform(X)
