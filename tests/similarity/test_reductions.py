import numpy as np
import pytest

from fingerprint_features.similarity import REDUCTIONS, competitors, find_metric, hit_max, hits, largest, rank

S = np.array([[0.1, 0.5, 0.3, 0.9], [0.2, 0.2, 0.2, 0.2]])


def test_reductions_of_a_block_counted_by_hand():
    expected = {
        "max": [0.9, 0.2],
        "mean": [0.45, 0.2],
        "topk": [1.7 / 3, 0.2],
        "std": [0.0875**0.5, 0],
        "min": [0.1, 0.2],
    }
    assert set(expected) == set(REDUCTIONS)
    for name, values in expected.items():
        np.testing.assert_allclose(REDUCTIONS[name](S, 3), values, atol=1e-12, err_msg=name)


def test_topk_runs_from_the_maximum_to_the_mean():
    topk = REDUCTIONS["topk"]
    np.testing.assert_allclose(topk(S, 1), S.max(axis=1))
    np.testing.assert_allclose(topk(S, 2), [0.7, 0.2])
    np.testing.assert_allclose(topk(S, 99), S.mean(axis=1))
    with pytest.raises(ValueError, match=r"k must be an int >= 1. Got 0 instead"):
        topk(S, 0)


@pytest.mark.parametrize("name", REDUCTIONS)
def test_what_is_left_out_does_not_count_and_a_row_of_nothing_is_nan(name):
    block = np.random.default_rng(0).random((6, 9))
    out = np.arange(54).reshape(6, 9) % 5 == 0
    reduced = REDUCTIONS[name](np.where(out, np.nan, block), 3)
    np.testing.assert_allclose(
        reduced, [REDUCTIONS[name](row[~left][None], 3)[0] for row, left in zip(block, out, strict=True)]
    )
    assert np.isnan(REDUCTIONS[name](np.full((2, 4), np.nan), 3)).all()


def test_the_largest_come_smallest_first_and_nothing_last():
    np.testing.assert_array_equal(largest(S, 2), [[0.5, 0.9], [0.2, 0.2]])
    np.testing.assert_array_equal(largest([[np.nan, 3, 1, np.nan]], 3), [[1, 3, np.nan]])


@pytest.mark.parametrize("name", REDUCTIONS)
def test_a_row_is_reduced_alike_alone_and_in_a_batch(name):
    block = np.random.default_rng(0).random((50, 301)).astype(np.float32)
    whole = REDUCTIONS[name](block, 3)
    np.testing.assert_array_equal([REDUCTIONS[name](row[None], 3)[0] for row in block], whole)
    np.testing.assert_allclose(REDUCTIONS[name](block[:, ::-1], 3), whole, rtol=1e-6)


@pytest.mark.parametrize("name", REDUCTIONS)
def test_what_is_no_block_is_refused(name):
    with pytest.raises(ValueError, match=r"block \(n_images, n_reference >= 1\), got shape \(4,\)"):
        REDUCTIONS[name](S[0], 3)
    with pytest.raises(ValueError, match=r"got shape \(3, 0\)"):
        REDUCTIONS[name](np.empty((3, 0)), 3)


# Three competitors, four reference images. Image 0 has (.1, .5, .3, .9).
#   reference 0: rivals .0 .1 .4   one behind, one tied, one ahead
#   reference 1: rivals .5 .5 .5   all tied
#   reference 2: rivals .2 .1 .0   all behind
#   reference 3: rivals 1. 1. .8   one behind, two ahead
RIVALS = np.array([[0.0, 0.5, 0.2, 1.0], [0.1, 0.5, 0.1, 1.0], [0.4, 0.5, 0.0, 0.8]])


def test_rank_counted_by_hand():
    # (1 + .5) / 3, 1.5 / 3, 3 / 3, 1 / 3: mean 7 / 12
    np.testing.assert_allclose(rank(S[:1], RIVALS), [7 / 12])
    # without the last: (1 + .5) / 2, 1 / 2, 2 / 2, 0: mean 2.25 / 4
    np.testing.assert_allclose(rank(S[:1], RIVALS, exclude=[[False, False, True]]), [2.25 / 4])


def test_rank_is_1_for_the_nearest_0_for_the_farthest_and_a_half_with_nobody_to_meet():
    np.testing.assert_array_equal(rank([[9.0] * 4, [-9.0] * 4], RIVALS), [1, 0])
    np.testing.assert_array_equal(rank(S, RIVALS, exclude=np.ones((2, 3), dtype=bool)), [0.5, 0.5])
    np.testing.assert_array_equal(rank(S, RIVALS[:0]), [0.5, 0.5])


def test_ranks_among_each_other_average_one_half():
    block = np.random.default_rng(0).random((20, 30))
    ranks = rank(block, block, exclude=np.eye(20, dtype=bool))
    np.testing.assert_allclose(ranks.mean(), 0.5)
    order = np.argsort(np.argsort(block, axis=0), axis=0) / 19  # two argsorts, not one
    np.testing.assert_allclose(ranks, order.mean(axis=1))


def test_hits_counted_by_hand():
    # ahead of image 0, behind the last rival: 2, 3, 0, 2; before the first: 1, 0, 0, 2
    assert hits(S[:1], RIVALS) == [1]
    assert hits(S[:1], RIVALS, k=3) == [3]
    assert hits(S[:1], RIVALS, k=4) == [4]
    assert hits(S[:1], RIVALS, position=[0]) == [2]
    assert hits(S[:1], RIVALS, k=2, position=[0]) == [3]
    assert hits(S[:1], RIVALS, exclude=[[False, False, True]], k=2) == [2]


def test_every_reference_image_is_hit_by_exactly_k_images_ties_included():
    block = np.random.default_rng(0).integers(0, 4, (20, 30)).astype(float)  # many ties
    for k in (1, 3):
        counts = hits(block, block, k, exclude=np.eye(20, dtype=bool), position=np.arange(20))
        assert counts.sum() == 30 * k
        order = np.argsort(-block, axis=0, kind="stable")[:k]
        np.testing.assert_array_equal(counts, np.bincount(order.ravel(), minlength=20))


def test_hit_max_is_the_largest_similarity_hit_or_the_floor():
    floor = find_metric("cosine").floor
    np.testing.assert_array_equal(hit_max(S, RIVALS, missing=floor), [0.3, floor])
    np.testing.assert_array_equal(hit_max(S[:1], RIVALS, 3, missing=floor), [0.9])
    np.testing.assert_array_equal(hit_max([[-1.0] * 4], RIVALS, missing=floor), [floor])


def standings_of_every_pair(own, competitors, exclude, position):
    """Return how many competitors lie behind, level and ahead of one image, at each reference image: every pair."""
    behind, level, ahead = np.zeros((3, own.size), dtype=int)
    for c, other in enumerate(competitors):
        if not exclude[c]:
            behind += other < own
            level += other == own
            ahead += (other > own) | ((other == own) & (c < position))
    return behind, level, ahead


@pytest.mark.parametrize("seed", range(40))
def test_every_pair_compared_gives_the_same_bits(seed):
    rng = np.random.default_rng(seed)
    n, m, width = rng.integers(1, 30, 3)
    values = rng.integers(0, rng.integers(2, 40), (n + m, width)) / 7  # ties, of few values and of many
    values[rng.random(values.shape) < rng.choice([0, 0.1])] = rng.choice([np.nan, -np.inf, -0.0])
    own, rivals = values[:n], values[n:]
    exclude = rng.random((n, m)) < rng.choice([0, 0.1, 0.9])
    position = rng.integers(0, m + 1, n)
    k = int(rng.integers(1, 5))
    found = [
        standings_of_every_pair(*row, place) for *row, place in zip(own, [rivals] * n, exclude, position, strict=True)
    ]
    means = [
        (behind + 0.5 * level).mean() / n_others if n_others else 0.5
        for (behind, level, _), n_others in zip(found, (~exclude).sum(axis=1), strict=True)
    ]
    np.testing.assert_array_equal(rank(own, rivals, exclude=exclude), means)
    rules = {"exclude": exclude, "position": position}
    np.testing.assert_array_equal(hits(own, rivals, k, **rules), [(ahead < k).sum() for *_, ahead in found])
    best = [np.max(row, where=ahead < k, initial=-9.0) for row, (*_, ahead) in zip(own, found, strict=True)]
    np.testing.assert_array_equal(hit_max(own, rivals, k, missing=-9.0, **rules), best)


@pytest.mark.parametrize("cells", [1, 7, 50])
def test_values_do_not_depend_on_how_much_is_worked_on_at_a_time(cells, monkeypatch):
    rng = np.random.default_rng(0)
    own, rivals, exclude = rng.random((9, 11)), rng.random((7, 11)), rng.random((9, 7)) < 0.2
    reductions = (rank, hits, lambda *blocks, exclude: hit_max(*blocks, missing=-2.0, exclude=exclude))
    whole = [reduce(own, rivals, exclude=exclude) for reduce in reductions]
    monkeypatch.setattr(competitors, "_CELLS", cells)
    for reduce, values in zip(reductions, whole, strict=True):
        np.testing.assert_array_equal(reduce(own, rivals, exclude=exclude), values)


def test_permuting_the_images_permutes_the_columns():
    rng = np.random.default_rng(0)
    block, rivals, order = rng.random((15, 40)), rng.random((10, 40)), rng.permutation(15)
    for reduce in (rank, hits, lambda *blocks: hit_max(*blocks, missing=-2.0)):
        np.testing.assert_array_equal(reduce(block[order], rivals), reduce(block, rivals)[order])
        np.testing.assert_array_equal([reduce(row[None], rivals)[0] for row in block], reduce(block, rivals))


def test_blocks_that_do_not_fit_say_why():
    with pytest.raises(ValueError, match="images have 4 similarities and competitors 3: use one reference set"):
        rank(S, RIVALS[:, 1:])
    with pytest.raises(
        ValueError, match=r"exclude must have one entry per image and competitor, \(2, 3\); got \(3, 3\)"
    ):
        hits(S, RIVALS, exclude=np.eye(3, dtype=bool))
