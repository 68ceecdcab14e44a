"""PairClassifier: which pairs are made, what the estimator sees of them, and how an image's pairs are summed up."""

import pickle
import warnings

import numpy as np
import pandas as pd
import pytest
from numpy.testing import assert_allclose, assert_array_equal
from scipy.stats import wasserstein_distance
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GridSearchCV, cross_val_predict
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import check_estimator

from fingerprint_features import FeaturePipeline, ImageSet, Pixels, TextureCDF
from fingerprint_features.reference import PairClassifier
from tests.helpers import Mean, write_images
from tests.reference.worlds import patients, two_sets

RNG = np.random.default_rng(0)
X, REFERENCE, NEW = RNG.standard_normal((20, 3)), RNG.standard_normal((11, 3)) + 0.5, RNG.standard_normal((9, 3))
Y = np.arange(20) % 2

BY_HAND = {
    "absdiff": lambda a, b: [abs(u - v) for u, v in zip(a, b, strict=True)],
    "product": lambda a, b: [u * v for u, v in zip(a, b, strict=True)],
    "concat": lambda a, b: [*a, *b],
    "absdiff+product": lambda a, b: BY_HAND["absdiff"](a, b) + BY_HAND["product"](a, b),
}

ESTIMATORS = {
    "logistic": PairClassifier(LogisticRegression(), pair="concat"),
    "svc": PairClassifier(SVC(), pair="concat", n_pairs=3, aggregate="majority"),
    "forest": PairClassifier(RandomForestClassifier(5, random_state=0), pair="absdiff+product", n_pairs=5),
    "nearest": PairClassifier(KNeighborsClassifier(), pair="concat", aggregate="max"),
    "features": PairClassifier(LogisticRegression(), features=StandardScaler(), pair="concat", fit_features="both"),
}


class Spy(LogisticRegression):
    """Keeps what it was fitted on."""

    def fit(self, X, y):
        self.seen_, self.labels_ = X, y
        return super().fit(X, y)


def sorted_rows(rows):
    rows = np.asarray(rows)
    return rows[np.lexsort(rows.T)]


def members_of(model, rows):
    """Return, of a model with pair="concat" and a Spy, the reference rows that each row of X was paired with."""
    seen, width = model.estimator_.seen_, rows.shape[1]
    return [sorted_rows(seen[(seen[:, :width] == row).all(axis=1)][:, width:]) for row in rows]


@pytest.mark.parametrize("name", ESTIMATORS)
def test_scikit_learn_finds_no_fault(name):
    results = check_estimator(ESTIMATORS[name], on_skip=None, on_fail=None)
    failed = {result["check_name"]: result["exception"] for result in results if result["status"] == "failed"}
    assert failed == {}
    assert sum(result["status"] == "passed" for result in results) >= 54


def test_tags_say_what_x_may_be_and_whether_the_estimator_takes_several_classes():
    class Binary(LogisticRegression):
        def __sklearn_tags__(self):
            tags = super().__sklearn_tags__()
            tags.classifier_tags.multi_class = False
            return tags

    table, images = (get_tags(PairClassifier(SVC(), features=f)).input_tags for f in (None, Mean()))
    assert (table.two_d_array, table.three_d_array, table.string) == (True, False, False)
    assert (images.three_d_array, images.string) == (True, True)
    assert get_tags(PairClassifier(SVC())).classifier_tags.multi_class
    assert not get_tags(PairClassifier(Binary())).classifier_tags.multi_class


# ---- values -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("pair", BY_HAND)
def test_all_pairs_by_hand(pair):
    pairs = np.array([BY_HAND[pair](x, g) for x in X for g in REFERENCE])
    by_hand = LogisticRegression(tol=1e-8, max_iter=1000).fit(pairs, np.repeat(Y, len(REFERENCE)))
    model = PairClassifier(LogisticRegression(tol=1e-8, max_iter=1000), REFERENCE, pair=pair, n_pairs=None).fit(X, Y)
    expected = [by_hand.predict_proba([BY_HAND[pair](x, g) for g in REFERENCE]).mean(axis=0) for x in NEW]
    assert_allclose(model.predict_proba(NEW), expected, atol=1e-5)
    assert_array_equal(model.predict(NEW), np.argmax(expected, axis=1))


@pytest.mark.parametrize("labels", [["a", "b"], ["a", "b", "c"]])
def test_the_three_ways_to_sum_up(labels):
    y = np.array(labels)[np.arange(20) % len(labels)]
    tree = DecisionTreeClassifier(max_depth=3, random_state=0)
    by_hand = clone(tree).fit([BY_HAND["product"](x, g) for x in X for g in REFERENCE], np.repeat(y, len(REFERENCE)))
    probabilities = [by_hand.predict_proba([BY_HAND["product"](x, g) for g in REFERENCE]) for x in NEW]
    votes = [by_hand.predict([BY_HAND["product"](x, g) for g in REFERENCE]) for x in NEW]
    most = np.array([some.max(axis=0) for some in probabilities])
    expected = {
        "mean": [some.mean(axis=0) for some in probabilities],
        "majority": [[(some == label).mean() for label in labels] for some in votes],
        "max": np.c_[1 - most[:, 1], most[:, 1]] if len(labels) == 2 else most / most.sum(axis=1)[:, None],
    }
    for aggregate, rows in expected.items():
        model = PairClassifier(tree, REFERENCE, pair="product", n_pairs=None, aggregate=aggregate).fit(X, y)
        assert_allclose(model.predict_proba(NEW), rows, atol=1e-12)
        assert_allclose(model.predict_proba(NEW).sum(axis=1), 1)
        assert_array_equal(model.predict(NEW), np.array(labels)[np.argmax(rows, axis=1)])


def test_one_pair_that_says_used_is_enough_for_max_and_not_for_mean():
    reals, generated, y = [[0.5], [9.0], [4.0], [15.0]], [[0.0], [10.0], [20.0]], [1, 1, 0, 0]
    stump = DecisionTreeClassifier(max_depth=1)
    # pairs at most 1 apart are used, 2 of 2; of the other ten, four are: 0.4. An image near one member has 1, .4, .4
    model = PairClassifier(stump, generated, n_pairs=None, aggregate="max").fit(reals, y)
    assert_allclose(model.predict_proba([[20.6], [16.0]])[:, 1], [1, 0.4])
    mean, majority = (clone(model).set_params(aggregate=name).fit(reals, y) for name in ("mean", "majority"))
    assert_allclose(mean.predict_proba([[20.6], [16.0]])[:, 1], [0.6, 0.4])
    assert_allclose(majority.predict_proba([[20.6], [16.0]])[:, 1], [1 / 3, 0])


def test_a_callable_makes_the_pairs():
    function = lambda A, B: np.linalg.norm(A - B, axis=1, keepdims=True)  # noqa: E731
    model = PairClassifier(Spy(), REFERENCE, pair=function, n_pairs=None).fit(X, Y)
    distances = np.linalg.norm(X[:, None] - REFERENCE, axis=2)
    assert_allclose(np.sort(model.estimator_.seen_[:, 0]), np.sort(distances.ravel()))


def test_wasserstein_distances_of_each_texture_map():
    reals, generated = two_sets(n_reals=4, n_generated=3, n_copies=0)
    cdf = TextureCDF(16)
    model = PairClassifier(Spy(), ImageSet(generated), FeaturePipeline([cdf]), "groupdist", None).fit(reals, [0, 1] * 2)
    a, b = (cdf.fit_transform(some).astype(float).reshape(-1, 10, 16) for some in (reals, generated))
    expected = [[wasserstein_distance(x[m], g[m]) for m in range(10)] for x in a for g in b]
    assert_allclose(sorted_rows(model.estimator_.seen_), sorted_rows(expected), rtol=1e-12)


def test_columns_of_a_group_need_not_be_neighbours():
    names = ["edge_q0", "grey_map_q0", "edge_q1", "plain"]
    table = pd.DataFrame([[1.0, 2.0, 3.0, 4.0], [0.0, 0.0, 0.0, 0.0]], columns=names)
    model = PairClassifier(Spy(), [[3.0, 1.0, -1.0, 0.0]], pair="groupdist").fit(table, [1, 0])
    # edge: (2 + 4) / 2 and (3 + 1) / 2; grey_map: 1 and 1; plain: 4 and 0
    assert_allclose(sorted_rows(model.estimator_.seen_), sorted_rows([[3, 1, 4], [2, 1, 0]]))
    with_features = clone(model).set_params(features=FunctionTransformer(feature_names_out="one-to-one"))
    assert_array_equal(with_features.fit(table, [1, 0]).estimator_.seen_, model.estimator_.seen_)


def test_a_memoriser_is_found_and_chance_is_chance():
    def auc(noise):
        rng = np.random.default_rng(0)
        reals, y = rng.standard_normal((80, 6)), np.repeat([1, 0], 40)
        generated = reals[np.arange(80) % 40] + noise * rng.standard_normal((80, 6))
        distance = lambda A, B: np.linalg.norm(A - B, axis=1, keepdims=True)  # noqa: E731
        model = PairClassifier(DecisionTreeClassifier(max_depth=1), generated, pair=distance, n_pairs=None)
        return roc_auc_score(y, cross_val_predict(model, reals, y, cv=4, method="predict_proba")[:, 1])

    assert auc(0.2) > 0.95
    assert abs(auc(10) - 0.5) < 0.15


# ---- which pairs ----------------------------------------------------------------------------------------------


def test_every_image_has_n_different_members_of_the_reference():
    model = PairClassifier(Spy(), REFERENCE, pair="concat", n_pairs=4).fit(X, Y)
    drawn = members_of(model, X)
    everybody = {tuple(row) for row in REFERENCE}
    assert all(len({tuple(row) for row in some} & everybody) == len(some) == 4 for some in drawn)
    assert len({some.tobytes() for some in drawn}) > 10
    for row, label in zip(X, Y, strict=True):
        assert (model.estimator_.labels_[(model.estimator_.seen_[:, :3] == row).all(axis=1)] == label).all()


def test_the_seed_decides_together_with_the_content():
    models = [PairClassifier(Spy(), REFERENCE, pair="concat", n_pairs=4, random_state=s).fit(X, Y) for s in (0, 0, 1)]
    first, again, other = (members_of(model, X) for model in models)
    assert_array_equal(first, again)
    assert not np.array_equal(first, other)
    fresh = [clone(models[0]).set_params(random_state=None).fit(X, Y) for _ in range(2)]
    assert not np.array_equal(*(members_of(model, X) for model in fresh))
    assert_array_equal(fresh[0].predict_proba(NEW), fresh[0].predict_proba(NEW))


def test_predict_asks_the_pairs_that_fit_would_have_drawn():
    model = PairClassifier(Spy(), REFERENCE, pair="concat", n_pairs=4).fit(X, Y)
    drawn = members_of(clone(model).fit(NEW, Y[:9]), NEW)
    expected = [
        model.estimator_.predict_proba(np.c_[np.tile(row, (4, 1)), some]).mean(axis=0)
        for row, some in zip(NEW, drawn, strict=True)
    ]
    assert_allclose(model.predict_proba(NEW), expected)


def test_a_file_is_paired_as_the_array_it_decodes_to(tmp_path):
    reals, generated = two_sets()
    files = write_images(tmp_path, reals)
    model = PairClassifier(LogisticRegression(), generated, Pixels(), "concat", 3)
    model.fit(reals, np.arange(len(reals)) % 2)
    assert_array_equal(model.predict_proba(files), model.predict_proba(reals))


def test_more_pairs_than_members_are_all_members():
    few, everybody = (PairClassifier(Spy(), REFERENCE, n_pairs=n).fit(X, Y) for n in (50, None))
    assert_array_equal(few.estimator_.seen_, everybody.estimator_.seen_)


@pytest.mark.parametrize("reference", [None, REFERENCE])
@pytest.mark.parametrize("aggregate", ["mean", "majority", "max"])
def test_order_plays_no_part(reference, aggregate):
    forest = RandomForestClassifier(5, random_state=0)
    model = PairClassifier(forest, reference, n_pairs=3, aggregate=aggregate).fit(X, Y)
    straight, order = model.predict_proba(NEW), np.random.default_rng(1).permutation(20)
    assert_array_equal(model.predict_proba(NEW[::-1].copy())[::-1], straight)
    assert_array_equal(np.vstack([model.predict_proba(row[None]) for row in NEW]), straight)
    assert_array_equal(clone(model).fit(X[order], Y[order]).predict_proba(NEW), straight)
    if reference is not None:
        turned = clone(model).set_params(reference=reference[::-1].copy())
        assert_array_equal(turned.fit(X, Y).predict_proba(NEW), straight)


@pytest.mark.parametrize("n_pairs", [3, None])
def test_blocks_do_not_show(n_pairs, monkeypatch):
    model = PairClassifier(RandomForestClassifier(5, random_state=0), REFERENCE, n_pairs=n_pairs).fit(X, Y)
    whole = model.predict_proba(NEW)
    for cells in (1, 30, 100):  # one pair at a time; five; four images and sixteen pairs
        monkeypatch.setattr("fingerprint_features.reference.pairs._CELLS", cells)
        assert_array_equal(model.predict_proba(NEW), whole)


def test_without_a_reference_an_image_is_not_paired_with_itself_nor_with_its_copy():
    table = np.array([[0.0], [3.0], [3.0], [7.0]])
    model = PairClassifier(Spy(), pair="concat").fit(table, [0, 1, 1, 0])
    for row, others in ([0], [[3], [3], [7]]), ([3], [[0], [0], [7], [7]]), ([7], [[0], [3], [3]]):
        assert_array_equal(members_of(model, np.array([row]))[0], others)
    nearest = PairClassifier(KNeighborsClassifier(1), pair="concat", n_pairs=None).fit(table, [0, 1, 1, 0])
    # (3, 0) and (3, 7) are known as 1; a 3 that were paired with itself would be asked about (3, 3) too
    assert_allclose(nearest.predict_proba([[3.0]]), [[0, 1]])


def test_a_copy_in_the_reference_is_paired_with():
    leaked = np.vstack([REFERENCE, X[4:5]])
    model = PairClassifier(Spy(), leaked, n_pairs=None).fit(X, Y)
    assert (model.estimator_.seen_ == 0).all(axis=1).sum() == 1


def test_slices_of_ones_own_patient_are_left_out():
    pictures, numbers = patients(np.random.default_rng(0), 4, n_slices=3)
    table = pictures.reshape(12, -1).astype(float)
    alone = PairClassifier(Spy(), None, Pixels(), "concat", None).fit(ImageSet(pictures, groups=numbers), numbers % 2)
    for i, drawn in enumerate(members_of(alone, table)):
        assert_array_equal(drawn, sorted_rows(table[numbers != numbers[i]]))
    # with a reference: an altered slice of patient 0, and one of a stranger
    altered = ImageSet(255 - pictures[[0, 3]], groups=[0, 9])
    model = clone(alone).set_params(reference=altered)
    drawn = members_of(model.fit(ImageSet(pictures, groups=numbers), numbers % 2), table)
    assert [len(some) for some in drawn] == [1] * 3 + [2] * 9
    assert_array_equal(drawn[0], [(255.0 - table[3])])
    ungrouped = members_of(model.fit(pictures, numbers % 2), table)
    assert [len(some) for some in ungrouped] == [2] * 12


def test_unknown_patients_warn_once_and_only_without_a_reference():
    pictures, numbers = patients(np.random.default_rng(0), 4, n_slices=2)
    model = PairClassifier(LogisticRegression(), features=Mean())
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        model.fit(ImageSet(pictures), numbers % 2).predict(ImageSet(pictures))
    assert [str(w.message).split(",")[0] for w in caught] == [
        "PairClassifier does not know which images show the same patient"
    ]
    model.fit(ImageSet(pictures, groups=numbers), numbers % 2)
    with pytest.warns(UserWarning, match="groups=patients"):
        model.predict(pictures)
    model.set_params(reference=255 - pictures).fit(pictures, numbers % 2).predict(pictures)


# ---- living with scikit-learn ---------------------------------------------------------------------------------


def test_images_go_through_features_fitted_on_what_fit_features_names():
    reals, generated = two_sets()
    y, features = np.arange(len(reals)) % 2, make_pipeline(FeaturePipeline([Pixels()]), PCA(2))
    tables = {"x": reals, "reference": generated, "both": np.vstack([reals, generated])}
    for which, learnt in tables.items():
        model = PairClassifier(LogisticRegression(), ImageSet(generated), features, fit_features=which)
        table = clone(features).fit(learnt)
        plain = PairClassifier(LogisticRegression(), table.transform(generated), n_pairs=None)
        expected = plain.fit(table.transform(reals), y).predict_proba(table.transform(reals))
        answers = model.set_params(n_pairs=None).fit(ImageSet(reals), y).predict_proba(ImageSet(reals))
        assert_allclose(answers, expected, atol=1e-4)
    assert not hasattr(features.steps[-1][1], "components_")


def test_grid_search_over_pairs_features_and_the_estimator():
    reals, generated = two_sets()
    y = np.arange(len(reals)) % 2
    model = PairClassifier(KNeighborsClassifier(3), ImageSet(generated), FeaturePipeline([TextureCDF(4)]), n_pairs=3)
    grid = {
        "pair": ["groupdist", "concat"],
        "features__texturecdf__n_quantiles": [2, 4],
        "estimator__n_neighbors": [1, 3],
    }
    search = GridSearchCV(model, grid, cv=2, error_score="raise").fit(ImageSet(reals), y)
    assert len(search.cv_results_["params"]) == 8
    assert set(search.predict(ImageSet(reals))) <= {0, 1}
    width = {"groupdist": 10, "concat": 20 * search.best_params_["features__texturecdf__n_quantiles"]}
    assert search.best_estimator_.estimator_.n_features_in_ == width[search.best_params_["pair"]]


def test_clones_and_pickles_answer_alike():
    model = PairClassifier(SVC(), REFERENCE, pair="absdiff+product", aggregate="majority").fit(X, Y)
    assert not hasattr(clone(model), "estimator_")
    assert not hasattr(model.estimator, "classes_")
    for other in (clone(model).fit(X, Y), pickle.loads(pickle.dumps(model))):
        assert_array_equal(other.predict_proba(NEW), model.predict_proba(NEW))


# ---- errors ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("estimator", "params", "message"),
    [
        (PCA(1), {}, r"'estimator' parameter of PairClassifier must be a classifier\. Got PCA"),
        (None, {}, r"'estimator' parameter of PairClassifier must be a classifier\. Got None"),
        (SVC(), {"pair": "difference"}, "'pair' parameter of PairClassifier must be one of 'absdiff', 'product'"),
        (SVC(), {"n_pairs": 0}, "'n_pairs' parameter"),
        (SVC(), {"aggregate": "median"}, "'aggregate' parameter .* 'mean', 'majority', 'max'"),
        (SVC(), {"fit_features": "y"}, "'fit_features' parameter"),
        (SVC(), {"random_state": "seed"}, "cannot be used to seed"),
        (SVC(), {"aggregate": "mean"}, "aggregate='mean' needs predict_proba, which SVC .*aggregate='majority'"),
        (SVC(), {"aggregate": "max"}, "aggregate='max' needs predict_proba, which SVC .*aggregate='majority'"),
        (SVC(), {"pair": "groupdist"}, r"'groupdist' needs names for the columns, .*features=FeaturePipeline\(\[Text"),
        (
            SVC(),
            {"pair": "groupdist", "features": FunctionTransformer()},
            "FunctionTransformer has no get_feature_names_out: choose features that have",
        ),
        (SVC(), {"pair": lambda A, B: np.ones(3)}, r"one row per pair, \(220, n_columns\), .* the shape \(3,\)"),
        (SVC(), {"pair": lambda A, B: A[1:]}, r"one row per pair, \(220, n_columns\), .* the shape \(219, 3\)"),
        (SVC(), {"reference": REFERENCE[:, :2]}, "X has 3, reference has 2 columns"),
        (SVC(), {"reference": np.full((2, 3), np.nan)}, "Input reference contains NaN"),
        (SVC(), {"reference": two_sets()[1]}, r"X is a table and reference is images.*features=FeaturePipeline"),
    ],
)
def test_errors_say_what_to_change(estimator, params, message):
    with pytest.raises(ValueError, match=message):
        PairClassifier(estimator, **{"reference": REFERENCE, "aggregate": "majority", **params}).fit(X, Y)


def test_images_need_features():
    reals, generated = two_sets()
    with pytest.raises(ValueError, match=r"PairClassifier got images without features.*features="):
        PairClassifier(LogisticRegression(), generated).fit(reals, np.arange(len(reals)) % 2)
    model = PairClassifier(LogisticRegression(), generated, Mean()).fit(reals, np.arange(len(reals)) % 2)
    with pytest.raises(ValueError, match="X is a table and reference is images"):
        model.predict(X)


def test_labels_are_wanted_one_per_image():
    reals, generated = two_sets()
    model = PairClassifier(LogisticRegression(), generated, Mean())
    with pytest.raises(ValueError, match="requires y to be passed, but the target y is None"):
        model.fit(reals, None)
    with pytest.raises(ValueError, match="inconsistent numbers of samples"):
        model.fit(reals, [0, 1])
    with pytest.raises(ValueError, match="Unknown label type"):
        model.fit(reals, np.linspace(0, 1, len(reals)))


def test_an_image_that_has_nobody_to_be_paired_with_is_named():
    pictures, _ = patients(np.random.default_rng(0), 3)
    X = ImageSet(pictures, ids=["a", "b", "c"], groups=["ann", "ann", "ann"])
    with pytest.raises(ValueError, match=r"none to pair [abc] with among n_samples = 3, .* images of other patients"):
        PairClassifier(LogisticRegression(), features=Mean()).fit(X, [0, 1, 1])
    with pytest.raises(ValueError, match="none to pair row 0 with among n_samples = 2"):
        PairClassifier(LogisticRegression()).fit([[1.0], [1.0]], [0, 1])
