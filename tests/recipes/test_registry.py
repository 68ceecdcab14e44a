"""Names, what is said about each, and the words of every error."""

import dataclasses
import inspect
import pickle
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from sklearn.base import is_classifier

from fingerprint_features import recipes
from fingerprint_features.recipes import registry
from tests.recipes.sets import classical

IMAGES = np.random.default_rng(0).integers(0, 256, (6, 16, 16), dtype=np.uint8)
NAMES = recipes.names()

# name -> its method, its runs and the score of the best one, None for a part of a system and what was not submitted
PUBLISHED = {
    "vcmi-2023-threshold-max": ("M01", (2,), 0.802),
    "vcmi-2023-threshold-avg": ("M02", (), None),
    "vcmi-2023-retrieval": ("M03", (3,), 0.707),
    "vcmi-2023-ranking": ("M04", (), None),
    "vcmi-2023-clustering": ("M05", (), None),
    "vcmi-2023-ensemble": ("M06", (1,), 0.731),
    "vcmi-2023-autoencoder": ("M07", (4,), 0.654),
    "vcmi-2023-autoencoder-ensemble": ("M08", (5, 6, 7), 0.621),
    "vcmi-2023-two-decoders": ("M09", (), None),
    "vcmi-2023-resnet50": ("M10", (8,), 0.448),
    "vcmi-2023-matching-patches": ("M11", (9,), 0.514),
    "vcmi-2023-replacing-patches": ("M12", (10,), 0.594),
    "clef-cse-2023-relation": ("M13", (1,), 0.614),
    "clef-cse-2023-clusters": ("M14", (2,), 0.521),
    "clef-cse-2023-svm": ("M15", (3,), 0.431),
    "dmk-2023-phash": ("M16a", (), None),
    "dmk-2023-cnn": ("M16b", (1,), 0.480),
    "dmk-2023-sift-knn": ("M17", (2,), 0.449),
    "gan-isi-2023-texture-cdf": ("M18", (1, 2, 3, 4, 5), 0.502),
    "kde-lab-2023-transfer": ("M19", (1, 2, 3, 4, 5), 0.548),
    "one-five-one-zero-2023-triplet": ("M20", (1, 2, 3), 0.563),
    "picuslab-2023-vector-net-svm": ("M21", (1, 2, 3, 4, 5, 6), 0.624),
    "picuslab-2023-deforming-svm": ("M22", (7, 8, 9), 0.666),
    "picuslab-2023-vote": ("M23", (10,), 0.487),
    "aimultimedialab-2023-lbp-svm": ("M24", (1,), 0.626),
    "aimultimedialab-2023-vgg16-svm": ("M25", (2,), 0.585),
    "scope-vit-2025-cross-attention": ("M26", (1160,), -0.032),
    "challengers-2025-resnet50-clusters": ("M27", (1778, 1779), -0.032),
    "challengers-2025-resnet50": ("M28", (1811,), 0.012),
    "challengers-2025-lbp-kmeans": ("M29", (), None),
    "challengers-2025-resnet50-kmeans": ("M29", (1776,), -0.176),
    "medhastra-2025-resnet50-cosine": ("M30", (1288,), None),
    "medhastra-2025-resnet50-logistic": ("M30", (1288,), None),
    "neural-nexus-2025-vit-autoencoder": ("M31", (1878,), 0.148),
    "neural-nexus-2025-spectral": ("M32", (1880,), 0.072),
    "neural-nexus-2025-forest": ("M33", (1881,), 0.032),
    "neural-nexus-2025-handcrafted": ("M33", (1881,), None),
    "neural-nexus-2025-attention": ("M34", (), None),
    "zhouyijiang-2025-fusion": ("M35", (1801, 1802, 1803, 1804, 1873), 0.136),
    "zhouyijiang-2025-retrieval": ("M35", (1801, 1802, 1803, 1804, 1873), None),
    "taozi-2025-moco": ("M36", (1359, 1360, 1364, 1366, 1367, 1368, 1369), 0.064),
    "taozi-2025-resnet50-retrieval": ("M36", (), None),
    "taozi-2025-experts": ("M37", (1874,), None),
    "zoq-2025-cnn": ("M38", (1355,), -0.032),
    "zoq-2025-pixels-jaccard": ("M38", (), None),
    "zoq-2025-pixels-ssim": ("M38", (1355,), None),
    "zoq-2025-resnet50-cosine": ("M38", (), None),
    "zoq-2025-resnet50-jaccard": ("M38", (1427,), -0.016),
    "aim-2025-siamese-usage": ("M39", (1492, 1696), 0.036),
    "aim-2025-resnet50-svm": ("M40", (1267, 1268, 1269, 1271), 0.5236),
    "aim-2025-resnet50-kmeans": ("M41", (), None),
    "aim-2025-siamese-subsets": ("M42", (1396,), 0.9904),
    "sdvahcs-2025-efficientnet-b1": ("M43", (1425,), 0.97076),
    "sdvahcs-2025-ensemble": ("M44", (1426,), 0.98784),
    "sdvahcs-2025-pseudo-labels": ("M45", (1782, 1871), 0.98796),
    "medhastra-2025-resnet18": ("M46", (1287,), 0.9484),
    "medhastra-2025-resnet18-logistic": ("M47", (), None),
    "medhastra-2025-resnet18-nearest-subset": ("other", (), None),
    "calibrated-log-ratio": ("own", (), None),
    "textures-svm": ("own", (), None),
    "details-and-hashes": ("own", (), None),
    "whitened-details": ("own", (), None),
}
PARTS = {
    "dmk-2023-phash",
    "challengers-2025-lbp-kmeans",
    "medhastra-2025-resnet50-cosine",
    "medhastra-2025-resnet50-logistic",
    "neural-nexus-2025-handcrafted",
    "zhouyijiang-2025-retrieval",
    "taozi-2025-resnet50-retrieval",
    "zoq-2025-pixels-jaccard",
    "zoq-2025-pixels-ssim",
}


def test_names_go_by_method_and_ours_comes_last():
    methods = [recipes.info(name).method for name in NAMES]
    assert methods == sorted(methods)
    assert NAMES[-4:] == ["calibrated-log-ratio", "details-and-hashes", "textures-svm", "whitened-details"]


@pytest.mark.parametrize("name", NAMES)
def test_every_fact_is_stated(name):
    about = recipes.info(name)
    assert about.name == name
    assert re.fullmatch(r"M\d\d[a-z]?|other|own", about.method)
    assert about.team
    assert about.year in (2023, 2025, None)
    assert about.subtask in (1, 2)
    assert all(isinstance(run, int) for run in about.runs)
    assert about.score is None or about.runs
    assert bool(about.paper) == (name not in ("details-and-hashes", "textures-svm", "whitened-details"))
    assert about.metric == {2023: "f1"}.get(about.year, "kappa" if about.subtask == 1 else "accuracy")
    assert bool(about.why) != about.exact  # what is not exact says why
    assert about.trained_on
    flags = ("exact", "needs_labels", "needs_reference", "needs_pool", "needs_weights", "transductive", "trains")
    assert all(isinstance(getattr(about, flag), bool) for flag in flags)
    assert not (about.transductive and about.needs_labels)
    assert about.fit_on in {1: [("real",)], 2: [("real",), ("generated",), ("generated", "real")]}[about.subtask]
    assert about.needs_reference_labels <= about.needs_reference
    assert about.trains or not about.fast
    assert about.method == "own" or (about.year is not None and str(about.year) in name)


def test_what_is_said_cannot_be_changed():
    about = recipes.info("vcmi-2023-retrieval")
    with pytest.raises(dataclasses.FrozenInstanceError):
        about.score = 1.0
    assert pickle.loads(pickle.dumps(about)) == about
    assert dataclasses.asdict(about)["team"] == "VCMI"
    assert hash(about) == hash(recipes.info("vcmi-2023-retrieval"))


def test_credit_is_that_of_the_published_tables():
    found = {about.name: (about.method, about.runs, about.score) for about in map(recipes.info, NAMES)}
    assert found == PUBLISHED


def test_every_published_method_has_a_recipe():
    found = {recipes.info(name).method[:3] for name in NAMES}
    assert {f"M{number:02d}" for number in range(1, 48)} - found == set()


def test_a_part_of_a_system_has_no_score():
    assert {name for name in NAMES if recipes.info(name).part} == PARTS
    facts = {"team": "T", "subtask": 2, "metric": "accuracy", "trained_on": "nothing", "needs_labels": True}
    with pytest.raises(ValueError, match=r"'t-2025-y' is a part \(stage 1 of 2\): the score of the whole"):
        registry.recipe("t-2025-y", part="stage 1 of 2", score=0.5, **facts)


def test_the_readme_names_the_papers():
    readme = " ".join((Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8").split())
    papers = {recipes.info(name).paper for name in NAMES if recipes.info(name).year}
    assert papers
    assert [paper for paper in papers if paper not in readme] == []


@pytest.mark.parametrize("name", classical())
def test_overrides_are_the_keywords_of_the_builder_and_reach_it(name):
    about, builder = registry._recipes()[name]
    keywords = inspect.signature(builder).parameters.values()
    assert dict(about.overrides) == {p.name: p.default for p in keywords if p.kind is p.KEYWORD_ONLY}
    sets = {"reference": IMAGES} | ({"pool": IMAGES[:3]} if about.needs_pool else {})
    model = recipes.make(name, **sets, **about.overrides)
    assert is_classifier(model)
    assert repr(model) == repr(recipes.make(name, **sets))


def test_an_override_changes_the_recipe():
    model = recipes.make("zoq-2025-pixels-ssim", reference=IMAGES, threshold=2.0, filter="laplacian")
    assert model[-1].threshold == 2.0
    assert model[0].filter == "laplacian"


def test_a_cache_is_handed_on(tmp_path):
    path = tmp_path / "rows.cache"
    assert recipes.make("vcmi-2023-ensemble", reference=IMAGES, cache=path)[0].cache == path
    assert recipes.make("dmk-2023-phash", reference=IMAGES, cache=path)[0].features.cache == path


def test_an_unknown_name_suggests_a_close_one():
    with pytest.raises(ValueError, match=r"no recipe is called 'vcmi-2023-rankin': did you mean 'vcmi-2023-ranking'\?"):
        recipes.info("vcmi-2023-rankin")
    with pytest.raises(ValueError, match="known are vcmi-2023-threshold-max, "):
        recipes.make("xyz", reference=IMAGES)


def test_a_missing_set_is_asked_for():
    with pytest.raises(TypeError, match="'vcmi-2023-ranking' needs reference=, the generated images"):
        recipes.make("vcmi-2023-ranking")
    with pytest.raises(TypeError, match="'aimultimedialab-2023-lbp-svm' needs pool=, images of a second generator"):
        recipes.make("aimultimedialab-2023-lbp-svm", reference=IMAGES)


@pytest.mark.parametrize("needless", ["pool", "holdout"])
def test_a_needless_set_is_refused(needless):
    with pytest.raises(TypeError, match=f"'vcmi-2023-ranking' has no use for {needless}=.*leave it out"):
        recipes.make("vcmi-2023-ranking", reference=IMAGES, **{needless: IMAGES})


def test_an_unknown_override_names_the_known_ones():
    with pytest.raises(TypeError, match="no override 'n_word': known are n_words=100, binary=True, n_neighbors=5"):
        recipes.make("dmk-2023-sift-knn", reference=IMAGES, n_word=20)
    with pytest.raises(TypeError, match="no override 'k': known are none"):
        recipes.make("vcmi-2023-ensemble", reference=IMAGES, k=3)


@pytest.mark.parametrize("kind", ["ssim", "jaccard"])
def test_a_filter_that_does_not_exist_is_refused(kind):
    model = recipes.make(f"zoq-2025-pixels-{kind}", reference=IMAGES, filter="sharpen")
    with pytest.raises(ValueError, match="'filter' parameter of Filtered must be one of 'gaussian'"):
        model.fit(IMAGES, np.arange(6) % 2)


def test_a_recipe_is_one_function_below_its_declaration(monkeypatch):
    monkeypatch.setattr(registry, "_RECIPES", dict(registry._recipes()))
    facts = {"method": "M99", "team": "T", "year": 2025, "subtask": 2, "metric": "accuracy"}

    @registry.recipe("t-2025-x", trained_on="nothing", needs_labels=True, needs_weights=True, **facts)
    def build(reference, pool=None, cache=None, *, backbone="resnet50"):
        return reference, pool, cache, backbone

    about = recipes.info("t-2025-x")
    assert (about.needs_reference, about.needs_pool, about.needs_weights) == (True, False, True)
    assert recipes.make("t-2025-x", reference=1) == (1, None, None, "resnet50")
    assert recipes.make("t-2025-x", reference=1, pool=2, cache=3, backbone="b") == (1, 2, 3, "b")
    with pytest.raises(TypeError, match="needs reference="):
        recipes.make("t-2025-x", pool=2)
    registry.recipe("t-2025-x", trained_on="nothing", needs_labels=True, **facts)(build)  # as in a notebook

    def other(cache): ...

    with pytest.raises(ValueError, match=r"there is another recipe 't-2025-x', in tests\.recipes\.test_registry"):
        registry.recipe("t-2025-x", trained_on="nothing", needs_labels=True, **facts)(other)


@pytest.mark.parametrize("builder", [lambda reference: None, lambda references, cache: None])
def test_a_builder_takes_the_cache_and_sets_by_their_names(builder):
    with pytest.raises(ValueError, match=r"must take cache, and of reference, .*, unlabelled what it needs\. Got"):
        recipes.recipe("t", team="T", subtask=1, metric="f1", trained_on="nothing", needs_labels=False)(builder)


FACTS = {"team": "T", "subtask": 2, "metric": "accuracy", "trained_on": "pairs", "needs_labels": True}


@pytest.fixture
def trained(monkeypatch):
    """Declare a recipe that trains, whose builder returns what it is given; return the recipe's name."""
    monkeypatch.setattr(registry, "_RECIPES", dict(registry._recipes()))

    @recipes.recipe("t-net", fast={"epochs": 3, "image_size": 64}, **FACTS)
    def build(
        reference, reference_y, cache, unlabelled=None, *, epochs=30, image_size=256, device="auto", random_state=0
    ):
        return reference, reference_y, unlabelled, epochs, image_size

    return "t-net"


def test_the_fast_preset_stands_back_behind_what_the_user_says(trained):
    sets = {"reference": 1, "reference_y": 2}
    assert recipes.make(trained, **sets) == (1, 2, None, 30, 256)
    assert recipes.make(trained, preset="fast", **sets) == (1, 2, None, 3, 64)
    assert recipes.make(trained, preset="fast", epochs=5, unlabelled=3, **sets) == (1, 2, 3, 5, 64)


def test_a_recipe_says_that_it_trains_and_which_sets_it_takes(trained):
    about = recipes.info(trained)
    assert about.trains
    assert dict(about.fast) == {"epochs": 3, "image_size": 64}
    assert about.takes == ("reference", "reference_y", "unlabelled")
    assert (about.needs_reference, about.needs_reference_labels, about.needs_pool) == (True, True, False)
    assert not recipes.info("textures-svm").trains


def test_labels_of_the_reference_are_asked_for_and_refused_where_they_have_no_use(trained):
    with pytest.raises(TypeError, match="'t-net' needs reference_y=, the subset of each image of reference="):
        recipes.make(trained, reference=IMAGES)
    with pytest.raises(TypeError, match="'vcmi-2023-ranking' has no use for reference_y="):
        recipes.make("vcmi-2023-ranking", reference=IMAGES, reference_y=[0] * 6)


def test_what_is_fitted_on_generated_images_is_compared_with_real_ones(trained):
    recipes.recipe("t-real", fit_on=("generated",), **FACTS)(lambda reference, cache: None)
    with pytest.raises(TypeError, match="'t-real' needs reference=, real images"):
        recipes.make("t-real")


@pytest.mark.parametrize("name", [name for name in NAMES if not recipes.info(name).trains and "-2025-" in name])
def test_what_trains_nothing_is_the_same_in_both_presets(name):
    about = recipes.info(name)
    sets = {word: IMAGES for word in ("reference", "pool") if getattr(about, f"needs_{word}")}
    assert repr(recipes.make(name, preset="fast", **sets)) == repr(recipes.make(name, **sets))


def test_an_unknown_preset_is_refused():
    with pytest.raises(ValueError, match=r"preset= must be one of 'published', 'fast'\. Got 'quick'"):
        recipes.make("textures-svm", preset="quick")


@pytest.mark.parametrize(
    ("fast", "words"),
    [({"epoch": 3}, "no override 'epoch', which its fast preset"), ({}, "must have the override 'random_state'")],
)
def test_a_recipe_that_trains_has_the_overrides_that_every_such_recipe_has(fast, words):
    with pytest.raises(ValueError, match=words):
        recipes.recipe("t-net", fast=fast, **FACTS)(lambda cache, *, epochs=1, device="auto": None)


def test_the_room_loads_nothing_heavy_before_it_is_asked():
    code = (
        "import fingerprint_features as f, sys; f.recipes; dir(f.recipes); "
        "print([m for m in ('numpy', 'sklearn', 'numba', 'cv2') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
