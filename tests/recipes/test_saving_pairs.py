"""Systems trained on pairs are saved and loaded: the same answers, from files of images."""

from types import SimpleNamespace

import pytest
from numpy.testing import assert_array_equal

from fingerprint_features import ImageSet, load_imageclef_gans, make_attribution_task, recipes
from fingerprint_features.recipes import FittedRecipe
from tests.helpers import write_images
from tests.recipes.sets import fit_on, small_task

pytest.importorskip("torch", reason="these recipes need the extra learned")
pytest.importorskip("skops", reason="saved recipes need skops")

TINY = {"preset": "fast", "image_size": 32, "epochs": 1, "device": "cpu"}
NAMES = [
    "vcmi-2023-matching-patches",
    "one-five-one-zero-2023-triplet",
    "picuslab-2023-vector-net-svm",
    "taozi-2025-moco",
    "taozi-2025-experts",
    "aim-2025-siamese-usage",
]


@pytest.fixture(scope="module")
def task(tmp_path_factory):
    folder = tmp_path_factory.mktemp("task")
    small_task(random_state=4).to_folder(folder)
    return load_imageclef_gans(folder, 2025, 1, "train")


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_a_loaded_system_answers_as_the_saved_one(name, task, tmp_path):
    some = SimpleNamespace(X=task.X[::2], y=task.y[::2], reference=task.reference[:10])
    model = fit_on(name, some, **TINY)
    recipes.save(FittedRecipe(name, model), tmp_path / "model")
    assert_array_equal(recipes.load(tmp_path / "model").model.predict(task.X), model.predict(task.X))


@pytest.mark.slow
@pytest.mark.parametrize("decision", ["centroid", "mean_distance"])
def test_so_does_the_winner_of_2025(decision, tmp_path):
    task = make_attribution_task(3, 4, 4, image_size=32, random_state=0)
    generated = ImageSet(write_images(tmp_path, task.X.decode()))
    sets = {"reference": generated, "reference_y": task.y, "decision": decision}
    model = recipes.make("aim-2025-siamese-subsets", **sets, **TINY).fit(task.reference, task.reference_y)
    recipes.save(FittedRecipe("aim-2025-siamese-subsets", model), tmp_path / "model")
    assert_array_equal(recipes.load(tmp_path / "model").model.predict(task.X), model.predict(task.X))
