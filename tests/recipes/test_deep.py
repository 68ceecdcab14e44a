"""Systems on a frozen network, with seeded weights: the answers of each rule to the same rows, recomputed in NumPy."""

import cv2
import numpy as np
import pytest
from numpy.testing import assert_array_equal
from PIL import Image
from scipy.cluster.hierarchy import fcluster, ward
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist
from sklearn.base import clone
from sklearn.cluster import AgglomerativeClustering, KMeans
from sklearn.mixture import GaussianMixture
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from fingerprint_features import FeaturePipeline, make_attribution_task, recipes
from tests.recipes.sets import fit_on, make_on, small_task

pytest.importorskip("torch", reason="deep recipes need the extra cnn")

from fingerprint_features import CNNEmbedding
from fingerprint_features.extractors.cnn.preprocessing import Preprocessing

SMALL = {"backbone": "resnet18", "weights": None}
SEEN = {**SMALL, "resize": "squash"}
DEEP = [name for name in recipes.names() if recipes.info(name).needs_weights and not recipes.info(name).trains]
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
    features = FeaturePipeline([CNNEmbedding(**SEEN)], cache=cache)
    return [features.fit_transform(images).astype(np.float64) for images in (task.X, task.reference)]


def test_all_systems_with_a_frozen_network_are_there():
    methods = {recipes.info(name).method for name in DEEP}
    numbered = {f"M{number}" for number in (10, 14, 15, 25, 27, 29, 30, 34, 35, 36, 38, 40, 41)}
    assert methods == {*numbered, "other"}
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
    features = FeaturePipeline([CNNEmbedding(**SEEN)], cache=cache)
    known = np.vstack([features.fit_transform(task.reference), features.transform(task.pool)])
    scale = StandardScaler().fit(known)
    svm = SVC().fit(scale.transform(known), np.repeat([1, 0], [len(task.reference), len(task.pool)]))
    expected = svm.decision_function(scale.transform(features.transform(task.X))) > 0
    assert_array_equal(fitted("aimultimedialab-2023-vgg16-svm").predict(task.X), expected)


def test_the_attention_of_a_discriminator_that_the_user_gives(task):
    import torch

    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        module = torch.nn.Sequential(
            torch.nn.Conv2d(3, 6, 4, stride=16), torch.nn.LeakyReLU(0.2), torch.nn.Conv2d(6, 1, 4)
        ).eval()
    model = fit_on("neural-nexus-2025-attention", task, backbone=module, weights=None, layer="1", metric="f1")

    def places(images):
        shown = Preprocessing(crop=224, resize=224)
        pixels = torch.from_numpy(np.stack([shown.pixels(image, "squash") for image in images]))
        with torch.no_grad():
            maps = module[:2](shown.scale(pixels)).abs().mean(dim=1).flatten(1).numpy()
        assert maps.shape[1] == 196
        return [set(np.flatnonzero(own > np.sort(own)[156])) for own in maps]  # at most 39, a fifth

    generated = places(task.reference)
    expected = [np.mean([len(own & other) / len(own | other) for other in generated]) for own in places(task.X)]
    np.testing.assert_allclose(model[:-1].transform(task.X)[:, 0], expected, atol=1e-3)


def more_generated_than_average(clusters, n_real):
    """Which real images, the first rows, are in clusters where generated images are more frequent than overall."""
    generated = np.arange(len(clusters)) >= n_real
    share = {cluster: generated[clusters == cluster].mean() for cluster in np.unique(clusters)}
    return np.array([share[cluster] > generated.mean() for cluster in clusters[:n_real]])


def test_real_and_generated_images_are_clustered_together(task, rows, fitted):
    table = np.vstack(rows)
    away = table - table.mean(axis=0)
    _, sizes, axes = np.linalg.svd(away, full_matrices=False)
    kept = 1 + np.searchsorted(np.cumsum(sizes**2) / np.sum(sizes**2), 0.95, side="right")
    clusters = KMeans(2, n_init=10, random_state=1).fit_predict(away @ axes[:kept].T)
    expected = more_generated_than_average(clusters, len(task.X))
    assert_array_equal(fitted("challengers-2025-resnet50-clusters").predict(task.X), expected)
    assert 0 < expected.sum() < len(expected)


@pytest.fixture(scope="module")
def strongest(task, cache):
    """The largest activations of reals and generated images, float64."""
    features = FeaturePipeline([CNNEmbedding(**SEEN, pool="max")], cache=cache)
    return [features.fit_transform(images).astype(np.float64) for images in (task.X, task.reference)]


def two_trees(table, n_features):
    """The two clusters of Ward's method on the means of columns, these in clusters of Ward's method too."""
    alike = fcluster(ward(table.T), n_features, "maxclust")
    means = np.column_stack([table[:, alike == group].mean(axis=1) for group in np.unique(alike)])
    return fcluster(ward(means), 2, "maxclust")


def test_wards_clusters_of_real_and_generated_images(task, strongest, fitted):
    clusters = two_trees(np.vstack(strongest), 32)
    expected = more_generated_than_average(clusters, len(task.X))
    assert_array_equal(fitted("clef-cse-2023-clusters").predict(task.X), expected)
    assert 0 < expected.sum() < len(expected)


def test_clusters_may_be_named_by_labels_instead(task, strongest, cache):
    model = make_on("clef-cse-2023-clusters", task, cache=cache, mapping="majority", **SMALL)
    with pytest.raises(ValueError, match="requires y"):
        model.fit(task.X)
    clusters = two_trees(np.vstack(strongest), 32)[: len(task.X)]
    expected = [task.y[clusters == cluster].mean() > 0.5 for cluster in clusters]
    assert_array_equal(model.fit(task.X, task.y).predict(task.X), expected)


@pytest.mark.parametrize("name", ["challengers-2025-resnet50-clusters", "clef-cse-2023-clusters"])
def test_clusters_do_not_depend_on_the_order_of_files(name, task, cache, fitted):
    order = np.random.default_rng(1).permutation(len(task.X))
    model = recipes.make(name, reference=task.reference[::-1], cache=cache, **SMALL).fit(task.X[order])
    assert_array_equal(model.predict(task.X), fitted(name).predict(task.X))


def test_clusters_cannot_be_asked_about_another_generator(task, fitted):
    with pytest.raises(TypeError, match="JointClusters cannot be given another reference"):
        recipes.with_reference(fitted("clef-cse-2023-clusters"), task.pool)


@pytest.mark.parametrize("clusterer", [AgglomerativeClustering(2), GaussianMixture(2, random_state=0)])
def test_any_clusterer_may_take_the_place_of_k_means(task, cache, clusterer):
    name = "challengers-2025-resnet50-clusters"
    model = fit_on(name, task, cache=cache, clusterer=clusterer, n_components=5, **SMALL)
    assert type(model.clusters_.clusterer_[-1]) is type(clusterer)


def test_candidates_are_counted_from_generated_to_real_images(task, rows, fitted):
    cosines = 1 - cdist(rows[1], rows[0], "cosine")
    found = np.bincount(np.argsort(-cosines, axis=1)[:, :10].ravel(), minlength=len(task.X))
    assert_array_equal(fitted("zhouyijiang-2025-retrieval")[0].transform(task.X)[:, 0], found)


@pytest.mark.parametrize("cut", ["below all", "median"])
def test_found_by_a_generated_image_and_close_to_it(task, rows, cache, cut):
    cosines = 1 - cdist(rows[1], rows[0], "cosine")
    finds = cosines.argmax(axis=1)
    threshold = {"below all": cosines.min() - 0.01, "median": np.median(cosines.max(axis=1))}[cut]
    expected = np.isin(np.arange(len(task.X)), finds[cosines.max(axis=1) > threshold])
    model = fit_on("taozi-2025-resnet50-retrieval", task, cache=cache, threshold=threshold, **SEEN)
    assert_array_equal(model.predict(task.X), expected)
    assert 0 < expected.sum() < len(expected)


def test_cosines_of_filtered_images_in_deviations(task, cache):
    features = FeaturePipeline([CNNEmbedding(**SEEN)])
    reals, generated = (
        features.fit_transform([cv2.GaussianBlur(image, (0, 0), 1.0) for image in images]).astype(np.float64)
        for images in (task.X, task.reference)
    )
    among = 1 - cdist(reals, reals, "cosine")[np.triu_indices(len(reals), 1)]
    expected = ((1 - cdist(reals, generated, "cosine")).max(axis=1) - among.mean()) / among.std()
    model = fit_on("zoq-2025-resnet50-cosine", task, cache=cache, **SMALL)
    np.testing.assert_allclose(model[0].transform(task.X)[:, 0], expected, atol=0.05)  # blurs differ by a grey level


def test_the_default_networks_are_those_of_the_papers(task):
    expected = {"M15": "resnet101", "M25": "vgg16", "M35": "vit_b_16", "other": "resnet18"}
    for name in DEEP:
        backbone = expected.get(recipes.info(name).method, "resnet50")
        assert recipes.info(name).overrides["backbone"] == backbone
        assert recipes.info(name).overrides["weights"] == "v1"
        cropped = name == "taozi-2025-resnet50-retrieval"  # alone in the team's code
        assert recipes.info(name).overrides["resize"] == ("preset" if cropped else "squash")


@pytest.mark.parametrize("resize", [None, "preset"])
def test_the_whole_slice_is_squashed_unless_an_override_says_otherwise(resize, tmp_path):
    import torch
    import torchvision
    from torchvision.transforms import v2

    torch.manual_seed(7)
    net = torchvision.models.resnet18(weights=None).eval()
    path = tmp_path / "resnet18.pth"
    torch.save(net.state_dict(), path)
    images = np.random.default_rng(0).integers(0, 256, (2, 60, 90), dtype=np.uint8)
    override = {} if resize is None else {"resize": resize}
    model = recipes.make("aim-2025-resnet50-svm", backbone="resnet18", weights=str(path), **override)
    rows = model[0].fit(images).transform(images)
    net.fc = torch.nn.Identity()
    squashed = v2.Compose(
        [
            v2.Resize((224, 224)),
            v2.PILToTensor(),
            v2.ToDtype(torch.float32, scale=True),
            v2.Normalize([0.485, 0.456, 0.406], [0.229, 0.224, 0.225]),
        ]
    )
    shown = torchvision.models.ResNet18_Weights.IMAGENET1K_V1.transforms() if resize else squashed
    with torch.inference_mode():
        expected = net(torch.stack([shown(Image.fromarray(image).convert("RGB")) for image in images])).numpy()
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
    features = FeaturePipeline([CNNEmbedding(**SEEN)], cache=cache)
    known = features.fit_transform(subsets.reference)
    asked, votes = features.transform(subsets.X), np.zeros((len(subsets.X), 4))
    for pair in [(1, 2), (1, 3), (2, 3)]:
        of_pair = np.isin(subsets.reference_y, pair)
        svm = SVC(kernel="linear").fit(known[of_pair], subsets.reference_y[of_pair])
        votes[np.arange(len(asked)), svm.predict(asked)] += 1
    assert_array_equal(model.predict(subsets.X), votes.argmax(axis=1))


def test_the_nearest_subset_has_the_largest_mean_cosine(subsets, cache):
    name, y = "medhastra-2025-resnet18-nearest-subset", subsets.reference_y
    model = recipes.make(name, cache=cache, **SMALL).fit(subsets.reference, y)
    features = FeaturePipeline([CNNEmbedding(**SEEN)], cache=cache)
    distances = cdist(features.fit_transform(subsets.X), features.fit_transform(subsets.reference), "cosine")
    expected = 1 + np.argmin([distances[:, y == subset].mean(axis=1) for subset in (1, 2, 3)], axis=0)
    assert_array_equal(model.predict(subsets.X), expected)
    assert len(set(expected)) == 3


def test_clusters_are_matched_to_subsets_one_to_one(subsets, cache):
    name, y = "aim-2025-resnet50-kmeans", subsets.reference_y
    model = recipes.make(name, cache=cache, n_clusters=3, **SMALL).fit(subsets.reference, y)
    known = FeaturePipeline([CNNEmbedding(**SEEN)], cache=cache).fit_transform(subsets.reference)
    clusters = KMeans(3, n_init=10, random_state=0).fit_predict(known.astype(np.float64))
    table = np.array([[np.sum((clusters == c) & (y == k)) for k in (1, 2, 3)] for c in range(3)])
    best = table[linear_sum_assignment(-table)].sum()
    assert (model.predict(subsets.reference) == y).sum() == best
