"""Networks side by side, mixed by a gate: by hand, and as one estimator."""

import numpy as np
import pytest

from fingerprint_features.learned import networks
from fingerprint_features.learned.experts import ExpertEmbedder

from .stripes import SIDE, stripes

torch = pytest.importorskip("torch")

SMALL = {"image_size": SIDE, "dim": (16, 8), "epochs": 2, "batch_size": 8, "lr": 3e-3, "device": "cpu"}


def embedder(**params):
    return ExpertEmbedder("small+small", **SMALL | params)


def test_features_of_networks_side_by_side_are_those_of_each():
    net, width = networks.body(
        networks.find("small+siamese4", None), networks.find("small", None).preprocessing(), False
    )
    net.eval()
    images = torch.rand(2, 1, 64, 64)
    first, second = (part(images) for part in net[0].nets)
    assert net[0].widths == (128, 128 * 2 * 2)
    assert width == 640
    torch.testing.assert_close(net(images), torch.cat([first, second], dim=1))


def test_the_mixture_by_hand():
    from fingerprint_features.learned.architectures.experts import Mixture

    mixture = Mixture((3, 5), 8, n_heads=2).eval()
    features = torch.randn(4, 8)
    rows = []
    for project, part in zip(mixture.projections, features.split((3, 5), dim=1), strict=True):
        row = part @ project.weight.T + project.bias
        rows.append(row / row.norm(dim=1, keepdim=True))
    experts = torch.stack(rows, dim=1)
    shares = mixture.gate(torch.cat(rows, dim=1)).softmax(dim=1)
    attended = mixture.attention(experts, experts, experts)[0]
    expected = shares[:, :1] * attended[:, 0] + shares[:, 1:] * attended[:, 1]
    torch.testing.assert_close(mixture(features), expected)


def test_an_even_gate_is_rewarded():
    model = embedder()
    net = model._build({}, trained=False).eval()
    inputs, targets = torch.rand(8, 1, SIDE, SIDE), torch.tensor([[0, 0], [1, 0]] * 4)
    last = net["head"][0].gate[2]
    with torch.no_grad():
        last.weight.zero_()
        last.bias.zero_()
        plain = super(ExpertEmbedder, model)._loss(net, inputs, targets)
        assert float(plain - model._loss(net, inputs, targets)) == pytest.approx(0.1 * np.log(2), rel=1e-4)
        last.bias[0] = 50.0  # one network has all
        plain = super(ExpertEmbedder, model)._loss(net, inputs, targets)
        assert float(plain - model._loss(net, inputs, targets)) == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("queue", [0, 16])
def test_it_trains_is_seeded_and_is_saved(queue, tmp_path):
    images, y = stripes()
    params = {"loss": "infonce", "queue": queue, "body_lr": 0.1}
    model = embedder(**params).fit(images, y)
    rows = model.transform(images)
    assert rows.shape == (16, 8)
    assert embedder(**params).fit(images, y).digest_ == model.digest_
    model.save(tmp_path / "net.safetensors")
    assert np.array_equal(ExpertEmbedder.load(tmp_path / "net.safetensors", device="cpu").transform(images), rows)
