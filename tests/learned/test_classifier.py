"""NetClassifier: it learns, its numbers are those of torch called by hand, and it stops with clear words."""

import pickle
from functools import partial

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.ensemble import VotingClassifier
from sklearn.exceptions import NotFittedError
from sklearn.frozen import FrozenEstimator
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.pipeline import make_pipeline

from fingerprint_features import FeaturePipeline, ImageReadError, ImageSet, ImageStats
from fingerprint_features.cache.identity import extractor_token
from fingerprint_features.learned import Augmentation, NetClassifier
from tests.helpers import write_images

from .stripes import classifier, stripes

torch = pytest.importorskip("torch")


@pytest.fixture(scope="module")
def fitted():
    images, y = stripes()
    return classifier(epochs=6).fit(images, y)


def test_it_tells_new_images_apart(fitted):
    images, y = stripes(seed=1)
    assert fitted.predict(images).tolist() == y.tolist()
    assert fitted.score(images, y) == 1
    assert fitted.history_["loss"][-1] < fitted.history_["loss"][0] / 2
    assert fitted.classes_.tolist() == ["plain", "striped"]


def test_rows_and_probabilities_are_those_of_torch_by_hand(fitted):
    images, _ = stripes(seed=2)
    t = {name: torch.from_numpy(own) for name, own in fitted.tensors_.items()}
    x = (torch.from_numpy(images)[:, None].float() / 255 - 0.5) / 0.5
    for conv in (0, 4, 8, 12):
        x = torch.nn.functional.conv2d(x, t[f"body.0.{conv}.weight"], padding=1)
        norm = [t[f"body.0.{conv + 1}.{name}"] for name in ("running_mean", "running_var", "weight", "bias")]
        x = torch.nn.functional.max_pool2d(torch.nn.functional.batch_norm(x, *norm).relu(), 2)
    rows = x.mean(dim=(2, 3))
    expected = torch.softmax(rows @ t["head.weight"].T + t["head.bias"], dim=1)
    found = fitted.transform(images)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, rows.numpy(), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(fitted.predict_proba(images), expected.numpy(), rtol=1e-4, atol=1e-6)
    assert fitted.get_feature_names_out().tolist() == [f"netclassifier_{i:04d}" for i in range(128)]


def test_a_step_of_training_is_that_of_torch_by_hand():
    models = pytest.importorskip("torchvision").models
    images, y = stripes()
    both = {"backbone": "resnet18", "epochs": 1, "batch_size": 16}
    before = classifier(lr=1e-30, **both).fit(images, y)  # too small a step to change a weight
    after = classifier(lr=1e-3, **both).fit(images, y)
    net = models.resnet18(num_classes=2)

    def by_torch(model):
        return {
            name.replace("body.0.", "").replace("head.", "fc."): torch.from_numpy(own.copy())
            for name, own in model.tensors_.items()
        }

    weights = {name for name, _ in net.named_parameters()}
    net.load_state_dict({name: own for name, own in by_torch(before).items() if name in weights}, strict=False)
    mean, std = (torch.tensor(own)[:, None, None] for own in ([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]))
    shown = (torch.from_numpy(images)[:, None].expand(-1, 3, -1, -1) / 255 - mean) / std
    loss = torch.nn.functional.cross_entropy(net(shown), torch.tensor(y == "striped").long())
    loss.backward()
    torch.optim.Adam(net.parameters(), lr=1e-3).step()
    assert after.history_["loss"] == [pytest.approx(loss.item(), rel=1e-5)]
    found, expected = by_torch(after), net.state_dict()
    assert found.keys() == expected.keys()
    away = torch.cat([(found[name] - own).abs().flatten() for name, own in expected.items() if name in weights])
    assert (away > 1e-5).float().mean() < 0.01  # the first step of Adam is as large where the slope is mere rounding
    assert away.max() <= 2.001e-3
    for name in ("bn1.running_mean", "layer4.1.bn2.running_var"):
        torch.testing.assert_close(found[name], expected[name], rtol=1e-3, atol=1e-5)


def test_a_hidden_layer_is_what_transform_gives():
    images, y = stripes()
    model = classifier(hidden=7, dropout=0.5, epochs=4).fit(images, y)
    t = {name: torch.from_numpy(own) for name, own in model.tensors_.items()}
    body = classifier(init=FrozenEstimator(model), body_lr=0, epochs=1).fit(images, y).transform(images)
    rows = (torch.from_numpy(body) @ t["hidden.0.weight"].T + t["hidden.0.bias"]).relu()
    np.testing.assert_allclose(model.transform(images), rows.numpy(), rtol=1e-4, atol=1e-5)
    expected = torch.softmax(rows @ t["head.weight"].T + t["head.bias"], dim=1)
    np.testing.assert_allclose(model.predict_proba(images), expected.numpy(), rtol=1e-4, atol=1e-6)
    assert len(model.get_feature_names_out()) == 7
    with pytest.raises(NotFittedError, match="call fit again"):
        clone(model).fit(images, y).set_params(hidden=8).predict(images)


def test_dropout_hides_a_share_of_what_the_last_layer_is_given_in_training_alone():
    images, y = stripes()
    seen = {True: [], False: []}

    class Watching(NetClassifier):
        def _make_net_tell(self, net, _, rows):
            seen[net.training] += rows[0].detach().flatten().tolist()

        def _loss(self, net, inputs, targets):
            hook = net["head"].register_forward_pre_hook(partial(self._make_net_tell, net))
            try:
                return super()._loss(net, inputs, targets)
            finally:
                hook.remove()

    body = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3 * 16 * 16, 400), torch.nn.Sigmoid())
    model = Watching(body, image_size=16, dropout=0.5, epochs=1, validation=0.25)
    model.fit(images, y)
    assert 0.45 < np.mean(np.array(seen[True]) == 0) < 0.55
    assert np.min(seen[False]) > 0


def test_a_seed_names_one_network_and_leaves_the_users_random_numbers_alone(fitted):
    images, y = stripes()
    change = Augmentation(flip=True, rotate=5, noise=0.1)
    torch.manual_seed(5)
    before = torch.get_rng_state()
    first, again = (classifier(augment=change).fit(images, y) for _ in range(2))
    assert torch.equal(before, torch.get_rng_state())
    assert first.digest_ == again.digest_
    assert all(np.array_equal(own, again.tensors_[name]) for name, own in first.tensors_.items())
    assert first.history_ == again.history_
    assert classifier(augment=change, random_state=1).fit(images, y).digest_ != first.digest_
    assert classifier().fit(images, y).digest_ != first.digest_


def test_labels_decide_the_loss():
    images, y = stripes()
    mixed = np.random.default_rng(0).permutation(y)
    straight, permuted = (classifier().fit(images, labels).history_["loss"] for labels in (y, mixed))
    assert permuted[-1] > straight[-1]


def test_each_image_is_decoded_once_however_many_epochs(tmp_path, monkeypatch):
    images, y = stripes(8)
    paths, decoded, decode = write_images(tmp_path, images), [], ImageSet.decode_one
    monkeypatch.setattr(ImageSet, "decode_one", lambda self, raw, i: decoded.append(i) or decode(self, raw, i))
    model = classifier(epochs=3).fit(paths, y)
    assert len(decoded) == 8
    assert model.digest_ == classifier(epochs=3).fit(images, y).digest_


def watcher():
    """Return a network that keeps what it is shown."""
    seen = []

    class Watcher(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.layer = torch.nn.Linear(3 * 16 * 16, 4)

        def forward(self, x):
            seen.append(x.detach().clone())
            return self.layer(x.flatten(1))

    return Watcher, seen


def test_training_and_prediction_see_the_same_numbers():
    images = np.random.default_rng(0).integers(0, 256, (4, 40, 24, 3), dtype=np.uint8)
    make, seen = watcher()
    model = classifier(backbone=make, image_size=16, epochs=1)
    model.fit(images, [0, 0, 1, 1])
    trained = max(seen, key=len)
    seen.clear()
    model.transform(images)
    predicted = max(seen, key=len)
    assert trained.shape == predicted.shape == (4, 3, 16, 16)

    def in_order(shown):
        return shown[shown.sum(dim=(1, 2, 3)).argsort()]

    assert torch.equal(in_order(trained), in_order(predicted))
    assert trained.min() < -1  # the network's own scale, not 0 to 1


def test_a_module_is_copied_and_its_classifier_replaced():
    images, y = stripes()
    module = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3 * 32 * 32, 5), torch.nn.Linear(5, 1000))
    before = module[1].weight.clone()
    model = classifier(backbone=module, epochs=1).fit(images, y)
    assert torch.equal(before, module[1].weight)
    assert model.transform(images).shape == (16, 5)
    assert model.predict_proba(images).shape == (16, 2)


def test_scikit_learn_takes_it_for_a_classifier():
    images, y = stripes()
    X = ImageSet(images)
    assert cross_val_predict(classifier(epochs=4), X, y, cv=2, method="predict_proba").shape == (16, 2)
    grid = GridSearchCV(classifier(), {"epochs": [1, 2]}, cv=2, error_score="raise").fit(X, y)
    assert set(grid.predict(X)) <= {"plain", "striped"}
    behind = make_pipeline(classifier(epochs=4), LogisticRegression()).fit(X, y)
    vote = VotingClassifier([("a", classifier()), ("b", classifier(epochs=4)), ("c", classifier(random_state=1))])
    assert set(vote.fit(X, y).predict(X)) <= {"plain", "striped"}
    assert behind.score(X, y) == 1
    assert clone(grid.best_estimator_).get_params() == grid.best_estimator_.get_params()


def test_rows_go_through_the_pass_and_the_cache(tmp_path, monkeypatch):
    images, y = stripes()
    features = FeaturePipeline([classifier()], cache=tmp_path / "rows.cache")
    rows = features.fit_transform(images, y)
    ((_, trained),) = features.extractors_
    other = classifier().fit(images, y[::-1])
    assert extractor_token(other) != extractor_token(trained)
    again = clone(trained).set_params(progress=False, checkpoint=tmp_path / "checkpoint").fit(images, y)
    assert extractor_token(again) == extractor_token(trained)
    monkeypatch.setattr(type(trained), "_extract_batch", lambda *_: pytest.fail("the rows are in the cache"))
    assert np.array_equal(features.transform(images), rows)
    assert np.array_equal(trained.classes_, ["plain", "striped"])


def test_a_pickle_gives_the_same_rows_and_holds_the_tensors_once(fitted):
    images, _ = stripes()
    rows = fitted.transform(images)
    pickled = pickle.dumps(fitted)
    assert len(pickled) < 1.2 * sum(own.nbytes for own in fitted.tensors_.values()) + 20_000
    assert np.array_equal(pickle.loads(pickled).transform(images), rows)


def test_early_stopping_takes_the_best_epoch():
    images, y = stripes(24)
    y[::5] = y[::-1][::5]  # some wrong labels: the validation loss rises sooner or later
    model = classifier(epochs=40, validation=0.25, patience=2, lr=1e-2).fit(images, y)
    losses = model.history_["validation_loss"]
    assert len(losses) == len(model.history_["loss"]) < 40
    assert int(np.argmin(losses)) == len(losses) - 3
    held_out = model._held_out([ImageSet(images)], images, np.unique(y, return_inverse=True)[1])
    assert 4 <= held_out.sum() <= 8
    found = model.predict_proba(images[held_out])
    right = found[np.arange(held_out.sum()), (y[held_out] == "striped").astype(int)]
    assert -np.log(right).mean() == pytest.approx(min(losses), rel=1e-3)


def test_patients_and_copies_are_not_parted_by_the_validation():
    images, y = stripes(24)
    images[3] = images[0]
    X = ImageSet(images, groups=np.arange(24) // 2)
    for seed in range(5):
        model = classifier(validation=0.3, random_state=seed)
        held_out = model._held_out([X], images, (y == "striped").astype(int))
        assert 0 < held_out.sum() < 24
        assert np.array_equal(held_out[::2], held_out[1::2])
        assert held_out[0] == held_out[3]


def test_images_to_train_on_only_are_never_held_out_nor_what_belongs_to_them():
    images, y = stripes(24)
    images[20] = images[0]
    X, train_only = ImageSet(images, groups=np.arange(24) // 2), np.zeros(24, dtype=bool)
    train_only[[0, 5, 14]] = True
    shown = []

    class Watching(type(classifier())):
        def _held_out(self, *given):
            shown.append(super()._held_out(*given))
            return shown[-1]

    for seed in range(6):
        Watching(image_size=32, epochs=1, validation=0.5, random_state=seed).fit(X, y, train_only=train_only)
    never = ~np.any(shown, axis=0)
    assert np.flatnonzero(never).tolist() == [0, 1, 4, 5, 14, 15, 20, 21]
    with pytest.raises(ValueError, match="train_only must hold True or False for each of 24 images"):
        classifier().fit(X, y, train_only=[0, 1])


@pytest.mark.parametrize(
    ("params", "y", "words"),
    [
        ({}, ["a"] * 16, "one class only"),
        ({}, ["a", "b"], "one label for each of 16"),
        ({}, None, "requires y"),
        ({"patience": 2}, ["a", "b"] * 8, "validation=0"),
        ({"validation": 0.25}, ["a"] * 15 + ["b"], "two or more groups of each class"),
        ({"hidden": 0}, ["a", "b"] * 8, "'hidden' parameter"),
        ({"dropout": 1.0}, ["a", "b"] * 8, "'dropout' parameter"),
        ({"backbone": "resnet19"}, ["a", "b"] * 8, "did you mean 'resnet18'"),
        ({"weights": "default"}, ["a", "b"] * 8, "no published weights"),
        ({"augment": {"flip": True}}, ["a", "b"] * 8, "Augmentation"),
    ],
)
def test_what_cannot_be_trained_is_said(params, y, words):
    with pytest.raises(ValueError, match=words):
        classifier(**params).fit(stripes()[0], y)


@pytest.mark.parametrize("n", [2, 3, 5])
def test_no_batch_holds_a_single_image(n):
    # of one image of one pixel, batch norm has no variance
    images = stripes()[0][:n]
    norm = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3 * 8 * 8, 4), torch.nn.BatchNorm1d(4))
    model = classifier(backbone=norm, image_size=8, batch_size=2).fit(images, np.arange(n) % 2)
    assert np.isfinite(model.transform(np.zeros((1, 9, 9), dtype=np.uint8))).all()


def test_one_image_is_too_few():
    with pytest.raises(ValueError, match="two images at least"):
        classifier().fit(stripes()[0][:1], ["a"])


def test_a_diverging_loss_stops_the_fit_and_leaves_it_unfitted():
    images, y = stripes()
    module = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(3 * 32 * 32, 5), torch.nn.Linear(5, 9))
    torch.nn.init.constant_(module[1].weight, 3e38)
    model = classifier(backbone=module, epochs=3)
    with pytest.raises(FloatingPointError, match=r"NetClassifier: the loss is .* in epoch \d of 3.* Lower lr"):
        model.fit(images, y)
    with pytest.raises(NotFittedError):
        model.predict(images)


def test_bad_images_are_named_all_at_once(tmp_path):
    paths = write_images(tmp_path, stripes(8)[0])
    for i in (2, 5):
        (tmp_path / f"image{i}.png").write_bytes(b"")
    with pytest.raises(ImageReadError) as caught:
        classifier().fit(paths, ["a", "b"] * 4)
    assert [failure.id for failure in caught.value.failures] == [paths[2], paths[5]]


def test_a_change_of_the_network_after_fit_is_refused(fitted):
    changed = pickle.loads(pickle.dumps(fitted)).set_params(image_size=48)
    with pytest.raises(NotFittedError, match="call fit again"):
        changed.predict(stripes()[0])


def test_it_is_silent_when_not_on_a_terminal(capfd):
    images, y = stripes()
    classifier().fit(images, y)
    assert capfd.readouterr() == ("", "")


def test_a_frozen_network_is_used_as_it_is(fitted, tmp_path):
    images, _ = stripes()
    features = FeaturePipeline([FrozenEstimator(fitted), ImageStats()], cache=tmp_path / "rows.cache")
    rows = features.transform(images)  # nothing has to be fitted
    assert np.array_equal(rows[:, :128], fitted.transform(images))
    assert features.get_feature_names_out()[0] == "netclassifier_0000"
    assert np.array_equal(clone(features).fit(images).transform(images), rows)
    assert not features.__sklearn_tags__().requires_fit
    assert "netclassifier" in features.get_params()
