"""Networks trained on subsets: who votes, what real images are for, and that the fast presets learn."""

import os
import pickle

import numpy as np
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.ensemble import VotingClassifier
from sklearn.linear_model import LogisticRegression

from fingerprint_features import (
    ImageSet,
    NetClassifier,
    attribution_scores,
    make_attribution_task,
    recipes,
)
from fingerprint_features.recipes.gated_vote import GatedVote
from fingerprint_features.recipes.reals_as_class import RealsAsClass
from tests.helpers import write_images

pytest.importorskip("torch", reason="these recipes need the extra learned")

NAMES = [
    "medhastra-2025-resnet18",
    "medhastra-2025-resnet18-logistic",
    "sdvahcs-2025-efficientnet-b1",
    "sdvahcs-2025-ensemble",
    "sdvahcs-2025-pseudo-labels",
]


def grey(*values):
    return np.array([np.full((4, 4), value, dtype=np.uint8) for value in values])


class Cut(ClassifierMixin, BaseEstimator):
    """The first class up to a brightness, the last one above it; it has learnt nothing but the classes."""

    def __init__(self, at):
        self.at = at

    def fit(self, X, y, train_only=None):
        self.classes_, self.n_learnt_ = np.unique(y), len(X)
        return self

    def predict(self, X):
        bright = np.array([image.mean() > self.at for image in X])
        return self.classes_[np.where(bright, -1, 0)]


VALUES = np.arange(0, 200, 2)  # of 100 images, the upper half of class "b"
X, Y = ImageSet(grey(*VALUES)), np.where(VALUES >= 100, "b", "a")


def test_only_members_above_the_gate_vote_and_as_voting_classifier_does():
    cuts = [Cut(99), Cut(95), Cut(160), Cut(0), Cut(103)]
    vote = GatedVote(cuts, min_score=0.8, validation=0.5).fit(X, Y)
    assert [member.at for member in vote.members_] == [99, 95, 103]
    assert all(member.n_learnt_ == 50 for member in vote.members_)
    assert vote.scores_[0] == 1
    assert 0.45 <= vote.scores_[3] <= 0.55
    same = VotingClassifier([(str(cut.at), cut) for cut in vote.members_], voting="hard").fit(X, Y)
    asked = ImageSet(grey(*range(90, 110)))
    assert vote.predict(asked).tolist() == same.predict(asked).tolist()
    np.testing.assert_allclose(vote.predict_proba(asked)[8], [2 / 3, 1 / 3])  # 98 lies above 95 alone


def test_of_equal_votes_the_first_class_wins_and_the_best_member_answers_where_none_is_good():
    assert GatedVote([Cut(99), Cut(89)], min_score=0.8).fit(X, Y).predict(grey(95)).tolist() == ["a"]
    alone = GatedVote([Cut(0), Cut(120), Cut(160)], min_score=0.999).fit(X, Y)
    assert [member.at for member in alone.members_] == [120]


def test_what_only_trains_is_not_held_out_of_the_members():
    train_only = np.arange(100) % 10 < 8
    vote = GatedVote([Cut(99)], validation=0.5).fit(X, Y, train_only=train_only)
    assert vote.members_[0].n_learnt_ == 90  # half of the 20 others


class Known(ClassifierMixin, BaseEstimator):
    """Keeps what it is given, and answers the probabilities that it was made with."""

    def __init__(self, rows):
        self.rows = rows

    def fit(self, X, y):
        self.classes_, self.given_ = np.unique(y), (X, y)
        return self

    def predict_proba(self, X):
        return np.tile(self.rows, (len(X), 1))


def test_real_images_are_learnt_as_class_0_and_are_never_the_answer():
    real = ImageSet(grey(1, 2), groups=["ann", "ann"])
    model = RealsAsClass(Known([0.5, 0.2, 0.3]), real).fit(grey(7, 8, 9), ["t2", "t1", "t2"])
    images, labels = model.estimator_.given_
    assert [image.mean() for image in images] == [7, 8, 9, 1, 2]
    assert labels.tolist() == [2, 1, 2, 0, 0]
    assert len(set(images.groups)) == 4
    np.testing.assert_allclose(model.predict_proba(grey(0)), [[0.4, 0.6]])
    assert model.predict(grey(0, 0)).tolist() == ["t2", "t2"]
    certain = RealsAsClass(Known([1.0, 0.0, 0.0]), real).fit(grey(7, 8, 9), ["t2", "t1", "t2"])
    np.testing.assert_allclose(certain.predict_proba(grey(0)), [[0.5, 0.5]])


def test_without_real_images_there_is_no_class_for_them():
    model = RealsAsClass(Known([0.9, 0.1])).fit(grey(7, 8), ["t2", "t1"])
    assert model.estimator_.given_[1].tolist() == [2, 1]
    np.testing.assert_allclose(model.predict_proba(grey(0)), [[0.9, 0.1]])


# ---- the recipes ----------------------------------------------------------------------------------------


def striped(n, seed, generated=False):
    """Return n images of each of two subsets, told apart by their stripes; generated ones are brighter."""
    images = np.random.default_rng(seed).integers(0, 40, (2 * n, 16, 16), dtype=np.uint8) + 40 * generated
    images[n:, ::2] += 150
    return images, np.repeat(["t1", "t2"], n)


TINY = {"backbone": "small", "weights": None, "image_size": 16, "epochs": 12, "lr": 3e-3, "batch_size": 8}


def tiny(name, **params):
    """Return a recipe that takes a moment, fitted on what it learns from."""
    about = recipes.info(name)
    (real, real_y), (made, made_y) = striped(8, 0), striped(8, 1, generated=True)
    sets = {"reference": real} if "reference" in about.takes else {}
    sets |= {"unlabelled": striped(5, 2, generated=True)[0]} if "unlabelled" in about.takes else {}
    model = recipes.make(name, device="cpu", **sets, **TINY, **params)
    return model.fit(real, real_y) if about.fit_on == ("real",) else model.fit(made, made_y)


@pytest.mark.parametrize("name", NAMES)
def test_each_learns_a_clone_does_the_same_and_it_travels(name):
    model = tiny(name)
    asked, truth = striped(4, 3, generated=True)
    assert model.predict(asked).tolist() == truth.tolist()
    assert model.classes_.tolist() == ["t1", "t2"]
    assert pickle.loads(pickle.dumps(model)).predict(asked).tolist() == truth.tolist()
    assert clone(model).get_params().keys() == model.get_params().keys()


@pytest.mark.parametrize("name", ["medhastra-2025-resnet18-logistic", "sdvahcs-2025-pseudo-labels"])
def test_a_saved_one_answers_alike_with_the_images_gone(name, tmp_path):
    (real, _), (made, y) = striped(8, 0), striped(8, 1, generated=True)
    (tmp_path / "real").mkdir()
    paths = write_images(tmp_path / "real", real)
    sets = {"reference": paths, "unlabelled": paths[:3]} if name.startswith("sdvahcs") else {}
    model = recipes.make(name, device="cpu", **sets, **TINY).fit(made, y)
    recipes.save(recipes.FittedRecipe(name, model), tmp_path / "model")
    for path in paths:
        os.unlink(path)
    loaded = recipes.load(tmp_path / "model").model
    asked, _ = striped(4, 3, generated=True)
    np.testing.assert_array_equal(loaded.predict_proba(asked), model.predict_proba(asked))


def test_the_ensemble_has_a_network_for_each_combination():
    model = recipes.make("sdvahcs-2025-ensemble")
    made = {(net.backbone, net.lr, net.batch_size, net.epochs) for net in (own.estimator for own in model.members)}
    assert len(made) == 144 == len(model.members)
    assert ("efficientnet_b2", 5e-5, 128, 5) in made
    assert len(recipes.make("sdvahcs-2025-pseudo-labels", unlabelled=grey(1)).estimator.members) == 36


def test_a_vote_is_never_for_the_real_images_that_the_networks_learn():
    (learnt, y), (real, _) = striped(8, 1, generated=True), striped(8, 0)
    asked, _ = striped(3, 4)  # these look real
    sets = {"reference": real, "unlabelled": asked}
    model = recipes.make("sdvahcs-2025-pseudo-labels", device="cpu", **sets, **TINY).fit(learnt, y)
    (member,) = model.estimator_.members_
    assert member.estimator_.classes_.tolist() == [0, 1, 2]
    assert member.estimator_.predict(real).tolist() == [0] * 16
    assert member.estimator_.predict(asked).tolist() == [0] * 6
    assert set(model.pseudo_labels_) <= {"t1", "t2"}
    assert model.estimator_.scores_.tolist() == [1]


def test_the_regression_sees_the_features_of_the_network(tmp_path):
    model = tiny("medhastra-2025-resnet18-logistic", C=0.5)
    real, y = striped(8, 0)
    net = NetClassifier(**TINY, device="cpu").fit(real, y)
    expected = LogisticRegression(C=0.5, max_iter=1000).fit(net.transform(real), y)
    asked, _ = striped(4, 3, generated=True)
    np.testing.assert_allclose(model.predict_proba(asked), expected.predict_proba(net.transform(asked)), atol=1e-6)


def test_the_published_settings():
    assert (
        recipes.make("medhastra-2025-resnet18").get_params()
        == NetClassifier("resnet18", "v1", image_size=224, epochs=10, lr=1e-4, batch_size=64).get_params()
    )
    net = recipes.make("sdvahcs-2025-efficientnet-b1").estimator
    assert (net.backbone, net.weights, net.image_size, net.lr, net.batch_size) == (
        "efficientnet_b1",
        "v1",
        None,
        1e-4,
        32,
    )
    assert net._shown().crop == 240  # what the network was made for


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_network_trained_on_real_images_attributes_better_than_a_frozen_one():
    task = make_attribution_task(5, 60, 60, image_size=64, random_state=0)
    models = {
        "frozen": recipes.make("aim-2025-resnet50-svm", backbone="efficientnet_lite0", weights="default"),
        "trained": recipes.make("medhastra-2025-resnet18", preset="fast", device="cpu"),
    }
    found = {
        name: attribution_scores(task.y, model.fit(task.reference, task.reference_y).predict(task.X))["accuracy"]
        for name, model in models.items()
    }
    assert found["trained"].low > found["frozen"].high > 0.2
