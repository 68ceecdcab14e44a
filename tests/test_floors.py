"""The architecture: imports run downwards only, and rooms on one floor do not import each other."""

import ast
from pathlib import Path

import fingerprint_features

PACKAGE = Path(fingerprint_features.__file__).parent
FLOORS = [
    ["cli"],
    ["report"],
    ["audits"],
    ["answers"],
    ["recipes"],
    ["reference", "learned"],
    ["pipeline"],
    ["extractors"],
    ["cache", "datasets"],
    ["images", "similarity", "neighbors", "decide", "evaluate", "tensors"],
    ["workers", "device"],
    ["alone", "checks", "compiled", "files", "html", "lazy", "plain", "threads"],
    ["extras"],
]
FLOOR = {room: depth for depth, rooms in enumerate(FLOORS) for room in rooms}
FREE = {"testing", "_version", "__init__"}
UPWARD = {("audits/results.py", "report")}  # AuditResult.to_html, inside the method


def room_of(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py").removesuffix(".pyi")


def imported_rooms(path):
    """Yield the rooms of this package that a file imports, at module level or inside functions."""
    package = ["fingerprint_features", *path.relative_to(PACKAGE).parent.parts]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = [*base, *(node.module.split(".") if node.module else [])]
            names = [[*module, alias.name] for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name.split(".") for alias in node.names]
        else:
            continue
        for name in names:
            if name[0] == "fingerprint_features" and len(name) > 1:
                yield name[1]


def violations(files):
    for path in files:
        room = room_of(path)
        if room in FREE:
            continue
        for other in imported_rooms(path):
            if other == room or other in ("_version", "__version__"):
                continue
            if (path.relative_to(PACKAGE).as_posix(), other) in UPWARD:
                continue
            if other not in FLOOR or FLOOR[other] <= FLOOR[room]:
                yield f"{path.relative_to(PACKAGE)} imports {other}"


def test_every_room_has_a_floor():
    rooms = {room_of(path) for path in PACKAGE.rglob("*.py")}
    assert rooms - FREE <= set(FLOOR)


def test_imports_run_downwards_only():
    files = list(PACKAGE.rglob("*.py"))
    assert len(files) > 20
    assert list(violations(files)) == []


def test_an_upward_import_would_be_seen(tmp_path, monkeypatch):
    monkeypatch.setitem(globals(), "PACKAGE", tmp_path)
    bad = tmp_path / "images" / "bad.py"
    bad.parent.mkdir()
    bad.write_text("def f():\n    from ..pipeline import FeaturePipeline\n    import fingerprint_features.evaluate\n")
    assert list(violations([bad])) == ["images/bad.py imports pipeline", "images/bad.py imports evaluate"]


def test_no_private_module_of_scikit_learn_is_used():
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            modules = [node.module or ""] if isinstance(node, ast.ImportFrom) and not node.level else []
            modules += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            for module in modules:
                assert not (module.startswith("sklearn") and "._" in module), f"{path}: {module}"
