"""Every column against its formula, recomputed in plain loops, and by hand where the numbers are small."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.spatial.distance import cdist
from sklearn.base import clone

from fingerprint_features import ImageSet
from fingerprint_features.reference import ReferenceSimilarity
from fingerprint_features.similarity import ssim_matrix
from tests.reference.worlds import patients

REAL = np.array([[0.0], [4.0], [10.0]])
GENERATED = np.array([[1.0], [5.0], [5.5], [30.0]])


def columns(reduce, X=REAL, reference=GENERATED, y=None, **params):
    return ReferenceSimilarity(reference, reduce=reduce, **params).fit(X, y).transform(X)[:, 0]


def test_largest_mean_spread_and_smallest_of_the_similarities():
    # minus the distances of 0, 4 and 10 from 1, 5, 5.5 and 30
    assert_allclose(columns("max"), [-1, -1, -4.5])
    assert_allclose(columns("mean"), [-41.5 / 4, -31.5 / 4, -38.5 / 4])
    assert_allclose(columns("min"), [-30, -26, -20])
    assert_allclose(columns("std"), [np.std([1, 5, 5.5, 30]), np.std([3, 1, 1.5, 26]), np.std([9, 5, 4.5, 20])])
    assert_allclose(columns("topk", k=2), [-3, -1.25, -4.75])


def test_hits_and_ranks_counted_by_hand():
    # most similar real: 0 for 1; 4 for 5 and 5.5; 10 for 30
    assert_allclose(columns("hits"), [1, 2, 1])
    assert_allclose(columns("hit_max"), [-1, -1, -20])
    # rivals below, of 2: the real 0 has (2, 1/2, 0, 0), the real 4 (1, 2, 2, 1), the real 10 (0, 1/2, 1, 2)
    assert_allclose(columns("rank"), [2.5 / 8, 6 / 8, 3.5 / 8])
    # two most similar reals: {0, 4}, {4 and one of the others}, {4, 10}, {10, 4}
    first, second, third = columns("hits", k=2)
    assert (second, first + third) == (4, 4)


def test_hits_may_have_more_places_than_the_reference_has_images():
    # of the reals 0, 4 and 10 the two nearest to 6
    np.testing.assert_array_equal(columns("hits", reference=[[6.0]], k=2), [0, 1, 1])
    assert_allclose(columns("hit_max", reference=[[6.0]], k=2)[1:], [-2, -4])


def test_an_image_without_a_hit_gets_less_than_any_image_with_one():
    X = np.vstack([REAL, [[3.0]]])  # 4 is nearer to 5 and 5.5 than 3 is, and 0 nearer to 1
    column = columns("hit_max", X=X)
    assert columns("hits", X=X)[3] == 0
    assert np.isfinite(column).all()
    assert column[3] < column[:3].min()


def test_of_two_that_tie_one_has_the_hit_in_any_order_and_each_half_a_rank():
    X = np.array([[0.0], [2.0]])
    hits = columns("hits", X=X, reference=[[1.0]])
    assert sorted(hits) == [0, 1]
    assert_allclose(columns("hits", X=X[::-1], reference=[[1.0]]), hits[::-1])
    assert_allclose(columns("rank", X=X, reference=[[1.0]]), [0.5, 0.5])


def test_all_pairs_in_the_order_of_the_reference():
    model = ReferenceSimilarity(GENERATED, reduce=None).fit(REAL)
    assert_allclose(model.transform(REAL), -cdist(REAL, GENERATED))
    assert list(model.get_feature_names_out()) == ["euclidean_0", "euclidean_1", "euclidean_2", "euclidean_3"]
    pairs = np.array([-4.0, -10, -4, -6, -10, -6])  # both ways
    rows = ReferenceSimilarity(GENERATED, reduce=None, standardize="zscore").fit_transform(REAL)
    assert_allclose(rows, (-cdist(REAL, GENERATED) - pairs.mean()) / pairs.std())


@pytest.mark.parametrize(
    ("null", "largest"),  # the nearest stranger of each: reals, generated, reals among generated, and all
    [
        ("self", [-4, -4, -6]),
        ("reference", [-4, -0.5, -0.5, -24.5]),
        ("cross", [-1, -1, -4.5]),
        ("both", [-1, -1, -4.5, -1, -0.5, -0.5, -20]),
    ],
)
def test_a_null_of_whole_reductions_is_what_strangers_reach(null, largest):
    model = ReferenceSimilarity(GENERATED, reduce=["mean", "max"], null=null, null_of="reduced", standardize="zscore")
    columns = model.fit(REAL).transform(REAL)
    assert_allclose(model.null_mean_[1], np.mean(largest))
    assert_allclose(columns[:, 1], (np.array([-1, -1, -4.5]) - np.mean(largest)) / np.std(largest))
    model.set_params(standardize="max", reduce="max")
    assert_allclose(model.fit(REAL).transform(REAL)[:, 0], np.array([-1, -1, -4.5]) - max(largest))


def test_ranks_are_left_alone_by_a_null_of_reductions():
    both = columns(["rank", "max"], null_of="reduced", standardize="zscore")
    assert_allclose(both, columns("rank"))


def test_fit_transform_compares_each_pair_once():
    calls = []

    def metric(A, B):
        calls.append((len(A), len(B)))
        return -cdist(A, B)

    model = ReferenceSimilarity(GENERATED, metric=metric, reduce=["hits", "max"])
    model.fit_transform(REAL)
    assert calls == [(3, 4)]
    rows = model.transform(np.vstack([REAL, [[3.0]]]))
    assert calls[1:] == [(1, 4)]
    assert_allclose(rows, ReferenceSimilarity(GENERATED, reduce=["hits", "max"]).fit(REAL).transform([*REAL, [3.0]]))


@pytest.fixture(scope="module")
def sets():
    rng = np.random.default_rng(0)
    return tuple(rng.standard_normal((n, 5)) for n in (12, 30, 9))


@pytest.mark.parametrize("k", [1, 3])
def test_calibrated_columns_match_their_formulae(sets, k):
    X, reference, holdout = sets
    to_reference, to_holdout = (np.sort(cdist(X, other), axis=1) for other in (reference, holdout))
    params = {"reference": reference, "X": X, "holdout": holdout, "k": k}
    assert_allclose(columns("log_ratio", **params), np.log(to_holdout[:, k - 1] / to_reference[:, k - 1]))
    assert_allclose(columns("diff", **params), to_holdout[:, k - 1] - to_reference[:, k - 1])
    shares = []
    for row in range(len(X)):
        near = np.argsort(np.r_[to_reference[row], to_holdout[row]])[:k]
        here, there = (near < 30).sum() / 30, (near >= 30).sum() / 9
        shares.append(here / (here + there))
    assert_allclose(columns("dpi", **params), shares)


def test_monte_carlo_counts_what_is_nearer_than_the_holdout_usually_is(sets):
    X, reference, holdout = sets
    radius = np.median(cdist(holdout, reference).min(axis=1))
    expected = (cdist(X, reference) < radius).mean(axis=1)
    assert_allclose(columns("monte_carlo", X=X, reference=reference, holdout=holdout), expected)
    assert 0 < expected.max() < 1


def test_an_exact_copy_has_a_large_but_finite_log_ratio():
    X = np.array([[0.0], [3.0]])
    first, second = columns("log_ratio", X=X, reference=[[0.0], [4.0]], holdout=[[2.0]])
    assert first == pytest.approx(np.log(2 / 1e-9))
    assert second == 0  # as far from one as from the other


def test_rank_and_hits_match_plain_loops(sets):
    X, reference, _ = sets
    similarities = -cdist(X, reference)
    order = np.argsort(-similarities, axis=0)
    for k in (1, 4):
        assert_allclose(columns("hits", X=X, reference=reference, k=k), [(order[:k] == i).sum() for i in range(12)])
    ranks = np.argsort(order, axis=0)  # 0 for the most similar
    assert_allclose(columns("rank", X=X, reference=reference), 1 - ranks.mean(axis=1) / 11)


def test_a_new_image_competes_with_the_images_of_fit_alone():
    fitted = ReferenceSimilarity(GENERATED, reduce=["hits", "rank"]).fit(REAL)
    # 5.2 is nearer to 5 and 5.5 than all of 0, 4 and 10; second for 30; third or so for 1
    alone = fitted.transform([[5.2]])
    assert_allclose(alone, [[2, (1 + 3 + 3 + 2) / 12]])
    assert_allclose(fitted.transform([[5.2], [5.3], [5.25]])[0], alone[0])


@pytest.mark.parametrize(
    ("metric", "expected"),
    [
        ("euclidean", -np.sqrt(5)),
        ("mse", -5 / 4),
        ("wasserstein", -3 / 4),
        ("hamming", -2),
        ("jaccard", 1 / 3),
        ("cosine", 2 / np.sqrt(3 * 6)),
        (lambda A, B: A @ B.T, 2.0),
    ],
)
def test_metrics_by_hand(metric, expected):
    a, b = [[1.0, 1.0, 1.0, 0.0]], [[1.0, 2.0, -1.0, 0.0]]
    if metric == "jaccard":
        a, b = [[1.0, 1.0, 0.0, 0.0]], [[1.0, 0.0, 1.0, 0.0]]
    assert ReferenceSimilarity(b, metric=metric).fit_transform(a)[0, 0] == pytest.approx(expected)


def test_several_reductions_are_named_columns():
    fitted = ReferenceSimilarity(GENERATED, metric="mse", reduce=["max", "topk", "rank"], k=3)
    frame = fitted.set_output(transform="pandas").fit_transform(REAL)
    assert list(frame.columns) == ["mse_max", "mse_topk_k3", "mse_rank"]
    assert_allclose(frame["mse_rank"], columns("rank", metric="mse"))


def test_standardised_columns_use_the_pairs_of_strangers(sets):
    X, reference, holdout = sets
    null = -cdist(X, X)[~np.eye(12, dtype=bool)]
    raw = columns("max", X=X, reference=reference)
    for how, expected in (
        ("max", raw - null.max()),
        ("mean", raw - null.mean()),
        ("zscore", (raw - null.mean()) / null.std()),
    ):
        assert_allclose(columns("max", X=X, reference=reference, standardize=how), expected)
    z = ReferenceSimilarity(reference, reduce=["std", "diff", "log_ratio"], holdout=holdout, standardize="zscore").fit(
        X
    )
    plain = ReferenceSimilarity(reference, reduce=["std", "diff", "log_ratio"], holdout=holdout).fit(X)
    assert_allclose(z.transform(X), plain.transform(X) / [null.std(), null.std(), 1])


def test_the_nulls_are_the_pairs_they_say(sets):
    X, reference, _ = sets
    xx, xr, rr = -cdist(X, X), -cdist(X, reference), -cdist(reference, reference)
    off = [matrix[~np.eye(len(matrix), dtype=bool)] for matrix in (xx, rr)]
    pairs = {
        "self": off[0],
        "reference": off[1],
        "cross": xr.ravel(),
        "both": np.r_[off[0], xr.ravel(), xr.ravel(), off[1]],
    }
    for null, expected in pairs.items():
        fitted = ReferenceSimilarity(reference, null=null).fit(X)
        assert_allclose(
            [fitted.null_mean_, fitted.null_std_, fitted.null_max_], [expected.mean(), expected.std(), expected.max()]
        )
    for null in ([-1.0, -3.0], lambda seen: np.full(4, -2.0) + [1, -1, 1, -1] + 0 * len(seen)):
        fitted = ReferenceSimilarity(reference, null=null).fit(X)
        assert (fitted.null_mean_, fitted.null_std_, fitted.null_max_) == (-2, 1, -1)


def test_both_ways_of_treating_the_diagonal_have_one_maximum(sets):
    X, reference, _ = sets
    exclude, row_mean = (ReferenceSimilarity(reference, null="self", diag=d).fit(X) for d in ("exclude", "row_mean"))
    assert exclude.null_max_ == row_mean.null_max_
    patched = -cdist(X, X)
    np.fill_diagonal(patched, patched.mean(axis=1))  # taken while the diagonal is still a perfect match
    assert_allclose([row_mean.null_mean_, row_mean.null_std_], [patched.mean(), patched.std()])
    assert exclude.null_mean_ != row_mean.null_mean_


def test_the_row_mean_of_the_diagonal_leaves_the_own_patient_out():
    pictures, numbers = patients(np.random.default_rng(0), 3, n_slices=2)
    X = ImageSet(pictures, groups=numbers)
    model = ReferenceSimilarity(255 - pictures, metric="ssim", null="self", diag="row_mean").fit(X)
    among = ssim_matrix(pictures, pictures).astype(float)
    strangers = numbers[:, None] != numbers
    on_diagonal = [(among[i, strangers[i]].sum() + 1) / (strangers[i].sum() + 1) for i in range(6)]
    expected = np.concatenate([among[strangers], on_diagonal])
    assert_allclose([model.null_mean_, model.null_max_], [expected.mean(), expected.max()], rtol=1e-6)
    alone = ImageSet(pictures, groups=["ann"] * 6)
    with pytest.raises(ValueError, match="the null has no pairs"):
        clone(model).fit(alone)


def test_standardised_rules_do_not_change_when_a_constant_is_added(sets):
    X, reference, _ = sets

    def shifted(constant):
        return lambda A, B: constant - cdist(A, B)

    for standardize in ("max", "zscore", "mean"):
        reduce = ["max", "mean", "topk", "std", "min", "rank", "hits", "hit_max"]
        a, b = (
            ReferenceSimilarity(reference, metric=shifted(c), reduce=reduce, standardize=standardize, k=2)
            .fit(X)
            .transform(X)
            for c in (0.0, 64.0)
        )
        assert_allclose(a, b, atol=1e-10)


def test_against_itself_and_both():
    # of 0, 4 and 10, the nearest other ones
    assert_allclose(columns("max", against="self"), [-4, -4, -6])
    assert_allclose(columns("max", against="both"), [-1, -1, -4.5])
    assert_allclose(columns("mean", against="both"), [-(41.5 + 14) / 6, -(31.5 + 10) / 6, -(38.5 + 16) / 6])
