"""Who is at risk, the yardstick of another patient, and what the result keeps of the images."""

import numpy as np
from scipy.spatial.distance import cdist

from fingerprint_features import ImageSet, make_membership_task
from fingerprint_features.audits import audit
from fingerprint_features.audits.distances import Distances
from fingerprint_features.audits.risk import assess_risk
from tests.helpers import random_images


def test_the_yardstick_is_the_nearest_real_image_of_another_patient():
    rng = np.random.default_rng(0)
    rows, groups = rng.normal(size=(10, 4)), np.repeat(np.arange(5), 2)
    rows[1] = rows[0] + 0.01  # of the same patient
    images = random_images(10)
    used = ImageSet(list(images[:6]), ids=[f"u{i}" for i in range(6)], groups=groups[:6])
    unused = ImageSet(list(images[6:]), ids=[f"u{i}" for i in range(4)])  # ids of used images, of others
    generated = ImageSet(list(random_images(3, seed=1)))
    far = cdist(rows, rows)
    measured = Distances(cdist(rng.normal(size=(3, 4)), rows), far.copy(), np.ones(3))
    risk = assess_risk(measured, used, "used", generated, groups, "patient", others={"unused": unused})
    far[groups[:, None] == groups] = np.inf
    names = [("used", id) for id in used.ids] + [("unused", id) for id in unused.ids]
    assert list(map(tuple, risk.others)) == [names[j] for j in far[:6].argmin(axis=1)]
    np.testing.assert_array_equal(risk.other_distances, far[:6].min(axis=1))
    moved = risk.like(used.ids[::-1])
    np.testing.assert_array_equal(moved.others, risk.others[::-1])
    np.testing.assert_array_equal(moved.other_distances, risk.other_distances[::-1])


def test_without_patients_there_is_no_yardstick():
    images, generated = ImageSet(list(random_images(4))), ImageSet(list(random_images(2, seed=1)))
    measured = Distances(np.ones((2, 4)), 1 - np.eye(4), np.ones(2))
    assert assess_risk(measured, images, "candidates", generated, None, None).others is None


def test_the_result_keeps_the_images_that_were_judged_with_the_patients_that_were_guessed():
    task = make_membership_task(6, 6, 8, image_size=32, random_state=0)
    broken = np.full((32, 32), np.nan, dtype=np.float32)
    candidates = ImageSet([*task.X, broken], ids=[*task.X.ids, "broken"])
    found = audit("dmk-2023-phash", candidates=candidates, generated=task.reference, groups="auto", on_error="nan")
    kept = found.inputs.sets["candidates"]
    assert "broken" not in kept.ids
    assert sorted(kept.ids) == sorted(found.risk.ids)
    assert found.inputs.unit == "patient"
    assert kept.groups is not None
