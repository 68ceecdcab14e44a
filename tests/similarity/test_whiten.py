"""Whiten: equal variances against scikit-learn's PCA, shrinkage by its formula, and scikit-learn around it."""

import numpy as np
import pytest
from sklearn.decomposition import PCA
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks

from fingerprint_features import Whiten

RNG = np.random.default_rng(0)
TALL = RNG.normal(size=(40, 5)) * [9, 4, 2, 1, 0.5] + 3
WIDE = RNG.normal(size=(12, 300)) * np.geomspace(9, 0.1, 300)


@parametrize_with_checks([Whiten(), Whiten(shrinkage=0)])
def test_scikit_learn_accepts_it(estimator, check):
    check(estimator)


def test_scikit_learn_really_checks():
    assert len(list(estimator_checks_generator(Whiten()))) > 40


@pytest.mark.parametrize("table", [TALL, WIDE])
def test_without_shrinkage_it_is_pca(table):
    n = min(len(table) - 1, table.shape[1])
    pca = PCA(n, whiten=True, svd_solver="full").fit(table)
    model = Whiten(shrinkage=0).fit(table)
    np.testing.assert_allclose(model.variances_, pca.explained_variance_)
    new = RNG.normal(size=(7, table.shape[1]))
    want, got = pca.transform(new), model.transform(new)
    signs = np.sign((want * got).sum(axis=0))
    np.testing.assert_allclose(got * signs, want, atol=1e-6)
    np.testing.assert_allclose(np.cov(model.transform(table).T), np.eye(n), atol=1e-8)


def test_shrinkage_by_its_formula():
    model = Whiten(shrinkage=0.3).fit(TALL)
    values, axes = np.linalg.eigh(np.cov(TALL.T))
    scale = np.sqrt(values + 0.3 * values.mean())
    want = ((TALL - TALL.mean(axis=0)) @ axes / scale)[:, ::-1]
    np.testing.assert_allclose(np.abs(model.transform(TALL)), np.abs(want))
    assert model.transform(TALL).std(axis=0)[-1] < 0.5  # the least direction is held back


def test_only_directions_in_which_rows_differ_count():
    flat = np.hstack([TALL[:, :2], np.full((40, 3), 7.0)])
    assert Whiten().fit_transform(flat).shape == (40, 2)
    assert Whiten().fit(WIDE).components_.shape == (11, 300)
    np.testing.assert_allclose(Whiten().fit(TALL).transform(TALL.mean(axis=0)[None]), np.zeros((1, 5)), atol=1e-12)


def test_a_row_does_not_depend_on_the_others_nor_the_fit_on_their_order():
    model = Whiten().fit(WIDE)
    np.testing.assert_allclose(model.transform(WIDE[3:4])[0], model.transform(WIDE)[3])
    turned = Whiten().fit(WIDE[::-1])
    np.testing.assert_allclose(turned.transform(WIDE), model.transform(WIDE), atol=1e-8)


def test_float32_stays_float32_and_agrees():
    single = Whiten().fit(WIDE.astype(np.float32)).transform(WIDE.astype(np.float32))
    assert single.dtype == np.float32
    np.testing.assert_allclose(single, Whiten().fit_transform(WIDE), atol=1e-4)


def test_errors_say_what_to_change():
    with pytest.raises(ValueError, match="Whiten: all n_samples = 3 rows are equal"):
        Whiten().fit(np.ones((3, 4)))
    with pytest.raises(ValueError, match="'shrinkage' parameter of Whiten"):
        Whiten(shrinkage=-1).fit(TALL)
