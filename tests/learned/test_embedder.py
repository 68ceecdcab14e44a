"""MetricEmbedder: images of a class come together, labels decide who is paired, and it stops with clear words."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import cross_val_score
from sklearn.neighbors import NearestCentroid
from sklearn.pipeline import make_pipeline

from fingerprint_features import FeaturePipeline, ImageSet
from fingerprint_features.cache.identity import extractor_token
from fingerprint_features.learned import Augmentation, MetricEmbedder, networks
from tests.helpers import write_images

from .stripes import SIDE, stripes

torch = pytest.importorskip("torch")

LOSSES = ["contrastive", "triplet", "infonce", "supcon"]
VIEWS = {"pairs": "views", "augment": Augmentation(flip=True, noise=0.1)}


def embedder(**params):
    fixed = {"dim": 8, "image_size": SIDE, "epochs": 3, "batch_size": 8, "lr": 3e-3, "device": "cpu"}
    return MetricEmbedder(**fixed | params)


def gap(rows, y):
    """Return how far the centres of the two classes are apart, in units of the larger mean distance to a centre."""
    sides = [rows[y == label] for label in np.unique(y)]
    spread = max(np.linalg.norm(side - side.mean(axis=0), axis=1).mean() for side in sides)
    return np.linalg.norm(sides[0].mean(axis=0) - sides[1].mean(axis=0)) / spread


@pytest.mark.parametrize("loss", LOSSES)
def test_images_of_a_class_come_together(loss):
    images, y = stripes()
    model = embedder(loss=loss, epochs=6).fit(images, y)
    rows = model.transform(stripes(seed=1)[0])
    assert rows.shape == (16, 8)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, rtol=1e-5)
    assert gap(rows, y) > 4
    assert model.get_feature_names_out()[7] == "metricembedder_0007"


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("with_reference", [False, True])
def test_permuted_labels_change_the_loss(loss, with_reference):
    images, y = stripes()
    mixed = np.random.default_rng(0).permutation(y)
    sets = {"reference": stripes(seed=1)[0], "reference_y": y} if with_reference else {}
    straight, permuted = (
        embedder(loss=loss, epochs=5, **sets).fit(images, labels).history_["loss"] for labels in (y, mixed)
    )
    assert permuted[-1] > straight[-1] + 0.01


@pytest.mark.parametrize("loss", LOSSES)
def test_generated_images_are_drawn_to_the_used_ones(loss):
    images, y = stripes()
    used = (y == "striped").astype(int)
    generated = stripes(seed=3)[0][8:]  # striped, all of them
    model = embedder(loss=loss, pairs="reference", reference=generated, epochs=6).fit(images, used)
    to_generated = np.linalg.norm(model.transform(images)[:, None] - model.transform(generated), axis=2).mean(axis=1)
    assert to_generated[used == 1].max() < to_generated[used == 0].min()
    turned = embedder(loss=loss, pairs="reference", reference=generated, epochs=6).fit(images, 1 - used)
    assert turned.history_["loss"][-1] > model.history_["loss"][-1] + 0.01


def test_views_need_no_labels_and_make_no_use_of_them():
    images, y = stripes()
    model = embedder(loss="infonce", **VIEWS).fit(images)
    assert np.array_equal(model.transform(images), embedder(loss="infonce", **VIEWS).fit(images, y).transform(images))
    losses = model.history_["loss"]
    assert losses[-1] < losses[0]


def drawn(model, images, y):
    """Return the batches of an epoch, as pairs or triplets of image numbers, and the targets."""
    sets, targets, _ = model._training(ImageSet(images), y)
    assert len(targets) == sum(map(len, sets))
    rows = torch.arange(len(targets))
    batches = model._draw(torch.from_numpy(targets), rows, model.batch_size)
    sides = 2 if model.loss == "contrastive" else 3
    return np.concatenate([batch.reshape(sides, -1).numpy().T for batch in batches]), targets


def test_pairs_are_a_generated_image_of_one_subset_and_a_real_one_half_of_them_of_the_same():
    images, _ = stripes(20)
    y, reference_y = np.arange(20) % 4, np.arange(12) % 4
    model = embedder(reference=images[:12], reference_y=reference_y, batch_size=6)
    pairs, targets = drawn(model, images, y)
    assert sorted(pairs[:, 0]) == list(range(20, 32))  # each image of the reference once
    assert (pairs[:, 1] < 20).all()
    assert (targets[pairs[:, 0], 0] == targets[pairs[:, 1], 0]).sum() == 6
    assert np.array_equal(targets[:, 0], np.append(y, reference_y))


def test_triplets_of_the_reference_are_generated_used_unused():
    images, _ = stripes(10)
    used = np.array([1, 0] * 5)
    model = embedder(pairs="reference", reference=images[:6], loss="triplet", batch_size=4)
    triplets, _ = drawn(model, images, used)
    assert sorted(triplets[:, 0]) == list(range(10, 16))
    assert used[triplets[:, 1]].tolist() == [1] * 6
    assert used[triplets[:, 2]].tolist() == [0] * 6


@pytest.mark.parametrize("params", [{"loss": "triplet"}, {"loss": "infonce", **VIEWS}])
def test_a_seed_names_one_network(params):
    images, y = stripes()
    first, again = (embedder(**params).fit(images, y) for _ in range(2))
    assert first.digest_ == again.digest_
    assert first.history_ == again.history_
    assert all(np.array_equal(own, again.tensors_[name]) for name, own in first.tensors_.items())
    assert embedder(**params, random_state=1).fit(images, y).digest_ != first.digest_


def test_equal_images_give_no_nan():
    images = np.zeros((8, SIDE, SIDE), dtype=np.uint8)
    model = embedder(epochs=2).fit(images, [0, 1] * 4)
    assert np.isfinite(model.transform(images)).all()


def test_a_nearest_centroid_behind_it_and_rows_from_the_cache(tmp_path, monkeypatch):
    images, y = stripes()
    features = FeaturePipeline([embedder(epochs=6)], cache=tmp_path / "rows.cache")
    model = make_pipeline(features, NearestCentroid()).fit(images, y)
    assert model.predict(stripes(seed=1)[0]).tolist() == y.tolist()
    rows = features.transform(images)
    monkeypatch.setattr(MetricEmbedder, "_extract_batch", lambda *_: pytest.fail("the rows are in the cache"))
    assert np.array_equal(features.transform(images), rows)


def test_scikit_learn_validates_it():
    images, y = stripes()
    model = make_pipeline(embedder(epochs=4), NearestCentroid())
    assert cross_val_score(model, ImageSet(images), y, cv=2).tolist() == [1, 1]


def test_a_saved_embedder_comes_back_whole_and_without_the_reference(tmp_path):
    images, y = stripes()
    sets = {"reference": write_images(tmp_path, stripes(8)[0]), "reference_y": ["plain"] * 4 + ["striped"] * 4}
    model = embedder(**sets).fit(images, y)
    model.save(tmp_path / "net.safetensors")
    loaded = MetricEmbedder.load(tmp_path / "net.safetensors", device="cpu")
    assert np.array_equal(loaded.transform(images), model.transform(images))
    assert loaded.digest_ == model.digest_
    assert extractor_token(loaded) == extractor_token(model)
    assert loaded.reference is None
    assert loaded.reference_y is None
    assert b"image0" not in (tmp_path / "net.safetensors").read_bytes()


def test_the_reference_decides_the_network_through_clone_too():
    images, y = stripes()
    model = embedder(reference=ImageSet(stripes(8, seed=1)[0]), reference_y=["plain", "striped"] * 4)
    first = clone(model).fit(images, y)
    assert first.digest_ == model.fit(images, y).digest_
    other = clone(model).set_params(reference=ImageSet(stripes(8, seed=2)[0])).fit(images, y)
    assert other.digest_ != first.digest_


@pytest.mark.parametrize(
    ("params", "y", "words"),
    [
        ({}, ["a"] * 16, "one class only"),
        ({}, None, "requires y"),
        ({}, range(16), "too few pairs: none of 16 images"),
        ({"pairs": "reference"}, [0, 1] * 8, "'reference' parameter .* must be the generated images"),
        ({"pairs": "reference", "reference": stripes(4)[0]}, ["a", "b"] * 8, r"y of 1, used, and 0, unused.*'a', 'b'"),
        ({"pairs": "views"}, None, "'augment' parameter .* views differ"),
        ({**VIEWS, "reference": stripes(4)[0]}, None, "'reference' parameter .* must be None"),
        ({"reference": stripes(4)[0]}, ["a", "b"] * 8, "'reference_y' parameter .* one label for each"),
        ({"reference_y": [0]}, ["a", "b"] * 8, "'reference_y' parameter"),
        ({"reference": stripes(4)[0], "reference_y": ["a"]}, ["a", "b"] * 8, r"each of 4 images.*\(1,\)"),
        ({"reference": stripes(4)[0], "reference_y": ["a", "c"] * 2}, ["a", "b"] * 8, "names 'c', which y does not"),
        ({"loss": "softmax"}, ["a", "b"] * 8, "'loss' parameter of MetricEmbedder must be one of 'contrastive'"),
        ({"reference": 3, "reference_y": ["a"]}, ["a", "b"] * 8, "'reference' parameter .* a set of images"),
        ({"margin": 0}, ["a", "b"] * 8, "'margin' parameter"),
        ({"temperature": 0}, ["a", "b"] * 8, "'temperature' parameter"),
    ],
)
def test_what_cannot_be_trained_is_said(params, y, words):
    with pytest.raises(ValueError, match=words):
        embedder(**params).fit(stripes()[0], y)


def test_a_diverging_loss_stops_the_fit_and_leaves_it_unfitted():
    images, y = stripes()
    module = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3 * SIDE * SIDE, 5), torch.nn.Linear(5, 9))
    torch.nn.init.constant_(module[1].weight, 3e38)
    model = embedder(backbone=module)
    with pytest.raises(FloatingPointError, match=r"MetricEmbedder: the loss is nan in epoch 1 of 3.* Lower lr"):
        model.fit(images, y)
    with pytest.raises(NotFittedError):
        model.transform(images)


def test_the_twin_network_of_2025_has_the_shapes_of_the_paper():
    shown = networks.shown(networks.find("siamese4", None), None)
    assert (shown.crop, shown.channels, shown.mean, shown.std) == (256, 1, (0,), (1,))  # grey in [0, 1]
    net = MetricEmbedder("siamese4", dim=256)._build({}, trained=False)
    widths = [
        (own.in_channels, own.out_channels, own.kernel_size, own.padding)
        for own in net.modules()
        if hasattr(own, "kernel_size") and hasattr(own, "in_channels")
    ]
    assert widths == [(a, b, (3, 3), (0, 0)) for a, b in [(1, 16), (16, 32), (32, 64), (64, 128)]]
    assert net["head"].weight.shape == (256, 128 * 14 * 14)
    assert sum(own.numel() for own in net.parameters()) == 160 + 4640 + 18496 + 73856 + 25088 * 256 + 256
    rows = MetricEmbedder("siamese4", dim=256)._embed(net, torch.rand(2, 1, 256, 256))
    torch.testing.assert_close(rows.norm(dim=1), torch.ones(2))
