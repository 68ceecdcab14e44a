"""Every example runs, without a warning, and leaves its pictures where it is run."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_example_runs_and_saves_the_pictures_it_names(path, tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "MPLBACKEND": "Agg", "OMP_NUM_THREADS": "1"}
    child = subprocess.run(
        [sys.executable, "-W", "error", str(path)],
        capture_output=True,
        text=True,
        check=False,
        cwd=tmp_path,
        env=environment,
    )
    assert child.returncode == 0, child.stderr
    assert 2 <= len(child.stdout.splitlines()) <= 40
    pictures = sorted(file.name for file in tmp_path.iterdir())
    named = path.read_text(encoding="utf-8")
    assert [name for name in pictures if name not in child.stdout or name not in named] == []
    assert pictures or "picture" not in child.stdout


def test_the_readme_lists_every_example():
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [path.name for path in EXAMPLES if f"`examples/{path.name}`" not in text] == []
