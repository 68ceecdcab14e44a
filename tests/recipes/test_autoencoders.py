"""Recipes with an auto-encoder: what each makes of its errors and codes, whatever the order of images."""

from types import SimpleNamespace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.optimize import minimize
from scipy.spatial.distance import cdist
from sklearn.cluster import SpectralClustering
from sklearn.ensemble import RandomForestClassifier
from sklearn.frozen import FrozenEstimator
from sklearn.preprocessing import StandardScaler

from fingerprint_features import Autoencoder, NetClassifier, Pixels, load_imageclef_gans, make_membership_task, recipes
from fingerprint_features.learned import PatchSwapError
from fingerprint_features.recipes.registry import _RECIPES
from tests.recipes.sets import fit_on, make_on

torch = pytest.importorskip("torch", reason="the extra 'learned' is not installed")

TINY = {"epochs": 2, "lr": 3e-3, "batch_size": 16, "device": "cpu"}
SMALL = {
    "vcmi-2023-autoencoder": {"image_size": 16},
    "vcmi-2023-autoencoder-ensemble": {"image_size": 16},
    "vcmi-2023-two-decoders": {"image_size": 16},
    "vcmi-2023-replacing-patches": {"image_size": 16},
    "picuslab-2023-deforming-svm": {"image_size": 16, "latent": 8},
    "picuslab-2023-vote": {"image_size": 16, "latent": 4, "dim": 4, "vector_epochs": 1},
    "neural-nexus-2025-vit-autoencoder": {"backbone": "small_vit", "latent": 8},
    "neural-nexus-2025-spectral": {"image_size": 16},
    "neural-nexus-2025-forest": {"image_size": 16, "latent": 8},
}


@pytest.fixture(autouse=True, scope="module")
def one_thread():
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def task(tmp_path_factory):
    """A task of files, one image a patient."""
    folder = tmp_path_factory.mktemp("task")
    make_membership_task(12, 12, 16, image_size=32, random_state=4).to_folder(folder)
    return load_imageclef_gans(folder, 2025, 1, "train", groups=lambda id: id)


@pytest.fixture(scope="module")
def fitted(task):
    """Return a function from name to the recipe fitted on the task, each fitted once."""
    known = {}

    def get(name):
        if name not in known:
            known[name] = fit_on(name, task, **TINY, **SMALL[name])
        return known[name]

    return get


@pytest.mark.parametrize("name", [name for name in SMALL if name != "picuslab-2023-vote"])  # learns from pairs, too
def test_answers_do_not_depend_on_the_order_of_images(name, task, fitted):
    answers = fitted(name).predict(task.X)
    assert set(answers) <= {0, 1}
    order = np.random.default_rng(1).permutation(len(task.X))
    turned = SimpleNamespace(X=task.X, y=task.y, reference=task.reference[::-1])
    again = fit_on(name, turned, order, **TINY, **SMALL[name])
    assert_array_equal(again.predict(task.X[order]), answers[order])


@pytest.mark.parametrize("name", [name for name in SMALL if name != "vcmi-2023-replacing-patches"])
def test_a_saved_one_gives_the_same_answers(name, task, fitted, tmp_path):
    recipes.save(recipes.FittedRecipe(name, fitted(name)), tmp_path / "model")
    assert_array_equal(recipes.load(tmp_path / "model").model.predict(task.X), fitted(name).predict(task.X))


def test_one_that_compares_pixels_is_not_saved(fitted, tmp_path):
    name = "vcmi-2023-replacing-patches"
    with pytest.raises(ValueError, match="a saved model holds no images"):
        recipes.save(recipes.FittedRecipe(name, fitted(name)), tmp_path / "model")


@pytest.mark.parametrize("name", SMALL)
def test_the_fast_preset_needs_nothing_to_download(name, task):
    made = make_on(name, task, **recipes.info(name).fast)
    networks = [value for value in made.get_params().values() if isinstance(value, Autoencoder)]
    assert networks
    assert all(network.weights is None for network in networks)


def test_used_are_errors_within_three_deviations_of_those_of_generated_images(task, fitted):
    model = fitted("vcmi-2023-autoencoder")
    network = model[0].estimator_
    reference = task.reference[np.argsort(task.reference.digests)]
    alone = Autoencoder(image_size=16, **TINY).fit(reference[2:])  # a twentieth, two at least, is kept apart
    assert alone.digest_ == network.digest_
    apart, errors = (-alone.score_samples(images) for images in (reference[:2], task.X))
    scores = (apart.mean() - errors) / apart.std()
    assert_allclose(model.decision_function(task.X), scores + 3, rtol=1e-4)
    assert_array_equal(model.predict(task.X), errors < apart.mean() + 3 * apart.std())


def test_the_error_of_the_generated_images_decoder_decides(task, fitted):
    model = fitted("vcmi-2023-two-decoders")
    ((_, network),) = model[0].features_.extractors_
    assert len(network._network["head"]["decoders"]) == 2
    reference = task.reference[np.argsort(task.reference.digests)]
    measured, errors = (-network.score_samples(images) for images in (reference[:14], task.X))
    assert_array_equal(model.predict(task.X), errors < measured.mean() + measured.std())
    moved = recipes.with_reference(model, task.reference[::2])
    assert set(moved.predict(task.X)) <= {0, 1}


def test_the_ensemble_compares_codes_learnt_from_both_sets(task, fitted):
    model = fitted("vcmi-2023-autoencoder-ensemble")
    network = Autoencoder(image_size=16, fit_on="x", **TINY).fit(np.stack([*task.X, *task.reference]))
    assert network.digest_ == model[0].features_.extractors_[0][1].digest_
    reals, generated = (network.transform(images).astype(float) for images in (task.X, task.reference))
    across = -cdist(reals, generated, "sqeuclidean") / reals.shape[1]
    among = -cdist(reals, reals, "sqeuclidean") / reals.shape[1]
    np.fill_diagonal(among, -np.inf)
    ranks = np.argsort(np.argsort(across, axis=0), axis=0).mean(axis=1) / (len(reals) - 1)
    hit = np.isin(np.arange(len(reals)), across.argmax(axis=0))
    assert_array_equal(model.predict(task.X), ((ranks > 0.5) | (across.max(axis=1) > among.max())) & hit)


def test_patches_of_generated_images_are_measured_against_those_of_other_real_ones(task, fitted):
    model = fitted("vcmi-2023-replacing-patches")
    metric = PatchSwapError(Autoencoder(image_size=16, **TINY).fit(task.reference))
    reals, generated = (Pixels().fit_transform(images) for images in (task.X, task.reference))
    null, found = metric(reals, reals), metric(reals, generated)
    own = np.eye(len(reals), dtype=bool)
    # an image with its own patch counts as the mean of its row, as in the team's code
    values = np.concatenate([null[~own], null.mean(axis=1)])
    expected = (found.max(axis=1) - values.mean()) / values.std()
    assert_allclose(model.decision_function(task.X), expected - 2, rtol=1e-3, atol=1e-3)
    moved = recipes.with_reference(model, task.reference[:5])
    expected = (found[:, :5].max(axis=1) - values.mean()) / values.std()
    assert_allclose(moved.decision_function(task.X), expected - 2, rtol=1e-3, atol=1e-3)


@pytest.mark.parametrize("learnt", ["used", "unused", "both"])
def test_an_svm_separates_codes_of_templates_and_deformations(learnt, task):
    model = fit_on("picuslab-2023-deforming-svm", task, learnt=learnt, image_size=16, latent=8, **TINY)
    labels = {"used": [1], "unused": [0], "both": [0, 1]}[learnt]
    known = [image for image, label in zip(task.X, task.y, strict=True) if label in labels]
    network = Autoencoder(
        decoder="deforming", latent=8, image_size=16, fit_on="both", reference=task.reference, **TINY
    ).fit(np.stack(known))
    assert network.digest_ == model[0].features_.extractors_[0][1].digest_
    rows = StandardScaler().fit_transform(network.transform(task.X))
    rows, sign = np.column_stack([rows, np.ones(len(rows))]).astype(float), np.where(task.y, 1, -1)

    def cost(weights):  # of a linear SVM whose hinge is squared
        return weights @ weights / 2 + (np.maximum(1 - sign * (rows @ weights), 0) ** 2).sum()

    weights = minimize(cost, np.zeros(rows.shape[1]), tol=1e-10).x
    assert_allclose(model.decision_function(task.X), rows @ weights, atol=1e-2)
    with pytest.raises(TypeError, match="Autoencoder cannot be given another reference"):
        recipes.with_reference(model, task.reference[::2])


def test_most_of_nine_systems_decide(task, fitted):
    model = fitted("picuslab-2023-vote")
    vote = model[-1]
    codes = fit_on("picuslab-2023-deforming-svm", task, learnt="both", image_size=16, latent=4, **TINY)
    params = {**TINY, "epochs": 1, "lr": 1e-3, "image_size": 16, "dim": 4}
    vectors = fit_on("picuslab-2023-vector-net-svm", task, nets=2, kernel="linear", backbone="conv5", **params)
    rows = model[0].transform(task.X)
    assert rows.shape == (24, 24)
    assert_array_equal(vote.named_estimators_["codes-both"].predict(rows), codes.predict(task.X))
    assert_array_equal(vote.named_estimators_["vectors-2-linear"].predict(rows), vectors.predict(task.X))
    answers = np.array([member.predict(rows) for member in vote.estimators_])
    assert len(answers) == 9
    assert len({answer.tobytes() for answer in answers}) > 1
    assert_array_equal(model.predict(task.X), answers.mean(axis=0) > 0.5)
    assert_allclose(model.predict_proba(task.X)[:, 1], answers.mean(axis=0))


def test_the_forest_sees_an_error_and_two_distances(task, fitted):
    model = fitted("neural-nexus-2025-forest")
    network = Autoencoder("residual4", latent=8, loss="mae", image_size=16, random_state=42, **TINY).fit(task.reference)
    crafted = make_on("neural-nexus-2025-handcrafted", task)[0].features[0]
    codes, errors, described = {}, {}, {}
    for who, images in (("real", task.X), ("generated", task.reference)):
        codes[who] = network.transform(images).astype(float)
        errors[who] = -network.score_samples(images)
        described[who] = np.hstack([codes[who], crafted.fit_transform(images)])
    order = np.lexsort([task.y, *described["real"].T])
    first = RandomForestClassifier(200, random_state=42).fit(described["real"][order], np.asarray(task.y)[order])
    chosen = np.sort(np.argsort(-first.feature_importances_)[:20])
    assert_array_equal(np.flatnonzero(model[0].important_.get_support()), chosen)
    known, asked = described["generated"][:, chosen], described["real"][:, chosen]
    away = asked - known.mean(axis=0)
    inverse = np.linalg.pinv(np.cov(known.T, bias=True), hermitian=True)
    found = model[0].transform(task.X)
    assert_allclose(found[:, 0], errors["real"], rtol=1e-4)
    assert_allclose(found[:, 1], cdist(codes["real"], codes["generated"], "cosine").min(axis=1), atol=1e-5)
    assert_allclose(found[:, 2], np.einsum("ij,jk,ik->i", away, inverse, away), rtol=0.01)
    moved = recipes.with_reference(model, task.reference[::2])
    assert_array_equal(moved[0].transform(task.X)[:, 0], found[:, 0])
    assert (moved[0].transform(task.X)[:, 1] > found[:, 1] - 1e-6).all()


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("neural-nexus-2025-vit-autoencoder", {"backbone": "small_vit", "latent": 8}),
        ("neural-nexus-2025-spectral", {"image_size": 16}),
    ],
)
def test_codes_of_both_sets_are_clustered_together(name, params, task, fitted):
    network = Autoencoder(**params, **TINY).fit(task.reference)
    rows = [network.transform(images) for images in (task.X, task.reference)]
    table = np.vstack([own[np.lexsort(own.T)] for own in rows])
    clusters = SpectralClustering(2, affinity="nearest_neighbors", random_state=0).fit_predict(table)
    generated = np.arange(len(table)) >= len(task.X)
    share = np.array([generated[clusters == cluster].mean() for cluster in clusters[: len(task.X)]])
    expected = np.empty(len(task.X), dtype=int)
    expected[np.lexsort(rows[0].T)] = share > generated.mean()
    assert_array_equal(fitted(name).predict(task.X), expected)


def test_the_transformer_starts_from_a_network_trained_before(task):
    start = NetClassifier("small_vit", epochs=1, device="cpu").fit(task.X, task.y)
    name, params = "neural-nexus-2025-vit-autoencoder", {**TINY, "backbone": "small_vit", "latent": 8, "lr": 1e-12}
    model = fit_on(name, task, init=FrozenEstimator(start), **params)
    ((_, network),) = model.features_.extractors_
    body = {name: value for name, value in start.tensors_.items() if name.startswith("body.")}
    assert all(np.allclose(network.tensors_[name], value, atol=1e-6) for name, value in body.items())
    assert not np.allclose(
        fit_on(name, task, **params).features_.extractors_[0][1].tensors_["body.0.0.weight"], body["body.0.0.weight"]
    )


def test_every_recipe_with_an_autoencoder_is_tried_here():
    trained = {name for name, (_, builder) in _RECIPES.items() if "Autoencoder" in builder.__globals__}
    assert trained == set(SMALL)
