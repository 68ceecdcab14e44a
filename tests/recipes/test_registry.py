"""Names, what is said about each, and the words of every error."""

import dataclasses
import inspect
import pickle
import re
import subprocess
import sys

import numpy as np
import pytest
from sklearn.base import is_classifier

from fingerprint_features import recipes
from fingerprint_features.recipes import registry
from tests.recipes.sets import classical

IMAGES = np.random.default_rng(0).integers(0, 256, (6, 16, 16), dtype=np.uint8)
NAMES = recipes.names()

PUBLISHED = {
    "vcmi-2023-threshold-max": "M01",
    "vcmi-2023-threshold-avg": "M02",
    "vcmi-2023-retrieval": "M03",
    "vcmi-2023-ranking": "M04",
    "vcmi-2023-clustering": "M05",
    "vcmi-2023-ensemble": "M06",
    "dmk-2023-phash": "M16a",
    "dmk-2023-sift-knn": "M17",
    "gan-isi-2023-texture-cdf": "M18",
    "aimultimedialab-2023-lbp-svm": "M24",
    "challengers-2025-lbp-kmeans": "M29",
    "neural-nexus-2025-handcrafted": "M33",
    "zoq-2025-pixels-jaccard": "M38",
    "zoq-2025-pixels-ssim": "M38",
}


def test_names_go_by_method_and_ours_comes_last():
    methods = [recipes.info(name).method for name in NAMES]
    assert methods == sorted(methods)
    assert NAMES[-2:] == ["calibrated-log-ratio", "textures-svm"]
    assert {name: recipes.info(name).method for name in PUBLISHED} == PUBLISHED


@pytest.mark.parametrize("name", NAMES)
def test_every_fact_is_stated(name):
    about = recipes.info(name)
    assert about.name == name
    assert re.fullmatch(r"M\d\d[a-z]?|own", about.method)
    assert about.team
    assert about.year in (2023, 2025, None)
    assert about.subtask in (1, 2)
    assert all(isinstance(run, int) for run in about.runs)
    assert (about.score is None) == (not about.runs)
    assert about.metric == {2023: "f1"}.get(about.year, "kappa" if about.subtask == 1 else "accuracy")
    assert bool(about.why) != about.exact  # what is not exact says why
    assert about.trained_on
    flags = ("exact", "needs_labels", "needs_reference", "needs_pool", "needs_weights", "transductive")
    assert all(isinstance(getattr(about, flag), bool) for flag in flags)
    assert not (about.transductive and about.needs_labels)
    assert about.method == "own" or (about.year is not None and str(about.year) in name)


def test_what_is_said_cannot_be_changed():
    about = recipes.info("vcmi-2023-retrieval")
    with pytest.raises(dataclasses.FrozenInstanceError):
        about.score = 1.0
    assert pickle.loads(pickle.dumps(about)) == about
    assert dataclasses.asdict(about)["team"] == "VCMI"
    assert hash(about) == hash(recipes.info("vcmi-2023-retrieval"))


def test_published_scores_are_those_of_the_tables():
    table = {
        "vcmi-2023-threshold-max": ((2,), 0.802),
        "vcmi-2023-threshold-avg": ((), None),
        "vcmi-2023-retrieval": ((3,), 0.707),
        "vcmi-2023-ensemble": ((1,), 0.731),
        "dmk-2023-phash": ((1,), 0.480),
        "dmk-2023-sift-knn": ((2,), 0.449),
        "gan-isi-2023-texture-cdf": ((1, 2, 3, 4, 5), 0.502),
        "aimultimedialab-2023-lbp-svm": ((1,), 0.626),
        "challengers-2025-lbp-kmeans": ((1776, 1777), -0.176),
        "neural-nexus-2025-handcrafted": ((1881,), 0.032),
        "zoq-2025-pixels-ssim": ((1355,), -0.032),
        "zoq-2025-pixels-jaccard": ((), None),
        "vcmi-2023-resnet50": ((8,), 0.448),
        "clef-cse-2023-clusters": ((2,), 0.521),
        "clef-cse-2023-svm": ((3,), 0.431),
        "aimultimedialab-2023-vgg16-svm": ((2,), 0.585),
        "challengers-2025-resnet50-clusters": ((1778, 1779), -0.032),
        "challengers-2025-resnet50-kmeans": ((1776, 1777), -0.176),
        "medhastra-2025-resnet50-cosine": ((1288,), 0.016),
        "medhastra-2025-resnet50-logistic": ((1288,), 0.016),
        "zhouyijiang-2025-retrieval": ((1801, 1802, 1803, 1804, 1873), 0.136),
        "zoq-2025-resnet50-jaccard": ((1427,), -0.016),
        "aim-2025-resnet50-svm": ((1267, 1268, 1269, 1271), 0.5236),
        "aim-2025-resnet50-kmeans": ((), None),
    }
    assert {name: (recipes.info(name).runs, recipes.info(name).score) for name in table} == table


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
    assert model[0].kw_args == {"filter": "laplacian"}


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


def test_a_filter_that_does_not_exist_is_refused_at_once():
    with pytest.raises(ValueError, match="'filter' parameter of Filtered must be one of 'gaussian'"):
        recipes.make("zoq-2025-pixels-ssim", reference=IMAGES, filter="sharpen")


def test_a_recipe_is_one_function_below_its_declaration(monkeypatch):
    table = dict(registry._recipes())
    monkeypatch.setattr(registry, "_recipes", lambda: table)
    monkeypatch.setattr(registry, "_RECIPES", table)
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


def test_the_room_loads_nothing_heavy_before_it_is_asked():
    code = (
        "import fingerprint_features as f, sys; f.recipes; dir(f.recipes); "
        "print([m for m in ('numpy', 'sklearn', 'numba', 'cv2') if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
