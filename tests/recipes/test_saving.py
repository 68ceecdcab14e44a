"""Fitted recipes in files: the same answers after loading, no image inside, and nothing in a file that can run."""

import io
import json
import os
import pickle
import zipfile
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
import skops.io
from numpy.testing import assert_array_equal
from sklearn.ensemble import RandomForestClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from fingerprint_features import LBP, FeaturePipeline, ImageSet, load_imageclef_gans, recipes
from fingerprint_features.learned import NetClassifier
from fingerprint_features.recipes import FittedRecipe
from fingerprint_features.recipes.saving import KeptImages
from tests.recipes.sets import classical, fit_on, small_task

NAMES = classical()
WITH_PIXELS = {  # hold images, filtered
    *("zoq-2025-pixels-jaccard", "zoq-2025-pixels-ssim"),
    *("whitened-details", "details-and-hashes"),
}


@pytest.fixture(scope="module")
def task(tmp_path_factory):
    """A task of files."""
    folder = tmp_path_factory.mktemp("task")
    small_task(random_state=4).to_folder(folder)
    task = load_imageclef_gans(folder, 2025, 1, "train", groups=lambda id: id)
    return replace(task, pool=ImageSet.from_folder(folder / "pool"))


@pytest.fixture(scope="module")
def hashes(task):
    return FittedRecipe("dmk-2023-phash", fit_on("dmk-2023-phash", task), ("ab",), ("cd", "ef"))


@pytest.mark.parametrize("name", [name for name in NAMES if name not in WITH_PIXELS])
def test_a_loaded_recipe_answers_as_the_saved_one_and_no_image_is_in_the_file(name, task, tmp_path):
    model = fit_on(name, task, cache=tmp_path / "rows.cache")
    recipes.save(FittedRecipe(name, model), tmp_path / "model")
    loaded = recipes.load(tmp_path / "model")
    assert loaded.recipe == name
    assert_array_equal(loaded.model.predict(task.X), model.predict(task.X))
    pixels = {np.ascontiguousarray(image).tobytes() for images in (task.X, task.reference) for image in images}
    with zipfile.ZipFile(tmp_path / "model") as file:
        assert b"rows.cache" not in file.read("schema.json")
        assert not any(image in file.read(member) for member in file.namelist() for image in pixels)


@pytest.mark.parametrize("name", sorted(WITH_PIXELS))
def test_a_recipe_that_holds_images_is_not_saved(name, task, tmp_path):
    with pytest.raises(ValueError, match="a saved model holds no images"):
        recipes.save(FittedRecipe(name, fit_on(name, task)), tmp_path / "model")
    assert not os.listdir(tmp_path)


@pytest.mark.parametrize("reference", [lambda images: images.decode(), lambda images: ImageSet(images.decode())])
def test_images_in_memory_are_not_saved(reference, task, tmp_path):
    given = SimpleNamespace(X=task.X, y=task.y, reference=reference(task.reference))
    with pytest.raises(ValueError, match="a saved model holds no images"):
        recipes.save(FittedRecipe("dmk-2023-phash", fit_on("dmk-2023-phash", given)), tmp_path / "model")


def test_what_was_learnt_from_is_remembered(hashes, tmp_path):
    recipes.save(hashes, tmp_path / "model")
    loaded = recipes.load(tmp_path / "model")
    assert (loaded.learnt_from, loaded.reference) == (("ab",), ("cd", "ef"))


def test_a_loaded_recipe_may_be_asked_about_another_generator(task, hashes, tmp_path):
    recipes.save(hashes, tmp_path / "model")
    loaded = recipes.load(tmp_path / "model", reference=task.reference[:9])
    expected = recipes.with_reference(hashes.model, task.reference[:9])
    assert_array_equal(loaded.model.decision_function(task.X), expected.decision_function(task.X))
    assert set(loaded.reference) == {digest.hex() for digest in task.reference[:9].digests}


@pytest.fixture
def moved(tmp_path):
    """A saved recipe that compares whole images, its images, and the folder of those."""
    small_task(random_state=5).to_folder(tmp_path)
    task = load_imageclef_gans(tmp_path, 2025, 1, "train")
    recipes.save(FittedRecipe("vcmi-2023-threshold-max", fit_on("vcmi-2023-threshold-max", task)), tmp_path / "model")
    return tmp_path / "model", task, tmp_path / "generated"


def test_a_missing_folder_is_named_where_its_images_are_needed(moved):
    path, task, folder = moved
    folder.rename(folder.with_name("elsewhere"))
    images = ImageSet(np.stack(list(task.X)))
    with pytest.raises(ValueError, match=r"generated.*no such file"):
        recipes.load(path).model.predict(images)
    others = ImageSet.from_folder(folder.with_name("elsewhere"))
    assert len(recipes.load(path, reference=others).model.predict(images)) == len(images)


def test_an_image_that_has_changed_is_noticed(moved):
    path, _, folder = moved
    first, second = sorted(folder.iterdir())[:2]
    first.write_bytes(second.read_bytes())
    with pytest.raises(ValueError, match=f"{first.name} is not the image that the model was fitted with"):
        recipes.load(path)


def test_a_trained_network_is_saved_with_its_weights(task, tmp_path):
    images = ImageSet(list(task.X), groups=task.groups)  # in memory: a network keeps none
    network = NetClassifier(epochs=1, image_size=16, device="cpu").fit(images, task.y)
    recipes.save(FittedRecipe("textures-svm", make_pipeline(network)), tmp_path / "model")
    loaded = recipes.load(tmp_path / "model").model[0]
    assert loaded.digest_ == network.digest_
    assert_array_equal(loaded.predict_proba(images), network.predict_proba(images))


# ---- files from elsewhere ---------------------------------------------------------------------------------


class Hostile:
    """Writes a file when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return open, (self.path, "w")


def content(**changed):
    """Return what a saved recipe holds, with changes."""
    model = FeaturePipeline([LBP()])
    return {"layout": 1, "recipe": "textures-svm", "learnt_from": [], "reference": [], "model": model} | changed


def test_a_pickle_is_not_read(tmp_path):
    (tmp_path / "model").write_bytes(pickle.dumps(Hostile(str(tmp_path / "ran"))))
    with pytest.raises(ValueError, match="model is no saved recipe, or is damaged"):
        recipes.load(tmp_path / "model")
    assert not (tmp_path / "ran").exists()


def test_a_pickle_inside_is_not_read(tmp_path):
    skops.io.dump(content(model=FunctionTransformer(kw_args={"a": np.array([1, 2])})), tmp_path / "good")
    with zipfile.ZipFile(tmp_path / "good") as good, zipfile.ZipFile(tmp_path / "bad", "w") as bad:
        for member in good.namelist():
            pickled = pickle.dumps(Hostile(str(tmp_path / "ran")))
            bad.writestr(member, pickled if member.endswith(".npy") else good.read(member))
    assert recipes.load(tmp_path / "good").model.kw_args["a"].tolist() == [1, 2]
    with pytest.raises(ValueError, match="bad is no saved recipe, or is damaged"):
        recipes.load(tmp_path / "bad")
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("function", [os.system, eval, np.load, recipes.make])
def test_a_function_from_elsewhere_is_refused(function, tmp_path):
    skops.io.dump(content(model=FunctionTransformer(function)), tmp_path / "model")
    with pytest.raises(ValueError, match=r"model is refused, since it names what no saved recipe holds"):
        recipes.load(tmp_path / "model")


@pytest.mark.parametrize(
    ("module", "name"),
    [
        ("os", "system"),
        ("fingerprint_features.recipes.registry", "importlib"),  # a module that ours has imported
        ("fingerprint_features.recipes.saving", "deepcopy"),
        ("fingerprint_features.recipes.saving.os", "system"),
        ("fingerprint_features.recipes.saving", "os.system"),
        ("fingerprint_features.recipes.saving", "_replace"),
        ("fingerprint_features.cache.store", "FeatureCache"),  # makes a file
        ("fingerprint_features.testing.suite", "check_extractor"),
        ("fingerprint_features_evil", "Estimator"),
    ],
)
def test_nothing_is_called_that_is_not_an_estimator_of_ours(module, name, tmp_path):
    call = {
        "__class__": name,
        "__module__": module,
        "__loader__": "ConstructorFromReduceNode",
        "content": json.loads(
            zipfile.ZipFile(io.BytesIO(skops.io.dumps((str(tmp_path / "ran"),)))).read("schema.json")
        ),
    }
    whole = zipfile.ZipFile(io.BytesIO(skops.io.dumps(content(model=None))))
    schema = json.loads(whole.read("schema.json"))
    schema["content"]["model"] = call
    with zipfile.ZipFile(tmp_path / "model", "w") as file:
        file.writestr("schema.json", json.dumps(schema))
    with pytest.raises(ValueError, match=r"model is refused|model is no saved recipe"):
        recipes.load(tmp_path / "model")
    assert os.listdir(tmp_path) == ["model"]


def test_a_file_names_no_place_to_write_to(tmp_path):
    model = make_pipeline(FeaturePipeline([LBP()], cache=str(tmp_path / "rows")), memory=str(tmp_path / "memory"))
    skops.io.dump(content(model=model), tmp_path / "model")
    loaded = recipes.load(tmp_path / "model").model
    assert (loaded.memory, loaded[0].cache) == (None, None)


def test_a_file_does_not_choose_under_which_name_rows_are_cached(task, tmp_path):
    network = NetClassifier(epochs=1, image_size=16, device="cpu").fit(task.X, task.y)
    honest, network.digest_ = network.digest_, "0" * 64
    recipes.save(FittedRecipe("textures-svm", network), tmp_path / "model")
    assert recipes.load(tmp_path / "model").model.digest_ == honest


def test_a_tree_that_leads_out_of_its_nodes_is_refused(tmp_path):
    forest = RandomForestClassifier(2, random_state=0).fit(np.arange(12)[:, None], np.arange(12) % 2)
    tree = forest.estimators_[1].tree_
    state = tree.__getstate__()
    state["nodes"]["left_child"][0] = 10_000
    tree.__setstate__(state)
    skops.io.dump(content(model=forest), tmp_path / "model")
    with pytest.raises(ValueError, match="a tree leads out of its nodes"):
        recipes.load(tmp_path / "model")


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
def test_part_of_a_file_is_no_recipe(share, hashes, tmp_path):
    recipes.save(hashes, tmp_path / "model")
    whole = (tmp_path / "model").read_bytes()
    (tmp_path / "model").write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(ValueError, match="model is no saved recipe, or is damaged"):
        recipes.load(tmp_path / "model")


@pytest.mark.parametrize("changed", [{"layout": 2}, {"recipe": "nobodys"}, {"model": 3}])
def test_other_contents_are_no_recipe(changed, tmp_path):
    skops.io.dump(content(**changed), tmp_path / "model")
    with pytest.raises(ValueError, match="model is no saved recipe, or is damaged"):
        recipes.load(tmp_path / "model")


def test_a_missing_file_and_an_unknown_recipe_are_named(hashes, tmp_path):
    with pytest.raises(FileNotFoundError, match=r"there is no saved recipe .*nowhere"):
        recipes.load(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="no recipe is called 'mine'"):
        recipes.save(FittedRecipe("mine", hashes.model), tmp_path / "model")


def test_what_is_kept_of_images_opens_them_again(task):
    again = KeptImages.of(task.X[3:6]).open()
    assert_array_equal(again.ids, task.X[3:6].ids)
    assert_array_equal(again.groups, task.X[3:6].groups)
    assert_array_equal(again.digests, task.X[3:6].digests)
