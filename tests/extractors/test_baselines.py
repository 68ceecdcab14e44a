"""One stored row per extractor, on a photograph: values never move without a bumped ``_values_version``.

A deliberate change of values is made in two steps: bump ``_values_version`` in the extractor, then run

    python tests/extractors/test_baselines.py --write

which stores the rows of new and bumped extractors, drops those of extractors that are gone, and refuses to touch a
row whose extractor still claims the same version and parameters.
"""

import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest
import skimage

from fingerprint_features import (
    SSIM,
    BaseExtractor,
    Filtered,
    ImageStats,
    Patches,
    Pixels,
    SIFTWords,
    extractors,
    list_extractors,
    make_extractor,
)
from fingerprint_features.cache import describe


def stored_photograph(name):
    """Return a photograph that scikit-image ships."""
    return skimage.io.imread(os.path.join(os.path.dirname(skimage.data.__file__), name))


STORED = Path(__file__).with_name("baselines.json")
REGISTERED = [name for name, (provider, _) in list_extractors().items() if provider == "fingerprint_features"]
FILTERS = ["gaussian", "highpass", "laplacian", "hessian", "bilateral"]
CASES = {
    **{name: make_extractor(name) for name in REGISTERED},
    **{f"filtered-{filter}": Filtered(ImageStats(), filter=filter) for filter in FILTERS},
    "patches": Patches(ImageStats()),
    "ssim": SSIM([stored_photograph(name)[100:164, 200:264] for name in ("gravel.png", "grass.png")], ["max", "min"]),
    "sift_words": SIFTWords(n_words=4),  # the photograph has too few keypoints for more
}
RTOL, ATOL = 1e-5, 1e-6  # what another processor may round differently
ATOL_OF_NETWORKS = 1e-3  # a ten thousandth of the row's norm


def photograph(extractor):
    """Return a 64 x 64 crop of a brick wall, or 8 x 8 where every pixel is a column."""
    wall = stored_photograph("brick.png")
    side = 8 if isinstance(extractor, Pixels) else 64
    return wall[None, 100 : 100 + side, 200 : 200 + side]


def baseline(extractor):
    """Return what is stored of an extractor: who it claims to be, and its row by column name."""
    image = photograph(extractor)
    row = extractor.fit(image).transform(image)[0]
    columns = {str(name): float(f"{x:.9g}") for name, x in zip(extractor.get_feature_names_out(), row, strict=True)}
    return {"identity": json.loads(json.dumps(describe(extractor))), "columns": columns}


def same_row(new, old):
    if list(new["columns"]) != list(old["columns"]):
        return False
    values, expected = (np.array(list(row["columns"].values())) for row in (new, old))
    return np.allclose(values, expected, rtol=RTOL, atol=tolerance(new))


def tolerance(row):
    return ATOL_OF_NETWORKS if row["identity"]["class"].endswith("CNNEmbedding") else ATOL


def write(cases, path):
    """Store the rows of new and bumped extractors; return what was done, or exit without writing."""
    stored = json.loads(path.read_text()) if path.exists() else {}
    kept, done, refused = {}, [f"dropped {name}" for name in stored if name not in cases], []
    for name, extractor in sorted(cases.items()):
        new, old = baseline(extractor), stored.get(name)
        if old is None or new["identity"] != old["identity"]:
            kept[name] = new
            done.append(f"{'replaced' if old else 'added'} {name}")
        else:
            kept[name] = old
            if not same_row(new, old):
                refused.append(f"{name} (version {old['identity']['values_version']})")
    if refused:
        sys.exit(f"nothing written: other values, but the same _values_version, for {', '.join(refused)}: bump it")
    path.write_text(json.dumps(kept, indent=1) + "\n")
    return done


@pytest.fixture(scope="module")
def stored():
    return json.loads(STORED.read_text())


@pytest.mark.parametrize("name", CASES)
def test_values_are_those_stored(name, stored):
    if name == "cnn_embedding":
        pytest.importorskip("torchvision", reason="the extra 'cnn' is not installed")
    assert name in stored, f"no baseline for {name}: run this file with --write"
    new, old = baseline(CASES[name]), stored[name]
    assert new["identity"] == old["identity"], "another version or other parameters: run this file with --write"
    assert list(new["columns"]) == list(old["columns"]), "bump _values_version, then run this file with --write"
    values, expected = (list(row["columns"].values()) for row in (new, old))
    np.testing.assert_allclose(
        values, expected, rtol=RTOL, atol=tolerance(new), err_msg="values moved: bump _values_version"
    )


def test_no_baseline_is_without_an_extractor(stored):
    assert set(stored) == set(CASES)


def test_every_public_extractor_has_a_baseline():
    public = [getattr(extractors, name) for name in extractors.__all__]
    public = {kind for kind in public if isinstance(kind, type) and issubclass(kind, BaseExtractor)}
    assert {type(extractor) for extractor in CASES.values()} == public - {BaseExtractor}


# ---- the writer -----------------------------------------------------------------------------------------


class Level(BaseExtractor):
    """Mean level, or the result of a careless change."""

    factor = 1.0

    def _column_names(self):
        return ["level"]

    def _extract_one(self, image):
        return [self.factor * image.mean()]


def test_a_changed_row_of_an_unchanged_version_is_refused(tmp_path, monkeypatch):
    path = tmp_path / "baselines.json"
    assert write({"level": Level()}, path) == ["added level"]
    before = path.read_text()
    assert write({"level": Level()}, path) == []
    monkeypatch.setattr(Level, "factor", 1.0001)
    with pytest.raises(SystemExit, match=r"same _values_version, for level \(version 1\): bump it"):
        write({"level": Level()}, path)
    assert path.read_text() == before
    monkeypatch.setattr(Level, "_values_version", 2)
    assert write({"level": Level()}, path) == ["replaced level"]
    assert path.read_text() != before


def test_renamed_columns_count_as_changed(tmp_path, monkeypatch):
    path = tmp_path / "baselines.json"
    write({"level": Level()}, path)
    monkeypatch.setattr(Level, "_column_names", lambda self: ["mean_level"])
    with pytest.raises(SystemExit, match="same _values_version"):
        write({"level": Level()}, path)


def test_rounding_neither_fails_nor_rewrites(tmp_path, monkeypatch):
    path = tmp_path / "baselines.json"
    write({"level": Level()}, path)
    before = path.read_text()
    monkeypatch.setattr(Level, "factor", 1.000001)
    assert write({"level": Level()}, path) == []
    assert path.read_text() == before


def test_a_row_without_its_extractor_is_dropped(tmp_path):
    path = tmp_path / "baselines.json"
    write({"a": Level(), "b": Level()}, path)
    assert write({"b": Level()}, path) == ["dropped a"]
    assert set(json.loads(path.read_text())) == {"b"}


if __name__ == "__main__":
    if sys.argv[1:] != ["--write"]:
        sys.exit(__doc__)
    print("\n".join(write(CASES, STORED)) or "nothing to do: every row is up to date")
