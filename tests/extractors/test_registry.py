"""The registry: listing imports nothing, plug-ins are found by their metadata, broken ones are harmless until used."""

import os
import subprocess
import sys

import pytest

from fingerprint_features import BaseExtractor, ImageStats, list_extractors, make_extractor
from fingerprint_features.extractors.registry import _BUILT_IN, ENTRY_POINT_GROUP, ExtractorLoadError

PLUG_IN = """
from fingerprint_features import BaseExtractor

class Brightest(BaseExtractor):
    def __init__(self, rank=1):
        self.rank = rank
    def _column_names(self):
        return [f"rank{self.rank}"]
    def _extract_one(self, image):
        return [sorted(image.ravel())[-self.rank]]

class NoExtractor:
    pass

def make():
    return Brightest()
"""


@pytest.fixture
def advertise(tmp_path, monkeypatch):
    """Return a function that installs a distribution, as metadata on the path, with entry points of ours."""
    monkeypatch.syspath_prepend(str(tmp_path))
    (tmp_path / "acme_plug_in.py").write_text(PLUG_IN)

    def install(distribution, **entries):
        info = tmp_path / f"{distribution.replace('-', '_')}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
        lines = [f"[{ENTRY_POINT_GROUP}]", *(f"{name} = {target}" for name, target in entries.items())]
        (info / "entry_points.txt").write_text("\n".join(lines) + "\n")

    yield install
    sys.modules.pop("acme_plug_in", None)


# ---- built-ins ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", _BUILT_IN)
def test_every_built_in_is_made_by_name_and_named_like_its_class(name):
    extractor = make_extractor(name)
    assert isinstance(extractor, BaseExtractor)
    assert type(extractor).__name__.lower() == name.replace("_", "")


@pytest.mark.parametrize("name", _BUILT_IN)
def test_every_caption_is_one_line_of_words(name):
    provider, caption = list_extractors()[name]
    assert provider == "fingerprint_features"
    assert len(caption.split()) > 2
    assert "\n" not in caption


def test_parameters_reach_the_constructor():
    assert make_extractor("phash", hash_size=8).hash_size == 8
    with pytest.raises(TypeError, match="hash_siz"):
        make_extractor("phash", hash_siz=8)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("gabour", "did you mean 'gabor'"),
        ("GLCM", "did you mean 'glcm'"),
        ("", "known are cnn_embedding, gabor"),
        (3, "known are cnn_embedding, gabor"),
    ],
)
def test_an_unknown_name_suggests_one(name, hint):
    with pytest.raises(ValueError, match=f"no extractor is called .*{hint}"):
        make_extractor(name)


# ---- plug-ins -------------------------------------------------------------------------------------------


def test_a_plug_in_is_listed_with_its_distribution_and_made_by_name(advertise):
    advertise("acme-features", brightest="acme_plug_in:Brightest")
    assert list_extractors()["brightest"] == ("acme-features", "plug-in acme_plug_in:Brightest")
    assert list(list_extractors()) == sorted(list_extractors())
    extractor = make_extractor("brightest", rank=2)
    assert (type(extractor).__name__, extractor.rank) == ("Brightest", 2)


def test_listing_does_not_import_the_plug_in(advertise):
    advertise("acme-features", brightest="acme_plug_in:Brightest")
    list_extractors()
    assert "acme_plug_in" not in sys.modules
    make_extractor("brightest")
    assert "acme_plug_in" in sys.modules


def test_listing_imports_nothing_heavy(advertise, tmp_path):
    advertise("acme-features", brightest="acme_plug_in:Brightest")
    code = (
        "import sys; from fingerprint_features import list_extractors; assert 'brightest' in list_extractors(); "
        "heavy = 'numpy sklearn scipy numba cv2 skimage torch pandas matplotlib acme_plug_in'.split(); "
        "print([name for name in heavy if name in sys.modules])"
    )
    child = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert child.stdout.strip() == "[]"


def test_a_plug_in_may_not_shadow_a_built_in(advertise):
    advertise("acme-features", image_stats="acme_plug_in:Brightest", lbp="no_such_module:LBP")
    assert list_extractors()["image_stats"][0] == "fingerprint_features"
    assert list_extractors()["lbp"][0] == "fingerprint_features"
    assert type(make_extractor("image_stats")) is ImageStats


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("no_such_module:Thing", "cannot be loaded: No module named 'no_such_module'"),
        ("acme_plug_in:Missing", "cannot be loaded: .*has no attribute 'Missing'"),
        ("acme_plug_in:NoExtractor", "is no subclass of BaseExtractor"),
        ("acme_plug_in:make", "is no subclass of BaseExtractor"),
        ("acme_plug_in", "is no subclass of BaseExtractor"),
    ],
)
def test_a_broken_plug_in_is_harmless_until_asked_for(advertise, target, why):
    advertise("acme-features", brightest="acme_plug_in:Brightest", broken=target)
    assert list_extractors()["broken"] == ("acme-features", f"plug-in {target}")
    make_extractor("brightest")
    make_extractor("image_stats")
    with pytest.raises(ExtractorLoadError, match=f"acme-features advertises {target}, which {why}"):
        make_extractor("broken")


def test_a_plug_in_that_fails_while_imported_names_its_distribution(advertise, tmp_path):
    (tmp_path / "acme_failing.py").write_text("raise RuntimeError('no licence file')\n")
    advertise("acme-failing", failing="acme_failing:Thing")
    with pytest.raises(
        ExtractorLoadError, match=r"acme-failing advertises .* cannot be loaded: no licence file"
    ) as caught:
        make_extractor("failing")
    assert isinstance(caught.value, ImportError)
    assert isinstance(caught.value.__cause__, RuntimeError)


def test_an_unknown_name_suggests_a_plug_in_too(advertise):
    advertise("acme-features", brightest="acme_plug_in:Brightest")
    with pytest.raises(ValueError, match="did you mean 'brightest'"):
        make_extractor("brightes")


def test_two_plug_ins_of_one_name_are_refused_by_name(advertise):
    advertise("acme-features", brightest="acme_plug_in:Brightest")
    advertise("other-features", brightest="acme_plug_in:NoExtractor")
    assert list_extractors()["brightest"][0] == "acme-features, other-features"
    with pytest.raises(ExtractorLoadError, match="'brightest' is advertised by acme-features and other-features"):
        make_extractor("brightest")
