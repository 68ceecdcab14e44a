"""likely_patients: names and near duplicates that speak for one patient, and those that do not."""

import numpy as np
import pytest
from scipy.spatial.distance import pdist, squareform

from fingerprint_features.evaluate import likely_patients


@pytest.mark.parametrize(
    ("names", "labels"),
    [
        (["p1_s1.png", "p1_s2.png", "p2_s1.png"], [0, 0, 1]),
        (["LIDC-0001/12.png", "LIDC-0001/13.png", "LIDC-0002/12.png"], [0, 0, 1]),
        (["ann/axial1.png", "ann/axial2.png", "bo/axial1.png"], [0, 0, 1]),
        (["7-1", "7-2", "8-1", "8-2"], [0, 0, 1, 1]),
        (["a\\p1_s1", "a\\p1_s2", "b\\p1_s1"], [0, 0, 1]),
        # one number a name is the image's own; without numbers nothing is known
        (["image_001.png", "image_002.png", "image_003.png"], [0, 1, 2]),
        (["1.png", "2.png", "3.png"], [0, 1, 2]),
        (["x.png", "y.png"], [0, 1]),
        # all images of one date or study: no information
        (["20240301_001.png", "20240301_002.png", "20240301_003.png"], [0, 1, 2]),
        (["only.png"], [0]),
    ],
)
def test_names(names, labels):
    likely = likely_patients(names)
    assert likely.labels.tolist() == labels
    assert likely.found == (len(set(labels)) < len(labels))
    assert likely.n_patients == len(set(labels))


def test_near_duplicates_are_one_patient_and_unlike_slices_are_missed():
    rng = np.random.default_rng(0)
    patients = np.repeat(np.arange(20), 4)
    rows = rng.normal(size=(20, 30))[patients] + 0.1 * rng.normal(size=(80, 30))
    likely = likely_patients(distances=squareform(pdist(rows)))
    np.testing.assert_array_equal(likely.labels, patients)
    assert likely.reason == "80 images look like 20 patients: 80 are near duplicates of others."
    unlike = likely_patients(distances=squareform(pdist(rng.normal(size=(80, 30)))))
    assert not unlike.found
    assert unlike.reason == (
        "Nothing in near duplicates shows which of the 80 images belong to one patient; "
        "slices of one patient may still be among them."
    )


def test_names_and_looks_are_joined():
    distances = 10.0 * (1 - np.eye(5))
    distances[2, 3] = distances[3, 2] = 1
    likely = likely_patients(["p1_s1", "p1_s2", "p2_s1", "p3_s1", "p4_s1"], distances)
    assert likely.labels.tolist() == [0, 0, 1, 1, 2]
    assert likely.reason == (
        "5 images look like 3 patients: 2 share all but the last number of their name with others "
        "(such as 'p1_s1'), and 2 are near duplicates of others."
    )


def test_chains_of_near_duplicates_may_be_given():
    likely = likely_patients(["p1_s1", "p1_s2", "p2_s1", "p3_s1"], alike=["a", "b", "c", "c"])
    assert likely.labels.tolist() == [0, 0, 1, 1]
    assert "and 2 are near duplicates of others" in likely.reason
    with pytest.raises(ValueError, match="give one of them"):
        likely_patients(distances=np.zeros((2, 2)), alike=[0, 0])


def test_copies_are_near_duplicates_even_where_most_images_are():
    likely = likely_patients(distances=np.zeros((3, 3)))
    assert likely.labels.tolist() == [0, 0, 0]
    assert likely.reason.endswith("One of them holds 3 images, so this guess is coarse.")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "both None"),
        ({"distances": np.zeros((2, 3))}, r"Got shape \(2, 3\)"),
        ({"distances": [[0, np.nan], [np.nan, 0]]}, "finite"),
        ({"distances": [[0, 1], [2, 0]]}, "symmetric"),
        ({"names": ["a"], "distances": np.zeros((2, 2))}, "names has 1, distances has 2"),
        ({"names": ["a"], "near": 1.5}, "near"),
    ],
)
def test_wrong_arguments(arguments, message):
    with pytest.raises(ValueError, match=message):
        likely_patients(**arguments)
