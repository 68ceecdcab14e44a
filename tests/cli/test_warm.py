"""fingerprint-features warm: all kernels are compiled, kept, and found by the next process."""

import importlib
import re
from pathlib import Path

import fingerprint_features
from fingerprint_features.cli import warm
from fingerprint_features.compiled import kernels
from tests.cache.rows import run_python

PACKAGE = Path(fingerprint_features.__file__).parent
ONE_PART = """
    import sys
    from fingerprint_features.cli import main, warm
    {parts}
    sys.argv = ["fingerprint-features", "warm"]
    main()
"""
FILES = 'warm._parts = lambda parts=warm._parts(): {"PNG files": parts["PNG files"]}'


def test_every_kernel_has_a_call():
    for file in PACKAGE.rglob("*.py"):
        if re.search(r"^@njit", file.read_text(encoding="utf-8"), re.MULTILINE):
            path = file.relative_to(PACKAGE.parent).with_suffix("")
            importlib.import_module(".".join(path.parts))
    for work in warm._parts().values():
        work()
    ours = kernels()
    inner = {id(kernel.py_func.__globals__.get(name)) for kernel in ours for name in kernel.py_func.__code__.co_names}
    unused = [kernel for kernel in ours if not kernel.signatures and id(kernel) not in inner]
    assert ours
    assert unused == []


def test_the_next_process_compiles_nothing(tmp_path, monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_DIR", str(tmp_path))
    first = run_python(ONE_PART.format(parts=FILES))
    assert int(first.split()[0]) > 0
    assert str(tmp_path) in first
    code = sorted(tmp_path.rglob("*.nbc"))
    assert code
    again = run_python(ONE_PART.format(parts=FILES))
    assert again.startswith("0 kernels compiled")
    assert sorted(tmp_path.rglob("*.nbc")) == code


def test_it_says_that_nothing_can_be_kept(monkeypatch):
    monkeypatch.setenv("NUMBA_CACHE_LOCATOR_CLASSES", "UserProvidedCacheLocator")
    monkeypatch.setenv("NUMBA_CACHE_DIR", "")
    printed = run_python(
        """
        import sys
        from fingerprint_features.cli import main, warm
        warm._parts = lambda: {"a kernel": lambda: __import__("fingerprint_features.extractors.kernels.histogram")}
        sys.argv = ["fingerprint-features", "warm"]
        sys.stderr = sys.stdout
        try:
            main()
        except SystemExit as end:
            print(end.code)
        """
    )
    assert "NUMBA_CACHE_DIR" in printed
    assert printed.endswith("\n1\n")
