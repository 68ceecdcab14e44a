"""Stages of training: a start from a network trained before, bodies that learn slowly or not at all, schedules."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.frozen import FrozenEstimator

from fingerprint_features.learned import NetClassifier
from fingerprint_features.learned.loop import SCHEDULES

from .stripes import classifier, stripes

torch = pytest.importorskip("torch")


@pytest.fixture(scope="module")
def first():
    images, y = stripes()
    return classifier(random_state=3).fit(images, y)


def bodies(model):
    return {name: value for name, value in model.tensors_.items() if name.startswith("body.")}


@pytest.mark.parametrize("how", ["estimator", "frozen", "file"])
def test_the_body_starts_where_the_other_one_ended(first, how, tmp_path):
    first.save(tmp_path / "first.safetensors")
    start = {"estimator": first, "frozen": FrozenEstimator(first), "file": tmp_path / "first.safetensors"}[how]
    images, _ = stripes()
    y = np.arange(16) % 3
    second = classifier(init=start, body_lr=0, epochs=1).fit(images, y)
    assert all(np.array_equal(value, bodies(second)[name]) for name, value in bodies(first).items())
    assert np.array_equal(second.transform(images), first.transform(images))
    assert list(second.classes_) == [0, 1, 2]
    moved = classifier(init=start, epochs=1).fit(images, y)
    assert not np.array_equal(moved.transform(images), first.transform(images))


def test_a_frozen_start_is_kept_by_clone(first):
    images, y = stripes()
    model = classifier(init=FrozenEstimator(first), body_lr=0, epochs=1)
    assert np.array_equal(clone(model).fit(images, y).transform(images), first.transform(images))
    with pytest.raises(ValueError, match=r"clone\(\) forgets what was learnt.*FrozenEstimator"):
        clone(classifier(init=first)).fit(images, y)


def test_a_start_that_does_not_fit_is_refused(first, tmp_path):
    images, y = stripes()

    def other():
        return torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3 * 32 * 32, 4))

    with pytest.raises(ValueError, match="init= holds another network than backbone="):
        classifier(backbone=other, init=first).fit(images, y)
    with pytest.raises(ValueError, match="'init' parameter of NetClassifier"):
        classifier(init=3).fit(images, y)
    (tmp_path / "junk").write_bytes(b"no tensors")
    with pytest.raises(ValueError, match="is not a file of a trained network"):
        classifier(init=tmp_path / "junk").fit(images, y)


def test_the_start_names_the_fit(first):
    images, y = stripes()
    others = classifier(random_state=4).fit(images, y)
    keys = {classifier(init=init)._key([]) for init in (None, first, others, FrozenEstimator(first))}
    assert len(keys) == 3


def test_schedules_by_hand():
    rates = {name: [schedule(epoch, 20) for epoch in (0, 10, 19)] for name, schedule in SCHEDULES.items()}
    assert rates["constant"] == [1, 1, 1]
    np.testing.assert_allclose(rates["cosine"], [1, 0.5, (1 + np.cos(0.95 * np.pi)) / 2])
    np.testing.assert_allclose(rates["step"], [1, 0.9, 0.9])


def test_a_schedule_changes_the_training(first):
    images, y = stripes()
    constant, cosine = (classifier(schedule=schedule, epochs=3).fit(images, y) for schedule in ("constant", "cosine"))
    assert constant.history_["loss"][0] == cosine.history_["loss"][0]  # the first epoch has the whole rate
    assert constant.history_["loss"][2] != cosine.history_["loss"][2]


def test_unknown_schedules_are_refused():
    with pytest.raises(ValueError, match="'schedule' parameter of NetClassifier must be one of 'constant', 'cosine'"):
        NetClassifier(schedule="linear").fit(*stripes())
