"""Facts of an extractor are looked up only where computing them would give the same."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError

from fingerprint_features import GLCM, LBP, BaseExtractor, FeaturePipeline, Filtered, Patches, PHash, SIFTWords
from fingerprint_features.cache import extractor_token
from fingerprint_features.extractors import facts
from fingerprint_features.extractors.facts import facts_of, look_at


class Odd(BaseExtractor):
    """An extractor whose columns depend on an array."""

    def __init__(self, levels=None):
        self.levels = levels

    def _column_names(self):
        return [f"odd_{i}" for i in range(len(self.levels))]


def computed(extractor):
    return extractor.n_columns(), extractor_token(extractor)


@pytest.fixture(autouse=True)
def nothing_known(monkeypatch):
    monkeypatch.setattr(facts, "_known", {})
    monkeypatch.setattr(facts, "_seen", {})


CHANGES = [
    (LBP(), {"radius": 2}),
    (LBP(radius=(1, 2)), {"radius": (1, 3)}),
    (LBP(), {"n_points": 16}),
    (GLCM(), {"symmetric": False}),
    (GLCM(properties=["contrast"]), {"properties": ["contrast", "ASM"]}),
    (GLCM(levels=8), {"levels": 9}),
    (PHash(), {"hash_size": 8}),
    (Filtered(LBP()), {"extractor__radius": 2}),
    (Filtered(LBP()), {"filter": "laplacian"}),
    (Patches(PHash(4)), {"extractor": PHash(5)}),
]


@pytest.mark.parametrize(("extractor", "change"), CHANGES)
def test_a_changed_parameter_has_facts_of_its_own(extractor, change):
    extractor = clone(extractor)
    before = facts_of(extractor, True)
    assert before == computed(extractor)
    assert facts_of(extractor, True) == before
    extractor.set_params(**change)
    assert facts_of(extractor, True) == computed(extractor) != before


@pytest.mark.parametrize(("extractor", "change"), CHANGES)
def test_what_was_seen_of_an_object_ends_with_a_change(extractor, change):
    extractor = clone(extractor)
    before = look_at(extractor).facts(True)
    assert look_at(extractor).facts(True) == before == computed(extractor)
    extractor.set_params(**change)
    assert look_at(extractor).facts(True) == computed(extractor) != before


def test_an_unchanged_object_is_checked_once(monkeypatch):
    lbp, checks = LBP(), []
    monkeypatch.setattr(LBP, "_check_params", lambda self: checks.append(self.radius))
    for radius in (1, 1, 2, 2.0):  # equal numbers may be of types that are refused
        lbp.radius = radius
        look_at(lbp)
    assert checks == [1, 2, 2.0]


def test_bad_parameters_are_refused_after_good_ones():
    glcm = GLCM(distances=[1])
    features = FeaturePipeline([glcm, LBP()])
    features.transform(np.zeros((1, 8, 8), np.uint8))
    glcm.distances[0] = -1
    with pytest.raises(ValueError, match="distances"):
        features.transform(np.zeros((1, 8, 8), np.uint8))
    features.set_params(glcm__distances=1, lbp__radius=-1)
    with pytest.raises(ValueError, match="radius"):
        features.transform(np.zeros((1, 8, 8), np.uint8))


def test_an_object_at_the_place_of_a_deleted_one_is_new():
    first, second = PHash(), PHash()
    second.__dict__ = dict(first.__dict__)
    facts._seen[id(second)] = look_at(first)
    assert look_at(second).extractor() is second


def test_what_learns_is_checked_each_time():
    words = SIFTWords(n_words=2)
    with pytest.raises(NotFittedError):
        look_at(words)
    assert not facts._seen


def test_names_are_not_made_again(monkeypatch):
    before = facts_of(LBP(radius=2), True)
    monkeypatch.setattr(LBP, "_column_names", None)
    assert facts_of(LBP(radius=2), True) is before


def test_a_list_that_is_changed_in_place_is_seen():
    glcm = GLCM(distances=[1, 2])
    before = facts_of(glcm, True)
    glcm.distances.append(3)
    assert facts_of(glcm, True) == computed(glcm) != before


def test_arrays_are_never_looked_up():
    levels = np.arange(3)
    odd = Odd(levels)
    assert facts_of(odd, True) == computed(odd)
    before = facts_of(odd, True)
    levels[0] = 7
    assert facts_of(odd, True) == computed(odd) != before
    assert not facts._known


def test_another_version_has_another_token(monkeypatch):
    before = facts_of(LBP(), True)
    monkeypatch.setattr(LBP, "_values_version", 99)
    assert facts_of(LBP(), True) == computed(LBP()) != before


def test_equal_numbers_share_a_token_and_truth_is_no_number():
    assert facts_of(LBP(radius=1), True).token == facts_of(LBP(radius=1.0), True).token
    ints, truths = Odd([1, 0]), Odd([True, False])
    assert facts_of(ints, True).token == extractor_token(ints) != facts_of(truths, True).token


def test_the_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(facts, "_MOST_KNOWN", 3)
    for size in range(2, 9):
        facts_of(PHash(size), False)
        look_at(PHash(size))
    assert len(facts._known) <= 3
    assert len(facts._seen) <= 3
