"""The losses against hand-countable rows, and against pytorch-metric-learning."""

import math

import numpy as np
import pytest

from fingerprint_features.learned import losses

torch = pytest.importorskip("torch")


def unit(n, seed):
    rows = np.random.default_rng(seed).normal(size=(n, 4))
    return torch.from_numpy(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def corners():
    """Return three rows of length 1: a pair at a right angle, and the opposite of the first."""
    return torch.tensor([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0]])


def test_contrastive_by_hand():
    a, b, c = corners().split(1)
    same, other = torch.tensor([True]), torch.tensor([False])
    assert float(losses.contrastive(a, b, same, 1.0)) == pytest.approx(2.0)  # the square of root two
    assert float(losses.contrastive(a, c, other, 1.0)) == 0  # farther than the margin
    assert float(losses.contrastive(a, b, other, 1.5)) == pytest.approx((1.5 - math.sqrt(2)) ** 2)
    both = losses.contrastive(torch.cat([a, a]), torch.cat([b, b]), torch.cat([same, other]), 1.5)
    assert float(both) == pytest.approx((2.0 + (1.5 - math.sqrt(2)) ** 2) / 2)


def test_triplet_by_hand():
    a, b, c = corners().split(1)
    assert float(losses.triplet(a, b, c, 1.0)) == pytest.approx(math.sqrt(2) - 2 + 1)
    assert float(losses.triplet(a, a, c, 1.0)) == 0
    assert float(losses.triplet(a, c, b, 1.0)) == pytest.approx(2 - math.sqrt(2) + 1)


def test_infonce_and_supcon_by_hand():
    cosines = torch.tensor([[1.0, 0.0, -1.0, 0.0]])  # key 0 is the partner, key 1 of the same class, 2 and 3 are not
    same = torch.tensor([[True, True, False, False]])
    e = math.exp
    assert float(losses.infonce(cosines, same, 0.5)) == pytest.approx(-math.log(e(2) / (e(2) + e(-2) + 1)))
    total = e(2) + 1 + e(-2) + 1
    expected = -(math.log(e(2) / total) + math.log(1 / total)) / 2
    assert float(losses.supcon(cosines, same, 0.5)) == pytest.approx(expected)


def test_equal_rows_give_finite_gradients():
    rows = torch.ones(2, 3, requires_grad=True)
    same = torch.tensor([False, False])
    (losses.contrastive(rows, rows, same, 1.0) + losses.triplet(rows, rows, rows, 1.0)).backward()
    assert torch.isfinite(rows.grad).all()


class TestAgainstPytorchMetricLearning:
    """On drawn pairs; its distances are given by `ref_emb`, its means by a reducer of all pairs."""

    pml = staticmethod(lambda: pytest.importorskip("pytorch_metric_learning"))

    def test_triplet(self):
        self.pml()
        from pytorch_metric_learning.distances import LpDistance
        from pytorch_metric_learning.losses import TripletMarginLoss
        from pytorch_metric_learning.reducers import MeanReducer

        sides = unit(6, 0), unit(6, 1), unit(6, 2)
        peer = TripletMarginLoss(margin=0.4, distance=LpDistance(normalize_embeddings=False), reducer=MeanReducer())
        n = torch.arange(6)
        expected = peer(torch.cat(sides), torch.zeros(18), indices_tuple=(n, n + 6, n + 12))
        assert float(losses.triplet(*sides, 0.4)) == pytest.approx(float(expected), rel=1e-6)

    def test_infonce(self):
        self.pml()
        from pytorch_metric_learning.losses import NTXentLoss

        anchors, keys = unit(5, 0), unit(10, 1)
        own, theirs = torch.tensor([0, 0, 1, 1, 2]), torch.tensor([0, 0, 1, 1, 2, 1, 2, 0, 2, 1])
        same = own[:, None] == theirs
        positives = torch.arange(5), torch.arange(5)
        negatives = torch.where(~same)
        expected = NTXentLoss(temperature=0.2)(anchors, ref_emb=keys, indices_tuple=(*positives, *negatives))
        assert float(losses.infonce(anchors @ keys.T, same, 0.2)) == pytest.approx(float(expected), rel=1e-6)

    def test_supcon(self):
        self.pml()
        from pytorch_metric_learning.losses import SupConLoss

        anchors, keys = unit(5, 0), unit(8, 1)
        own, theirs = torch.tensor([0, 0, 1, 1, 2]), torch.tensor([0, 0, 1, 1, 2, 1, 2, 0])
        same = own[:, None] == theirs
        expected = SupConLoss(temperature=0.2)(anchors, own, ref_emb=keys, ref_labels=theirs)
        assert float(losses.supcon(anchors @ keys.T, same, 0.2)) == pytest.approx(float(expected), rel=1e-6)

    def test_contrastive_without_the_squares(self):
        # Its hinges are of distances: of one pair of a kind, ours are their squares.
        self.pml()
        from pytorch_metric_learning.distances import LpDistance
        from pytorch_metric_learning.losses import ContrastiveLoss

        peer = ContrastiveLoss(0.0, 1.7, distance=LpDistance(normalize_embeddings=False))
        a, b = unit(1, 0), unit(1, 1)
        first = torch.tensor([0, 0])  # twice: it calls one pair no pair
        for same in (True, False):
            pair, none = (first, first + 1), (first[:0], first[:0])
            expected = peer(torch.cat([a, b]), torch.zeros(2), indices_tuple=(*pair, *none) if same else (*none, *pair))
            found = losses.contrastive(a, b, torch.tensor([same]), 1.7)
            assert float(found) == pytest.approx(float(expected) ** 2, rel=1e-6)
