"""The search for near duplicates, against all pairs at once."""

import numpy as np
import pytest

from fingerprint_features import ImageSet
from fingerprint_features.audits import duplicates
from fingerprint_features.audits.duplicates import Looks, near_duplicates
from tests.helpers import random_images


def bits(n, seed, clusters=20):
    """Return rows of 64 bits around a few centres that all sets share."""
    centres = np.random.default_rng(0).random((clusters, 64)) < 0.5
    rng = np.random.default_rng(seed)
    return (centres[rng.integers(0, clusters, n)] ^ (rng.random((n, 64)) < 0.1)).astype(np.float32)


@pytest.fixture(scope="module")
def sets():
    """Sets whose images have nothing to do with their rows, apart from one copy and one flat image."""
    images = {"used": random_images(50, 8, 1), "generated": random_images(70, 8, 2)}
    images["generated"][3] = images["used"][4]
    images["used"][0] = images["generated"][0] = 7
    patients = np.repeat([f"p{i}" for i in range(25)], 2)
    return {"used": ImageSet(images["used"], groups=patients), "generated": ImageSet(images["generated"])}


@pytest.mark.parametrize("unit", ["patient", None])
def test_the_pairs_are_those_among_all(sets, unit, monkeypatch):
    monkeypatch.setattr(duplicates, "_BLOCK", 7)
    monkeypatch.setattr(duplicates, "_MOST", 10)
    rows = {"used": bits(50, 1), "generated": bits(70, 2)}
    far = {
        (a, b): (rows[a][:, None] != rows[b][None]).sum(axis=2)
        for a, b in (("used", "used"), ("used", "generated"), ("generated", "generated"))
    }
    radius = 0.3 * np.median(far["used", "used"][~np.eye(50, dtype=bool)])
    for (a, b), distances in far.items():
        near = distances <= radius
        near[0, :] = near[:, 0] = False  # flat, in both sets
        if a == b:
            near &= np.triu(np.ones_like(near), 1)
        else:
            near[4, 3] = False  # an exact copy is no near one
        if a == b == "used" and unit == "patient":
            near &= sets["used"].groups[:, None] != sets["used"].groups[None]
        expected = sorted((int(distances[i, j]), str(i), str(j)) for i, j in zip(*np.nonzero(near), strict=True))
        (found,) = [
            one
            for one in near_duplicates(sets, Looks("rows", "hamming", rows), unit)
            if one.roles == ((a,) if a == b else (a, b))
        ]
        involved = len(set(np.nonzero(near | near.T)[0])) if a == b else len(set(np.nonzero(near)[0]))
        assert len(expected) > 10
        assert found.text.startswith(f"{involved} of {len(rows[a])} {a} images have a near duplicate in {b}: ")
        assert f": {len(expected)} pairs differ by at most {int(radius)} of 64 bits (rows)" in found.text
        shown = [(pair.distance, pair.id, pair.other_id) for pair in found.pairs]
        assert [distance for distance, *_ in shown] == [distance for distance, *_ in expected[:10]]
        assert set(shown) <= set(expected)
