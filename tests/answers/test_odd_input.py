"""Sets that are empty, images that cannot be used in several sets, and cells without a patient or a label."""

from functools import partial

import numpy as np
import pytest

import fingerprint_features
from fingerprint_features.answers import ArgumentError
from tests.answers.sets import halves, membership, nameless
from tests.helpers import write_images

detect = partial(fingerprint_features.detect, n_permutations=19)
attribute = partial(fingerprint_features.attribute, n_permutations=19)


@pytest.fixture(scope="module")
def task():
    return membership(n_used=8, n_unused=8, n_generated=12)


@pytest.fixture
def paths(task, tmp_path):
    """Return the paths of eight candidates and of eight generated images."""
    for name, images in (("real", task.X), ("made", task.reference)):
        write_images(tmp_path / name, images[:8].decode())
    return [[str(path) for path in sorted((tmp_path / name).iterdir())] for name in ("real", "made")]


def broken(kind, folder):
    """Return two places of something that is no image, the same in both."""
    if kind == "no path":
        return None, None
    if kind == "no file":
        return (str(folder / "gone.png"),) * 2
    both = folder / "a.png", folder / "b.png"
    for path in both:
        path.write_bytes(b"no image at all")
    return tuple(map(str, both))


@pytest.mark.parametrize("kind", ["no path", "no file", "no image"])
def test_what_cannot_be_read_is_no_image_that_two_sets_share(paths, tmp_path, kind):
    real, made = paths
    first, second = broken(kind, tmp_path)
    found = detect([*real, first], [*made, second], on_error="nan")
    assert found.used.tolist().index(-1) == 8
    assert {finding.where for finding in found.findings if finding.kind == "cannot-be-used"} == {
        "candidates",
        "generated",
    }
    halved = {"used": [*real[:2], first], "unused": [*real[2:4], second]}
    found = detect(real[4:], made, **halved, on_error="nan")
    assert found.verdict == "not judged"
    assert {f.where for f in found.findings if f.kind == "cannot-be-used"} == {"used", "unused"}


def test_what_cannot_be_read_is_no_image_with_two_labels(paths, tmp_path):
    real, made = paths
    first, second = broken("no image", tmp_path)
    labels = np.repeat(["a", "b"], 5)
    found = attribute(made, real=[*real[:4], first, *real[4:], second], real_y=labels, on_error="nan")
    assert sum(finding.kind == "cannot-be-used" for finding in found.findings) == 2


def test_a_folder_within_another_is_found_though_every_generated_image_is_a_copy(paths):
    real, made = paths
    copies = []
    for source, path in zip(real, made, strict=True):
        with open(source, "rb") as old, open(path, "wb") as new:
            new.write(old.read())
        copies.append(path)
    assert detect(real, copies).used.tolist() == [1] * 8
    with pytest.raises(ValueError, match="hold 8 files in common"):
        detect([*real, *copies], copies)


@pytest.mark.parametrize("name", ["candidates", "generated", "used"])
def test_an_empty_set_is_named(task, name):
    sets = {"candidates": task.X, "generated": task.reference}
    sets |= {"used": task.X[:2], "unused": task.X[2:4]} if name == "used" else {}
    with pytest.raises(ArgumentError, match=f"{name}= holds no images"):
        detect(**sets | {name: []})


@pytest.mark.parametrize("missing", [None, float("nan")])
@pytest.mark.parametrize("how", ["function", "mapping"])
def test_an_image_without_a_patient_is_named(task, how, missing):
    used, unused, candidates, _ = halves(task)
    sets = {"used": nameless(used), "unused": nameless(unused)}
    find = {id: missing if id == unused.ids[0] else id for images in (used, unused, candidates) for id in images.ids}
    with pytest.raises(ArgumentError, match=f"patients= has no patient for {unused.ids[0]}"):
        detect(nameless(candidates), task.reference, **sets, patients=find if how == "mapping" else find.get)


@pytest.mark.parametrize("missing", [None, float("nan")])
def test_a_cell_without_a_subset_is_named(task, missing):
    labels = np.array(["a"] * 4 + ["b"] * 4, dtype=object)
    labels[5] = missing
    with pytest.raises(ArgumentError, match=f"real_y= has no subset for .*{task.X.ids[5]}"):
        attribute(task.reference, real=task.X[:8], real_y=labels)


@pytest.mark.parametrize("recipe", ["details-and-hashes", "whitened-details"])
def test_one_real_image_alone_cannot_be_compared_with_others(task, recipe):
    with pytest.raises(ArgumentError, match=f"{recipe} compares the real images with each other, and there is only"):
        detect(task.X[:1], task.reference, recipe=recipe)
    found = detect(task.X[:1], task.reference, recipe="dmk-2023-phash")
    assert len(found.used) == 1
