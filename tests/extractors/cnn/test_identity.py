"""Networks that give other values have other tokens, whatever they differ in; changes in place are noticed."""

import os
import threading
from functools import partial

import numpy as np
import pytest

from fingerprint_features import CNNEmbedding, FeaturePipeline
from fingerprint_features.cache import extractor_token
from tests.extractors.cnn.nets import need_torch
from tests.helpers import random_images

torch = need_torch()
nn, F = torch.nn, torch.nn.functional


def token(net, **options):
    return extractor_token(CNNEmbedding(net, device="cpu", **options))


class Net(nn.Module):
    """A convolution and something after it, which may be anything."""

    def __init__(self, after, **more):
        super().__init__()
        torch.manual_seed(0)
        self.conv, self.after = nn.Conv2d(3, 4, 3), after
        for name, value in more.items():
            setattr(self, name, value)

    def forward(self, x):
        return self.after(self.conv(x)).mean((2, 3))

    def twice(self, x):
        return 2 * x


class Times:
    def __init__(self, n):
        self.n = n

    def __call__(self, x):
        return self.n * x

    def method(self, x):
        return self.n * x

    def hook(self, module, inputs, output):
        return self.n * output


def times(n):
    return lambda x: n * x


def plain(x, n=1):
    return n * x


def hooked(hook, **options):
    net = Net(F.relu)
    net.conv.register_forward_hook(hook, **options)
    return net


def shown_before(hook):
    net = Net(F.relu)
    net.conv.register_forward_pre_hook(hook)
    return net


def patched(factor):
    net = Net(F.relu)
    net.forward = lambda x, forward=net.forward: factor * forward(x)
    return net


def made_here(factor):
    class Local(nn.Module):
        def forward(self, x):
            return factor * x

    return Net(Local())


PAIRS = {
    "activation": lambda k: Net((F.relu, F.gelu)[k]),
    "activation of torch": lambda k: Net((torch.relu, torch.tanh)[k]),
    "activation module": lambda k: Net((nn.ReLU(), nn.Tanh())[k]),
    "setting of a module": lambda k: Net(nn.LeakyReLU((0.1, 0.2)[k])),
    "partial": lambda k: Net(partial(F.leaky_relu, negative_slope=(0.1, 0.2)[k])),
    "partial of a function here": lambda k: Net(partial(plain, n=k)),
    "closure": lambda k: Net(times(k)),
    "default": lambda k: Net((lambda x, n=1: n * x, lambda x, n=2: n * x)[k]),
    "bound method": lambda k: Net(Times(k).method),
    "callable object": lambda k: Net(Times(k)),
    "list of numbers": lambda k: Net(F.relu, extra=[1, k]),
    "list of tensors": lambda k: Net(F.relu, extra=[torch.arange(10_000) * (1 + k)]),
    "dict of functions": lambda k: Net(F.relu, extra={"f": times(k)}),
    "class made in a function": made_here,
    "forward patched": patched,
    "hook": lambda k: hooked((lambda m, i, o: o * 2, lambda m, i, o: o * 3)[k]),
    "hook or none": lambda k: hooked(lambda m, i, o: o * 2) if k else Net(F.relu),
    "hook that is a method": lambda k: hooked(Times(k).hook),
    "hook that is partial": lambda k: hooked(partial(Times.hook, Times(k))),
    "hook before": lambda k: shown_before((lambda m, i: i, lambda m, i: (i[0] * 2,))[k]),
    "hook with keywords": lambda k: hooked(lambda m, i, *o: o[-1], with_kwargs=bool(k)),
    "order of modules": lambda k: Net(nn.Sequential(*[nn.ReLU(), nn.Tanh()][:: (1, -1)[k]])),
    "passing buffer": lambda k: Net(F.relu, extra=nn.Buffer(torch.tensor(float(k)), persistent=False)),
    "dtype": lambda k: Net(F.relu, extra=nn.Buffer(torch.zeros(1, dtype=(torch.int32, torch.float32)[k]))),
}


@pytest.mark.parametrize("kind", PAIRS)
def test_networks_that_differ_have_their_own_tokens(kind):
    make = PAIRS[kind]
    assert token(make(0)) == token(make(0))
    assert token(make(0)) != token(make(1))
    assert token(partial(make, 0)) != token(partial(make, 1))  # as a function that makes the network


def set_item(mapping, key, value):
    mapping[key] = value


CHANGES = {
    "in place": lambda net: torch.no_grad()(lambda: net.conv.weight.mul_(2))(),
    "through data": lambda net: net.conv.weight.data.mul_(2),
    "data swapped": lambda net: setattr(net.conv.weight, "data", net.conv.weight.data.flip(0)),
    "through numpy": lambda net: net.conv.weight.detach().numpy().__imul__(2),
    "order of filters": lambda net: net.conv.weight.data.copy_(net.conv.weight.data.flip(0)),
    "one number": lambda net: net.conv.bias.data[0].add_(1e-6),
    "state dict": lambda net: net.load_state_dict({k: v + 1 for k, v in net.state_dict().items()}),
    "parameter replaced": lambda net: setattr(net.conv, "weight", nn.Parameter(net.conv.weight.detach() * 2)),
    "module replaced": lambda net: setattr(net, "after", nn.Tanh()),
    "setting": lambda net: setattr(net.conv, "stride", (2, 2)),
    "padding": lambda net: setattr(net.conv, "padding", (1, 1)),
    "hook added": lambda net: net.conv.register_forward_hook(lambda m, i, o: o * 2),
    "hook before added": lambda net: net.conv.register_forward_pre_hook(lambda m, i: (i[0] * 2,)),
    "object changed": lambda net: setattr(net.extra[0], "n", 5),
    "object of a method changed": lambda net: setattr(net.method.__self__, "n", 5),
    "list": lambda net: net.extra.append(1),
    "dict": lambda net: set_item(net.settings, "a", 2),
    "tensor in a list": lambda net: net.extra[1].add_(1),
    "tensor in a closure": lambda net: net.closed.__closure__[0].cell_contents.add_(1),
    "class": lambda net: setattr(net, "__class__", type("Other", (Net,), {"forward": lambda self, x: x})),
    "forward": lambda net: setattr(net, "forward", lambda x: x),
    "parametrized": lambda net: nn.utils.parametrizations.weight_norm(net.conv),
}


@pytest.mark.parametrize("kind", CHANGES)
def test_a_change_in_place_is_noticed(kind):
    scale = torch.ones(2)
    net = Net(
        nn.ReLU(),
        extra=[Times(1), torch.zeros(3)],
        method=Times(1).method,
        settings={"a": 1},
        closed=lambda x: x * scale,
    )
    before = token(net)
    assert token(net) == before
    CHANGES[kind](net)
    assert token(net) != before


@pytest.mark.parametrize("change", [nn.Module.eval, nn.Module.train, lambda net: net.requires_grad_(False)])
def test_what_changes_no_value_changes_no_token(change):
    net = Net(F.relu)
    before = token(net)
    change(net)
    assert token(net) == before


def test_what_cannot_be_identified_is_refused_for_the_cache_but_runs(tmp_path):
    lock, factor = threading.Lock(), [2]

    def hook(module, inputs, output):
        with lock:
            return output * factor[0]

    net, images = hooked(hook), random_images(2)
    with pytest.raises(TypeError, match=r"type lock has no identity that survives the process .* cannot be cached"):
        FeaturePipeline([CNNEmbedding(net, device="cpu")], cache=tmp_path / "features.cache").fit_transform(images)
    extractor = CNNEmbedding(net, device="cpu")
    rows = extractor.fit_transform(images)
    factor[0] = 4
    np.testing.assert_allclose(extractor.transform(images), 2 * rows, rtol=1e-5)


def test_relative_weights_after_a_change_of_folder(tmp_path, monkeypatch):
    net = Net(F.relu)
    for folder, factor in (("a", 1), ("b", 2)):
        (tmp_path / folder).mkdir()
        path = tmp_path / folder / "weights.pt"
        torch.save({name: tensor * factor for name, tensor in net.state_dict().items()}, path)
        os.utime(path, ns=(1, 1))
    tokens = []
    for folder in "ab":
        monkeypatch.chdir(tmp_path / folder)
        tokens.append(token(net, weights="weights.pt"))
    assert tokens[0] != tokens[1]
