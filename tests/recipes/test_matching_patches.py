"""Matching patches: the published crops, loss and cut."""

import numpy as np
import pytest

from fingerprint_features import recipes
from fingerprint_features.recipes.matching_patches import CropEmbedder
from tests.recipes.sets import make_on, small_task

torch = pytest.importorskip("torch", reason="this recipe needs the extra learned")


class Mean(torch.nn.Module):
    """One feature: the mean of what is seen, whatever its size."""

    def forward(self, x):
        seen.append(tuple(x.shape))
        return x.mean(dim=(1, 2, 3))[:, None]


seen = []


def net():
    return torch.nn.ModuleDict({"body": Mean(), "head": torch.nn.Identity()})


def test_the_loss_is_that_of_three_crops_of_half_the_side():
    model, inputs = CropEmbedder(margin=0.5), torch.zeros(6, 1, 8, 8)
    inputs[4:] += torch.tensor([0.1, 3.0])[:, None, None, None]  # the others: one near the anchors, one far
    seen.clear()
    assert float(model._loss(net(), inputs, None)) == pytest.approx((0.5 - 0.1**2) / 2)
    assert seen == [(6, 1, 4, 4)]
    inputs[2:4] = 0.2
    assert float(model._loss(net(), inputs, None)) == pytest.approx((0.5 - 0.1**2) / 2 + 0.04)


def test_crops_are_at_one_place_of_all_images_and_it_is_the_seeds():
    inputs = torch.rand(3, 1, 16, 16)
    rows = CropEmbedder(random_state=3)._embed(net(), inputs)
    assert rows.shape == (3, 2)
    assert torch.equal(rows[1:], CropEmbedder(random_state=3)._embed(net(), inputs[1:]))
    assert not torch.equal(rows, CropEmbedder(random_state=4)._embed(net(), inputs))


def test_used_is_what_is_nearer_than_two_crops_of_one_image():
    task = small_task(random_state=4)
    tiny = {"preset": "fast", "image_size": 32, "epochs": 2, "threshold": 0.2, "device": "cpu"}
    model = make_on("vcmi-2023-matching-patches", task, **tiny).fit(task.X)
    rows, generated = (model[0].features_.transform(some).astype(float) for some in (task.X, task.reference))
    assert rows.shape == (40, 256)
    errors = np.square(rows[:, None, :128] - generated[:, :128]).mean(axis=2).min(axis=1)
    null = np.square(rows[:, :128] - rows[:, 128:]).mean(axis=1)
    answers = model.predict(task.X)
    assert np.array_equal(answers, errors < null.mean() - 0.2 * null.std())
    assert answers.sum() > 0
    moved = recipes.with_reference(model, task.pool)
    assert moved[0].null_mean_ == model[0].null_mean_
    assert not np.array_equal(moved[:-1].transform(task.X), model[:-1].transform(task.X))


def test_it_is_trained_as_published():
    model = recipes.make("vcmi-2023-matching-patches", reference=np.zeros((2, 8, 8), dtype=np.uint8))
    ((_, own),) = model[0].features._named()
    assert (own.backbone, own.dim, own.margin, own.lr, own.batch_size, own.epochs) == ("conv5", 128, 0.5, 1e-4, 16, 800)
    assert (own.augment.noise, own._shown().crop, model[1].threshold) == (0.1, 256, 1.0)
