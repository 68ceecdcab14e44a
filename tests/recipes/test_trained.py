"""What holds for each recipe that trains a network: it learns from files, is kept in one, and answers the same."""

import pytest
from numpy.testing import assert_array_equal
from sklearn.base import clone, is_classifier

from fingerprint_features import load_imageclef_gans, make_attribution_task, make_membership_task, recipes
from fingerprint_features.recipes import FittedRecipe

COMPARES_IMAGES = "vcmi-2023-replacing-patches"  # pastes patches of images into others
LEARNS_THE_REFERENCE = {
    "neural-nexus-2025-spectral",
    "neural-nexus-2025-vit-autoencoder",
    "picuslab-2023-deforming-svm",
    "picuslab-2023-vector-net-svm",
    "picuslab-2023-vote",
}
NAMES = [name for name in recipes.names() if recipes.info(name).trains]


@pytest.fixture(scope="module")
def tasks(tmp_path_factory):
    """A task of files for each question: what is learnt from, its labels, what it is compared with, what is asked."""
    folder = tmp_path_factory.mktemp("trained")
    make_membership_task(18, 18, 24, image_size=32, random_state=0).to_folder(folder / "detect")
    detect = load_imageclef_gans(folder / "detect", 2025, 1, "train", groups=str)
    make_attribution_task(2, 10, 14, image_size=32, random_state=0).to_folder(folder / "attribute")
    subsets = load_imageclef_gans(folder / "attribute", 2025, 2, "train", groups=str)
    return {1: detect, 2: subsets}


def sets_of(about, task):
    """Return the images that a recipe learns from, their labels, and the sets that it takes."""
    X, y, given = task.X, task.y, {"reference": task.reference, "reference_y": task.reference_y, "unlabelled": task.X}
    if about.subtask == 2 and about.fit_on[0] == "real":
        X, y, given = task.reference, task.reference_y, given | {"reference": task.X, "reference_y": task.y}
    return X, y if about.needs_labels else None, {word: given[word] for word in about.takes if word in given}


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_what_it_has_learnt_is_kept_in_a_file(name, tasks, tmp_path):
    about = recipes.info(name)
    X, y, given = sets_of(about, tasks[about.subtask])
    model = recipes.make(name, preset="fast", epochs=1, device="cpu", cache=tmp_path / "rows", **given).fit(X, y)
    if name == COMPARES_IMAGES:
        with pytest.raises(ValueError, match="a saved model holds no images"):
            recipes.save(FittedRecipe(name, model), tmp_path / "model")
        return
    recipes.save(FittedRecipe(name, model), tmp_path / "model")
    asked = tasks[about.subtask].X
    loaded = recipes.load(tmp_path / "model").model
    assert_array_equal(loaded.predict(asked), model.predict(asked))
    if about.subtask == 1 and "reference" in about.takes:  # as the command asks it about its own images
        others = given["reference"][:12]
        if name in LEARNS_THE_REFERENCE:
            with pytest.raises(TypeError, match="cannot be given another reference"):
                recipes.load(tmp_path / "model", reference=others)
        else:
            assert len(recipes.load(tmp_path / "model", reference=others).model.predict(asked)) == len(asked)


@pytest.mark.parametrize("name", NAMES)
def test_it_is_made_in_both_presets(name, tasks):
    about = recipes.info(name)
    *_, given = sets_of(about, tasks[about.subtask])
    for preset in ("published", "fast"):
        model = recipes.make(name, preset=preset, **given)
        assert is_classifier(model)
        assert repr(clone(model)) == repr(model)
