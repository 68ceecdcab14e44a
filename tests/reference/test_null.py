"""The null distribution: weights of a sample, against the whole computed by hand."""

import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.spatial.distance import cdist

from fingerprint_features import ImageSet
from fingerprint_features.reference import ReferenceSimilarity
from fingerprint_features.reference.comparer import Comparer
from fingerprint_features.reference.null import Null
from fingerprint_features.reference.samples import Samples
from tests.reference.worlds import patched

RNG = np.random.default_rng(0)
X, REFERENCE = RNG.standard_normal((30, 4)), RNG.standard_normal((400, 4)) * 0.5 + 1


def compare(a, b):
    return -cdist(a.data, b.data)


COMPARER = Comparer("X", lambda a, b: -cdist(a, b))


def numbers(null):
    return [null.mean, null.std, null.max]


def by_kind(a, b):
    """Return similarities that only the two sets decide: 1 within X, 2 across, 4 within the reference."""
    return 1.0 + (a.data[:, :1] + b.data[:, :1].T > 0) * 1.0 + (a.data[:, :1] * b.data[:, :1].T > 0) * 2.0


@pytest.fixture
def small_samples(monkeypatch):
    monkeypatch.setattr("fingerprint_features.reference.null._MOST_X", 20)
    monkeypatch.setattr("fingerprint_features.reference.null._MOST_REFERENCE", 50)


@pytest.mark.parametrize("diag", ["exclude", "row_mean"])
def test_a_sample_has_mean_and_deviation_of_the_whole_matrix(diag, small_samples):
    x, reference = (
        Samples(np.column_stack([np.full(n, of), np.arange(n)]).astype(float)) for n, of in ((30, 0), (400, 1))
    )
    whole = np.block([[by_kind(x, x), by_kind(x, reference)], [by_kind(reference, x), by_kind(reference, reference)]])
    whole = whole.ravel() if diag == "row_mean" else whole[~np.eye(430, dtype=bool)]
    # row means of the whole differ from those of the sample: here each row mean is that of its own block
    null = Null.of_pairs("both", x, reference, by_kind, diag)
    assert_allclose([null.mean, null.std], [whole.mean(), whole.std()])
    # without weights the sample would be another mixture of the three kinds of pairs
    sampled = np.repeat([1.0, 2.0, 4.0], [20 * 19, 2 * 20 * 50, 50 * 49])
    assert abs(sampled.mean() - whole.mean()) > 0.3


def test_a_sample_of_real_distances_comes_close_to_the_whole(small_samples):
    whole = np.vstack([X, REFERENCE])
    pairs = -cdist(whole, whole)[~np.eye(430, dtype=bool)]
    null = Null.of_pairs("both", Samples(X), Samples(REFERENCE), compare)
    assert_allclose([null.mean, null.std], [pairs.mean(), pairs.std()], rtol=0.05)


@pytest.mark.parametrize("pairs", ["self", "cross", "reference", "both"])
@pytest.mark.parametrize("diag", ["exclude", "row_mean"])
def test_small_sets_are_compared_whole(pairs, diag):
    among, across, within = -cdist(X, X), -cdist(X, REFERENCE), -cdist(REFERENCE, REFERENCE)
    off_diagonal = patched if diag == "row_mean" else lambda matrix: matrix[~np.eye(len(matrix), dtype=bool)]
    expected = {
        "self": off_diagonal(among).ravel(),
        "cross": across.ravel(),
        "reference": off_diagonal(within).ravel(),
        "both": np.concatenate(
            [
                off_diagonal(among).ravel(),
                across.ravel(),
                across.ravel(),
                off_diagonal(within).ravel(),
            ]
        ),
    }[pairs]
    null = Null.of_pairs(pairs, Samples(X), Samples(REFERENCE), compare, diag)
    assert_allclose(numbers(null), [expected.mean(), expected.std(), expected.max()])


def test_a_copy_in_a_set_counts_as_the_image_itself():
    twice = np.vstack([X, X[:1]])
    null = Null.of_pairs("self", Samples(twice), Samples(REFERENCE), compare, "row_mean")
    similarities = -cdist(twice, twice)
    itself = cdist(twice, twice) == 0
    expected = np.where(itself, similarities.mean(axis=1, keepdims=True), similarities)
    assert_allclose(numbers(null), [expected.mean(), expected.std(), expected.max()])


def test_reductions_of_a_sample_count_as_often_as_they_stand_for(small_samples):
    null = Null.of_reductions("both", Samples(X), Samples(REFERENCE), COMPARER, ["max", "rank"])
    kept_x, kept = Samples(X).draw(20).data, Samples(REFERENCE).draw(50).data
    rows, both = np.vstack([kept_x, kept]), -cdist(np.vstack([kept_x, kept]), np.vstack([kept_x, kept]))
    np.fill_diagonal(both, -np.inf)
    weights = np.repeat([30 / 20, 400 / 50], [20, 50])
    mean = np.average(both.max(axis=1), weights=weights)
    spread = np.sqrt(np.average((both.max(axis=1) - mean) ** 2, weights=weights))
    assert len(rows) == 70
    assert_allclose(null.mean, [mean, 0])
    assert_allclose(null.std, [spread, 0])
    assert_allclose(null.max, [both.max(), 0])


def test_standardising_by_hand():
    null = Null(2.0, 4.0, 8.0)
    values = np.array([10.0, 2.0])
    assert_allclose(null.standardized(values, "max"), [2, -6])
    assert_allclose(null.standardized(values, "mean"), [8, 0])
    assert_allclose(null.standardized(values, "zscore"), [2, 0])
    assert_allclose(null.standardized(values, "zscore", shift=False), [2.5, 0.5])
    assert_allclose(null.standardized(values, "max", shift=False), values)
    assert_allclose(Null(2.0, 0.0, 2.0).standardized(values, "zscore"), [8, 0])
    columns = Null(np.array([0.0, 2.0]), np.array([1.0, 4.0]), np.array([0.0, 8.0]))
    assert_allclose(columns.standardized(values, "zscore", column=1), [2, 0])


def test_similarities_measured_elsewhere_and_none_at_all():
    assert numbers(Null.of_similarities([[1.0, 3.0], [1.0, 3.0]])) == [2, 1, 3]
    for bad in ([], [1.0, np.nan], [np.inf]):
        with pytest.raises(ValueError, match="the null has no pairs, or similarities that are not finite"):
            Null.of_similarities(bad)
    with pytest.raises(ValueError, match="the null has no pairs"):
        Null.of_pairs("self", Samples(X[:1]), Samples(REFERENCE), compare, "row_mean")


def test_the_estimator_shows_the_null_that_it_uses():
    fitted = ReferenceSimilarity(REFERENCE, null="both", standardize="zscore").fit(X)
    expected = Null.of_pairs("both", Samples(X), Samples(REFERENCE), compare)
    assert_allclose([fitted.null_mean_, fitted.null_std_, fitted.null_max_], numbers(expected))
    assert ReferenceSimilarity(REFERENCE).fit(X).null_mean_ is None


def test_slices_of_a_patient_are_no_pairs_of_the_null():
    pictures = np.random.default_rng(0).integers(0, 256, (4, 6, 6), dtype=np.uint8)
    flat = pictures.reshape(4, -1).astype(float)
    x = Samples(ImageSet(pictures, groups=["a", "a", "b", "c"]), flat)
    null = Null.of_pairs("self", x, x, lambda a, b: -cdist(a.values, b.values))
    pairs = [-np.linalg.norm(flat[i] - flat[j]) for i, j in ((0, 2), (0, 3), (1, 2), (1, 3), (2, 3))]
    assert_allclose(numbers(null), [np.mean(pairs), np.std(pairs), np.max(pairs)])
