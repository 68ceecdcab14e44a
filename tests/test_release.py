"""What a release says of itself is the same everywhere."""

import re
import tomllib
from fnmatch import fnmatch
from pathlib import Path

import fingerprint_features

ROOT = Path(__file__).parents[1]


def test_the_citation_names_this_version():
    assert f"version: {fingerprint_features.__version__}\n" in (ROOT / "CITATION.cff").read_text()


def test_every_requirement_has_a_lowest_version():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    groups = [project["dependencies"], *project["optional-dependencies"].values()]
    wanted = [one for group in groups for one in group if not one.startswith(project["name"])]
    assert len(wanted) > 30
    assert [one for one in wanted if not re.search(r"[>=]=\d", one)] == []


def test_the_changes_keep_the_headings_of_keep_a_changelog():
    text = (ROOT / "CHANGES.md").read_text()
    assert re.findall(r"^### (.+)$", text, flags=re.M)[:4] == ["Added", "Changed", "Fixed", "Values changed"]


def test_every_file_of_the_package_is_shipped():
    patterns = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]["package-data"]
    package = ROOT / "fingerprint_features"
    forgotten = []
    for file in package.rglob("*"):
        if file.is_file() and "__pycache__" not in file.parts and file.suffix != ".py":
            homes = [folder for folder in file.parents if (folder / "__init__.py").is_file()]
            inside = file.relative_to(homes[0]).as_posix()
            own = ".".join(homes[0].relative_to(ROOT).parts)
            if not any(fnmatch(inside, one) for one in (*patterns["*"], *patterns.get(own, ()))):
                forgotten.append(file.relative_to(ROOT).as_posix())
    assert forgotten == []
