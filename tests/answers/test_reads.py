"""Every file is read once for its identity, and at most once more to be decoded."""

from collections import Counter

import pytest

from fingerprint_features import ImageSet, attribute, detect, make_attribution_task
from fingerprint_features.images import imageset
from tests.answers.sets import halves, membership
from tests.helpers import write_images


@pytest.fixture
def reads(monkeypatch):
    counts, read = Counter(), imageset.read_file

    def read_file(path):
        counts[path] += 1
        return read(path)

    monkeypatch.setattr(imageset, "read_file", read_file)
    return counts


def in_files(folder, images):
    return ImageSet(write_images(folder, images), groups=images.groups)


def test_detect(tmp_path, reads):
    task = membership()
    used, unused, candidates, _ = halves(task)
    parts = {"used": used, "unused": unused, "candidates": candidates, "generated": task.reference}
    sets = {name: in_files(tmp_path / name, images) for name, images in parts.items()}
    found = detect(**sets, n_permutations=19)
    assert len(found.assessment.trials) == 1
    assert len(reads) == sum(map(len, parts.values()))
    assert max(reads.values()) <= 2


def test_attribute(tmp_path, reads):
    task = make_attribution_task(2, 8, 6, image_size=32, random_state=0)
    real, generated = in_files(tmp_path / "real", task.reference), in_files(tmp_path / "generated", task.X)
    found = attribute(generated, real=real, real_y=task.reference_y, n_permutations=19)
    assert len(found.assessment.trials) == 1
    assert len(reads) == len(real) + len(generated)
    assert max(reads.values()) <= 2
