"""Nothing was used: detect stays silent as often as it says, and shift or unknown patients do not fool it."""

import numpy as np
import pytest

from fingerprint_features import detect
from tests.answers.sets import halves, membership, nameless

SILENT = {"cannot be told from chance", "differs without the generator", "cannot be judged"}


def asked(seed, shift=0.0, known=True, **params):
    """Return what detect says of a task without memory, with three slices a patient."""
    task = membership(0, n_used=24, n_unused=24, slices_per_patient=3, image_size=64, shift=shift, random_state=seed)
    X = task.X if known else nameless(task.X)
    used, unused = X[task.y == 1], X[task.y == 0]
    return detect(used[:2], task.reference, used=used, unused=unused, n_permutations=19, random_state=seed, **params)


def test_with_patients_at_most_one_of_three_nulls_is_taken_for_memory():
    # 5 % each: two or more of three in 1 of 140 cases, and these seeds are fixed
    verdicts = [asked(seed).verdict for seed in range(100, 103)]
    assert sum(verdict not in SILENT for verdict in verdicts) <= 1


def test_slices_of_unknown_patients_give_no_score():
    found = asked(0, known=False)
    assert (found.verdict, found.assessment.trials) == ("not judged", ())
    assert "48 images look like 16 patients" in found.assessment.why


def test_slices_that_are_said_to_be_patients_of_their_own_are_doubted():
    found = asked(0, known=False, patients="none")
    assert any(finding.kind == "patients" and "16 patients" in finding.text for finding in found.findings)


@pytest.mark.parametrize("recipe", ["details-and-hashes", "calibrated-log-ratio"])
def test_two_scanners_are_no_memory(recipe):
    found = asked(1, shift=2.0, recipe=recipe)
    assert found.assessment.blind.beats_chance
    assert found.verdict in SILENT


def test_unused_images_of_another_scanner_give_no_p_values():
    task = membership(0, n_used=24, n_unused=24, image_size=64, shift=2.0, random_state=3)
    used, unused, candidates, truth = halves(task)
    by_labels = detect(candidates, task.reference, used=used, unused=unused, n_permutations=19)
    by_candidates = detect(candidates[truth == 1], task.reference, holdout=unused, n_permutations=19)
    for found, other in ((by_labels, "unused= from used="), (by_candidates, "holdout= from candidates=")):
        assert np.isnan(found.p_values).all()
        assert np.isnan(found.q_values).all()
        assert "score higher than" not in str(found)
        (finding,) = [finding for finding in found.findings if finding.kind == "no-p-values"]
        assert other in finding.text


def test_unused_images_that_are_like_the_candidates_give_p_values():
    task = membership(1, n_used=24, n_unused=24, image_size=64, random_state=3)
    used, unused, candidates, truth = halves(task)
    for known in ({"used": used, "unused": unused}, {"holdout": unused}):
        found = detect(candidates, task.reference, n_permutations=19, **known)
        assert np.median(found.p_values[truth == 1]) < np.median(found.p_values[truth == 0])
        assert not [finding for finding in found.findings if finding.kind == "no-p-values"]


def test_a_patient_of_both_sets_is_no_sign_of_two_scanners():
    task = membership(0, n_used=8, n_unused=24, slices_per_patient=4, image_size=64, random_state=3)
    unused = task.X[task.y == 0]
    found = detect(unused[::2], task.reference, holdout=unused[1::2], n_permutations=19)
    assert not np.isnan(found.p_values).any()
