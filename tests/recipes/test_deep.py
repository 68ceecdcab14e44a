"""Systems on a frozen network, with seeded weights: what each rule makes of the same rows, recomputed in NumPy."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from sklearn.base import clone
from sklearn.cluster import AgglomerativeClustering, KMeans
from sklearn.mixture import GaussianMixture
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC

from fingerprint_features import FeaturePipeline, make_attribution_task, recipes
from tests.recipes.sets import fit_on, make_on, small_task

pytest.importorskip("torch", reason="deep recipes need the extra cnn")

from fingerprint_features import CNNEmbedding

SMALL = {"backbone": "resnet18", "weights": None}
DEEP = [name for name in recipes.names() if recipes.info(name).needs_weights]
DETECTING = [name for name in DEEP if recipes.info(name).subtask == 1]
FITTING = {"zhouyijiang-2025-retrieval": {"k": 10}}


@pytest.fixture(scope="module")
def task():
    return small_task(random_state=4)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """Rows that all tests share: each image is shown to the network once."""
    return tmp_path_factory.mktemp("rows") / "rows.cache"


@pytest.fixture(scope="module")
def fitted(task, cache):
    known = {}

    def get(name):
        if name not in known:
            known[name] = fit_on(name, task, cache=cache, **SMALL, **FITTING.get(name, {}))
        return known[name]

    return get


@pytest.fixture(scope="module")
def rows(task, cache):
    """The features of reals and generated images, float64."""
    features = FeaturePipeline([CNNEmbedding(**SMALL)], cache=cache)
    return [features.fit_transform(images).astype(np.float64) for images in (task.X, task.reference)]


def test_all_systems_with_a_frozen_network_are_there():
    methods = {recipes.info(name).method for name in DEEP}
    assert methods == {"M10", "M14", "M15", "M25", "M27", "M29", "M30", "M35", "M38", "M40", "M41"}
    assert all({"backbone", "weights"} <= set(recipes.info(name).overrides) for name in DEEP)


@pytest.mark.parametrize("name", DETECTING)
def test_each_answers_used_or_unused_and_a_clone_the_same(name, task, fitted):
    answers = fitted(name).predict(task.X)
    assert set(answers) <= {0, 1}
    y = task.y if recipes.info(name).needs_labels else None
    assert_array_equal(clone(fitted(name)).fit(task.X, y).predict(task.X), answers)
    assert_array_equal(fitted(name).predict(task.X[[5, 2]]), answers[[5, 2]])


@pytest.mark.parametrize("name", [name for name in DETECTING if recipes.info(name).needs_labels])
def test_what_needs_labels_asks_for_them(name, task, cache):
    with pytest.raises((ValueError, TypeError), match=r"\by\b"):
        make_on(name, task, cache=cache, **SMALL, **FITTING.get(name, {})).fit(task.X)


def test_the_ensemble_on_mean_squared_differences(task, rows, fitted):
    reals, generated = rows
    across = -cdist(reals, generated, "sqeuclidean") / reals.shape[1]
    among = -cdist(reals, reals, "sqeuclidean") / reals.shape[1]
    np.fill_diagonal(among, -np.inf)
    ranks = np.argsort(np.argsort(across, axis=0), axis=0).mean(axis=1) / (len(reals) - 1)
    hit = np.isin(np.arange(len(reals)), across.argmax(axis=0))
    expected = ((ranks > 0.5) | (across.max(axis=1) > among.max())) & hit
    assert_array_equal(fitted("vcmi-2023-resnet50").predict(task.X), expected)
    assert 0 < expected.sum() < len(expected)


def test_cosines_above_the_mean_of_all(task, rows, fitted):
    cosines = 1 - cdist(*rows, "cosine")
    expected = cosines.max(axis=1) > cosines.mean() + cosines.std()
    assert_array_equal(fitted("medhastra-2025-resnet50-cosine").predict(task.X), expected)


def test_nearest_centre_of_the_generated_images_moves_with_the_threshold(task, cache):
    answers = [
        fit_on("challengers-2025-resnet50-kmeans", task, cache=cache, threshold=cut, **SMALL).predict(task.X).sum()
        for cut in (-1e6, 0.0, 1e6)
    ]
    assert answers[0] == len(task.X) >= answers[1] >= answers[2] == 0


def test_an_svm_tells_two_generators_apart(task, cache, fitted):
    features = FeaturePipeline([CNNEmbedding(**SMALL)], cache=cache)
    known = np.vstack([features.fit_transform(task.reference), features.transform(task.pool)])
    scale = StandardScaler().fit(known)
    svm = SVC().fit(scale.transform(known), np.repeat([1, 0], [len(task.reference), len(task.pool)]))
    expected = svm.decision_function(scale.transform(features.transform(task.X))) > 0
    assert_array_equal(fitted("aimultimedialab-2023-vgg16-svm").predict(task.X), expected)


@pytest.mark.parametrize("clusterer", [AgglomerativeClustering(2), GaussianMixture(2, random_state=0)])
def test_any_clusterer_may_take_the_place_of_k_means(task, cache, clusterer):
    name = "challengers-2025-resnet50-clusters"
    model = fit_on(name, task, cache=cache, clusterer=clusterer, n_components=5, **SMALL)
    assert type(model[-1].clusterer_) is type(clusterer)


def test_the_default_networks_are_those_of_the_papers(task):
    expected = {"M10": "resnet50", "M14": "resnet50", "M15": "resnet101", "M25": "vgg16", "M35": "vit_b_16"}
    for name in DEEP:
        backbone = expected.get(recipes.info(name).method, "resnet50")
        assert recipes.info(name).overrides["backbone"] == backbone
        assert recipes.info(name).overrides["weights"] == "default"


def test_weights_come_from_a_file_without_a_network(task, tmp_path, monkeypatch):
    import torch
    import torchvision

    torch.manual_seed(7)
    net = torchvision.models.resnet18(weights=None).eval()
    path = tmp_path / "resnet18.pth"
    torch.save(net.state_dict(), path)
    model = make_on("aim-2025-resnet50-svm", task, backbone="resnet18", weights=str(path))
    rows = model[0].fit(task.X[:2]).transform(task.X[:2])
    net.fc = torch.nn.Identity()
    shown = torchvision.models.ResNet18_Weights.DEFAULT.transforms()
    images = torch.stack([shown(Image.fromarray(image).convert("RGB")) for image in task.X[:2]])
    with torch.inference_mode():
        expected = net(images).numpy()
    assert np.abs(rows - expected).max() < 1e-4 * np.linalg.norm(expected, axis=1).max()


def test_the_network_that_is_installed_takes_the_place_of_one_to_download(task, cache):
    model = make_on("medhastra-2025-resnet50-cosine", task, backbone="efficientnet_lite0", cache=cache)
    assert set(model.fit(task.X).predict(task.X)) <= {0, 1}
    assert model[0].features_.transform(task.X[:1]).shape == (1, 1280)


# ---- subsets --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def subsets():
    return make_attribution_task(3, 14, 14, memorization=1, shift=3, image_size=48, random_state=0)


def test_an_svm_attributes_by_deep_features(subsets, cache):
    model = recipes.make("aim-2025-resnet50-svm", cache=cache, **SMALL).fit(subsets.reference, subsets.reference_y)
    features = FeaturePipeline([CNNEmbedding(**SMALL)], cache=cache)
    known = features.fit_transform(subsets.reference)
    scale = StandardScaler().fit(known)
    svm = LinearSVC().fit(scale.transform(known), subsets.reference_y)
    assert_array_equal(model.predict(subsets.X), svm.predict(scale.transform(features.transform(subsets.X))))


def test_clusters_are_matched_to_subsets_one_to_one(subsets, cache):
    name, y = "aim-2025-resnet50-kmeans", subsets.reference_y
    model = recipes.make(name, cache=cache, n_clusters=3, **SMALL).fit(subsets.reference, y)
    known = FeaturePipeline([CNNEmbedding(**SMALL)], cache=cache).fit_transform(subsets.reference)
    clusters = KMeans(3, n_init=10, random_state=0).fit_predict(known.astype(np.float64))
    table = np.array([[np.sum((clusters == c) & (y == k)) for k in (1, 2, 3)] for c in range(3)])
    best = table[linear_sum_assignment(-table)].sum()
    assert (model.predict(subsets.reference) == y).sum() == best
