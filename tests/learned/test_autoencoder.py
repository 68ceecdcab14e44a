"""Autoencoder: it learns to give images back, its numbers are those of torch by hand, whatever the order of images."""

import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from fingerprint_features import FeaturePipeline, ImageSet
from fingerprint_features.cache.identity import extractor_token
from fingerprint_features.learned import Autoencoder, NetClassifier
from fingerprint_features.reference import ReferenceModel, ReferenceSimilarity

torch = pytest.importorskip("torch")
SIDE = 16


def shades(n=12, seed=0):
    """Return (n, 16, 16) images: a ramp of some strength, from left to right or from top to bottom, and noise."""
    rng = np.random.default_rng(seed)
    ramp = np.broadcast_to(np.linspace(0, 200, SIDE), (SIDE, SIDE))
    pictures = [rng.uniform(0.5, 1) * (ramp if i % 2 else ramp.T) + rng.uniform(0, 20, (SIDE, SIDE)) for i in range(n)]
    return np.array(pictures).astype(np.uint8)


def autoencoder(**params):
    """Return an Autoencoder that takes a moment."""
    return Autoencoder(
        **{"latent": 4, "image_size": SIDE, "epochs": 2, "lr": 3e-3, "batch_size": 6, "device": "cpu"} | params
    )


@pytest.fixture(scope="module")
def fitted():
    return autoencoder(epochs=30).fit(shades())


def test_errors_fall_and_are_small_for_images_like_those_learnt(fitted):
    losses = fitted.history_["loss"]
    assert losses[-1] < losses[0] / 4
    noise = np.random.default_rng(0).integers(0, 256, (12, SIDE, SIDE), dtype=np.uint8)
    assert fitted.score_samples(shades(seed=1)).min() > fitted.score_samples(noise).max()


def test_codes_and_images_are_those_of_torch_by_hand(fitted):
    from torch.nn.functional import batch_norm, conv2d, interpolate, leaky_relu

    images = shades(seed=2)
    t = {name: torch.from_numpy(own) for name, own in fitted.tensors_.items()}

    def conv(x, name, **how):
        return conv2d(x, t[f"{name}.weight"], t[f"{name}.bias"], padding=1, **how)

    def norm(x, name):
        return batch_norm(x, *(t[f"{name}.{own}"] for own in ("running_mean", "running_var", "weight", "bias")))

    x = leaky_relu(conv((torch.from_numpy(images)[:, None].float() - 127.5) / 127.5, "body.0.0", stride=2), 0.2)
    for i in (2, 5, 8, 11):
        x = leaky_relu(norm(conv(x, f"body.0.{i}", stride=2), f"body.0.{i + 1}"), 0.2)
    codes = x.mean(dim=(2, 3)) @ t["head.code.weight"].T + t["head.code.bias"]
    np.testing.assert_allclose(fitted.transform(images), codes.numpy(), rtol=1e-4, atol=1e-5)
    layers = "head.decoders.0.layers"
    x = leaky_relu((codes @ t[f"{layers}.0.weight"].T + t[f"{layers}.0.bias"]).view(-1, 256, 1, 1), 0.2)
    for i in (4, 8, 12, 16):
        x = leaky_relu(norm(conv(interpolate(x, scale_factor=2), f"{layers}.{i}"), f"{layers}.{i + 1}"), 0.2)
    made = (conv(x, f"{layers}.19").tanh()[:, 0].numpy() + 1) / 2
    np.testing.assert_allclose(fitted.reconstruct(images), made, rtol=1e-4, atol=1e-5)
    errors = ((made - images / 255) ** 2).mean(axis=(1, 2))
    np.testing.assert_allclose(fitted.score_samples(images), -errors, rtol=1e-3)


@pytest.mark.parametrize("backbone", ["residual5", "residual4", "small_vit"])
def test_every_published_network_gives_images_of_its_own_kind_back(backbone):
    side = {"small_vit": 64, "residual5": 17}.get(backbone, SIDE)
    images = np.random.default_rng(0).integers(0, 256, (4, 20, 20, 3), dtype=np.uint8)
    model = autoencoder(backbone=backbone, image_size=side, epochs=1).fit(images)
    made = model.reconstruct(images)
    assert made.shape == ((4, side, side, 3) if backbone == "residual4" else (4, side, side))
    assert made.min() >= 0
    assert made.max() <= 1
    assert (model.transform(images).min() >= 0) == (backbone == "residual4")  # its code ends in a ReLU


def test_the_loss_is_the_mean_difference_that_was_asked_for():
    images = shades()
    for loss, power in (("mse", 2), ("mae", 1)):
        # without batch norm, which has other means in training
        model = autoencoder(backbone=_grey, decoder="transposed", loss=loss, lr=1e-12, epochs=1).fit(images)
        away = np.abs(model.reconstruct(images) - images / 255)
        assert model.history_["loss"][0] == pytest.approx((away**power).mean(), rel=1e-4)
        np.testing.assert_allclose(model.score_samples(images), -(away**2).mean(axis=(1, 2)), rtol=1e-5)


def _grey():
    from fingerprint_features.extractors.cnn.preprocessing import Preprocessing

    net = torch.nn.Sequential(torch.nn.AvgPool2d(8), torch.nn.Flatten())
    net.preprocessing = Preprocessing(SIDE, SIDE, mean=(0.3,), std=(0.2,))
    return net


def test_labels_and_the_order_of_images_play_no_part_and_seeds_do():
    images = ImageSet(shades())
    order = np.random.default_rng(0).permutation(12)
    both = {"fit_on": "both", "reference": ImageSet(shades(8, seed=1))}
    first = autoencoder(**both).fit(images)
    turned = autoencoder(fit_on="both", reference=both["reference"][::-1]).fit(images[order], np.arange(12))
    assert first.digest_ == turned.digest_
    assert np.array_equal(first.transform(images)[order], turned.transform(images[order]))
    assert autoencoder(random_state=1, **both).fit(images).digest_ != first.digest_


def test_it_learns_from_the_set_that_was_asked_for():
    images, reference = shades(), 255 - shades(10, seed=1)
    on = {fit_on: autoencoder(fit_on=fit_on, reference=reference) for fit_on in ("x", "reference", "both")}
    digests = {fit_on: model.fit(images).digest_ for fit_on, model in on.items()}
    assert digests["x"] == autoencoder().fit(images).digest_
    assert digests["reference"] == autoencoder().fit(reference).digest_
    assert len(set(digests.values())) == 3


def test_two_decoders_learn_one_set_each_in_balanced_batches():
    images, reference = shades(), 255 - shades(20, seed=1)
    model = autoencoder(decoders=2, fit_on="both", reference=reference, epochs=20).fit(images)
    assert model.score_samples(reference).mean() > 2 * model.score_samples(images).mean()
    targets = torch.tensor([0] * 12 + [1] * 20)
    drawn = model._draw(targets, torch.arange(32), 6)
    assert [targets[rows].float().mean() for rows in drawn] == [0.5] * 4
    assert sorted(np.concatenate([rows[targets[rows] == 0] for rows in drawn])) == list(range(12))


def test_columns_are_codes_errors_and_pixels(fitted):
    images = shades(5)
    rows = {}
    for output in ("latent", "error", "both", "reconstruction"):
        fitted = pickle.loads(pickle.dumps(fitted)).set_params(output=output)
        rows[output] = fitted.transform(images)
        assert len(fitted.get_feature_names_out()) == rows[output].shape[1]
    assert np.array_equal(rows["both"], np.hstack([rows["latent"], rows["error"]]))
    assert rows["error"][:, 0].tolist() == (-fitted.score_samples(images)).tolist()
    assert rows["reconstruction"].reshape(-1, SIDE, SIDE).tolist() == fitted.reconstruct(images).tolist()


def test_a_saved_one_comes_back_without_its_reference(tmp_path):
    images = shades()
    model = autoencoder(fit_on="reference", reference=shades(8, seed=1), decoder="deforming").fit(images)
    model.save(tmp_path / "net.safetensors")
    loaded = Autoencoder.load(tmp_path / "net.safetensors", device="cpu")
    assert loaded.reference is None
    assert np.array_equal(loaded.score_samples(images), model.score_samples(images))
    assert extractor_token(loaded) == extractor_token(model)
    assert np.array_equal(pickle.loads(pickle.dumps(model)).transform(images), model.transform(images))


def test_rows_are_cached_and_behind_them_anything_of_scikit_learn_works(tmp_path):
    images = shades()
    features = FeaturePipeline([autoencoder(output="both")], cache=tmp_path / "rows.cache")
    assert make_pipeline(features, StandardScaler()).fit_transform(images).shape == (12, 5)
    assert clone(features).fit(images).get_feature_names_out()[-1] == "autoencoder_error"


def test_images_are_compared_with_a_reference_that_it_has_learnt():
    images, reference = ImageSet(shades()), ImageSet(shades(20, seed=1))
    model = ReferenceModel(autoencoder(), reference, standardize="zscore", held_out=0.2).fit(images)
    scores = model.estimator_.score_samples(images)
    np.testing.assert_allclose(model.transform(images)[:, 0], (scores - model.mean_) / model.std_)
    assert np.isfinite(model.with_reference(reference[::2]).transform(images)).all()
    assert model.__sklearn_tags__().input_tags.three_d_array
    closest = ReferenceSimilarity(reference, FeaturePipeline([autoencoder()]), "mse", fit_features="both").fit(images)
    assert closest.transform(images).shape == (12, 1)


def test_it_starts_from_a_classifier_with_the_same_backbone():
    images = shades()
    start = NetClassifier("conv5", image_size=SIDE, epochs=1, device="cpu").fit(images, np.arange(12) % 2)
    model = autoencoder(init=start, epochs=1, body_lr=0).fit(images)
    own, given = model.tensors_, start.tensors_
    assert all(np.array_equal(own[name], value) for name, value in given.items() if name.startswith("body."))


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"fit_on": "reference"}, "'reference' parameter of Autoencoder must be images where fit_on='reference'"),
        ({"reference": 3}, "'reference' parameter of Autoencoder must be None or a set of images"),
        ({"backbone": "conv6"}, "residual5.*: did you mean 'conv5'"),
        ({"decoders": 2}, "'fit_on' parameter of Autoencoder must be 'both' where decoders=2"),
        ({"decoder": "upsample"}, "'decoder' parameter of Autoencoder must be"),
        ({"latent": 1}, "'latent' parameter of Autoencoder must be"),
        ({"output": "codes"}, "'output' parameter of Autoencoder must be"),
        ({"loss": "ssim"}, "'loss' parameter of Autoencoder must be"),
    ],
)
def test_what_cannot_be_trained_is_said(params, words):
    with pytest.raises(ValueError, match=words):
        autoencoder(**params).fit(shades(4))
