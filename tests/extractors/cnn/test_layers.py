"""Layers and pools: any module, several at once, by numbers that can be counted."""

import numpy as np
import pytest

from fingerprint_features import CNNEmbedding
from fingerprint_features.cache import extractor_token

from .nets import DEVICE, counted, need_torch, photographs, tiny

torch = need_torch()

# Channels 1 and -2 times these: 0 30 / 60 90.
SQUARE = np.array([[[0, 30], [60, 90]]], dtype=np.uint8)
RTOL = 1e-5


def count(**params):
    return CNNEmbedding(counted, device=DEVICE, **params).transform(SQUARE)[0]


@pytest.mark.parametrize("layer", [None, "0", "1"])
@pytest.mark.parametrize(
    ("pool", "expected"),
    [
        ("avg", [45, -90]),
        ("max", [90, 0]),
        ("none", [0, 30, 60, 90, 0, -60, -120, -180]),
        ("attention", [0, 45, 90, 135]),  # (|v| + |-2 v|) / 2
    ],
)
def test_pools(layer, pool, expected):
    np.testing.assert_allclose(count(layer=layer, pool=pool), expected, rtol=RTOL)


def test_several_layers_stand_side_by_side():
    both = CNNEmbedding(counted, layer=["2", "0"], pool="max", device=DEVICE)
    np.testing.assert_allclose(both.transform(SQUARE)[0], [45, -90, 90, 0], rtol=RTOL)
    names = [f"cnn_counted_{layer}_max_000{i}" for layer in "20" for i in "01"]
    assert list(both.get_feature_names_out()) == names


def test_one_name_and_a_list_of_one_are_one_thing():
    one, several = CNNEmbedding(counted, layer="0"), CNNEmbedding(counted, layer=["0"])
    assert extractor_token(one) == extractor_token(several)
    assert list(one.get_feature_names_out()) == list(several.get_feature_names_out())
    tokens = {extractor_token(CNNEmbedding(counted, layer=layer)) for layer in (None, "0", "1", ["0", "1"], ["1", "0"])}
    assert len(tokens) == 5


def test_resize_is_in_the_token_and_changes_the_rows():
    strip = np.arange(64, dtype=np.uint8).reshape(1, 4, 16)  # squashed to 2 x 2; the preset sees columns 6 to 9
    preset, squash = (CNNEmbedding(counted, resize=how, device=DEVICE) for how in ("preset", "squash"))
    assert extractor_token(preset) != extractor_token(squash)
    shown = {"preset": strip[0, :, 6:10], "squash": strip[0]}
    for name, extractor in (("preset", preset), ("squash", squash)):
        np.testing.assert_allclose(extractor.transform(strip)[0, 0], shown[name].mean(), atol=1)
    left = strip.copy()
    left[..., :3] = 255  # outside the middle
    np.testing.assert_array_equal(preset.transform(left), preset.transform(strip))
    assert (squash.transform(left) != squash.transform(strip)).any()


def test_of_a_module_that_runs_twice_the_last_run_counts():
    def twice():
        class Twice(torch.nn.Module):
            def __init__(self):
                super().__init__()
                self.relu = torch.nn.ReLU()

            def forward(self, x):
                return self.relu(1000 - self.relu(x))

        net = torch.nn.Sequential(Twice())
        net.preprocessing = counted().preprocessing
        return net

    rows = CNNEmbedding(twice, layer="0.relu", pool="max", device=DEVICE).transform(SQUARE)
    np.testing.assert_allclose(rows[0], [1000], rtol=RTOL)


def test_of_a_last_1_x_1_convolution_the_input_is_taken():
    def squeeze():
        net = torch.nn.Sequential(
            torch.nn.Identity(), torch.nn.Conv2d(1, 5, 1), torch.nn.ReLU(), torch.nn.AdaptiveAvgPool2d(1)
        )
        net.preprocessing = counted().preprocessing
        return net

    np.testing.assert_allclose(CNNEmbedding(squeeze, device=DEVICE).transform(SQUARE)[0], [45], rtol=RTOL)


def test_tokens_are_pooled_over_the_places():
    def transformer():
        class Tokens(torch.nn.Module):
            def forward(self, x):
                return torch.tensor([[[1.0, -4.0], [3.0, 2.0], [5.0, 0.0]]]).to(x.device).expand(len(x), 3, 2)

        return torch.nn.Sequential(Tokens())

    rows = {
        pool: CNNEmbedding(transformer, layer="0", pool=pool, device=DEVICE).transform(SQUARE)[0]
        for pool in ("avg", "max", "attention", "none")
    }
    np.testing.assert_allclose(rows["avg"], [3, -2 / 3], rtol=RTOL)
    np.testing.assert_allclose(rows["max"], [5, 2])
    np.testing.assert_allclose(rows["attention"], [2.5, 2.5, 2.5])
    np.testing.assert_allclose(rows["none"], [1, -4, 3, 2, 5, 0])


def by_hand(module, images):
    """Return what a module of the tiny network gives, on torch's own path, and before anything overwrites it."""
    torch.manual_seed(0)
    net, found = tiny().eval(), []
    net.get_submodule(module).register_forward_hook(lambda module, inputs, output: found.append(output.clone()))
    shown = net.preprocessing
    with torch.no_grad():
        net(shown.scale(torch.from_numpy(np.stack([shown.pixels(image) for image in images]))))
    return found[-1].flatten(1).numpy()


@pytest.mark.parametrize(
    "layer",
    ["conv", "bn", "relu", "blocks", "blocks.0", "blocks.1.conv1", "blocks.1.bn2", "blocks.0.relu", "pool", "fc"],
)
def test_a_layer_is_what_its_module_gives_however_it_is_run(layer):
    rows = CNNEmbedding(tiny, layer=layer, pool="none", device=DEVICE).transform(photographs())
    expected = by_hand(layer, photographs())
    assert rows.shape == expected.shape
    assert (np.linalg.norm(rows - expected, axis=1) < 1e-4 * np.linalg.norm(expected, axis=1)).all()


def test_the_end_of_a_network_without_classifier_is_its_output():
    def headless():
        net = tiny()
        net.fc = torch.nn.Identity()
        return net

    rows = CNNEmbedding(headless, device=DEVICE).transform(photographs())
    np.testing.assert_allclose(rows, CNNEmbedding(tiny, device=DEVICE).transform(photographs()), rtol=RTOL)


@pytest.mark.parametrize(("pool", "layer"), [("avg", None), ("max", "layer4"), ("attention", "layer4")])
def test_what_comes_before_the_classifier_of_a_resnet(pool, layer):
    images = photographs()[:1]
    end = CNNEmbedding("resnet18", weights=None, pool=pool, device=DEVICE).transform(images)
    named = CNNEmbedding("resnet18", weights=None, layer=layer or "avgpool", pool=pool, device=DEVICE).transform(images)
    np.testing.assert_allclose(end, named, rtol=1e-4, atol=1e-6)


def test_vit_gives_its_class_token():
    images = photographs()[:1]
    token = CNNEmbedding("vit_b_32", weights=None, device=DEVICE).transform(images)
    every = CNNEmbedding("vit_b_32", weights=None, layer="encoder", pool="none", device=DEVICE).transform(images)
    np.testing.assert_allclose(token, every[:, :768], rtol=1e-4, atol=1e-6)


def test_unknown_layers_are_refused_with_the_closest():
    with pytest.raises(ValueError, match=r"'layer' parameter of CNNEmbedding.*no module 'layer5' runs.*layer4"):
        CNNEmbedding("resnet18", weights=None, layer="layer5").fit(photographs())
    with pytest.raises(ValueError, match="'AuxLogits'"):  # there, but of no use after training
        CNNEmbedding("inception_v3", weights=None, layer="AuxLogits").fit(photographs())


def test_attention_needs_a_map():
    with pytest.raises(ValueError, match="is not a map"):
        CNNEmbedding("resnet18", weights=None, layer="fc", pool="attention").fit(photographs())


def test_senseless_parameters_are_refused():
    for params, words in [
        ({"backbone": "resnet5"}, r"no backbone is called 'resnet5': did you mean 'resnet50'\?"),
        ({"layer": []}, "the name of a module or several"),
        ({"pool": "mean"}, "one of 'avg', 'max', 'none', 'attention'"),
        ({"device": "gpu"}, "such as 'cpu'"),
        ({"precision": "float16"}, "one of 'float32', 'bf16'"),
        ({"batch_size": 0}, r"an int in \[1, inf\)"),
        ({"weights": 3}, "'default', 'v1', None or a path"),
        ({"resize": "crop"}, "one of 'preset', 'squash'"),
    ]:
        with pytest.raises(ValueError, match=words):
            CNNEmbedding(**params).fit(photographs())
    with pytest.raises(TypeError, match=r"must return a torch\.nn\.Module"):
        CNNEmbedding(dict).fit(photographs())
