"""Every benchmark runs, at its smallest size, so that none can rot unnoticed."""

import importlib
import inspect
import json
import os
from dataclasses import replace
from itertools import product
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

ROOT = Path(__file__).parents[1]
KINDS = ("time_", "timeraw_", "peakmem_", "track_")


@pytest.fixture(autouse=True, scope="module")
def few_images(tmp_path_factory):
    """Import the benchmarks package from this checkout, with few and small images."""
    patch = pytest.MonkeyPatch()
    patch.syspath_prepend(str(ROOT))
    patch.setenv("FINGERPRINT_BENCH_IMAGES", "4")
    patch.setenv("FINGERPRINT_BENCH_MANY", "40")
    yield
    patch.undo()


def first_parameters(owner):
    """Return the first value of each parameter, but all extractors."""
    params = getattr(owner, "params", ())
    params = params if params and isinstance(params[0], (list, tuple)) else ([params] if params else [])
    chosen = [values if isinstance(values[0], str) else values[:1] for values in map(list, params)]
    return list(product(*chosen))


def benchmarks():
    for path in sorted((ROOT / "benchmarks").glob("bench_*.py")):
        yield path.stem


@pytest.mark.parametrize("module", list(benchmarks()))
def test_every_benchmark_runs(module):
    module = importlib.import_module(f"benchmarks.{module}")
    ran = 0
    for name, owner in vars(module).items():
        if name.startswith("timeraw_"):
            exec(owner(), {})
            ran += 1
        elif inspect.isclass(owner) and owner.__module__ == module.__name__:
            methods = [method for method in dir(owner) if method.startswith(KINDS)]
            for parameters, method in product(first_parameters(owner), methods):
                instance = owner()
                if hasattr(instance, "setup"):
                    instance.setup(*parameters)
                value = getattr(instance, method)(*parameters)
                if hasattr(instance, "teardown"):
                    instance.teardown(*parameters)
                assert not method.startswith("track_") or np.isfinite(value)
                ran += 1
    assert ran >= 2


def test_ratios_print_one_table_worst_first(capsys):
    ratios = importlib.import_module("benchmarks.ratios")
    ratios.main(rounds=1)
    text = capsys.readouterr().out
    assert "peak memory" in text.splitlines()[-1]
    assert "of twice as many images" in text.splitlines()[-2]
    for name in (
        "LBP",
        "GLCM",
        "Gabor",
        "pHash",
        "from PNG",
        "resnet50",
        "cached",
        "two threads",
        "product",
        "sklearn",
    ):
        assert name in text


def test_peers_do_the_same_work():
    from fingerprint_features import GLCM, LBP, Gabor, ImageStats, PHash, Wavelet

    peers = importlib.import_module("benchmarks.peers")
    image = importlib.import_module("benchmarks.common").slices(256, 4)[0]
    for extractor, peer in [
        (LBP(), peers.lbp),
        (GLCM(), lambda image: peers.glcm(image, 32)),
        (GLCM(levels=256), lambda image: peers.glcm(image, 256)),
        (Gabor(), peers.gabor),
        (PHash(), peers.phash),
        (Wavelet(), peers.wavelet),
        (ImageStats(), peers.image_stats),
    ]:
        ours = extractor.fit_transform(image[None])[0]
        theirs = np.asarray(peer(image), dtype=float)
        assert ours.shape == theirs.shape
        np.testing.assert_allclose(np.sort(ours), np.sort(theirs), rtol=2e-3, atol=1e-4)


def test_peers_that_may_lead_do_the_same_work(tmp_path):
    from fingerprint_features import PHash, Wavelet
    from fingerprint_features.similarity import pairwise_similarity

    peers, common = (importlib.import_module(f"benchmarks.{name}") for name in ("peers", "common"))
    images = common.slices(256, 4)
    bits = PHash(8).fit_transform(images)
    np.testing.assert_array_equal(peers.hamming(bits, bits), pairwise_similarity(bits, bits, "hamming"))
    pytest.importorskip("mahotas")
    want = np.sort(Wavelet().fit_transform(images[:1])[0])
    np.testing.assert_allclose(np.sort(peers.haar_mahotas(images[0])), want, rtol=1e-5)
    paths = common.write_png(tmp_path, images)
    pytest.importorskip("kornia_rs")
    decoded = peers.decode_kornia([Path(path).read_bytes() for path in paths])
    np.testing.assert_array_equal(np.squeeze(decoded), images)
    pytest.importorskip("imgdd")
    assert len(peers.hash_imgdd(str(tmp_path))) == len(images)


@pytest.mark.parametrize("name", ["asv.conf.json", "asv.cnn.conf.json"])
def test_asv_finds_the_benchmarks_from_its_own_folder(name):
    conf = json.loads((ROOT / "benchmarks" / name).read_text())
    assert conf["benchmark_dir"] == "."
    assert conf["repo"] == ".."


def test_benchmarks_of_networks_are_left_out_where_pytorch_is_not_installed(monkeypatch):
    for name in ("bench_extractors", "bench_cnn"):
        monkeypatch.setattr(importlib.import_module(f"benchmarks.{name}"), "find_spec", lambda name: None)
    extractors, cnn = (importlib.import_module(f"benchmarks.{name}") for name in ("bench_extractors", "bench_cnn"))
    extractors.Extract().setup("PHash", 64)
    with pytest.raises(NotImplementedError, match=r"asv\.cnn\.conf\.json"):
        extractors.Extract().setup("CNNEmbedding", 64)
    with pytest.raises(NotImplementedError, match=r"asv\.cnn\.conf\.json"):
        cnn.Embed().setup("resnet50", "png")


def test_attribution_has_a_line_for_each_recipe_and_task(monkeypatch, capsys):
    attribution = importlib.import_module("benchmarks.attribution")
    asked = ["--recipes", "textures-svm", "vcmi-2023-retrieval", "--real=4", "--generated=4", "--size=32"]
    monkeypatch.setattr("sys.argv", ["attribution", *asked, "--seeds", "0", "1"])
    attribution.main()
    out = capsys.readouterr().out
    assert "chance 0.200" in out
    assert [line.split()[:3] for line in out.splitlines()[2:]] == [
        ["task", "0", "textures-svm"],
        ["task", "1", "textures-svm"],
    ]


def test_tests_of_generated_sets_have_a_line_for_each_share_of_copies(monkeypatch, capsys):
    set_tests = importlib.import_module("benchmarks.set_tests")
    monkeypatch.setattr("sys.argv", ["set_tests", "--trials=1", "--copied", "0", "1"])
    set_tests.main()
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 4 + 2 * 3
    assert lines[6].split() == ["1", "100", "%", *["100.0", "%"] * 9]


def test_every_variant_has_an_area_on_a_rung():
    variants = importlib.import_module("benchmarks.variants")
    from fingerprint_features import make_membership_task

    records = variants.measure("planted", make_membership_task(8, 8, 6, memorization=1, image_size=16, random_state=0))
    areas = {record["variant"]: record["auc"] for record in records}
    assert len(areas) == len(records) == 59
    assert np.mean(list(areas.values())) > 0.6
    assert areas["details 1, whitened 0.3: max"] > 0.6


@pytest.fixture
def reproduce(tmp_path, monkeypatch):
    """The module that reproduces, on small tasks and with files of its own."""
    reproduce = importlib.import_module("benchmarks.reproduce")
    detect = {"n_used": 8, "n_unused": 8, "n_generated": 12, "n_pool": 12, "image_size": 32}
    monkeypatch.setattr(reproduce, "DETECT", detect)
    attribute = {"n_subsets": 2, "n_real_per_subset": 6, "n_generated_per_subset": 12, "image_size": 32}
    monkeypatch.setattr(reproduce, "ATTRIBUTE", attribute)
    monkeypatch.setattr(reproduce.systems, "FIGURES", tmp_path / "figures.csv")
    monkeypatch.setattr(reproduce.systems, "PAGE", tmp_path / "page.md")
    reproduce.shared.cache_clear()
    yield reproduce
    reproduce.shared.cache_clear()


def figures(text, recipe):
    """Return the cells of a recipe's line of the page."""
    (line,) = [line for line in text.splitlines() if line.startswith("|") and f"`{recipe}`" in line]
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_what_is_reproduced_is_kept_and_shown(reproduce, monkeypatch):
    page = reproduce.systems.PAGE
    for recipe in ("dmk-2023-phash", "aimultimedialab-2023-lbp-svm", "dmk-2023-phash", "textures-svm"):
        monkeypatch.setattr("sys.argv", ["reproduce", "--recipes", recipe])
        reproduce.main()
    rows = reproduce.systems.FIGURES.read_text().splitlines()
    assert len(rows) == 1 + 2 * 4 + 1  # F1 and kappa, remembered and not, of two recipes, and one accuracy
    found = figures(page.read_text(), "dmk-2023-phash")
    assert found[:4] == ["M16a", "`dmk-2023-phash`", "DMK-SSN, 2023", "F1 -"]
    remembered, null = reproduce.systems.kept()["dmk-2023-phash", "remembered", "kappa"], found[6]
    assert found[5] == f"{remembered.value:.2f} [{remembered.low:.2f}, {remembered.high:.2f}]"
    assert null
    assert figures(page.read_text(), "textures-svm")[5:7] == ["", ""]
    assert figures(page.read_text(), "vcmi-2023-ensemble")[7] == "not run yet"


def test_labels_of_the_judged_images_are_never_learnt(reproduce, monkeypatch):
    seen = {}

    class Spy:
        def fit(self, X, y):
            seen[self.name] = set(X.digests), y
            return self

    def make(name, **sets):
        spy = Spy()
        spy.name, spy.sets = name, sets
        return spy

    monkeypatch.setattr(reproduce.recipes, "make", make)
    for task, names in {
        "remembered": ["vcmi-2023-threshold-max", "calibrated-log-ratio"],
        "subsets": ["textures-svm", "medhastra-2025-resnet18-nearest-subset"],
    }.items():
        half = reproduce.shared(task)
        judged = set(half.judge.digests)
        for name in names:
            about = reproduce.recipes.info(name)
            reproduce.learnt(about, half, "fast", Path("rows"))
            digests, y = seen[name]
            assert digests == judged if y is None else not digests & judged
            if about.subtask == 2:
                assert (digests == set(half.reference.digests)) == (about.fit_on[0] == "real")


def test_the_challenges_folders_give_the_table_and_run_files(reproduce, tmp_path, monkeypatch):
    from fingerprint_features import make_attribution_task, make_membership_task, validate_submission

    known, asked = (make_membership_task(8, 8, 12, image_size=32, random_state=seed) for seed in (0, 1))
    known.to_folder(tmp_path / "2025-detect-train")
    replace(asked, y=None).to_folder(tmp_path / "2025-detect-test")
    make_attribution_task(5, 4, 6, image_size=32, random_state=0).to_folder(tmp_path / "2025-attribute-train")
    names = ["vcmi-2023-threshold-max", "challengers-2025-lbp-kmeans", "calibrated-log-ratio", "textures-svm"]
    runs = tmp_path / "runs"
    monkeypatch.setattr("sys.argv", ["r", "--recipes", *names, "--data", str(tmp_path), "--runs", str(runs)])
    reproduce.main()
    assert not reproduce.systems.PAGE.exists()
    table = (runs / "systems.md").read_text()
    assert figures(table, "vcmi-2023-threshold-max")[7] == "not run yet"  # its images are not here
    assert all(figures(table, name)[7] != "not run yet" for name in names[1:])
    assert sorted(path.stem for path in runs.glob("*.csv")) == ["calibrated-log-ratio", "challengers-2025-lbp-kmeans"]
    for path in runs.glob("*.csv"):
        ids = [f"real_unknown/{name}" for name in sorted(os.listdir(tmp_path / "2025-detect-test" / "real_unknown"))]
        assert validate_submission(path, ids, id_style="name") == []


def test_words_of_the_page_are_about_the_interval(reproduce):
    row = reproduce.systems.Row
    found = [row("a", "t", "kappa", 0.1, low, high, 1.0) for low, high in ((0.01, 0.2), (-0.1, 0.2), (-0.3, -0.1))]
    assert [reproduce.systems.word(one) for one in found] == ["better than chance", "at chance", "worse than chance"]
    assert reproduce.systems.word(row("a", "t", "accuracy", 0.3, 0.15, 0.4, 1.0)) == "at chance"


def test_the_page_of_systems_says_how_many_images_there_are():
    reproduce = importlib.import_module("benchmarks.reproduce")
    detect, attribute = reproduce.DETECT, reproduce.ATTRIBUTE
    words = [
        f"{detect['n_used'] + detect['n_unused']} real images, half of them used",
        f"{detect['n_generated']} generated ones, half of which descend",
        f"{attribute['n_real_per_subset']} real and {attribute['n_generated_per_subset']} generated images each",
        f"All have {detect['image_size']} x {attribute['image_size']} pixels",
    ]
    text = " ".join(reproduce.systems.HEAD.split())
    assert [one for one in words if one not in text] == []
    assert (detect["n_used"], reproduce.REMEMBERED, attribute["n_subsets"]) == (detect["n_unused"], 0.5, 5)


def test_the_page_of_systems_shows_the_kept_figures():
    systems = importlib.import_module("benchmarks.systems")
    assert systems.PAGE.read_text(encoding="utf-8") == systems.page(), "python -m benchmarks.reproduce --page"


def test_the_power_table_has_a_row_for_each_recipe_and_counts_false_alarms(tmp_path, monkeypatch, capsys):
    power = importlib.import_module("benchmarks.power")
    names = ["dmk-2023-phash", "aimultimedialab-2023-lbp-svm"]
    assert set(names) <= set(power.detectors())
    monkeypatch.setattr(power, "detectors", lambda: names)
    monkeypatch.setattr(power, "MEMORIZATION", (0, 1))
    sizes = {"n_used": 8, "n_unused": 8, "n_generated": 16, "n_pool": 16, "image_size": 32}
    monkeypatch.setattr(power, "SIZES", sizes)
    output = tmp_path / "power.csv"
    monkeypatch.setattr("sys.argv", ["power", "--repeats=1", "--null-seeds=2", "--jobs=1", f"--output={output}"])
    power.main()
    assert len(output.read_text().splitlines()) == 1 + 2 * (2 * 2 * 2 + 2)
    out = capsys.readouterr().out
    assert out.count("dmk-2023-phash") == 4
    assert "joint 95 % intervals of all 2 recipes contain chance in 2 of 2 tasks" in out
    assert power.silent([{"low": -0.1, "high": 0.3}])
    assert not power.silent([{"low": -0.1, "high": 0.3}, {"low": 0.1, "high": 0.3}])


def test_generators_are_trained_once_and_every_recipe_judges_every_rung(tmp_path, monkeypatch, capsys):
    generators = importlib.import_module("benchmarks.generators")
    monkeypatch.setattr(generators, "STEPS", {"vae": (1, 2)})
    monkeypatch.setattr(generators, "N_GENERATED", 5)
    monkeypatch.setattr(
        generators,
        "STUDIES",
        {
            "chest": generators.Study("chest", 1, "patient", 6, 8, 32),
            "within": generators.Study("chest", 4, "within", 8, 16, 32),
        },
    )
    recipes = ["dmk-2023-phash", "calibrated-log-ratio"]
    asked = ["generators", "--jobs=1", "--nulls=1", f"--output={tmp_path}", "--recipes", *recipes]
    monkeypatch.setattr("sys.argv", asked)
    generators.main()
    first, rows = capsys.readouterr().out, generators.kept(tmp_path / "recipes.csv")
    assert len(rows) == 2 * 3 * 2
    assert {(row["steps"], row["null"]) for row in rows} == {("1", ""), ("2", ""), ("2", "0")}
    assert "vae 1" in first
    assert [line.split()[0] for line in first.splitlines() if "(" in line][1:3] == recipes
    assert "on 2 of 2 nulls" in first
    assert not list(tmp_path.glob("*.safetensors"))  # what is done needs no checkpoint

    task = generators.read(tmp_path / "vae_within_2")
    assert list(task.y) == [int(place.startswith("real_used")) for place in places(tmp_path / "vae_within_2", task.X)]
    null = generators.null_of(task, 0)
    assert not set(null.X.digests) & set(task.X.digests)
    assert [sorted(null.y[null.groups == patient]) for patient in np.unique(null.groups)] == [[0, 0, 1, 1]] * 4
    by_patient = generators.null_of(generators.read(tmp_path / "vae_chest_2"), 0)
    assert by_patient.y.sum() == 4

    def train_again(*args):
        raise AssertionError("it is trained already")

    monkeypatch.setattr(generators.Training, "tasks", train_again)
    generators.main()
    assert capsys.readouterr().out == first


def places(folder, images):
    """Return where each image's file is, found by its pixels."""
    files = [file for part in ("real_used", "real_not_used") for file in (folder / part).glob("*.png")]
    by_pixels = {cv2.imread(str(file), 0).tobytes(): f"{file.parent.name}/{file.name}" for file in files}
    return [by_pixels[image.tobytes()] for image in images]


def test_a_folder_of_ones_own_is_a_study_whose_sub_folders_are_patients(tmp_path):
    generators = importlib.import_module("benchmarks.generators")
    rng = np.random.default_rng(0)
    for i in range(12):
        path = tmp_path / f"patient{i // 3}" / f"{i}.png"
        path.parent.mkdir(exist_ok=True)
        cv2.imwrite(str(path), rng.integers(0, 256, (20, 20), dtype=np.uint8))
    ((name, study),) = generators.folder_study(tmp_path, None).items()
    assert (name, study.n_used, study.n_holdout) == (tmp_path.name, 3, 3)
    assert list(np.unique(study.images.groups)) == [f"patient{k}" for k in range(4)]
    assert generators.folder_study(tmp_path, 2)[tmp_path.name].n_used == 2


def test_a_simulation_finds_what_it_planted(tmp_path):
    simulate = importlib.import_module("benchmarks.simulate")
    assert simulate.memory_mapped(tmp_path, 1500) == {"gb": 0.0, "mean": 0.5}
    found = simulate.hashes(tmp_path, 1500)
    assert found["copies_found"] == 1
    assert 60 < found["bits_of_the_others"] < 110  # the nearest of 1,500 random hashes; the mean of a pair is 128
    kept = simulate.cache(tmp_path, 1500)
    assert kept["found"] == 1
    assert kept["bytes_a_row"] > 4 * 126


def test_scale_measures_every_step_and_plans(tmp_path, monkeypatch):
    scale = importlib.import_module("benchmarks.scale")
    monkeypatch.setattr(scale, "_HASHES", 20)
    given = SimpleNamespace(images=6, size=64, reference=2, recipe="dmk-2023-phash", plan=1_000_000)
    steps = (scale.write, scale.cold, scale.warm, scale.used, scale.hashes, scale.ssim)
    costs = {step.__name__: step(tmp_path, given) for step in steps}
    assert all(value > 0 for cost in costs.values() for value in cost.values())
    assert costs["cold"]["bytes_a_row"] == 4 * 382
    features = [line for line in scale.plan(costs, 2000.0, given) if "cache" in line or "features" in line]
    assert [float(line.split()[1]) for line in features] == [2.0, 1.5]
