"""SIFTWords: words against scikit-learn's k-means, counts against pairwise distances, and images without keypoints."""

import pickle

import cv2
import numpy as np
import pytest
import skimage.data
from sklearn.base import clone
from sklearn.cluster import KMeans
from sklearn.exceptions import NotFittedError
from sklearn.metrics import pairwise_distances_argmin
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from threadpoolctl import threadpool_limits

from fingerprint_features import DecodeOptions, FeaturePipeline, ImageReadError, ImageSet
from fingerprint_features.cache import extractor_token
from fingerprint_features.extractors.sift_words import SIFTWords, _nearest
from fingerprint_features.images.intensity import to_gray

BLANK = np.zeros((32, 32), dtype=np.uint8)


def photograph(name):
    return cv2.resize(to_gray(getattr(skimage.data, name)()), (128, 128), interpolation=cv2.INTER_AREA)


PHOTOGRAPHS = np.array([photograph(name) for name in ("brick", "grass", "gravel", "camera", "coins", "astronaut")])


def descriptors(image):
    return cv2.SIFT_create().detectAndCompute(image, None)[1]


@pytest.fixture(scope="module")
def words():
    return SIFTWords(n_words=20).fit(PHOTOGRAPHS)


# ---- words ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [0, 42])
def test_words_are_the_centres_of_scikit_learns_k_means(seed):
    every = np.concatenate([descriptors(image) for image in PHOTOGRAPHS])
    with threadpool_limits(1):
        want = KMeans(20, random_state=seed).fit(every).cluster_centers_
    got = SIFTWords(n_words=20, random_state=seed).fit(PHOTOGRAPHS).codebook_
    assert got.dtype == np.float32
    np.testing.assert_allclose(got, want, atol=0.001)  # rounded to 1/1024


def test_words_are_whole_multiples_of_the_grain(words):
    np.testing.assert_array_equal(words.codebook_ * 1024, np.rint(words.codebook_ * 1024))


def test_two_fits_learn_the_same_and_another_seed_learns_something_else(words):
    np.testing.assert_array_equal(SIFTWords(n_words=20).fit(PHOTOGRAPHS).codebook_, words.codebook_)
    assert (SIFTWords(n_words=20, random_state=1).fit(PHOTOGRAPHS).codebook_ != words.codebook_).any()


def test_threads_of_opencv_do_not_matter(words):
    before = cv2.getNumThreads()
    try:
        for n in (1, 4):
            cv2.setNumThreads(n)
            np.testing.assert_array_equal(SIFTWords(n_words=20).fit(PHOTOGRAPHS).codebook_, words.codebook_)
    finally:
        cv2.setNumThreads(before)


def test_descriptors_beyond_the_bound_are_drawn_from_all_images():
    n = sum(len(descriptors(image)) for image in PHOTOGRAPHS)
    enough, bounded = SIFTWords(5, max_descriptors=n), SIFTWords(5, max_descriptors=60)
    everything = enough._gather(ImageSet(PHOTOGRAPHS))
    drawn = bounded._gather(ImageSet(PHOTOGRAPHS))
    np.testing.assert_array_equal(everything, np.concatenate([descriptors(image) for image in PHOTOGRAPHS]))
    assert drawn.shape == (60, 128)
    places = [np.flatnonzero((everything == row).all(axis=1))[0] for row in drawn]
    assert places == sorted(set(places))  # different ones, in their order
    assert places[0] < n / 4
    assert places[-1] > n * 3 / 4
    np.testing.assert_array_equal(bounded.fit(PHOTOGRAPHS).codebook_, clone(bounded).fit(PHOTOGRAPHS).codebook_)


def test_every_descriptor_has_the_same_chance_to_be_drawn():
    # image after image, with the draw repeated each time the store is full: no part of the set may be favoured
    images = ImageSet(np.repeat(PHOTOGRAPHS[3:4], 12, axis=0))
    each = descriptors(PHOTOGRAPHS[3])
    first, n_seeds = 0, 60
    middle = len(each) // 2
    for seed in range(n_seeds):
        drawn = SIFTWords(2, max_descriptors=40, random_state=seed)._gather(images)
        first += sum((each[:middle] == row).all(axis=1).any() for row in drawn)
    share, chance = first / (40 * n_seeds), middle / len(each)
    assert abs(share - chance) < 5 * np.sqrt(chance * (1 - chance) / (40 * n_seeds))


# ---- counts ---------------------------------------------------------------------------------------------


def test_counts_are_those_of_pairwise_distances(words):
    got = words.transform(PHOTOGRAPHS)
    for row, image in zip(got, PHOTOGRAPHS, strict=True):
        nearest = pairwise_distances_argmin(descriptors(image).astype(float), words.codebook_.astype(float))
        np.testing.assert_array_equal(row, np.bincount(nearest, minlength=20))
        assert row.sum() == len(descriptors(image)) > 30


def test_binary_tells_only_whether_a_word_occurs(words):
    got = SIFTWords(n_words=20, binary=True).fit_transform(PHOTOGRAPHS)
    np.testing.assert_array_equal(got, words.transform(PHOTOGRAPHS) > 0)
    assert set(np.unique(got)) == {0, 1}


def test_the_lowest_of_equally_near_words_is_taken():
    near = np.zeros((4, 128), dtype=np.float32)
    near[0, 0], near[1, 1], near[2, 2], near[3, 2] = 10.5, 10.5, 10.5, 10.5
    point = np.zeros((3, 128), dtype=np.uint8)  # the first is as far from all; the others lie beside 1, and beside 2, 3
    point[1, 1] = point[2, 2] = 1
    np.testing.assert_array_equal(_nearest(point, near), [0, 1, 2])


def test_nearest_words_are_exact_where_distances_nearly_tie():
    rng = np.random.default_rng(0)
    codebook = np.repeat(rng.integers(0, 200 * 1024, (1, 128)), 50, axis=0)
    codebook[np.arange(50), rng.integers(0, 128, 50)] += rng.integers(-2, 3, 50)  # words a grain or two apart
    points = rng.integers(0, 256, (300, 128))
    exact = np.square(points[:, None] * 1024 - codebook).sum(axis=2)  # in whole numbers
    got = _nearest(points.astype(np.uint8), (codebook / 1024).astype(np.float32))
    np.testing.assert_array_equal(got, exact.argmin(axis=1))


def test_an_image_alone_has_its_row_in_a_batch(words):
    alone = np.vstack([words.transform(image[None]) for image in PHOTOGRAPHS])
    np.testing.assert_array_equal(alone, words.transform(PHOTOGRAPHS))
    np.testing.assert_array_equal(alone[::-1], words.transform(PHOTOGRAPHS[::-1]))


@pytest.mark.parametrize("shape", [(1, 1), (1, 200), (200, 1), (2, 2), (5, 64), (64, 64)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_flat_and_tiny_images_have_a_row_of_zeros(words, shape, dtype):
    np.testing.assert_array_equal(words.transform([np.full(shape, 99, dtype=dtype)]), np.zeros((1, 20)))


def test_a_blank_image_among_those_of_fit_changes_nothing(words):
    with_blank = [PHOTOGRAPHS[0], BLANK, *PHOTOGRAPHS[1:]]
    np.testing.assert_array_equal(SIFTWords(n_words=20).fit(with_blank).codebook_, words.codebook_)


def test_the_three_depths_agree(words):
    want = words.transform(PHOTOGRAPHS)
    np.testing.assert_array_equal(words.transform(PHOTOGRAPHS.astype(np.uint16) * np.uint16(257)), want)
    floats = ImageSet(PHOTOGRAPHS / 255, options=DecodeOptions(value_range=(0, 1)))
    np.testing.assert_array_equal(words.transform(floats), want)
    np.testing.assert_array_equal(SIFTWords(n_words=20).fit(floats).codebook_, words.codebook_)


def test_colour_is_read_as_grey(words):
    colour = np.repeat(PHOTOGRAPHS[..., None], 3, axis=-1)
    np.testing.assert_array_equal(words.transform(colour), words.transform(PHOTOGRAPHS))


# ---- state ----------------------------------------------------------------------------------------------


def test_the_codebook_must_be_learnt_first():
    for use in (lambda: SIFTWords().transform(PHOTOGRAPHS), SIFTWords().get_feature_names_out):
        with pytest.raises(NotFittedError, match="SIFTWords learns from images: call fit"):
            use()


def test_the_codebook_is_part_of_the_token(words):
    assert SIFTWords()._value_state() is None
    assert extractor_token(SIFTWords(n_words=20)) != extractor_token(words)
    assert extractor_token(SIFTWords(n_words=20).fit(PHOTOGRAPHS[:4])) != extractor_token(words)
    assert extractor_token(SIFTWords(n_words=20).fit(PHOTOGRAPHS)) == extractor_token(words)


def test_a_pickle_gives_the_same_rows(words):
    back = pickle.loads(pickle.dumps(words))
    np.testing.assert_array_equal(back.transform(PHOTOGRAPHS), words.transform(PHOTOGRAPHS))
    assert extractor_token(back) == extractor_token(words)


def test_columns_are_numbered_words(words):
    assert list(words.get_feature_names_out()) == [f"siftwords_{i:03d}" for i in range(20)]


def test_a_feature_pipeline_fits_a_copy_and_keeps_its_rows(tmp_path, words):
    mine = SIFTWords(n_words=20)
    pipeline = FeaturePipeline([mine], cache=tmp_path / "rows", n_jobs=2, batch_size=2)
    for _ in range(2):  # computed, then from the cache
        np.testing.assert_array_equal(pipeline.fit_transform(PHOTOGRAPHS), words.transform(PHOTOGRAPHS))
    assert not hasattr(mine, "codebook_")


def test_it_stands_in_front_of_a_classifier():
    corners = [PHOTOGRAPHS[i][y : y + 64, x : x + 64] for i in (0, 2) for y in (0, 64) for x in (0, 64)]
    vote = make_pipeline(FeaturePipeline([SIFTWords(n_words=8, binary=True)]), KNeighborsClassifier(1))
    assert vote.fit(corners, [0] * 4 + [1] * 4).score(corners, [0] * 4 + [1] * 4) == 1


# ---- errors ---------------------------------------------------------------------------------------------


def test_more_words_than_descriptors_are_refused_with_the_cure():
    n = len(np.unique(descriptors(PHOTOGRAPHS[0]), axis=0))
    SIFTWords(n_words=n).fit(PHOTOGRAPHS[:1])
    message = rf"1 images: .* {n + 1} words .* {n} different descriptors: lower n_words, or give more images"
    with pytest.raises(ImageReadError, match=message):
        SIFTWords(n_words=n + 1).fit(PHOTOGRAPHS[:1])
    with pytest.raises(ValueError, match=f"{n} different descriptors"):  # the same images again bring nothing new
        SIFTWords(n_words=n + 1).fit(PHOTOGRAPHS[[0, 0]])


@pytest.mark.parametrize("images", [[], [BLANK, BLANK]])
def test_nothing_to_learn_from_is_refused(images):
    with pytest.raises(ValueError, match="2 words from images that have 0 different descriptors"):
        SIFTWords(n_words=2).fit(images)


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"n_words": 0}, r"'n_words' parameter of SIFTWords must be an int in \[1, inf\)"),
        ({"n_words": 2.5}, "'n_words' parameter of SIFTWords must be an int"),
        ({"binary": "yes"}, "'binary' parameter of SIFTWords must be one of False, True"),
        ({"max_descriptors": 99}, r"'max_descriptors' parameter of SIFTWords must be an int in \[100, inf\)"),
        ({"random_state": -1}, r"'random_state' parameter of SIFTWords must be an int in \[0, 4.29"),
        ({"random_state": None}, "'random_state' parameter of SIFTWords must be an int"),
    ],
)
def test_wrong_parameters_are_named(params, words):
    with pytest.raises(ValueError, match=words):
        SIFTWords(**params).fit(PHOTOGRAPHS)
