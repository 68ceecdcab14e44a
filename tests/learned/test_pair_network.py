"""PairNetwork: pairs by label, numbers that NumPy gives too, one look at each image, and another generator."""

import importlib
import pickle

import numpy as np
import pytest
from scipy.special import expit, softmax
from sklearn.base import clone
from sklearn.exceptions import NotFittedError
from sklearn.model_selection import cross_val_predict

from fingerprint_features import ImageSet, PairNetwork
from fingerprint_features.cache.identity import extractor_token
from fingerprint_features.recipes import with_reference

from .stripes import SIDE, classifier, stripes

torch = pytest.importorskip("torch")
pair_heads = importlib.import_module("fingerprint_features.learned.architectures.pair_heads")

QUICK = {"image_size": SIDE, "epochs": 2, "dim": 8, "n_pairs": 3, "batch_size": 8, "lr": 3e-3, "device": "cpu"}


def reals():
    """Return images, the second half striped, and which are used: the striped ones."""
    images, y = stripes()
    return images, (y == "striped").astype(int)


def generated(n=6, seed=9):
    return stripes(2 * n, seed=seed)[0][n:]


def network(reference=None, **params):
    return PairNetwork(reference=generated() if reference is None else reference, **QUICK | params)


@pytest.fixture(scope="module")
def fitted():
    return network(epochs=5).fit(*reals())


class Dot(torch.nn.Module):
    """The plain product of two images; it has a factor of 1, because something must be trained."""

    def __init__(self, channels, dim):
        super().__init__()
        self.factor = torch.nn.Parameter(torch.ones(()))

    def image(self, maps):
        return maps[0].flatten(1)

    def forward(self, a, b):
        return self.factor * (a * b).sum(dim=1)


@pytest.fixture
def dot(monkeypatch):
    """Return a PairNetwork on 4 x 4 pixels whose head is the plain product."""
    monkeypatch.setitem(pair_heads.HEADS, "dot", Dot)
    flat = torch.nn.Sequential(torch.nn.Flatten())
    return lambda reference, **params: PairNetwork(
        flat, reference, head="dot", image_size=8, epochs=1, lr=1e-30, device="cpu", **params
    )


def seen(images):
    """Return what a network of ImageNet's scale is shown of grey images, flat."""
    mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    return ((images[..., None] / 255 - mean) / std).reshape(len(images), -1)


def test_it_tells_used_images_it_has_not_seen(fitted):
    images, y = stripes(seed=1)
    assert fitted.predict(images).tolist() == (y == "striped").astype(int).tolist()
    assert fitted.history_["loss"][-1] < fitted.history_["loss"][0]
    assert fitted.classes_.tolist() == [0, 1]
    np.testing.assert_allclose(fitted.predict_proba(images).sum(axis=1), 1)


@pytest.mark.parametrize(
    ("aggregate", "expected"),
    [
        ("mean", lambda odds: expit(odds).mean(axis=1)),
        ("majority", lambda odds: (expit(odds) > 0.5).mean(axis=1)),
        ("max", lambda odds: expit(odds).max(axis=1)),
        ("attention", lambda odds: (np.exp(odds) * expit(odds)).sum(axis=1) / np.exp(odds).sum(axis=1)),
    ],
)
def test_the_answers_are_those_computed_by_hand(dot, aggregate, expected):
    rng = np.random.default_rng(0)
    images, reference = (rng.integers(100, 140, (n, 8, 8), dtype=np.uint8) for n in (6, 5))
    model = dot(reference, n_pairs=None, aggregate=aggregate).fit(images, [0, 1] * 3)
    assert sorted(map(bytes, model.reference_)) == sorted(map(bytes, reference[..., None]))
    odds = seen(images) @ seen(model.reference_[..., 0]).T
    found = model.transform(images)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, odds, rtol=1e-4, atol=1e-3)
    np.testing.assert_allclose(model.predict_proba(images)[:, 1], expected(odds), atol=1e-4)


def test_the_loss_is_the_cross_entropy_of_all_pairs_by_the_labels_of_the_real_images(dot):
    rng = np.random.default_rng(0)
    images, reference = (rng.integers(110, 130, (n, 8, 8), dtype=np.uint8) for n in (4, 3))
    y = np.array(["no", "no", "yes", "yes"])
    model = dot(reference, n_pairs=None, batch_size=12).fit(images, y)
    likely = expit(seen(images) @ seen(reference).T)
    expected = -np.log(np.where((y == "yes")[:, None], likely, 1 - likely)).mean()
    assert model.history_["loss"] == [pytest.approx(expected, rel=1e-3)]


def test_the_contrastive_loss_is_added_with_generated_images_as_used_ones(dot):
    rng = np.random.default_rng(0)
    images, reference = (rng.integers(110, 130, (n, 8, 8), dtype=np.uint8) for n in (4, 1))
    y = np.array([0, 0, 1, 1])
    plain, both = (dot(reference, n_pairs=1, contrastive=c).fit(images, y).history_["loss"][0] for c in (0, 0.5))
    rows = seen(np.concatenate([images, reference[[0] * 4]]))
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    classes = np.append(y, [1] * 4)
    terms = []
    for i in range(8):
        others = np.arange(8) != i
        shares = softmax(rows[others] @ rows[i] / 0.1)
        terms.append(-np.log(shares[classes[others] == classes[i]]).mean())
    assert both - plain == pytest.approx(0.5 * np.mean(terms), rel=1e-3)


def test_permuted_labels_change_the_loss():
    images, y = reals()
    straight, permuted = (network().fit(images, labels).history_["loss"] for labels in (y, np.tile([0, 1], 8)))
    assert permuted[-1] > straight[-1]


def test_the_order_of_either_set_changes_nothing(fitted):
    images, y = reals()
    order = np.random.default_rng(3).permutation(len(y))
    turned = network(generated()[::-1], epochs=5).fit(images[order], y[order])
    assert turned.digest_ == fitted.digest_
    assert np.array_equal(turned.reference_, fitted.reference_)
    np.testing.assert_allclose(turned.transform(images[order]), fitted.transform(images)[order], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(fitted.transform(images[[4]]), fitted.transform(images)[[4]], rtol=1e-4, atol=1e-5)


def test_the_depth_of_the_pictures_changes_nothing(fitted):
    images, y = reals()
    deep = network(generated().astype(np.uint16) * 257, epochs=5).fit(images.astype(np.uint16) * 257, y)
    assert deep.digest_ == fitted.digest_
    assert np.array_equal(deep.reference_, fitted.reference_)


def test_a_seed_names_one_network_and_one_sample():
    images, y = reals()
    first, again, other = (network(random_state=seed).fit(images, y) for seed in (0, 0, 1))
    assert first.digest_ == again.digest_ != other.digest_
    assert extractor_token(first) == extractor_token(again)
    assert np.array_equal(first.reference_, again.reference_)
    assert not np.array_equal(first.reference_, other.reference_)


def test_the_trunk_sees_each_image_once():
    counts = []

    class Counting(torch.nn.Conv2d):
        def forward(self, x):
            counts.append(len(x))
            return super().forward(x)

    images, y = reals()
    model = network(backbone=lambda: Counting(3, 4, 3, padding=1), n_pairs=5, epochs=1).fit(images, y)
    counts.clear()
    model.transform(images)
    assert sum(counts) == len(images) + 5
    counts.clear()
    model.transform(images)
    assert sum(counts) == len(images)


def test_validation_parts_images_and_patients_never_pairs(monkeypatch):
    drawn, draw = [], PairNetwork._draw

    def noted(self, targets, rows, batch_size):
        found = draw(self, targets, rows, batch_size)
        drawn.append(set(torch.cat(list(found)).tolist()))
        return found

    monkeypatch.setattr(PairNetwork, "_draw", noted)
    images, y = reals()
    patients = np.arange(16) // 2
    X = ImageSet(images, groups=patients)
    model = network(validation=0.25, epochs=1, n_pairs=None).fit(X, y)
    trained, judged = drawn
    assert not trained & judged
    assert trained | judged == set(range(16 + 6))
    in_order = patients[sorted(range(16), key=lambda i: images[i].tobytes())]
    assert not {in_order[i] for i in trained if i < 16} & {in_order[i] for i in judged if i < 16}
    assert any(i >= 16 for i in judged)
    assert len(model.history_["validation_loss"]) == 1


def test_pairs_are_drawn_anew_in_each_epoch():
    targets = torch.tensor([0, 1, 0, 1] + [-1] * 50)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        first, second = (network()._draw(targets, torch.arange(54), 6) for _ in range(2))
    assert [len(batch) for batch in first] == [12, 12]

    def pairs(batches):
        return [tuple(pair) for batch in batches for pair in batch.view(2, -1).T.tolist()]

    assert len(set(pairs(first))) == 12
    assert set(pairs(first)) != set(pairs(second))
    assert all(real < 4 <= other for real, other in pairs(first))


def test_two_trunks_learn_apart_and_stand_still_together():
    images, y = reals()
    one, two, still = (
        network(epochs=1, **params).fit(images, y)
        for params in ({}, {"shared": False}, {"shared": False, "body_lr": 0})
    )
    name = "0.0.weight"
    assert f"body.{name}" in one.tensors_
    assert not np.array_equal(two.tensors_[f"body.real.{name}"], two.tensors_[f"body.generated.{name}"])
    for trunk in ("real", "generated"):
        assert not np.array_equal(two.tensors_[f"body.{trunk}.{name}"], still.tensors_[f"body.{trunk}.{name}"])
        assert still.tensors_[f"body.{trunk}.0.1.running_mean"].any() == 0
    assert two.transform(images).shape == (16, 3)


def test_a_trunk_may_start_from_a_trained_classifier():
    images, y = reals()
    first = classifier(epochs=1).fit(images, y)
    model = network(init=first, body_lr=0, epochs=1).fit(images, y)
    for name in ("body.0.0.weight", "body.0.13.running_var"):
        assert np.array_equal(model.tensors_[name], first.tensors_[name])


def test_heads_judge_each_pair_by_itself():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        maps = [torch.randn(4, 5, 6, 6) for _ in range(2)]
        for kind in pair_heads.HEADS.values():
            head = kind([5], 8).eval()
            a, b = (head.image([own]) for own in maps)
            odds = head(a, b)
            assert odds.shape == (4,)
            assert torch.allclose(head(a[[2, 1]], b[[2, 1]]), odds[[2, 1]], atol=1e-5)
            assert not torch.allclose(head(a, b.flip(0)), odds, atol=1e-5)


def test_cross_attention_knows_neither_first_nor_second_nor_where_things_are():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        head = pair_heads.CrossAttention([5], 8)
        a, b = (head.image([torch.randn(4, 5, 3, 3)]) for _ in range(2))
        odds = head(a, b)
        assert torch.allclose(head(b, a), odds, atol=1e-5)
        assert torch.allclose(head(a[:, torch.randperm(9)], b[:, torch.randperm(9)]), odds, atol=1e-5)


def test_fusion_is_gated_sums_and_the_mean_cosine_of_eight_heads():
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        head = pair_heads.Fusion([5, 3], 16)
        maps = [[torch.randn(2, width, 4, 4) for width in (5, 3)] for _ in range(2)]
        found = head(*(head.image(own) for own in maps)).detach().numpy()
    t = {name: own.numpy() for name, own in head.state_dict().items()}

    def linear(name, rows):
        return rows @ t[f"{name}.weight"].T + t[f"{name}.bias"]

    def fused(maps):
        means = [one.numpy().mean(axis=(2, 3)) for one in maps]
        return sum(expit(linear(f"gates.{i}", own)) * linear(f"project.{i}", own) for i, own in enumerate(means))

    query, key = (linear(name, fused(own)).reshape(2, 8, 2) for name, own in zip(("query", "key"), maps, strict=True))
    lengths = np.linalg.norm(query, axis=2) * np.linalg.norm(key, axis=2)
    np.testing.assert_allclose(found, 10 * ((query * key).sum(axis=2) / lengths).mean(axis=1), rtol=1e-4)


def test_several_layers_are_fused():
    images, y = reals()
    model = network(head="fusion", layer=["4", "8", "12"], aggregate="attention", contrastive=1.0, epochs=5)
    assert model.fit(images, y).score(images, y) == 1
    assert model.tensors_["head.project.0.weight"].shape == (8, 32)


def test_tokens_of_a_transformer_serve_as_a_map():
    images, y = reals()
    model = network(backbone="small_vit", head="cross_attention", image_size=64, epochs=1, n_pairs=2, layer="1.encoder")
    assert model.fit(images, y).transform(images).shape == (16, 2)
    with pytest.raises(ValueError, match=r"no module '1\.encode' runs in this network"):
        model.set_params(layer="1.encode").fit(images, y)


def test_another_generators_images_are_paired_with_what_was_learnt(fitted):
    images, _ = reals()
    before = fitted.transform(images)
    other = stripes(12, seed=4)[0][:6]  # plain ones
    moved = fitted.with_reference(other)
    assert moved.tensors_ is fitted.tensors_
    assert extractor_token(moved) != extractor_token(fitted)
    assert not np.allclose(moved.transform(images), before)
    assert np.array_equal(with_reference(fitted, other).transform(images), moved.transform(images))
    assert np.array_equal(fitted.transform(images), before)
    assert np.array_equal(moved.with_reference(generated()).transform(images), before)


def test_a_reference_changed_after_fit_is_not_ignored(fitted):
    changed = pickle.loads(pickle.dumps(fitted))
    assert np.array_equal(changed.transform(reals()[0]), fitted.transform(reals()[0]))
    with pytest.raises(NotFittedError, match=r"another reference than it has now.*with_reference"):
        changed.set_params(reference=generated(seed=2)).predict(reals()[0])


def test_a_file_holds_the_network_and_load_is_given_the_images(fitted, tmp_path):
    images, _ = reals()
    fitted.save(tmp_path / "net")
    with pytest.raises(ValueError, match=r"net holds no images: give it reference="):
        PairNetwork.load(tmp_path / "net")
    loaded = PairNetwork.load(tmp_path / "net", reference=generated(), device="cpu")
    assert np.array_equal(loaded.transform(images), fitted.transform(images))
    assert extractor_token(loaded) == extractor_token(fitted)


def test_scikit_learn_takes_it_for_a_classifier(fitted):
    images, y = reals()
    X = ImageSet(images)
    assert cross_val_predict(network(), X, y, cv=2, method="predict_proba").shape == (16, 2)
    again = clone(fitted)
    assert repr(again) == repr(fitted)
    assert not hasattr(again, "reference_")


@pytest.mark.parametrize(
    ("params", "y", "words"),
    [
        ({}, [1] * 16, "one class only"),
        ({}, [0, 1, 2, 1] * 4, "must hold two classes"),
        ({}, None, "requires y"),
        ({"reference": object()}, [0, 1] * 8, "'reference' parameter .* a set of images"),
        ({"reference": generated()[:0]}, [0, 1] * 8, "'reference' parameter .* 1 generated images at least"),
        ({"reference": generated()[:1], "validation": 0.5}, [0, 1] * 8, "2 generated images at least"),
        ({"dim": 12}, [0, 1] * 8, "'dim' parameter .* multiple of 8"),
        ({"head": "sum"}, [0, 1] * 8, "'head' parameter"),
        ({"layer": ["0", "4"]}, [0, 1] * 8, "one module where head='relation'"),
        ({"aggregate": "sum"}, [0, 1] * 8, "'aggregate' parameter"),
    ],
)
def test_what_cannot_be_trained_is_said(params, y, words):
    with pytest.raises(ValueError, match=words):
        network(**params).fit(reals()[0], y)


def test_it_asks_for_generated_images():
    with pytest.raises(ValueError, match="'reference' parameter of PairNetwork must be the generated images"):
        PairNetwork().fit(*reals())
