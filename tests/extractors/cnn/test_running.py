"""Running: rows that depend on the image alone, whatever the batch, the device, the threads and the memory."""

import pickle
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
import pytest
from sklearn.base import clone

from fingerprint_features import LBP, CNNEmbedding, FeaturePipeline
from fingerprint_features.cache import extractor_token
from fingerprint_features.extractors.cnn import embedding, layers, runner

from .nets import DEVICE, need_torch, photographs, tiny

torch = need_torch()

IMAGES = [image[i : i + 90, i : i + 80] for i in range(0, 90, 9) for image in photographs()]


def embed(backbone=tiny, **params):
    return CNNEmbedding(backbone, **{"device": DEVICE, **params})


def off(rows, expected):
    """Return the largest distance of two rows as a share of the norm."""
    return (np.linalg.norm(rows - expected, axis=1) / np.linalg.norm(expected, axis=1)).max()


@pytest.fixture(scope="module")
def rows():
    return embed().transform(IMAGES)


@pytest.mark.parametrize("backbone", ["efficientnet_lite0", tiny])
def test_an_image_alone_has_its_row_in_a_batch_in_any_order(backbone):
    images = IMAGES[:9]
    extractor, order = embed(backbone), np.random.default_rng(0).permutation(9)
    together = extractor.transform(images)
    assert off(np.vstack([extractor.transform([image]) for image in images]), together) < 1e-4
    assert off(extractor.transform([images[i] for i in order]), together[order]) < 1e-4


def test_eval_mode_whatever_mode_the_module_is_in(rows):
    torch.manual_seed(0)
    module = tiny().train()
    before = {name: tensor.clone() for name, tensor in module.state_dict().items()}
    assert off(embed(module).transform(IMAGES), rows) < 1e-6
    assert module.training
    assert all(torch.equal(tensor, before[name]) for name, tensor in module.state_dict().items())
    assert all(parameter.requires_grad for parameter in module.parameters())


def test_a_module_that_was_trained_on_is_another():
    module = tiny()
    extractor = embed(module)
    token, before = extractor_token(extractor), extractor.transform(IMAGES[:2])
    assert extractor_token(clone(extractor)) == token
    torch.optim.SGD(module.parameters(), lr=0.1).step()
    assert extractor_token(extractor) == token
    with torch.no_grad():
        module.conv.weight *= 2
    assert extractor_token(extractor) != token
    assert off(extractor.transform(IMAGES[:2]), before) > 0.01


def test_modules_that_differ_in_their_code_only_have_other_tokens():
    plain = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 1), torch.nn.ReLU())
    leaky = torch.nn.Sequential(plain[0], torch.nn.LeakyReLU())
    assert extractor_token(embed(plain)) != extractor_token(embed(leaky))


def test_the_token_changes_with_values_and_only_then():
    token = extractor_token(embed())
    for same in ({"batch_size": 3}, {"device": "cpu"}):
        assert extractor_token(embed().set_params(**same)) == token
    for other in ({"precision": "bf16"}, {"layer": "blocks"}, {"pool": "max"}, {"backbone": "efficientnet_lite0"}):
        assert extractor_token(embed().set_params(**other)) != token


def test_set_params_after_use_equals_a_fresh_object():
    used = embed()
    used.transform(IMAGES[:2])
    used.set_params(backbone="squeezenet1_1", weights=None, layer="features.3")
    fresh = embed("squeezenet1_1", weights=None, layer="features.3")
    np.testing.assert_array_equal(used.transform(IMAGES[:2]), fresh.transform(IMAGES[:2]))
    assert list(used.get_feature_names_out()) == list(fresh.get_feature_names_out())
    assert extractor_token(used) == extractor_token(fresh)


def test_a_pickle_carries_names():
    used = embed()
    expected = used.transform(IMAGES[:2])
    data = pickle.dumps(used)
    assert len(data) < 1000
    np.testing.assert_array_equal(pickle.loads(data).transform(IMAGES[:2]), expected)


def test_extractors_share_one_network_and_few_are_kept():
    runner._networks.clear()
    embed().transform(IMAGES[:1])
    clone(embed(pool="max", batch_size=2)).transform(IMAGES[:1])
    assert len(runner._networks) == 1
    for width in range(3, 9):
        embed(torch.nn.Conv2d(3, width, 8, 8)).transform(IMAGES[:1])
    assert len(runner._networks) == 4


def test_threads_run_networks_beside_each_other_and_make_others_ready_between():
    def normed(width):
        torch.manual_seed(width)
        return torch.nn.Sequential(torch.nn.Conv2d(3, width, 8, 8), torch.nn.BatchNorm2d(width), torch.nn.ReLU())

    makers = [embed, partial(embed, pool="max"), partial(embed, layer=["blocks.0", "bn"])]
    makers += [partial(embed, normed(width)) for width in range(3, 8)]
    expected = [make().transform(IMAGES[:12]) for make in makers]
    runner._networks.clear()
    embedding._layouts.clear()
    with ThreadPoolExecutor(6) as pool:
        found = list(pool.map(lambda make: make().transform(IMAGES[:12]), makers * 4))
    for rows, straight in zip(found, expected * 4, strict=True):
        np.testing.assert_allclose(rows, straight, rtol=1e-4, atol=1e-5)


def test_nothing_is_loaded_before_transform(monkeypatch):
    monkeypatch.setattr(runner, "_Ready", None)
    assert len(embed("resnet18", weights=None).fit(IMAGES).get_feature_names_out()) == 512


def test_batch_norm_is_folded_and_leaves_the_values(monkeypatch, rows):
    runner._networks.clear()
    embed().transform(IMAGES[:1])
    (ready,) = runner._networks.values()
    assert not any(isinstance(module, torch.nn.BatchNorm2d) for module in ready.collector.net.modules())
    monkeypatch.setattr(runner.folding, "pairs", lambda net: [])
    runner._networks.clear()
    assert off(embed().transform(IMAGES), rows) < 1e-5


def test_a_network_that_cannot_be_traced_runs_as_it_is(rows):
    def winding():
        net = tiny()
        straight = net.forward
        net.forward = lambda x: straight(x) if x.sum() < 1e9 else None
        return net

    runner._networks.clear()
    assert off(embed(winding).transform(IMAGES), rows) < 1e-5
    (ready,) = runner._networks.values()
    assert any(isinstance(module, torch.nn.BatchNorm2d) for module in ready.collector.net.modules())


def test_out_of_memory_halves_the_batch_and_goes_on(rows, monkeypatch):
    seen, collect = [], layers.Collector.collect

    def little_memory(self, taps, pool, inputs):
        seen.append(len(inputs))
        if len(inputs) > 3:
            raise torch.OutOfMemoryError("no more")
        return collect(self, taps, pool, inputs)

    monkeypatch.setattr(layers.Collector, "collect", little_memory)
    monkeypatch.setattr(runner, "_ON_CPU", 64)
    monkeypatch.setattr(CNNEmbedding, "_chunk_size", lambda self: 64)  # one thread has them all
    runner._networks.clear()
    assert off(embed(batch_size=16).transform(IMAGES[:30]), rows[:30]) < 1e-5
    assert seen == [16, 8, 4] + [2] * 15  # what did not fit is not tried again
    monkeypatch.setattr(
        layers.Collector, "collect", lambda *args: (_ for _ in ()).throw(torch.OutOfMemoryError("none at all"))
    )
    with pytest.raises(torch.OutOfMemoryError, match="none at all"):
        embed().transform(IMAGES[:3])
    runner._networks.clear()


@pytest.mark.parametrize("n_jobs", [1, 3])
def test_beside_other_extractors_in_a_pipeline(n_jobs, rows, tmp_path):
    threads = torch.get_num_threads()
    pipeline = FeaturePipeline([LBP(), embed()], cache=tmp_path / "rows", n_jobs=n_jobs, batch_size=5)
    for _ in range(2):
        features = pipeline.fit_transform(IMAGES)
        assert off(features[:, 10:], rows) < 1e-4
    np.testing.assert_array_equal(features[:, :10], LBP().transform(IMAGES))
    assert torch.get_num_threads() == threads


@pytest.mark.parametrize(
    ("backbone", "weights", "tolerance"), [("efficientnet_lite0", "default", 0.2), ("resnet18", None, 0.01)]
)
def test_bf16_is_within_its_tolerance(backbone, weights, tolerance):
    extractor = embed(backbone, weights=weights)
    expected = extractor.transform(photographs())
    rows = extractor.set_params(precision="bf16").transform(photographs())
    assert rows.dtype == np.float32
    assert 1e-5 < off(rows, expected) < tolerance


def test_without_pytorch_the_error_says_what_to_install(monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    words = r'CNNEmbedding needs PyTorch: pip install "fingerprint_features\[cnn\]"'
    for use in (embed().fit, embed().transform):
        with pytest.raises(ImportError, match=words):
            use(IMAGES)


def test_timm_is_asked_by_name():
    pytest.importorskip("timm", reason="timm is not installed")
    rows = embed("timm/resnet18", weights=None).transform(IMAGES[:2])
    assert rows.shape == (2, 512)


def test_cuda_is_kept_from_rounding_and_the_setting_comes_back():
    knobs = torch.backends.cudnn.conv, torch.backends.cuda.matmul
    before = [knob.fp32_precision for knob in knobs]
    knobs[1].fp32_precision = "tf32"
    try:
        with runner.full_precision():
            assert [knob.fp32_precision for knob in knobs] == ["ieee", "ieee"]
        assert knobs[1].fp32_precision == "tf32"
    finally:
        for knob, value in zip(knobs, before, strict=True):
            knob.fp32_precision = value


# ---- on a GPU ------------------------------------------------------------------------------------------------

needs_cuda = pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no CUDA device")


@pytest.mark.gpu
@needs_cuda
@pytest.mark.parametrize("backbone", ["efficientnet_lite0", "resnet50", "vit_b_32"])
def test_cuda_gives_the_rows_of_the_cpu(backbone):
    weights = "default" if backbone == "efficientnet_lite0" else None
    cpu, cuda = (embed(backbone, weights=weights, device=d).transform(photographs()) for d in ("cpu", "cuda"))
    assert off(cuda, cpu) < 1e-4


@pytest.mark.gpu
@needs_cuda
def test_a_full_gpu_halves_the_batch():
    images = photographs() * 16
    expected = embed("resnet50", weights=None, device="cuda").transform(images)
    runner._networks.clear()
    torch.cuda.empty_cache()
    total = torch.cuda.mem_get_info()[1]
    torch.cuda.set_per_process_memory_fraction(min(1.0, 0.6e9 / total))
    try:
        rows = embed("resnet50", weights=None, device="cuda", layer="conv1", batch_size=64).transform(images)
    finally:
        torch.cuda.set_per_process_memory_fraction(1.0)
    assert len(rows) == len(expected)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a CUDA device")
def test_cuda_that_is_not_there_is_said_to_be_missing():
    with pytest.raises(ValueError, match="PyTorch finds no CUDA device"):
        CNNEmbedding(tiny, device="cuda").fit(IMAGES)
