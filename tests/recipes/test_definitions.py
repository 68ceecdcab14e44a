"""The other published rules, recomputed from their descriptions with other libraries: the same labels."""

import cv2
import imagehash
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from PIL import Image
from scipy.stats import wasserstein_distance
from skimage.feature import graycomatrix, graycoprops, local_binary_pattern
from skimage.metrics import structural_similarity
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import cohen_kappa_score
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

from fingerprint_features import SIFTWords, TextureCDF
from fingerprint_features.reference.samples import Samples, by_content
from tests.recipes.sets import fit_on, make_on, small_task


@pytest.fixture(scope="module")
def task():
    return small_task(random_state=9)


@pytest.fixture(scope="module")
def images(task):
    return list(task.X), list(task.reference)


def decides(answers):
    return 0 < np.sum(answers) < len(answers)


def test_hashes_within_50_bits_of_256(task, images):
    reals, generated = ([imagehash.phash(Image.fromarray(i), hash_size=16) for i in group] for group in images)
    expected = [min(real - other for other in generated) <= 50 for real in reals]
    answers = fit_on("dmk-2023-phash", task).predict(task.X)
    assert_array_equal(answers, expected)
    assert decides(answers)


def test_words_are_learnt_on_the_generated_images_and_neighbours_are_labelled_reals(task):
    model = fit_on("dmk-2023-sift-knn", task, n_words=30)
    words = SIFTWords(30, random_state=42).fit(by_content(Samples(task.reference)).data)
    present = words.transform(task.X) > 0  # the published counts never exceed one
    assert_array_equal(model[0].transform(task.X), present)
    nearest = KNeighborsClassifier(5).fit(present, task.y)
    # the cut between the fifth and the sixth neighbour must not run through a tie, where the folder's order decides
    distances = nearest.kneighbors(present, 6)[0]
    clear = distances[:, 4] < distances[:, 5]
    assert clear.sum() > 5
    assert_array_equal(model.predict(task.X)[clear], nearest.predict(present)[clear])


def test_pairs_of_a_real_and_a_generated_image_by_the_distances_of_ten_texture_maps(task, images):
    reals, generated = (
        TextureCDF(16).fit_transform(group).astype(float).reshape(-1, 10, 16) for group in (task.X, task.reference)
    )
    pairs = [[[wasserstein_distance(*maps) for maps in zip(a, b, strict=True)] for b in generated] for a in reals]
    judge = make_pipeline(StandardScaler(), LogisticRegression())
    judge.fit(np.vstack(pairs), np.repeat(task.y, len(generated)))
    expected = [judge.predict_proba(of_one)[:, 1].mean() for of_one in pairs]
    model = fit_on("gan-isi-2023-texture-cdf", task, n_quantiles=16, n_pairs=None)
    assert_allclose(model.predict_proba(task.X)[:, 1], expected, atol=1e-4)
    assert decides(model.predict(task.X))


def patterns(images):
    codes = [local_binary_pattern(image, 8, 1, "uniform") for image in images]
    return np.array([np.bincount(code.astype(int).ravel(), minlength=10) / code.size for code in codes])


def test_an_svm_on_patterns_of_two_generators(task, images):
    model = make_on("aimultimedialab-2023-lbp-svm", task)
    pool = list(model[0].contrast)
    rows = np.vstack([patterns(images[1]), patterns(pool)])
    scaler = StandardScaler().fit(rows)
    svm = SVC().fit(scaler.transform(rows), np.repeat([1, 0], [len(images[1]), len(pool)]))
    scores = svm.decision_function(scaler.transform(patterns(images[0])))
    model.fit(task.X)
    assert_allclose(model.decision_function(task.X), scores, atol=2e-3)  # where the solver stops
    assert_array_equal(model.predict(task.X), scores > 0)


def test_reals_near_a_cluster_of_generated_images(task, images):
    model = fit_on("challengers-2025-lbp-kmeans", task, n_clusters=3)
    means = model[0].estimator_
    assert means.n_clusters == 3
    assert means.labels_.shape == (24,)  # a fifth of the 30 generated images is kept apart
    nearest = np.linalg.norm(patterns(images[0])[:, None] - means.cluster_centers_[None], axis=2).min(axis=1)
    expected = nearest < -model[0].mean_ + model[0].std_  # mean and deviation of minus the distances
    assert_array_equal(model.predict(task.X), expected)


def test_the_forest_sees_one_distance_in_twenty_of_48_handcrafted_columns(task, images):
    model = fit_on("neural-nexus-2025-handcrafted", task)
    columns, important = model[0].features_
    table = columns.transform(task.X)
    names = columns.get_feature_names_out().tolist()
    assert table.shape == (40, 48)
    assert important.get_support().sum() == 20
    levels = [graycomatrix(i.copy(), [1], [0, np.pi / 4], levels=256, symmetric=True, normed=True) for i in images[0]]
    expected = [graycoprops(level, "contrast")[0] for level in levels]
    found = table[:, [names.index("glcm_contrast_d1_a0"), names.index("glcm_contrast_d1_a45")]]
    assert_allclose(found, expected, rtol=1e-5)
    kernel = cv2.getGaborKernel((21, 21), 4, np.pi / 4, 1 / 0.3, 0.5, 0, cv2.CV_64F)
    kernel *= 0.5 / (2 * np.pi * 4**2)  # ours has a bell of volume one
    response = cv2.filter2D(images[0][0].astype(np.float64), cv2.CV_64F, kernel, borderType=cv2.BORDER_REFLECT)
    assert_allclose(table[0, names.index("gabor_mean_f0.3_a45")], response.mean(), rtol=1e-3)
    chosen = columns.transform(task.reference)[:, important.get_support()].astype(np.float64)
    away = table[:, important.get_support()] - chosen.mean(axis=0)
    squared = np.einsum("ij,jk,ik->i", away, np.linalg.pinv(np.cov(chosen.T, bias=True), hermitian=True), away)
    assert_allclose(model[0].transform(task.X)[:, 0], -squared, rtol=0.01)


def blurred(images):
    return [cv2.GaussianBlur(image, (0, 0), 1.0) for image in images]


def test_structural_similarity_of_filtered_images(task, images):
    reals, generated = map(blurred, images)
    across = np.array([max(structural_similarity(a, b) for b in generated) for a in reals])
    among = np.array([structural_similarity(a, b) for i, a in enumerate(reals) for b in reals[:i]])
    scores = (across - among.mean()) / among.std()
    model = fit_on("zoq-2025-pixels-ssim", task)
    assert_allclose(model[:-1].transform(task.X)[:, 0], scores, atol=0.05)  # blurs differ by a grey level
    best = max(cohen_kappa_score(task.y, scores > cut) for cut in scores)
    assert cohen_kappa_score(task.y, model.predict(task.X)) == pytest.approx(best, abs=0.06)


def test_overlap_of_what_is_brighter_than_the_median(task, images):
    reals, generated = ([image > np.median(image) for image in blurred(group)] for group in images)
    overlap = np.array([max((a & b).sum() / (a | b).sum() for b in generated) for a in reals])
    among = np.array([(a & b).sum() / (a | b).sum() for i, a in enumerate(reals) for b in reals[:i]])
    model = fit_on("zoq-2025-pixels-jaccard", task)
    expected = (overlap - among.mean()) / among.std()
    assert_allclose(model[:-1].transform(task.X)[:, 0], expected, atol=0.1)
    assert not np.isclose(
        make_on("zoq-2025-pixels-jaccard", task, filter="hessian").fit(task.X, task.y).decision_function(task.X),
        model.decision_function(task.X),
    ).all()


def test_filtered_images_keep_ids_patients_and_depth(task):
    from fingerprint_features.extractors.filtered import filtered_images

    views = filtered_images(task.X, "laplacian")
    assert_array_equal(views.groups, task.X.groups)
    assert views[0].dtype == np.uint8
    assert views[3:5].groups.tolist() == task.X.groups[3:5].tolist()


def test_the_forest_may_see_the_features_themselves_beside_the_distance(task):
    model = fit_on("neural-nexus-2025-handcrafted", task, direct=True)
    distance = fit_on("neural-nexus-2025-handcrafted", task)[0].transform(task.X)
    seen = model[0].transform(task.X)
    assert seen.shape == (40, 49)
    assert_allclose(seen[:, :1], [[image.mean()] for image in task.X], rtol=1e-5)
    assert_allclose(seen[:, 48:], distance)
    forest = RandomForestClassifier(100, random_state=42).fit(seen[order_of(seen)], task.y[order_of(seen)])
    assert_array_equal(model.predict(task.X), forest.predict(seen))


def order_of(rows):
    return np.lexsort([*rows.T])
