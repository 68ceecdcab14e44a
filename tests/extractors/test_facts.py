"""Facts of an extractor are looked up only where computing them would give the same."""

import numpy as np
import pytest

from fingerprint_features import GLCM, LBP, BaseExtractor, Filtered, Patches, PHash
from fingerprint_features.cache import extractor_token
from fingerprint_features.extractors import facts
from fingerprint_features.extractors.facts import facts_of


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
    before = facts_of(extractor, True)
    assert before == computed(extractor)
    assert facts_of(extractor, True) == before
    extractor.set_params(**change)
    assert facts_of(extractor, True) == computed(extractor) != before


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
    assert len(facts._known) <= 3
