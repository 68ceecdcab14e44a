"""Identity: a token changes when values can, and only then."""

import numpy as np
import pytest
from sklearn.base import clone

from fingerprint_features import BaseExtractor, Filtered, Gabor, PHash, Wavelet
from fingerprint_features.cache import describe, extractor_token
from tests.cache.rows import run_python
from tests.helpers import Centre, Mean, random_images


class Free(BaseExtractor):
    """An extractor whose parameter may be anything."""

    _runtime_params = ("device",)

    def __init__(self, value=None, device="cpu"):
        self.value = value
        self.device = device


def token(value):
    return extractor_token(Free(value))


# ---- tokens ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "same"),
    [
        (1, 1.0),
        (1, np.int8(1)),
        (1, np.float32(1)),
        (0.5, np.float64(0.5)),
        (0.0, -0.0),
        (True, np.True_),
        ((1, 2), [1.0, 2.0]),
        ([(1, 2), [3]], ([1, 2], (3.0,))),
        ("max", np.str_("max")),
        ({"a": 1, "b": 2}, {"b": 2.0, "a": 1}),
        (np.arange(6).reshape(2, 3), np.asfortranarray(np.arange(6).reshape(2, 3))),
        (np.arange(6)[::2], np.array([0, 2, 4])),
        (Wavelet(level=1), Wavelet(level=1.0)),
        (float("nan"), float("nan")),
    ],
)
def test_values_that_mean_the_same_have_one_token(one, same):
    assert token(one) == token(same)


DIFFERENT = [
    None,
    0,
    1,
    2,
    -1,
    0.5,
    0.1,
    np.nextafter(0.1, 1),
    2**53,
    2**53 + 1,
    float("nan"),
    float("inf"),
    float("-inf"),
    "",
    "1",
    "0.5",
    "None",
    "nan",
    b"",
    b"\x05",
    "05",
    [],
    [1],
    [[1]],
    [1, 2],
    [2, 1],
    {},
    {"a": 1},
    {"a": 2},
    {"b": 1},
    np.zeros(4, dtype=np.uint8),
    np.zeros(4, dtype=np.int8),
    np.zeros((2, 2), dtype=np.uint8),
    np.ones(4, dtype=np.uint8),
    Wavelet(),
    Wavelet(level=3),
    PHash(),
    Filtered(Wavelet(), filter="gaussian"),
    Filtered(Wavelet(level=3), filter="gaussian"),
]


def test_values_that_mean_something_else_have_their_own_tokens():
    tokens = [token(value) for value in DIFFERENT]
    equal = [(DIFFERENT[i], DIFFERENT[k]) for i in range(len(tokens)) for k in range(i) if tokens[i] == tokens[k]]
    assert equal == []


@pytest.mark.parametrize(
    ("extractor", "changes"),
    [
        (Wavelet(), {"wavelet": "haar", "level": 3}),
        (Gabor(), {"frequencies": (0.1, 0.2), "n_orientations": 3}),
        (Filtered(PHash()), {"extractor": PHash(8), "filter": "laplacian"}),
    ],
)
def test_changing_any_parameter_changes_the_token(extractor, changes):
    tokens = {extractor_token(extractor)}
    for name, value in changes.items():
        tokens.add(extractor_token(clone(extractor).set_params(**{name: value})))
    assert len(tokens) == 1 + len(changes)


def test_set_params_equals_a_fresh_object():
    assert extractor_token(Wavelet().set_params(level=3)) == extractor_token(Wavelet(level=3))


def test_a_runtime_parameter_plays_no_part():
    assert extractor_token(Free(1, device="cpu")) == extractor_token(Free(1, device="cuda"))
    assert extractor_token(Free(Free(1, device="cpu"))) == extractor_token(Free(Free(1, device="cuda")))
    assert "device" not in describe(Free())["params"]


def test_a_runtime_parameter_need_have_no_identity():
    assert extractor_token(Free(1, device=object())) == extractor_token(Free(1))


def test_bumping_the_values_version_changes_the_token(monkeypatch):
    before, nested = extractor_token(PHash()), token(PHash())
    monkeypatch.setattr(PHash, "_values_version", PHash._values_version + 1)
    assert extractor_token(PHash()) != before
    assert token(PHash()) != nested


def test_the_name_of_the_class_and_of_its_module_matter():
    class Twin(Mean):
        pass

    class Elsewhere(Mean):
        __module__ = "elsewhere"

    Elsewhere.__qualname__ = Mean.__qualname__
    assert len({extractor_token(kind()) for kind in (Mean, Twin, Elsewhere)}) == 3


def test_fitted_state_matters():
    images = random_images(4)
    dark, light = Centre().fit(images // 2), Centre().fit(images)
    assert extractor_token(dark) != extractor_token(light)
    assert extractor_token(light) == extractor_token(Centre().fit(images))
    assert extractor_token(Centre()) not in (extractor_token(dark), extractor_token(light))
    assert token(dark) != token(light)  # of a nested extractor too


def test_a_token_is_32_bytes_and_the_same_in_every_process():
    extractor = Gabor(frequencies=[0.1, 0.25], n_orientations=2.0)
    printed = run_python(
        """
        from fingerprint_features import Gabor
        from fingerprint_features.cache import extractor_token
        print(extractor_token(Gabor(n_orientations=2, frequencies=(0.1, 0.25))).hex())
        """
    )
    assert bytes.fromhex(printed) == extractor_token(extractor)
    assert len(extractor_token(extractor)) == 32


def test_arrays_of_objects_are_known_by_what_they_hold():
    names = ["max", "mean" + str(len("x"))]
    assert token(np.array(names, dtype=object)) == token(np.array([name[:] + "" for name in names], dtype=object))
    assert token(np.array(names, dtype=object)) != token(np.array(names[::-1], dtype=object))
    assert token(np.array([1000, 2000], dtype=object)) == token(np.array([int("1000"), int("2000")], dtype=object))
    with pytest.raises(TypeError, match="has no identity"):
        token(np.array([object()], dtype=object))


@pytest.mark.parametrize("value", [object(), len, int, {1, 2}, range(3), 1j, [object()], {"a": object()}])
def test_what_has_no_identity_is_refused_with_what_to_do(value):
    words = r"has no identity that survives the process, .*pass numbers, strings, arrays or extractors, or override"
    with pytest.raises(TypeError, match=words):
        token(value)


def _class_of_a_notebook(source):
    namespace = {"BaseExtractor": BaseExtractor, "__name__": "__main__"}
    exec(source, namespace)
    return namespace["Cell"]()


def test_a_class_of_a_notebook_is_known_by_what_it_does():
    body = "class Cell(BaseExtractor):\n    def _extract_one(self, image):\n        return [image.{}()]\n"
    first, again = (
        _class_of_a_notebook(body.format("mean")),
        _class_of_a_notebook("# a comment\n\n" + body.format("mean")),
    )
    assert extractor_token(first) == extractor_token(again)
    assert extractor_token(first) != extractor_token(_class_of_a_notebook(body.format("max")))


@pytest.mark.parametrize(
    "edit",
    [
        "K = 3\nclass Cell(BaseExtractor):\n    def _extract_one(self, image):\n        return [K]\n",
        "class Cell(BaseExtractor):\n    k = 3\n    def _extract_one(self, image):\n        return [self.k]\n",
        "class Cell(BaseExtractor):\n    def _extract_one(self, image, k=3):\n        return [k]\n",
        "def k():\n    return 3\nclass Cell(BaseExtractor):\n    def _extract_one(self, i):\n        return [k()]\n",
        "class B(BaseExtractor):\n    def k(self):\n        return 3\nclass Cell(B):\n    pass\n",
    ],
)
def test_what_a_class_of_a_notebook_leans_on_counts_too(edit):
    assert extractor_token(_class_of_a_notebook(edit)) == extractor_token(_class_of_a_notebook(edit))
    assert extractor_token(_class_of_a_notebook(edit)) != extractor_token(_class_of_a_notebook(edit.replace("3", "4")))
