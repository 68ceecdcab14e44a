"""Systems with a network on pairs: the published networks and numbers, and a quick one that answers."""

import numpy as np
import pytest
from sklearn.base import is_classifier

from fingerprint_features import recipes
from tests.recipes.sets import make_on, small_task

torch = pytest.importorskip("torch")

NAMES = ["clef-cse-2023-relation"]
TINY = {"image_size": 32, "epochs": 1, "n_pairs": 2, "device": "cpu"}


@pytest.fixture(scope="module")
def task():
    return small_task(random_state=4)


@pytest.mark.parametrize("name", NAMES)
def test_the_fast_preset_trains_and_answers(name, task):
    about = recipes.info(name)
    assert (about.trains, about.needs_labels, about.takes) == (True, True, ("reference",))
    model = make_on(name, task, preset="fast", **TINY).fit(task.X, task.y)
    answers, likely = model.predict(task.X), model.predict_proba(task.X)[:, 1]
    assert set(answers) <= {0, 1}
    moved = recipes.with_reference(model, task.pool)
    assert not np.array_equal(moved.predict_proba(task.X)[:, 1], likely)
    assert is_classifier(model)


@pytest.mark.slow
def test_the_relation_network_is_that_of_the_team():
    """Shapes as in the published code, at a quarter of its width: 2 trunks of 42.5 million weights, and its head."""
    model = recipes.make("clef-cse-2023-relation", reference=np.zeros((2, 8, 8), dtype=np.uint8), dim=512)
    net = model._build({}, trained=False)
    trunk = net["body"]["real"]
    assert trunk(torch.zeros(1, 1, 256, 256))[0].shape == (1, 2048, 16, 16)
    assert trunk[0].conv1.weight.shape == (64, 1, 7, 7)
    assert sum(own.numel() for own in trunk.parameters()) == 42_493_888
    assert not torch.equal(trunk[0].conv1.weight, net["body"]["generated"][0].conv1.weight)
    shapes = [tuple(own.shape) for own in net["head"].parameters() if own.ndim > 1]
    assert shapes == [(512, 4096, 3, 3), (512, 512, 3, 3), (8, 512), (1, 8)]
    assert (model.optimizer, model.lr, model.weight_decay) == ("sgd", 1e-5, 5e-4)
    pixels = torch.arange(256, dtype=torch.uint8).view(1, 16, 16, 1)
    assert torch.allclose(model._shown().scale(pixels).flatten(), torch.arange(256.0), atol=1e-3)
