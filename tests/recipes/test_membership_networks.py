"""Networks trained on used and unused real images: their parts, their stages and their published settings."""

import numpy as np
import pytest
from sklearn.base import clone

from fingerprint_features import NetClassifier, PseudoLabelClassifier, recipes

torch = pytest.importorskip("torch", reason="these recipes need the extra learned")

TINY = {"image_size": 16, "epochs": 12, "lr": 3e-3, "batch_size": 8, "device": "cpu"}
NEW = {"backbone": "small", "weights": None, **TINY}


def striped(n=16, seed=0):
    images = np.random.default_rng(seed).integers(0, 40, (n, 16, 16), dtype=np.uint8)
    images[n // 2 :, ::2] += 150
    return images, np.arange(n) * 2 // n


@pytest.fixture(scope="module")
def other_images():
    """A network that has learnt another task."""
    images, y = striped(seed=5)
    return NetClassifier(**NEW).fit(images.transpose(0, 2, 1), y)


def test_the_three_convolutions_by_hand():
    images, y = striped()
    model = recipes.make("dmk-2023-cnn", **{**TINY, "epochs": 25}).fit(images, y)
    t = {name: torch.from_numpy(own) for name, own in model.tensors_.items()}
    rows = (torch.from_numpy(images)[:, None].float() / 255 - 0.5) / 0.5
    for layer, width in ((0, 16), (3, 32), (6, 64)):
        assert t[f"body.0.{layer}.weight"].shape == (width, rows.shape[1], 3, 3)
        rows = torch.nn.functional.conv2d(rows, t[f"body.0.{layer}.weight"], t[f"body.0.{layer}.bias"], padding=1)
        rows = torch.nn.functional.max_pool2d(rows.relu(), 2)
    scores = rows.mean(dim=(2, 3)) @ t["head.weight"].T + t["head.bias"]
    np.testing.assert_allclose(model.predict_proba(images), scores.softmax(dim=1).numpy(), rtol=1e-3, atol=1e-5)
    assert model.score(*striped(seed=1)) == 1


def test_a_head_of_two_layers_learns():
    images, y = striped()
    model = recipes.make("challengers-2025-resnet50", hidden=9, **NEW).fit(images, y)
    assert model.tensors_["hidden.0.weight"].shape == (9, 128)
    assert model.transform(images).shape == (16, 9)
    assert model.score(*striped(seed=1)) == 1


@pytest.mark.parametrize("kind", ["network", "file"])
def test_both_last_stages_start_from_the_network_of_the_first(other_images, tmp_path, kind):
    other_images.save(tmp_path / "first.safetensors")
    start = other_images if kind == "network" else tmp_path / "first.safetensors"
    (images, y), (asked, truth) = striped(), striped(10, seed=1)
    model = recipes.make("kde-lab-2023-transfer", init=start, unlabelled=asked, **NEW)
    model = clone(model).fit(images, y)
    assert model.pseudo_labels_.tolist() == truth.tolist()
    both = np.concatenate([images, asked]), np.concatenate([y, truth])
    expected = NetClassifier(init=other_images, **NEW).fit(*both)
    assert model.estimator_.digest_ == expected.digest_
    assert NetClassifier(**NEW).fit(*both).digest_ != expected.digest_


def test_without_test_images_there_is_no_last_stage():
    images, y = striped()
    model = recipes.make("kde-lab-2023-transfer", **NEW).fit(images, y)
    assert model.estimator_.digest_ == NetClassifier(**NEW).fit(images, y).digest_


def test_the_published_settings():
    head = recipes.make("challengers-2025-resnet50").get_params()
    assert (head["backbone"], head["weights"], head["hidden"], head["dropout"]) == ("resnet50", "v1", 256, 0.5)
    assert (head["lr"], head["epochs"]) == (1e-4, 10)
    plain = recipes.make("dmk-2023-cnn")
    assert (plain.backbone, plain.epochs, plain.lr, plain.batch_size) == ("conv3", 20, 1e-3, 32)
    assert plain._shown().crop == 256
    stages = recipes.make("kde-lab-2023-transfer")
    assert isinstance(stages, PseudoLabelClassifier)
    assert (stages.estimator.backbone, stages.estimator.weights, stages.estimator.lr) == ("vit_b_32", "v1", 1e-4)
