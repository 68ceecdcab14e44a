import numpy as np
import pytest
from scipy.spatial.distance import cdist
from skimage.metrics import structural_similarity

from fingerprint_features.similarity import METRICS, find_metric, pairwise_similarity


def rows(seed, n, width=37):
    return np.random.default_rng(seed).normal(3, 2, (n, width)).astype(np.float32)


def bits(seed, n, width=64):
    return np.random.default_rng(seed).integers(0, 2, (n, width)).astype(np.float32)


def images(seed, n):
    return np.random.default_rng(seed).integers(0, 256, (n, 12, 12), dtype=np.uint8)


def ssim(A, B):
    return np.array([[structural_similarity(a, b) for b in B] for a in A])


# One line for every row of the table: other people's code, and what to compare.
ORACLES = {
    "cosine": (lambda A, B: 1 - cdist(A, B, "cosine"), rows),
    "euclidean": (lambda A, B: -cdist(A, B), rows),
    "mse": (lambda A, B: -cdist(A, B, "sqeuclidean") / A.shape[1], rows),
    "hamming": (lambda A, B: -cdist(A, B, "hamming") * A.shape[1], bits),
    "jaccard": (lambda A, B: 1 - cdist(A.astype(bool), B.astype(bool), "jaccard"), bits),
    "wasserstein": (lambda A, B: -cdist(A, B, "cityblock") / A.shape[1], rows),
    "ssim": (ssim, images),
}


def test_every_metric_has_an_oracle():
    assert list(ORACLES) == list(METRICS)


@pytest.mark.parametrize("name", METRICS)
def test_values_and_order_are_those_of_the_oracle(name):
    oracle, make = ORACLES[name]
    A, B = make(0, 5), make(1, 400)
    S, expected = pairwise_similarity(A, B, name), oracle(A, B)
    assert S.shape == (5, 400)
    np.testing.assert_allclose(S, expected, rtol=1e-6, atol=1e-6)
    # the nearest five: the same, or as near
    nearest = np.argsort(-S, axis=1, kind="stable")[:, :5]
    best = np.sort(expected, axis=1)[:, ::-1][:, :5]
    np.testing.assert_allclose(np.take_along_axis(expected, nearest, axis=1), best, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", METRICS)
def test_bounds_are_kept(name):
    metric = find_metric(name)
    make = ORACLES[name][1]
    A, B = make(0, 20), make(1, 30)
    S = pairwise_similarity(A, B, name)
    assert S.max() <= metric.maximum
    assert np.isfinite(metric.floor)
    assert metric.floor < S.min()
    if metric.minimum is not None:
        assert S.min() >= metric.minimum
    np.testing.assert_array_equal(np.diag(pairwise_similarity(A, A, name)), metric.maximum)


@pytest.mark.parametrize("name", METRICS)
def test_a_pair_does_not_depend_on_the_other_rows(name, monkeypatch):
    make = ORACLES[name][1]
    A, B = make(0, 9), make(1, 50)
    S = pairwise_similarity(A, B, name)
    np.testing.assert_array_equal(pairwise_similarity(A, B, name, n_jobs=3), S)
    np.testing.assert_array_equal(pairwise_similarity(B, A, name), S.T)
    np.testing.assert_array_equal(pairwise_similarity(A[::-1], B[7:], name), S[::-1, 7:])
    np.testing.assert_array_equal(pairwise_similarity(A[3:4], B[11:12], name), S[3:4, 11:12])
    monkeypatch.setattr("fingerprint_features.similarity.metrics._TILE", 1)
    monkeypatch.setattr("fingerprint_features.similarity.metrics._ROWS", 2)
    np.testing.assert_array_equal(pairwise_similarity(A, B, name), S)


def test_hand_worked_values():
    A, B = [[3, 4], [0, 0]], [[3, 4], [4, 3], [0, 0], [-3, -4]]
    expected = {
        "cosine": [[1, 24 / 25, 0, -1], [0, 0, 0, 0]],
        "euclidean": [[0, -(2**0.5), -5, -10], [-5, -5, 0, -5]],
        "mse": [[0, -1, -12.5, -50], [-12.5, -12.5, 0, -12.5]],
        "hamming": [[0, -2, -2, -2], [-2, -2, 0, -2]],
        "wasserstein": [[0, -1, -3.5, -7], [-3.5, -3.5, 0, -3.5]],
    }
    for name, values in expected.items():
        np.testing.assert_allclose(pairwise_similarity(A, B, name), values, atol=1e-15, err_msg=name)
    jaccard = pairwise_similarity([[1, 1, 0], [0, 0, 0]], [[1, 0, 1], [1, 1, 0], [0, 0, 0]], "jaccard")
    np.testing.assert_array_equal(jaccard, [[1 / 3, 1, 0], [0, 0, 1]])


@pytest.mark.parametrize("name", ["cosine", "euclidean", "mse", "wasserstein"])
def test_near_copies_far_from_the_origin_keep_their_digits(name):
    # what |a|^2 + |b|^2 - 2ab would lose: rows of size 1e4 that differ by 1e-5 in one place
    A = np.random.default_rng(0).uniform(9000, 10000, (3, 128))
    B = A.copy()
    B[:, 5] += 1e-5
    S = pairwise_similarity(A, np.vstack([A, B]), name)
    top = find_metric(name).maximum
    np.testing.assert_array_equal(np.diag(S[:, :3]), top)
    near = top - np.diag(S[:, 3:])
    if name == "cosine":
        assert (near < 1e-15).all()
    else:
        expected = {"euclidean": 1e-5, "mse": 1e-10 / 128, "wasserstein": 1e-5 / 128}[name]
        np.testing.assert_allclose(near, expected, rtol=1e-6)


def test_cosine_of_small_angles_is_right():
    angle = 1e-6
    S = pairwise_similarity([[1.0, 0.0]], [[np.cos(angle), np.sin(angle)], [7.0, 0.0]], "cosine")
    np.testing.assert_allclose(1 - S[0, 0], angle**2 / 2, rtol=1e-3)
    assert S[0, 1] == 1


@pytest.mark.parametrize("width", [1, 7, 64, 65, 256, 257, 1000])
def test_bits_of_any_width_are_counted(width):
    A, B = bits(0, 5, width).astype(float), bits(1, 9, width).astype(float)
    A[0], A[1], B[0], B[1] = 0, 1, 0, 1
    unequal = (A[:, None] != B[None]).sum(axis=2)
    np.testing.assert_array_equal(pairwise_similarity(A, B, "hamming"), -unequal)
    np.testing.assert_array_equal(pairwise_similarity(A + 7, B + 7, "hamming"), -unequal)  # no longer bits
    np.testing.assert_array_equal(pairwise_similarity(A, B + 1, "hamming"), -(A[:, None] != B + 1).sum(axis=2))
    both, either = (A[:, None] * B).sum(axis=2), np.maximum(A[:, None], B).sum(axis=2)
    want = np.divide(both, either, out=np.ones(both.shape), where=either > 0)
    np.testing.assert_array_equal(pairwise_similarity(A, B, "jaccard"), want)


def test_tables_of_any_kind_of_number_are_taken():
    A, B = bits(0, 4), bits(1, 6)
    for name in ("hamming", "euclidean", "jaccard"):
        expected = pairwise_similarity(A, B, name)
        for dtype in (bool, np.uint8, np.int64, np.float64):
            np.testing.assert_array_equal(pairwise_similarity(A.astype(dtype), np.asfortranarray(B), name), expected)


def test_callables_are_called_and_checked():
    A, B = rows(0, 4), rows(1, 6)
    np.testing.assert_array_equal(pairwise_similarity(A, B, lambda A, B: A @ B.T), A @ B.T)
    np.testing.assert_array_equal(pairwise_similarity(A, B, METRICS["mse"]), pairwise_similarity(A, B, "mse"))
    with pytest.raises(ValueError, match=r"one similarity per pair, \(4, 6\); it returned \(6, 4\)"):
        pairwise_similarity(A, B, lambda A, B: B @ A.T)


def test_an_unknown_metric_suggests_one():
    with pytest.raises(ValueError, match="'wasserstien' is unknown: did you mean 'wasserstein'"):
        pairwise_similarity(rows(0, 1), rows(1, 1), "wasserstien")
    with pytest.raises(ValueError, match=r"'qqq' is unknown: Known are cosine, .*ssim, or a callable"):
        find_metric("qqq")


def test_tables_that_cannot_be_compared_say_why():
    A = rows(0, 4)
    with pytest.raises(ValueError, match="A has 37 columns and B has 36: compare the same features"):
        pairwise_similarity(A, A[:, 1:])
    with pytest.raises(ValueError, match=r"B must be a table of numbers .* shape \(37,\)"):
        pairwise_similarity(A, A[0])
    with pytest.raises(ValueError, match="A must be a table of numbers"):
        pairwise_similarity(np.array([["a"]]), A)
    broken = A.copy()
    broken[[1, 3], 2] = np.nan
    with pytest.raises(ValueError, match=r"2 rows of A hold NaN or infinity \(the first is row 1\).*drop_failed"):
        pairwise_similarity(broken, A)
    with pytest.raises(ValueError, match="jaccard compares rows of 0 and 1"):
        pairwise_similarity(A, A, "jaccard")


def test_empty_tables_give_empty_blocks():
    A = rows(0, 3)
    assert pairwise_similarity(A[:0], A).shape == (0, 3)
    assert pairwise_similarity(A, A[:0], "cosine").shape == (3, 0)
