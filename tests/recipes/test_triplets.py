"""Systems trained on triplets: the published networks and numbers, and quick ones that answer."""

import numpy as np
import pytest

from fingerprint_features import recipes
from tests.recipes.sets import make_on, small_task

torch = pytest.importorskip("torch", reason="these recipes need the extra learned")

TINY = {"preset": "fast", "image_size": 32, "epochs": 2, "device": "cpu"}


@pytest.fixture(scope="module")
def task():
    return small_task(random_state=4)


def test_used_is_what_some_generated_image_finds_the_nearest(task):
    model = make_on("one-five-one-zero-2023-triplet", task, **TINY).fit(task.X, task.y)
    features = model[0].features_
    distances = np.linalg.norm(features.transform(task.reference)[:, None] - features.transform(task.X), axis=2)
    found = np.isin(np.arange(len(task.X)), distances.argmin(axis=1))
    assert np.array_equal(model.predict(task.X), found)
    assert 0 < found.sum() < len(task.X)
    moved = recipes.with_reference(model, task.pool)
    assert moved.predict(task.X).shape == found.shape


@pytest.mark.slow
@pytest.mark.parametrize(("backbone", "width"), [("inception_v3", 2048), ("resnet50", 2048), ("efficientnet_b0", 1280)])
def test_the_networks_of_its_runs_can_be_trained(backbone, width, task):
    model = make_on("one-five-one-zero-2023-triplet", task, backbone=backbone, weights=None)
    ((_, net),) = model[0].features._named()
    built = net._build({}, trained=False)
    assert built["head"].weight.shape == (256, width)
    side = net._shown().crop
    assert net._embed(built.train(), torch.rand(2, 3, side, side)).shape == (2, 256)
