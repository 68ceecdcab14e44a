"""Every public name is annotated, and documented calls pass a type checker while wrong ones do not."""

import importlib
import inspect
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest

from fingerprint_features.reference.columns import COLUMNS, ColumnName
from fingerprint_features.similarity import METRICS, REDUCTIONS
from fingerprint_features.similarity.metrics import MetricName
from fingerprint_features.similarity.reductions import ReductionName

ROOT = Path(__file__).parents[1]
PACKAGE = "fingerprint_features"
STUBS = ROOT / "tests" / "typings"  # what public classes inherit from scikit-learn, which ships no types
pytest.importorskip("basedpyright", reason="the type checker is part of the extra dev")


def checked(*arguments, path):
    """Return what the type checker prints as JSON; it looks at this checkout, installed or not."""
    command = [sys.executable, "-m", "basedpyright", "--pythonpath", sys.executable, "--outputjson", *arguments]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, path))}
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


def public_names():
    """Return "module.name" of every class and function that the package and its rooms export."""
    names = set()
    for stub in sorted((ROOT / PACKAGE).rglob("__init__.pyi")):
        room = importlib.import_module(".".join(stub.parent.relative_to(ROOT).parts))
        for name in room.__all__:
            thing = getattr(room, name)
            if inspect.isclass(thing) or inspect.isfunction(thing):
                names.add(f"{thing.__module__}.{thing.__qualname__}")
    return names


def test_every_public_name_is_annotated():
    symbols = checked("--verifytypes", PACKAGE, "--ignoreexternal", path=[ROOT, STUBS])["typeCompleteness"]["symbols"]
    public = public_names()
    assert len(public) > 60
    assert public <= {symbol["name"] for symbol in symbols}
    private = re.compile(r"\._[^_.][^.]*$")
    unknown = {
        symbol["name"]: [found["message"] for found in symbol.get("diagnostics", [])]
        for symbol in symbols
        if not symbol["isTypeKnown"]
        and not private.search(symbol["name"])
        and (symbol["name"] in public or symbol["name"].rpartition(".")[0] in public)
    }
    assert unknown == {}


def test_documented_calls_pass_and_wrong_ones_do_not(tmp_path):
    blocks = re.findall(r"^```python\n(.*?)^```", (ROOT / "README.md").read_text(), flags=re.M | re.S)
    assert len(blocks) >= 5
    code = tmp_path / "readme.py"
    code.write_text("\n".join(blocks))
    included = [str(code), str(ROOT / "tests" / "typed_usage.py")]
    config = tmp_path / "pyrightconfig.json"
    config.write_text(json.dumps({"extends": str(ROOT / "pyproject.toml"), "include": included}))
    report = checked("--project", str(config), path=[ROOT])
    assert report["summary"]["filesAnalyzed"] == 2
    faults = [
        f"{Path(found['file']).name}:{found['range']['start']['line'] + 1}: {found['message']}"
        for found in report["generalDiagnostics"]
        if found["severity"] == "error"
    ]
    assert faults == []


@pytest.mark.parametrize(
    ("annotated", "accepted"), [(ColumnName, COLUMNS), (MetricName, METRICS), (ReductionName, REDUCTIONS)]
)
def test_annotations_list_the_names_that_are_accepted(annotated, accepted):
    names = {name for part in get_args(annotated) for name in get_args(part) or [part]}
    assert names == set(accepted)
