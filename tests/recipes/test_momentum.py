"""The contrastive systems of taozi: the published numbers, and quick ones that answer."""

import warnings

import numpy as np
import pytest

from fingerprint_features import recipes
from fingerprint_features.recipes.momentum import FixedEpochs
from tests.recipes.sets import make_on, small_task

pytest.importorskip("torch", reason="these recipes need the extra learned")

TINY = {"preset": "fast", "image_size": 32, "epochs": 2, "device": "cpu"}


@pytest.fixture(scope="module")
def task():
    return small_task(random_state=4)


def test_it_is_trained_as_published(task):
    model = make_on("taozi-2025-moco", task)
    ((_, net),) = model[0].features._named()
    assert (net.backbone, net.dim, net.queue, net.momentum) == ("resnet50", (1024, 512, 256), 65536, 0.999)
    assert (net.lr, net.weight_decay, net.batch_size, net.epochs) == (3e-4, 1e-4, 128, 50)
    assert (net.temperature, net.least_cosine, net.loss) == ((0.05, 0.2), 0.6, "infonce")
    assert (model[0].metric, model[0].reduce, model[1].threshold) == ("cosine", "max", 0.6)


@pytest.mark.slow
@pytest.mark.parametrize("reduce", ["max", "mean", "topk"])
def test_close_to_the_generated_images(task, reduce):
    model = make_on("taozi-2025-moco", task, reduce=reduce, **TINY).fit(task.X, task.y)
    rows = model[0].features_.transform(task.X)
    cosines = np.sort(rows @ model[0].features_.transform(task.reference).T, axis=1)
    expected = {"max": cosines[:, -1], "mean": cosines.mean(axis=1), "topk": cosines[:, -3:].mean(axis=1)}[reduce]
    np.testing.assert_allclose(model[:-1].transform(task.X)[:, 0], expected, atol=1e-5)
    assert set(model.predict(task.X)) <= {0, 1}


@pytest.mark.slow
def test_or_what_a_small_network_says_of_its_rows(task):
    model = make_on("taozi-2025-moco", task, decision="mlp", **TINY).fit(task.X, task.y)
    assert model[-1].coefs_[0].shape == (32, 128)
    assert model[-1].n_iter_ == 100
    assert set(model.predict(task.X)) <= {0, 1}


@pytest.mark.slow
def test_several_networks_answer_together(task):
    model = make_on("taozi-2025-experts", task, **TINY).fit(task.X, task.y)
    assert set(model.predict(task.X)) <= {0, 1}
    assert recipes.with_reference(model, task.pool).predict(task.X).shape == (40,)


def test_an_unknown_decision_is_refused(task):
    with pytest.raises(ValueError, match="decision must be 'similarity' or 'mlp'"):
        make_on("taozi-2025-moco", task, decision="svm")


def test_fixed_epochs_are_no_reason_to_warn():
    rng = np.random.default_rng(0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model = FixedEpochs((4,), max_iter=3, n_iter_no_change=3).fit(rng.normal(size=(20, 2)), np.arange(20) % 2)
    assert model.n_iter_ == 3


def test_the_earlier_rule_of_the_team_is_a_part(task):
    assert recipes.info("taozi-2025-resnet50-retrieval").part
    assert not recipes.info("taozi-2025-moco").part
