"""Do two images stem from the same subset? Scores of pairs by scikit-learn's metrics, and what the intervals do."""

import numpy as np
import pytest
from sklearn.metrics import balanced_accuracy_score, roc_auc_score

from fingerprint_features import pair_verification


def world(seed, n=24, n_reference=18, effect=1.0):
    """Similarities of rows and columns of three subsets, with a share of its own for each image."""
    rng = np.random.default_rng(seed)
    y, reference_y = np.arange(n) % 3, np.arange(n_reference) % 3
    similarity = rng.normal(size=(n, n_reference)) + rng.normal(size=(n, 1)) + rng.normal(size=n_reference)
    return similarity + effect * (y[:, None] == reference_y), y, reference_y


@pytest.mark.parametrize("seed", range(3))
def test_values_are_those_of_scikit_learn(seed):
    similarity, y, reference_y = world(seed)
    similarity = similarity.round(1)  # with ties
    same = np.equal.outer(y, reference_y).ravel()
    found = pair_verification(similarity, y, reference_y, threshold=0.3, n_bootstrap=50)
    assert found.auc.value == pytest.approx(roc_auc_score(same, similarity.ravel()))
    assert found.accuracy.value == pytest.approx(balanced_accuracy_score(same, similarity.ravel() > 0.3))
    assert (found.n_same, found.n_different) == (same.sum(), (~same).sum())
    learnt = pair_verification(similarity, y, reference_y, n_bootstrap=50)
    cuts = [balanced_accuracy_score(same, similarity.ravel() > cut) for cut in np.arange(-8, 8, 0.05)]
    assert learnt.accuracy.value == pytest.approx(max(cuts))
    again = pair_verification(similarity, y, reference_y, threshold=learnt.threshold, n_bootstrap=50)
    assert again.accuracy.value == learnt.accuracy.value


def test_order_does_not_matter_and_names_of_subsets_do_not():
    similarity, y, reference_y = world(0)
    rows, columns = np.random.default_rng(1).permutation(len(y)), np.random.default_rng(2).permutation(len(reference_y))
    names = np.array(["t1", "t2", "t3"])
    found = pair_verification(similarity, y, reference_y, n_bootstrap=20)
    turned = pair_verification(
        similarity[rows][:, columns], names[y[rows]], names[reference_y[columns]], n_bootstrap=20
    )
    assert (turned.auc.value, turned.accuracy.value) == (found.auc.value, found.accuracy.value)
    assert turned.threshold == found.threshold


def test_intervals_cover_and_know_that_pairs_share_images():
    truth = np.mean([pair_verification(*world(seed, 240, 240), n_bootstrap=1).auc.value for seed in range(5)])
    found = [pair_verification(*world(1000 + seed), n_bootstrap=200).auc for seed in range(60)]
    assert sum(score.low <= truth <= score.high for score in found) >= 54
    # pairs taken for independent would have intervals of half this width
    assert np.mean([score.high - score.low for score in found]) > 0.15


def test_patients_widen_intervals_and_perfect_answers_do_not_close_them():
    y = np.repeat([0, 1, 2], 4)
    perfect = np.equal.outer(y, y).astype(float)
    alone = pair_verification(perfect, y, y)
    patients = pair_verification(perfect, y, y, groups=y, reference_groups=y)
    for score, wider in ((alone.auc, patients.auc), (alone.accuracy, patients.accuracy)):
        assert score.value == score.high == 1
        assert wider.low < score.low < 0.97
    assert "48 pairs of one subset, 96 of two: AUC 1.000" in str(alone)


def test_what_cannot_be_scored_says_why():
    with pytest.raises(ValueError, match=r"similarity must be of shape \(2, 3\), one entry a pair. Got \(2, 2\)"):
        pair_verification(np.ones((2, 2)), [1, 2], [1, 2, 2])
    with pytest.raises(ValueError, match="all 4 pairs are of two subsets"):
        pair_verification(np.ones((2, 2)), [1, 2], [3, 4])
    with pytest.raises(ValueError, match="all 4 pairs are of one subset"):
        pair_verification(np.ones((2, 2)), [1, 1], [1, 1])
    with pytest.raises(ValueError, match="similarity holds 1 NaN"):
        pair_verification([[1, np.nan]], [1], [1, 2])
    with pytest.raises(ValueError, match=r"n_bootstrap.* pair_verification must be an int >= 1"):
        pair_verification([[1, 2]], [1], [1, 2], n_bootstrap=0)
