"""Importing the package is cheap, and every public name is there."""

import subprocess
import sys

import pytest

import fingerprint_features

HEAVY = ["numpy", "sklearn", "numba", "cv2", "skimage", "torch", "faiss", "matplotlib", "pandas", "scipy", "jinja2"]


def run(code):
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()


def test_import_loads_nothing_heavy():
    loaded = run(f"import fingerprint_features, sys; print([m for m in {HEAVY} if m in sys.modules])")
    assert loaded == "[]"


def test_listing_public_names_and_extractors_loads_nothing_heavy():
    code = "import fingerprint_features as f, sys; dir(f); dir(f.extractors); f.list_extractors()"
    assert run(f"{code}; print([m for m in {HEAVY} if m in sys.modules])") == "[]"


@pytest.mark.parametrize("name", fingerprint_features.__all__)
def test_every_public_name_loads(name):
    assert getattr(fingerprint_features, name) is not None


def test_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="NoSuchThing"):
        fingerprint_features.NoSuchThing  # noqa: B018


def test_type_information_is_shipped():
    from importlib.resources import files

    assert files(fingerprint_features).joinpath("py.typed").is_file()
    assert files(fingerprint_features).joinpath("__init__.pyi").is_file()
