"""The competition for the places that each reference image gives."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from scipy.spatial.distance import cdist
from sklearn.base import clone

from fingerprint_features import FeaturePipeline, ImageSet, Pixels, ReferenceSimilarity
from fingerprint_features.reference import comparer as comparer_module
from fingerprint_features.reference import competition as competition_module
from fingerprint_features.reference.comparer import Comparer
from fingerprint_features.reference.competition import Competition
from fingerprint_features.reference.samples import Samples
from fingerprint_features.similarity import competitors

from .worlds import patients

RNG = np.random.default_rng(0)
IMAGES, REFERENCE = RNG.integers(0, 4, (12, 2)).astype(float), RNG.integers(0, 4, (7, 2)).astype(float)


def compare(a, b):
    return -cdist(a, b)


def make(images=IMAGES, reference=REFERENCE, compare=compare, **params):
    return Competition(Samples(images), Samples(reference), Comparer("X", compare), **params)


@pytest.fixture
def competition():
    return make()


def test_every_content_competes_once_whatever_the_order(competition):
    assert len(competition.images) == len(np.unique(IMAGES, axis=0)) < 12
    turned = make(images=IMAGES[::-1].copy())
    assert_array_equal(turned.similarities, competition.similarities)
    assert_array_equal(compare(competition.images.data, REFERENCE), competition.similarities)


def test_what_competes_is_not_compared_again(competition):
    def count(a, b):
        seen.extend(map(tuple, a))
        return compare(a, b)

    seen = []
    x = Samples(np.vstack([IMAGES[3], [9.0, 9.0], IMAGES[5]]))
    similarities = competition.compared(x, Samples(REFERENCE), Comparer("X", count))
    assert seen == [(9.0, 9.0)]
    assert_array_equal(similarities, compare(x.data, REFERENCE))
    competition.compared(Samples(IMAGES), Samples(REFERENCE), Comparer("X", count))
    assert len(seen) == 1


@pytest.mark.parametrize("k", [1, 3])
def test_every_reference_image_gives_k_places_ties_included(k):
    competition = make(k=k)
    assert competition.hits(competition.images, competition.similarities).sum() == k * len(REFERENCE)


def test_the_number_without_a_hit_is_below_every_hit(competition):
    far = Samples(np.array([[99.0, 99.0]]))
    similarities = compare(far.data, REFERENCE)
    assert_array_equal(competition.hit_max(far, similarities), [competition.no_hit])
    assert competition.no_hit < competition.similarities.min()
    assert competition.no_hit == 2 * competition.similarities.min() - competition.similarities.max()
    kept = make(no_hit=-50.0)
    assert kept.no_hit == -50  # learnt before, and still below
    raised = make(no_hit=0.0)
    assert raised.no_hit == competition.no_hit
    level = make(IMAGES[:1], REFERENCE[:3], lambda a, b: np.full((1, 3), 0.5))
    assert level.no_hit == -0.5


def test_ranks_leave_the_image_itself_out(competition):
    x, similarities = competition.images, competition.similarities
    expected = []
    for i, row in enumerate(similarities):
        others = np.delete(similarities, i, axis=0)
        expected.append(np.mean((others < row).mean(axis=0) + 0.5 * (others == row).mean(axis=0)))
    np.testing.assert_allclose(competition.rank(x, similarities), expected)


@pytest.mark.parametrize("columns", ["rank", "hits", "hit_max", "margin", "credit"])
def test_values_are_the_same_where_similarities_are_too_many_to_be_kept(columns, monkeypatch):
    x, owner = patients(np.random.default_rng(0), 6, n_slices=3)
    rows = (FeaturePipeline([Pixels()]), "euclidean", [columns, "max"])
    model = ReferenceSimilarity(x[:5], *rows, k=2).fit(ImageSet(x, groups=owner))
    some = ImageSet(x[::-2], groups=owner[::-2])
    monkeypatch.setattr(competition_module, "_KEPT", 0)
    monkeypatch.setattr(comparer_module, "_CELLS", 20)
    monkeypatch.setattr(competitors, "_CELLS", 7)
    other = clone(model).fit(ImageSet(x, groups=owner))
    assert model.sets_.competition.similarities is not None
    assert other.sets_.competition.similarities is None
    assert_array_equal(other.transform(some), model.transform(some))
