"""The rules of the system that won in 2023, recomputed in plain NumPy on scikit-image's SSIM: the same labels."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal
from skimage.metrics import structural_similarity
from sklearn.ensemble import VotingClassifier

from fingerprint_features import ImageSet, recipes
from fingerprint_features.recipes.blocks import combined_margin
from tests.reference.worlds import patched, patients
from tests.similarity.pictures import peer as ssim


class World:
    """Twelve reals and twenty generated images, half of which are blends with a real one; and all similarities."""

    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        self.reals, generated = patients(rng, 12, size=32)[0], patients(rng, 20, size=32)[0]
        for i in range(10):
            weight, parent = rng.uniform(0.3, 0.98), rng.integers(8)
            generated[i] = np.rint(weight * self.reals[parent] + (1 - weight) * generated[i])
        self.generated = generated
        self.among, self.across = patched(ssim(self.reals, self.reals)), ssim(self.reals, generated)
        self.n = len(self.reals)

    def answers(self, name, **overrides):
        X = ImageSet(self.reals, groups=np.arange(self.n))
        return recipes.make(f"vcmi-2023-{name}", reference=self.generated, **overrides).fit(X).predict(X)

    def ranking(self):
        ranks = np.zeros((self.n, 20))
        for g in range(20):  # 1 for the real that is the most similar to this generated image
            ranks[:, g] = 1 + (self.across[None, :, g] > self.across[:, None, g]).sum(axis=1)
        return ranks.mean(axis=1) < (self.n + 1) / 2

    def threshold(self):
        return np.array([max(row) > self.among.max() for row in self.across])

    def retrieval(self):
        return np.isin(np.arange(self.n), [np.argmax(self.across[:, g]) for g in range(20)])


@pytest.fixture(scope="module", params=range(4))
def world(request):
    return World(request.param)


def assert_same(answers, expected):
    assert_array_equal(answers, expected)
    assert 0 < np.sum(expected) < len(expected)  # the rule decides something


def test_threshold_max_is_the_largest_similarity_among_reals(world):
    assert_same(world.answers("threshold-max"), world.threshold())


@pytest.mark.parametrize("deviations", [3, 2, 0])
def test_threshold_avg_is_mean_and_deviations_of_the_whole_matrix(world, deviations):
    cut = world.among.sum() / world.n**2 + deviations * np.sqrt(((world.among - world.among.mean()) ** 2).mean())
    answers = world.answers("threshold-avg", **({"threshold": deviations} if deviations < 3 else {}))
    assert_array_equal(answers, world.across.max(axis=1) > cut)


def test_three_deviations_decide_something():
    assert {tuple(np.unique(World(seed).answers("threshold-avg"))) for seed in range(4)} >= {(0, 1)}


def test_retrieval_takes_the_most_similar_real_of_each_generated_image(world):
    assert_same(world.answers("retrieval"), world.retrieval())


def test_ranking_takes_true_ranks_better_than_the_middle(world):
    assert_same(world.answers("ranking"), world.ranking())


@pytest.mark.parametrize("deviations", [3, 2])
def test_clustering_is_any_neighbour_in_either_set(world, deviations):
    whole = np.block([[world.among, world.across], [world.across.T, patched(ssim(world.generated, world.generated))]])
    close = whole > whole.mean() + deviations * whole.std()
    np.fill_diagonal(close, False)
    assert_same(world.answers("clustering", threshold=deviations), close[: world.n].any(axis=1))


def test_clustering_is_what_dbscan_calls_no_noise(world):
    from sklearn.cluster import DBSCAN

    whole = np.block([[world.among, world.across], [world.across.T, patched(ssim(world.generated, world.generated))]])
    distances = 1 - whole
    eps = 1 - (whole.mean() + 3 * whole.std())
    np.fill_diagonal(distances, 0)
    noise = DBSCAN(eps=eps, min_samples=2, metric="precomputed").fit_predict(np.clip(distances, 0, None)) == -1
    assert_array_equal(world.answers("clustering"), ~noise[: world.n])


def test_ensemble_is_ranking_or_threshold_and_retrieval(world):
    assert_same(world.answers("ensemble"), (world.ranking() | world.threshold()) & world.retrieval())


def test_ensemble_is_the_weighted_vote_of_the_three_recipes(world):
    X, y = ImageSet(world.reals, groups=np.arange(world.n)), np.arange(world.n) % 2
    rules = [
        (name, recipes.make(f"vcmi-2023-{name}", reference=world.generated))
        for name in ("ranking", "threshold-max", "retrieval")
    ]
    vote = VotingClassifier(rules, voting="hard", weights=[1, 1, 2]).fit(X, y)
    assert_array_equal(world.answers("ensemble"), vote.predict(X))


@pytest.mark.parametrize("row", list(np.ndindex(2, 2, 2)))
def test_the_margin_has_the_truth_table_of_the_ensemble(row):
    rank, above, hit = row
    columns = [[0.75 if rank else 0.25, 0.1 if above else -0.1, 3 if hit else 0]]
    assert (combined_margin(columns)[0, 0] > 0) == ((rank or above) and hit)


def test_a_draw_of_the_ranks_and_a_similarity_at_the_maximum_are_not_enough():
    assert combined_margin([[0.5, 0.0, 4]])[0, 0] == 0  # and cuts are strict


def test_the_diagonal_counts_as_published():
    """Of two reals alone the mean of a row, self included, exceeds their similarity: that is the published cut."""
    rng = np.random.default_rng(0)
    reals = patients(rng, 2, size=32)[0]
    among = structural_similarity(*reals)
    blends = [np.rint(w * reals[0] + (1 - w) * reals[1]).astype(np.uint8) for w in (0.5, 0.55, 0.6)]
    nearest = [max(structural_similarity(real, blend) for blend in blends) for real in reals]
    assert all(value > among for value in nearest)
    expected = [value > (1 + among) / 2 for value in nearest]
    model = recipes.make("vcmi-2023-threshold-max", reference=blends).fit(reals)
    assert_array_equal(model.predict(reals), expected)


def test_clustering_warns_once_where_patients_are_unknown():
    reals, generated = World(0).reals, World(0).generated
    model = recipes.make("vcmi-2023-clustering", reference=generated)
    with pytest.warns(UserWarning, match="which images show the same patient.*groups=") as record:
        model.fit(reals).predict(reals)
    assert len(record) == 1
    assert_array_equal(model.predict(reals), World(0).answers("clustering"))


def test_clustering_leaves_a_patients_other_slices_out():
    slices, groups = patients(np.random.default_rng(3), 6, n_slices=2, size=32)
    generated = patients(np.random.default_rng(4), 12, size=32)[0]
    known, unknown = (
        recipes.make("vcmi-2023-clustering", reference=generated, threshold=2.0).fit(X).predict(X)
        for X in (ImageSet(slices, groups=groups), ImageSet(slices, groups=np.arange(12)))
    )
    assert unknown.all()  # every slice has its twin
    assert known.sum() < 6
