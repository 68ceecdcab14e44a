"""The code in README and CONTRIBUTING runs, and the README names what is public."""

import importlib
import re
import runpy
from inspect import ismodule
from pathlib import Path

import pytest

import fingerprint_features
from fingerprint_features.recipes import registry
from fingerprint_features.testing import check_extractor

ROOT = Path(__file__).parents[1]


@pytest.mark.timeout(900)  # every example of the README, one after the other
@pytest.mark.parametrize("document", ["README.md", "CONTRIBUTING.md"])
def test_code_blocks_run_in_order(document, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(registry, "_RECIPES", dict(registry._recipes()))  # that the document adds to
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / document).read_text(encoding="utf-8"), flags=re.DOTALL)
    assert len(blocks) >= 2
    script = tmp_path / "blocks.py"
    script.write_text("\n".join(blocks), encoding="utf-8")
    runpy.run_path(str(script), run_name="__main__")


def test_the_extractor_of_the_readme_passes_the_suite(tmp_path, monkeypatch):
    blocks = re.findall(r"```python\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), flags=re.DOTALL)
    (block,) = [block for block in blocks if "class Mean(BaseExtractor)" in block]
    definition = re.split(r"\n\n\n(?=\S)", block)
    (tmp_path / "readme_mean.py").write_text("\n\n\n".join(definition[:2]) + "\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    check_extractor(importlib.import_module("readme_mean").Mean())


def test_every_public_name_is_in_the_readme():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    names = [name for name in fingerprint_features.__all__ if not ismodule(getattr(fingerprint_features, name))]
    missing = [name for name in names if name not in text]
    assert missing == []


def test_every_registered_extractor_has_its_row():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    for name, (provider, _) in fingerprint_features.list_extractors().items():
        if provider == "fingerprint_features":
            assert f"| `{name}` |" in text


def test_every_make_target_and_command_is_explained():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"^([a-z]+):.*##", makefile, flags=re.MULTILINE))
    assert {"help", "setup", "demo", "test", "check", "bench", "clean"} <= targets
