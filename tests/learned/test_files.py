"""Files of trained networks: the same estimator comes back, and a hostile file is refused without running."""

import json
import pickle

import numpy as np
import pytest

from fingerprint_features.cache.identity import extractor_token
from fingerprint_features.learned import Augmentation, NetClassifier

from .stripes import classifier, stripes

torch = pytest.importorskip("torch")


@pytest.fixture(scope="module")
def trained():
    images, y = stripes()
    return classifier(augment=Augmentation(flip=True), lr=np.float64(1e-3)).fit(images, y)


def test_a_saved_network_comes_back_whole(trained, tmp_path):
    images, _ = stripes(seed=1)
    trained.save(tmp_path / "net.safetensors")
    loaded = NetClassifier.load(tmp_path / "net.safetensors", device="cpu")
    assert np.array_equal(loaded.predict_proba(images), trained.predict_proba(images))
    assert loaded.get_params() == trained.get_params()
    assert loaded.history_ == trained.history_
    assert loaded.classes_.tolist() == ["plain", "striped"]
    assert extractor_token(loaded) == extractor_token(trained)
    assert [path.name for path in tmp_path.iterdir()] == ["net.safetensors"]


def test_a_module_has_to_be_passed_again(tmp_path):
    images, y = stripes()
    module = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3 * 32 * 32, 5), torch.nn.Linear(5, 9))
    model = classifier(backbone=module).fit(images, y)
    model.save(tmp_path / "net.safetensors")
    with pytest.raises(ValueError, match="backbone="):
        NetClassifier.load(tmp_path / "net.safetensors")
    loaded = NetClassifier.load(tmp_path / "net.safetensors", backbone=module, device="cpu")
    assert np.array_equal(loaded.transform(images), model.transform(images))


class Trap:
    """An object whose pickle writes a file when it is read."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (str(self.path), "w")


@pytest.mark.parametrize("kind", ["pickle", "torch", "empty", "html"])
def test_a_file_that_holds_code_is_refused_and_not_run(tmp_path, kind):
    path, sprung = tmp_path / "net.safetensors", tmp_path / "sprung"
    if kind == "pickle":
        path.write_bytes(pickle.dumps(Trap(sprung)))
    elif kind == "torch":
        torch.save({"head.weight": Trap(sprung)}, path)
    else:
        path.write_bytes(b"" if kind == "empty" else b"<html></html>")
    with pytest.raises(ValueError, match=r"net\.safetensors is not a file of a trained network"):
        NetClassifier.load(path)
    assert not sprung.exists()
    if kind == "pickle":
        pickle.loads(path.read_bytes()).close()
        assert sprung.exists()  # the trap is one


def forged(trained, path, change):
    """Save a network, and write its header and tensors again after `change` has worked on them."""
    from safetensors import safe_open
    from safetensors.torch import save_file

    trained.save(path)
    with safe_open(path, framework="pt") as file:
        ((entry, text),) = file.metadata().items()
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    facts = json.loads(text)
    change(facts, tensors)
    save_file(tensors, path, {entry: json.dumps(facts)})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda facts, tensors: facts.update({"class": "os.system"}), "holds a 'os.system'"),
        (lambda facts, tensors: facts["params"].update(command="rm"), "command"),
        (lambda facts, tensors: facts["params"].update(backbone="os.system"), "no backbone is called"),
        (lambda facts, tensors: facts["params"].update(image_size=10**9), "image_size"),
        (lambda facts, tensors: facts["learned"].update(tensors_=[1]), "other things"),
        (lambda facts, tensors: facts.update(learned={}), "classes_"),
        (lambda facts, tensors: facts.update(params=None), "no complete NetClassifier"),
        (lambda facts, tensors: facts.update(layout=99), "another layout"),
        (lambda facts, tensors: tensors.pop("head.bias"), "head.bias"),
        (lambda facts, tensors: tensors["head.bias"].fill_(float("nan")), "not finite"),
        (lambda facts, tensors: tensors.update({"head.bias": torch.zeros(7)}), "head.bias"),
    ],
)
def test_a_forged_file_is_refused_in_words(trained, tmp_path, change, words):
    path = tmp_path / "net.safetensors"
    forged(trained, path, change)
    with pytest.raises(ValueError, match=words):
        NetClassifier.load(path)


def test_parameters_of_this_machine_are_not_taken_from_a_file(trained, tmp_path):
    path = tmp_path / "net.safetensors"
    forged(trained, path, lambda facts, tensors: facts["params"].update(checkpoint="/etc/passwd", device="cuda:9"))
    loaded = NetClassifier.load(path)
    assert (loaded.checkpoint, loaded.device) == (None, "auto")


def test_a_missing_file_is_said_to_be_missing(tmp_path):
    with pytest.raises(FileNotFoundError, match="nothing-here"):
        NetClassifier.load(tmp_path / "nothing-here")


def test_a_file_is_its_owners_and_is_replaced_where_a_link_leads(trained, tmp_path):
    target, link = tmp_path / "net.safetensors", tmp_path / "link.safetensors"
    target.write_bytes(b"an older one")
    link.symlink_to(target)
    trained.save(link)
    assert link.is_symlink()
    assert target.stat().st_mode & 0o777 == 0o600
    assert [file.name for file in sorted(tmp_path.iterdir())] == ["link.safetensors", "net.safetensors"]
