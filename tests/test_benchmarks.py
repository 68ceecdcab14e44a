"""Every benchmark runs, at its smallest size, so that none can rot unnoticed."""

import importlib
import inspect
import json
from itertools import product
from pathlib import Path

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
    for name in ("LBP", "GLCM", "Gabor", "pHash", "from PNG", "resnet50", "cached", "two threads"):
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
    sizes = {"n_subsets": 5, "n_real_per_subset": 4, "n_generated_per_subset": 2, "image_size": 32}
    monkeypatch.setattr(attribution, "SIZES", sizes)
    monkeypatch.setattr("sys.argv", ["attribution", "--seeds=1"])
    attribution.main()
    out = capsys.readouterr().out
    assert "chance 0.200" in out
    assert out.count("task 0  textures-svm") == 1


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
