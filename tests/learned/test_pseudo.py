"""PseudoLabelClassifier: the second fit has all images, with the answers of the first one as labels."""

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.neighbors import KNeighborsClassifier, NearestCentroid
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from fingerprint_features import FeaturePipeline, ImageSet
from fingerprint_features.extractors import BaseExtractor
from fingerprint_features.learned import NetClassifier, PseudoLabelClassifier

from .stripes import classifier, stripes


class Mean(BaseExtractor):
    def _column_names(self):
        return ["mean"]

    def _extract_one(self, image):
        return [image.mean()]


def by_mean(judge):
    return make_pipeline(FeaturePipeline([Mean()]), judge)


def flat(*values):
    return np.array([np.full((4, 4), value, dtype=np.uint8) for value in values])


GIVEN = []  # to any Spy


class Spy(ClassifierMixin, BaseEstimator):
    """Keeps what it is given, and calls everything by its brightness."""

    def fit(self, X, y, train_only=None):
        GIVEN.append((X, y, train_only))
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return np.array(["dark" if image.mean() < 100 else "bright" for image in X])


@pytest.fixture
def given():
    GIVEN.clear()
    return GIVEN


def test_the_first_answers_move_the_second_fit():
    # between the centres 10 and 90 lies 50; with the guesses they are 18.75 and 90, and 54.4 lies between them
    images, y = flat(5, 15, 90), [0, 0, 1]
    alone = PseudoLabelClassifier(by_mean(NearestCentroid())).fit(images, y)
    assert alone.pseudo_labels_.shape == (0,)
    assert alone.predict(flat(53)).tolist() == [1]
    model = PseudoLabelClassifier(by_mean(NearestCentroid()), flat(30, 25)).fit(images, y)
    assert model.pseudo_labels_.tolist() == [0, 0]
    assert model.predict(flat(53)).tolist() == [0]
    np.testing.assert_allclose(model.estimator_[-1].centroids_, [[18.75], [90]])


def test_every_guess_is_learnt_and_none_is_for_validation(given):
    X = ImageSet(flat(10, 20, 200), groups=["ann", "ann", "bo"])
    y = np.array(["dark", "dark", "bright"])
    PseudoLabelClassifier(Spy(), flat(30, 99, 101)).fit(X, y)
    (first, first_y, first_mask), (second, second_y, second_mask) = given
    assert (len(first), first_y.tolist(), first_mask) == (3, y.tolist(), None)
    assert second_y.tolist() == [*y, "dark", "dark", "bright"]
    assert [image.mean() for image in second] == [10, 20, 200, 30, 99, 101]
    assert second_mask.tolist() == [False] * 3 + [True] * 3
    assert second.groups[0] == second.groups[1] != second.groups[2]  # patients stay known
    assert len(np.unique(second.groups)) == 5


def test_the_validation_of_a_network_sees_no_guess(monkeypatch):
    pytest.importorskip("torch")
    seen, draw = [], NetClassifier._held_out
    monkeypatch.setattr(NetClassifier, "_held_out", lambda *given: seen.append(draw(*given)) or seen[-1])
    images, y = stripes()
    further, truth = stripes(10, seed=1)
    model = PseudoLabelClassifier(classifier(epochs=6, validation=0.25), further).fit(images, y)
    assert model.pseudo_labels_.tolist() == truth.tolist()
    assert [held_out.sum() for held_out in seen] == [4, 4]
    assert not seen[1][16:].any()
    assert model.score(images, y) == 1
    assert model.predict_proba(images).shape == (16, 2)


def test_it_offers_what_its_estimator_offers():
    images, y = flat(10, 20, 200, 210), [0, 0, 1, 1]
    neighbours = PseudoLabelClassifier(by_mean(KNeighborsClassifier(1)), flat(30)).fit(images, y)
    assert neighbours.predict_proba(flat(0, 255)).tolist() == [[1, 0], [0, 1]]
    assert not hasattr(neighbours, "decision_function")
    line = PseudoLabelClassifier(by_mean(LinearSVC()), flat(30)).fit(images, y)
    assert line.decision_function(flat(0, 255)).tolist() == pytest.approx(
        line.estimator_.decision_function(flat(0, 255))
    )
    assert not hasattr(line, "predict_proba")


def test_scikit_learn_takes_it_for_a_classifier():
    X, y = ImageSet(flat(*range(10, 40, 5), *range(200, 230, 5))), np.repeat(["a", "b"], 6)
    model = PseudoLabelClassifier(by_mean(KNeighborsClassifier(1)), flat(60))
    assert cross_val_score(model, X, y, cv=3).tolist() == [1, 1, 1]
    grid = GridSearchCV(model, {"estimator__kneighborsclassifier__n_neighbors": [1, 3]}, cv=2).fit(X, y)
    assert grid.best_score_ == 1
    assert clone(grid.best_estimator_).unlabelled.shape == (1, 4, 4)


@pytest.mark.parametrize(
    ("y", "words"), [(None, "requires y"), ([0, 0, 0], "one class only"), ([0, 1], "one label for each of 3")]
)
def test_bad_labels_are_refused_by_name(y, words):
    with pytest.raises(ValueError, match=f"PseudoLabelClassifier: .*{words}"):
        PseudoLabelClassifier(by_mean(NearestCentroid()), flat(3)).fit(flat(1, 2, 3), y)
