"""Systems with a network on pairs: the published networks and numbers, and a quick one that answers."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, is_classifier

from fingerprint_features import ImageSet, recipes
from fingerprint_features.evaluate.refits import decision_values
from fingerprint_features.recipes.candidates import AmongCandidates
from tests.helpers import write_images
from tests.recipes.sets import make_on, small_task

torch = pytest.importorskip("torch")

TINY = {"image_size": 32, "epochs": 1, "n_pairs": 2, "device": "cpu"}
NAMES = {
    "clef-cse-2023-relation": TINY,
    "scope-vit-2025-cross-attention": TINY,
    "zhouyijiang-2025-fusion": TINY | {"k": 10, "threshold": 0.5},
}


@pytest.fixture(scope="module")
def task():
    return small_task(random_state=4)


@pytest.mark.parametrize("name", NAMES)
def test_the_fast_preset_trains_and_answers(name, task, tmp_path):
    about = recipes.info(name)
    assert (about.trains, about.needs_labels, about.takes) == (True, True, ("reference",))
    model = make_on(name, task, preset="fast", cache=tmp_path / "rows.cache", **NAMES[name])
    assert is_classifier(model)
    model.fit(task.X, task.y)
    scores = decision_values(model, task.X)
    cut = 0 if hasattr(model, "decision_function") else 0.5
    assert np.array_equal(model.predict(task.X), scores > cut)
    moved = recipes.with_reference(model, task.pool)
    assert not np.array_equal(decision_values(moved, task.X), scores)
    assert np.array_equal(decision_values(model, task.X), scores)


def test_a_saved_network_of_pairs_finds_its_images_again_or_is_given_others(task, tmp_path):
    name = "clef-cse-2023-relation"
    images = ImageSet(write_images(tmp_path, list(task.reference)))
    model = recipes.make(name, preset="fast", reference=images, **TINY).fit(task.X, task.y)
    recipes.save(recipes.FittedRecipe(name, model), tmp_path / "model")
    loaded = recipes.load(tmp_path / "model").model
    assert np.array_equal(loaded.predict_proba(task.X), model.predict_proba(task.X))
    moved = recipes.load(tmp_path / "model", reference=task.pool).model
    assert np.array_equal(moved.predict_proba(task.X), model.with_reference(task.pool).predict_proba(task.X))


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


def test_the_fused_layers_are_those_of_stage_1():
    model = recipes.make("zhouyijiang-2025-fusion", reference=np.zeros((2, 8, 8), dtype=np.uint8))
    (embedding,) = model.candidates[0].features.extractors
    assert embedding.layer == model.judge.layer == [f"encoder.layers.encoder_layer_{i}" for i in (3, 7, 11)]
    assert (model.threshold, model.judge.dim, model.judge.schedule) == (0.6, 1536, "cosine")
    assert model.judge.augment.mask > 0 < model.judge.augment.gabor


class Says(ClassifierMixin, BaseEstimator):
    """Gives each image the probability that its first pixel names, in percent."""

    def __init__(self, cut=50):
        self.cut = cut

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict_proba(self, X):
        likely = np.asarray(X)[:, 0, 0] / 100
        return np.column_stack([1 - likely, likely])

    def predict(self, X):
        return self.classes_[(np.asarray(X)[:, 0, 0] > self.cut).astype(int)]


def test_the_judge_is_asked_about_candidates_only():
    images = np.repeat([10, 55, 65, 75], 4).reshape(4, 2, 2).astype(np.uint8)
    model = AmongCandidates(Says(70), Says(), threshold=0.6).fit(images, ["no", "no", "yes", "yes"])
    assert model.predict(images).tolist() == ["no", "no", "no", "yes"]
    np.testing.assert_allclose(model.decision_function(images), [-0.6, -0.6, -0.6, 0.15])
    every = AmongCandidates(Says(0), Says(), threshold=0.6).fit(images, ["no", "no", "yes", "yes"])
    assert every.predict(images).tolist() == ["no", "no", "yes", "yes"]
