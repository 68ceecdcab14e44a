"""Twin networks: the published networks and numbers, and quick ones that answer."""

import numpy as np
import pytest
from sklearn.base import clone

from fingerprint_features import make_attribution_task, recipes
from tests.recipes.sets import make_on, small_task

pytest.importorskip("torch", reason="these recipes need the extra learned")

TINY = {"preset": "fast", "image_size": 32, "epochs": 2, "device": "cpu"}


@pytest.fixture(scope="module")
def subsets():
    return make_attribution_task(3, 6, 6, image_size=48, random_state=0)


def on_subsets(task, **params):
    return recipes.make("aim-2025-siamese-subsets", reference=task.X, reference_y=task.y, **params)


def test_both_are_trained_as_published(subsets):
    pipelines = on_subsets(subsets), recipes.make("aim-2025-siamese-usage", reference=subsets.X)
    for features in (pipelines[0][0], pipelines[1][0].features):
        ((_, net),) = features._named()
        assert (net.backbone, net.dim, net.image_size, net.loss, net.margin) == ("siamese4", 256, 256, "contrastive", 1)
        assert (net.lr, net.batch_size, net.epochs, net.weight_decay) == (1e-4, 32, 30, 0)
        assert (net.schedule, net.augment) == ("constant", None)
    assert (pipelines[0][0].extractors[0].pairs, net.pairs) == ("same_label", "reference")


@pytest.mark.parametrize("decision", ["centroid", "mean_distance"])
def test_the_nearest_subset_in_the_embedding_is_the_answer(subsets, decision):
    model = on_subsets(subsets, decision=decision, **TINY).fit(subsets.reference, subsets.reference_y)
    real, asked = model[0].transform(subsets.reference), model[0].transform(subsets.X)
    places = [real[np.asarray(subsets.reference_y) == name] for name in (1, 2, 3)]
    if decision == "centroid":
        distances = [np.linalg.norm(asked - rows.mean(axis=0), axis=1) for rows in places]
    else:
        distances = [np.linalg.norm(asked[:, None] - rows, axis=2).mean(axis=1) for rows in places]
    assert model.predict(subsets.X).tolist() == (np.argmin(distances, axis=0) + 1).tolist()
    again = clone(model).fit(subsets.reference, subsets.reference_y)
    assert again.predict(subsets.X).tolist() == model.predict(subsets.X).tolist()


def test_an_unknown_decision_is_refused(subsets):
    with pytest.raises(ValueError, match="decision must be 'centroid' or 'mean_distance'"):
        on_subsets(subsets, decision="vote")


def test_generated_images_are_drawn_to_the_used_ones():
    task = small_task(random_state=4)
    model = make_on("aim-2025-siamese-usage", task, **TINY).fit(task.X, task.y)
    mean = model[:-1].transform(task.X)[:, 0]
    used = np.asarray(task.y) == 1
    assert mean[used].mean() > mean[~used].mean()  # on the images that it learnt from
    assert np.array_equal(model.predict(task.X), mean > model[-1].threshold_)
    moved = recipes.with_reference(model, task.pool)
    assert not np.array_equal(moved[:-1].transform(task.X)[:, 0], mean)
    assert moved[-1].threshold_ == model[-1].threshold_
