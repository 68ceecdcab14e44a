"""Momentum contrast by hand: the slow copy, the queue, the learnt temperature, and partners that are near."""

import numpy as np
import pytest

from fingerprint_features import ImageSet, ImageStats, Pixels
from fingerprint_features.learned import MetricEmbedder
from fingerprint_features.learned.files import Checkpoint

from .stripes import stripes
from .test_embedder import drawn, embedder, gap

torch = pytest.importorskip("torch")
momentum = pytest.importorskip("fingerprint_features.learned.momentum")

MOCO = {"loss": "infonce", "queue": 24, "momentum": 0.9, "dim": (16, 8), "temperature": (0.05, 0.2)}


def memory(n_rows=4):
    return momentum.Memory(torch.nn.Linear(2, 2, bias=False), torch.nn.Identity(), n_rows, 2)


def test_the_slow_copy_starts_on_the_network_and_follows_it():
    slow, body, head = memory(), torch.nn.Linear(2, 2, bias=False), torch.nn.Identity()
    weight = next(iter(slow.slow.parameters()))
    slow.follow(body, head, 0.9)
    assert torch.equal(weight, body.weight)
    slow.keep(torch.eye(2), torch.tensor([0, 1]))
    before = weight.clone()
    with torch.no_grad():
        body.weight += 1
    slow.follow(body, head, 0.9)
    torch.testing.assert_close(weight, before + 0.1)
    assert not weight.requires_grad


def test_the_queue_forgets_the_oldest():
    slow = memory(3)
    assert slow.classes.tolist() == [-1, -1, -1]
    slow.keep(torch.tensor([[1.0, 1.0], [2.0, 2.0]]), torch.tensor([1, 2]))
    slow.keep(torch.tensor([[3.0, 3.0], [4.0, 4.0]]), torch.tensor([3, 4]))
    assert slow.classes.tolist() == [4, 2, 3]
    assert slow.rows[:, 0].tolist() == [4, 2, 3]
    slow.keep(torch.full((5, 2), 9.0), torch.tensor([5, 6, 7, 8, 9]))
    assert sorted(slow.classes.tolist()) == [7, 8, 9]


def test_the_loss_is_that_of_both_networks_and_of_negatives_in_the_queue():
    body, head = torch.nn.Linear(3, 2), torch.nn.Identity()
    net = torch.nn.ModuleDict({"body": body, "head": head, "memory": momentum.Memory(body, head, 4, 2)}).eval()
    net["memory"].keep(torch.nn.functional.normalize(torch.randn(3, 2)), torch.tensor([0, 1, 0]))  # one place is empty
    with torch.no_grad():
        body.weight += 0.3  # the two networks differ
    inputs, classes = torch.randn(6, 3), torch.tensor([0, 1, 0, 1, 1, 0])
    rows = torch.nn.functional.normalize(body(inputs))
    slow = net["memory"](inputs[2:])
    expected = 0
    for share, keys in ((0.7, rows[2:]), (0.3, slow)):
        for i in range(2):
            own = rows[i] @ keys[i] / 0.1
            negatives = [key for key, kind in zip(keys, classes[2:], strict=True) if kind != classes[i]]
            negatives += [
                key for key, kind in zip(net["memory"].rows[:3], [0, 1, 0], strict=True) if kind != classes[i]
            ]
            all_of_them = torch.stack([own, *(rows[i] @ key / 0.1 for key in negatives)])
            expected = expected + share * (all_of_them.logsumexp(0) - own) / 2
    found = momentum.queued_infonce(net, inputs, classes, 0.9, 0.1)
    assert float(found.detach()) == pytest.approx(float(expected.detach()), rel=1e-5)
    assert net["memory"].n_kept == 3  # watching validation images moves nothing


def test_the_learnt_temperature_stays_between_its_bounds():
    own = momentum.Temperature(0.05, 0.2)
    assert float(own().detach()) == pytest.approx(0.125)
    with torch.no_grad():
        own.place.fill_(100)
    assert float(own().detach()) == pytest.approx(0.2)


def test_it_learns_what_the_labels_say(tmp_path):
    images, y = stripes()
    used, generated = (y == "striped").astype(int), stripes(seed=3)[0][8:]
    params = {"pairs": "reference", "reference": generated, "epochs": 8, **MOCO}
    model = embedder(**params).fit(images, used)
    rows = model.transform(images)
    assert rows.shape == (16, 8)
    assert (rows >= 0).all()
    cosines = rows @ model.transform(generated).T
    assert cosines[used == 1].mean() > cosines[used == 0].mean() + 0.1
    mixed = embedder(**params).fit(images, np.random.default_rng(0).permutation(used))
    assert mixed.history_["loss"][-1] > model.history_["loss"][-1] + 0.01
    assert embedder(**params).fit(images, used).digest_ == model.digest_
    model.save(tmp_path / "net.safetensors")
    loaded = MetricEmbedder.load(tmp_path / "net.safetensors", device="cpu")
    assert np.array_equal(loaded.transform(images), rows)
    assert loaded.digest_ == model.digest_


def test_a_fit_that_was_stopped_goes_on_with_its_queue(tmp_path, monkeypatch):
    images, y = stripes()
    path, keep = tmp_path / "fit.checkpoint", Checkpoint.keep

    def keep_and_stop(*args):
        keep(*args)
        raise KeyboardInterrupt

    monkeypatch.setattr(Checkpoint, "keep", keep_and_stop)
    with pytest.raises(KeyboardInterrupt):
        embedder(**MOCO, checkpoint=path).fit(images, y)
    monkeypatch.undo()
    resumed, whole = embedder(**MOCO, checkpoint=path).fit(images, y), embedder(**MOCO).fit(images, y)
    assert len(whole.history_["loss"]) == 3
    assert resumed.history_ == whole.history_
    assert resumed.digest_ == whole.digest_


def test_rows_are_those_of_the_slow_copy():
    images, y = stripes()
    model = embedder(**MOCO | {"momentum": 1.0}, epochs=4).fit(images, y)  # it stays where it started
    first = embedder(**MOCO | {"momentum": 1.0}, epochs=4, lr=1e-9).fit(images, y)
    slow = [name for name in model.tensors_ if name.startswith("memory.slow") and name.endswith("0.weight")]
    assert slow
    for name in slow:
        np.testing.assert_allclose(model.tensors_[name], first.tensors_[name], atol=1e-6)
    assert gap(embedder(**MOCO, epochs=8).fit(images, y).transform(images), y) > 1


def test_partners_are_near_by_other_features():
    images = np.array([np.full((8, 8), value, dtype=np.uint8) for value in (0, 40, 80, 120, 160, 200)])
    generated = images[[1, 4]] + np.uint8(1)
    used = [1, 1, 1, 1, 0, 1]
    near = Pixels()  # cosines of flat images are all 1, and 0 with the black one
    model = embedder(
        pairs="reference", reference=generated, near=near, least_cosine=0.5, loss="triplet", batch_size=200
    )
    triplets, _ = drawn(model, images, used)
    _, targets, _ = model._training(ImageSet(images), used)
    assert targets[6:, 2:].tolist() == [[0, 1, 1, 1, 0, 1]] * 2  # used, and not black
    assert not targets[:6, 2:].any()
    assert set(triplets[:, 1]) <= {1, 2, 3, 5}


def test_without_a_near_image_the_two_nearest_are_partners():
    images, _ = stripes(6)
    model = embedder(pairs="reference", reference=images[:1], near=ImageStats(), least_cosine=1.0, loss="infonce")
    _, targets, _ = model._training(ImageSet(images), [0, 1, 1, 1, 1, 1])
    assert targets[6:, 2:].sum() == 2
    assert targets[6, 2] == 0  # the same picture, but unused


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"queue": 5, "loss": "triplet"}, "'queue' parameter .* only 'infonce' has one"),
        ({"temperature": (0.1, 0.2, 0.3)}, "'temperature' parameter .* the two between"),
        ({"dim": (8, 0)}, "'dim' parameter .* one int or several"),
        ({"dim": ()}, "'dim' parameter"),
        ({"momentum": 2}, "'momentum' parameter"),
        ({"near": 3}, "'near' parameter .* None or a transformer"),
        ({"near": ImageStats()}, "'near' parameter .* None without a reference"),
    ],
)
def test_what_cannot_be_is_said(params, words):
    with pytest.raises(ValueError, match=words):
        embedder(**params).fit(*stripes())


def test_one_width_is_one_linear_layer():
    assert isinstance(momentum.projection(4, (3,)), torch.nn.Linear)
    layers = momentum.projection(2048, (1024, 512, 256))
    assert [type(own).__name__ for own in layers] == ["Linear", "BatchNorm1d", "ReLU"] * 3
    assert (layers[0].in_features, layers[6].out_features) == (2048, 256)
