"""Modules of the user's own, of all kinds: the rows are those of the module run by hand, before and after changes."""

import numpy as np
import pytest

from fingerprint_features import CNNEmbedding
from fingerprint_features.cache import extractor_token
from fingerprint_features.extractors import Preprocessing

from .nets import DEVICE, need_torch, photographs

torch = need_torch()
import torchvision  # noqa: E402
from torch import nn  # noqa: E402

SHOWN = Preprocessing(crop=32, resize=36)
IMAGES = photographs()[:2]


def trained(net, shown=SHOWN):
    """Return a network with the statistics of one that has been trained, and a smaller input."""
    torch.manual_seed(1)
    for module in net.modules():
        if isinstance(module, nn.BatchNorm2d):
            for name, low, high in (
                ("running_mean", -1, 1),
                ("running_var", 0.5, 2),
                ("weight", 0.5, 2),
                ("bias", -1, 1),
            ):
                nn.init.uniform_(getattr(module, name), low, high)
    net.preprocessing = shown
    return net.eval()


def embed(net, **params):
    return CNNEmbedding(net, device=DEVICE, **params).transform(IMAGES)


def by_hand(net):
    shown = net.preprocessing
    with torch.no_grad():
        return net(shown.scale(torch.from_numpy(np.stack([shown.pixels(i) for i in IMAGES])))).flatten(1).numpy()


def assert_same(rows, expected):
    assert rows.shape == expected.shape
    assert (np.linalg.norm(rows - expected, axis=1) <= 1e-4 * np.linalg.norm(expected, axis=1)).all()


class NormAct(nn.BatchNorm2d):
    def forward(self, x):
        return super().forward(x).relu()


class Standardised(nn.Conv2d):
    def forward(self, x):
        weight = self.weight - self.weight.mean((1, 2, 3), keepdim=True)
        return nn.functional.conv2d(x, weight, self.bias, self.stride, self.padding)


class Named(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.norm = nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8)

    def forward(self, x):
        return self.norm(input=self.conv(input=x)).mean((2, 3))


class Wrapped(nn.Module):
    def __init__(self):
        super().__init__()
        self.inner = torchvision.models.resnet18(weights=None)
        self.features = nn.Sequential(*list(self.inner.children())[:-1])

    def forward(self, x):
        return self.features(x).flatten(1)


def ending(*start):
    return nn.Sequential(*start, nn.AdaptiveAvgPool2d(1), nn.Flatten())


def fc7():
    net = torchvision.models.vgg11(weights=None, num_classes=10)
    net.classifier = net.classifier[:-1]
    return net


@pytest.mark.parametrize(
    "make",
    [
        lambda: ending(nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8)),
        lambda: ending(nn.Conv2d(3, 8, 3), NormAct(8)),
        lambda: ending(Standardised(3, 8, 3), nn.BatchNorm2d(8)),
        lambda: ending(nn.utils.parametrizations.weight_norm(nn.Conv2d(3, 8, 3)), nn.BatchNorm2d(8)),
        Named,
        Wrapped,
        fc7,
    ],
)
def test_rows_are_those_of_the_module_run_by_hand(make):
    net = trained(make())
    assert_same(embed(net), by_hand(net))


def test_the_output_of_the_network_has_no_name():
    net = trained(nn.Sequential(nn.Conv2d(3, 8, 8, 8), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 5)))
    assert_same(embed(net, layer=""), by_hand(net))
    assert_same(embed(net), by_hand(net[:3].requires_grad_(False).eval() and trained(net[:3])))


class Scaled(nn.Module):
    def __init__(self, factor, extra=0.0):
        super().__init__()
        torch.manual_seed(0)
        self.factor, self.conv = factor, nn.Conv2d(3, 4, 3)
        self.register_buffer("extra", torch.tensor(extra), persistent=False)
        self.preprocessing = SHOWN

    def forward(self, x):
        return (self.conv(x) * self.factor + self.extra).mean((2, 3))


def test_settings_and_passing_buffers_make_other_networks():
    nets = [Scaled(1.0).eval(), Scaled(2.0).eval(), Scaled(1.0, extra=1.0).eval()]
    patched = Scaled(1.0).eval()
    patched.forward = lambda x, forward=patched.forward: -forward(x)
    nets.append(patched)
    assert len({extractor_token(CNNEmbedding(net)) for net in nets}) == 4
    assert extractor_token(CNNEmbedding(Scaled(1.0).eval())) == extractor_token(CNNEmbedding(nets[0]))
    for net in nets:
        assert_same(embed(net), by_hand(net))


def test_changes_after_use_are_seen():
    net = trained(ending(nn.Conv2d(3, 8, 3), nn.ReLU()))
    extractor = CNNEmbedding(net, device=DEVICE)
    tokens = [extractor_token(extractor)]

    def other_preprocessing():
        net.preprocessing = Preprocessing(crop=64, resize=64, mean=[0.0] * 3)

    def other_module():
        net[1] = nn.Tanh()

    kept = net[0].weight  # the old one lives on

    def other_parameter():
        assert kept is net[0].weight
        net[0].weight = nn.Parameter(net[0].weight.detach() * 2)

    for change in (other_preprocessing, other_module, other_parameter):
        before = extractor.transform(IMAGES)
        change()
        assert_same(extractor.transform(IMAGES), by_hand(net))
        assert not np.allclose(extractor.transform(IMAGES), before)
        tokens.append(extractor_token(extractor))
    assert len(set(tokens)) == 4


def test_classes_and_other_precisions():
    torch.manual_seed(0)
    expected = embed(Scaled(1.0))
    assert embed(Named).shape == (2, 8)
    double = Scaled(1.0).double()
    assert_same(embed(double), expected)
    assert double.conv.weight.dtype == torch.float64


def test_what_a_module_cannot_be_shown_is_told():
    gray = nn.Sequential(nn.Conv2d(1, 4, 3))
    with pytest.raises(ValueError, match=r"image of 3 channels and 224 x 224 .*preprocessing=Preprocessing"):
        CNNEmbedding(gray).fit(IMAGES)
    gray.preprocessing = "grey"
    with pytest.raises(TypeError, match=r"'preprocessing' of sequential must be a Preprocessing. Got 'grey'"):
        CNNEmbedding(gray).fit(IMAGES)


def test_every_classification_network_of_torchvision_has_a_layout():
    sizes = {}
    for name in torchvision.models.list_models(torchvision.models):
        if not name.startswith("quantized") and not name.endswith(("_8gf", "_16gf", "_32gf", "_128gf")):  # too large
            sizes[name] = len(CNNEmbedding(name, weights=None).get_feature_names_out())
    assert len(sizes) >= 70
    assert (sizes["regnet_y_400mf"], sizes["vit_h_14"], sizes["swin_t"]) == (440, 1280, 768)


def test_the_name_of_a_published_file_tells_how_images_are_shown(tmp_path):
    torch.manual_seed(0)
    state = torchvision.models.resnet50(weights=None).state_dict()
    shown = {}
    for name in ("resnet50-0676ba61.pth", "resnet50-11ad3fa6.pth", "mine.pth"):
        torch.save(state, tmp_path / name)
        shown[name] = CNNEmbedding("resnet50", weights=tmp_path / name)._value_state()["shown"]["resize"]
    assert list(shown.values()) == [256, 232, 232]
