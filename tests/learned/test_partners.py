"""Partners are of the class that is asked for, all of them equally likely."""

import numpy as np
import pytest

from fingerprint_features.learned.partners import Partners

torch = pytest.importorskip("torch")

CLASSES = torch.tensor([0, 0, 0, 1, 1, 2, 0, 1, 1, 3])  # the last four are of a reference


@pytest.fixture(autouse=True)
def seed():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        yield


def counts(pool, anchor, same, n=6000):
    drawn = pool.draw(torch.full((n,), anchor), same)
    return np.bincount(drawn.numpy(), minlength=len(CLASSES)) / n


def test_within_a_set_every_other_image_of_the_class_is_equally_likely_and_never_itself():
    pool = Partners(torch.arange(6), CLASSES, itself=False)
    np.testing.assert_allclose(counts(pool, 1, True), [0.5, 0, 0.5, 0, 0, 0, 0, 0, 0, 0], atol=0.03)


def test_other_classes_are_equally_likely_whatever_their_size():
    pool = Partners(torch.arange(6), CLASSES, itself=False)
    np.testing.assert_allclose(counts(pool, 1, False), [0, 0, 0, 0.25, 0.25, 0.5, 0, 0, 0, 0], atol=0.03)


def test_across_sets_partners_are_of_the_other_set():
    pool = Partners(torch.arange(6), CLASSES, itself=False)
    np.testing.assert_allclose(counts(pool, 7, True), [0, 0, 0, 0.5, 0.5, 0, 0, 0, 0, 0], atol=0.03)
    np.testing.assert_allclose(counts(pool, 9, False), np.r_[[1 / 9] * 3, [1 / 6] * 2, 1 / 3, [0] * 4], atol=0.03)


def test_each_view_is_of_the_image_itself():
    pool = Partners(torch.arange(6), torch.arange(6), itself=True)
    rows = torch.arange(6).repeat(50)
    assert torch.equal(pool.draw(rows, True), rows)
    assert not (pool.draw(rows, False) == rows).any()


def test_a_batch_may_ask_for_both_kinds():
    pool = Partners(torch.arange(6), CLASSES, itself=False)
    anchors, same = torch.tensor([0, 1, 2, 3, 4, 6] * 9), torch.tensor([True, False] * 27)
    drawn = pool.draw(anchors, same)
    assert torch.equal(CLASSES[drawn] == CLASSES[anchors], same)


def test_anchors_without_a_partner_of_either_kind_are_left_out():
    pool = Partners(torch.arange(6), CLASSES, itself=False)
    # 5 is alone in its class; of class 3 there is no partner
    assert pool.usable(torch.arange(10)).tolist() == [0, 1, 2, 3, 4, 6, 7, 8]
    one_class = Partners(torch.tensor([0, 1]), CLASSES, itself=False)
    assert one_class.usable(torch.tensor([0, 1, 6])).tolist() == []
    nobody = Partners(torch.arange(0), CLASSES, itself=False)
    assert nobody.usable(torch.arange(10)).tolist() == []
