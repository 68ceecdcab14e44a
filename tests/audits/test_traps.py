"""Traps of membership evaluation: where a test shows that the library does not fall into each.

A trap is a way to get a wrong number that looks right. The tests of this file are about traps that no room's own tests
show; the others are listed here with their place, and a test makes sure that the list is right.

T1   slices of one patient on both sides of a split
     ::test_slices_of_one_patient_on_both_sides_of_a_split_pass_for_knowledge
     answers/test_null.py::test_with_patients_at_most_one_of_three_nulls_is_taken_for_memory
     answers/test_null.py::test_slices_that_are_said_to_be_patients_of_their_own_are_doubted
     audits/test_lint.py::test_a_patient_in_both_roles_is_an_error_that_counts_and_names
T2   slices that are alike hide copies from authenticity
     evaluate/test_set_tests.py::test_own_slices_are_left_out_of_authenticity
     evaluate/test_set_tests.py::test_a_plain_authenticity_calls_copies_of_everything_authentic
T3   unused slices of used patients hide copies
     evaluate/test_set_tests.py::test_unused_slices_of_used_patients_hide_copying
     audits/test_audit.py::test_a_patient_in_both_roles_is_not_assessable
T4   nobody knows the patients
     ::test_patients_that_nobody_wrote_down_are_found_by_256_bits_and_not_by_64
     evaluate/test_patients.py::test_near_duplicates_are_one_patient_and_unlike_slices_are_missed
     answers/test_detect.py::test_unknown_patients_give_answers_and_no_score
     audits/test_lint.py::test_patients_are_inferred_over_all_sets_and_the_finding_says_so
T5   a threshold chosen on the images that it is judged on
     ::test_a_threshold_chosen_on_the_images_it_is_judged_on_finds_something_in_noise
     decide/test_threshold.py::test_the_cut_comes_from_the_training_fold
T6   the best of many methods
     evaluate/test_permutation.py::test_the_correction_holds_the_family_of_29_noise_methods
     evaluate/test_refit_permutation.py::test_several_rules_are_corrected_for_being_several
     audits/test_audit.py::test_each_attack_carries_its_share_of_one_joint_test
T7   a false positive rate that is finer than the sample
     evaluate/test_roc.py::test_what_the_sample_cannot_resolve_is_refused
     evaluate/test_roc.py::test_certification_needs_59_299_and_2995_non_members
T8   ties that the order of the images decides
     ::test_hit_counts_have_three_rates_and_only_the_smallest_was_reached
     evaluate/test_roc.py::test_ties_are_never_split
T9   used and unused images from two scanners
     datasets/test_membership.py::test_under_a_shift_a_holdout_calibrates_what_fools_distances_and_blind_classifiers
     reference/test_calibrated.py::test_a_shift_between_used_and_unused_does_not_fool_the_ratio
     answers/test_null.py::test_two_scanners_are_no_memory
     audits/test_audit.py::test_two_scanners_are_not_above_the_blind_control
T10  a split that differs by itself
     audits/test_audit.py::test_planted_copies_are_detected_and_the_controls_are_silent
T11  the images of another generator
     ::test_a_generator_that_never_saw_these_patients_gives_nobody_away
     ::test_the_images_of_another_generator_silence_memory_and_not_a_scanner
T12  sets of unequal size
     evaluate/test_set_tests.py::test_the_null_of_the_dcr_share_follows_the_sizes
T13  the direction of a score chosen after seeing its AUC
     evaluate/test_membership.py::test_auc_keeps_its_direction
     evaluate/test_permutation.py::test_the_direction_is_the_methods_own
T14  F1 of answers that say the same of all images
     evaluate/test_membership.py::test_trivial_answers_stand_beside_the_scores
T15  images on another scale than those learnt from
     ::test_a_model_of_8_bit_images_refuses_floats_without_a_range_and_reads_them_with_one
T16  file formats that tell the sets apart
     audits/test_lint.py::test_jpeg_against_png_is_a_warning_with_the_numbers
     audits/test_lint.py::test_depth_size_and_quality_are_found_each_alone
T17  names or order of the files give the labels away
     reference/test_content.py::test_permuting_x_permutes_every_column
     recipes/test_every_recipe.py::test_permuting_the_images_permutes_the_answers
     datasets/test_membership.py::test_ids_and_order_tell_nothing
     audits/test_audit.py::test_a_result_is_the_same_in_any_order_of_images_and_methods
T18  features of an older image, parameter or network
     ::test_one_other_pixel_or_parameter_makes_one_new_row_and_leaves_the_rest
     extractors/cnn/test_identity.py::test_networks_that_differ_have_their_own_tokens
     test_pipeline.py::test_a_replaced_file_of_the_same_name_misses_and_a_copied_one_hits
T19  one image in two sets
     answers/test_detect.py::test_an_exact_copy_is_a_finding_and_an_answer
     answers/test_detect.py::test_sets_that_decide_the_answer_by_themselves_are_refused
     audits/test_lint.py::test_exact_duplicates_are_listed_role_by_role_and_flat_images_are_not
T20  rules that learn from the images they judge
     recipes/test_every_recipe.py::test_only_the_transductive_learn_from_the_images_they_judge
T21  a few images that are near to everything
     ::test_hits_follow_the_rows_that_are_near_to_everything_and_the_ratio_does_not
     reference/test_calibrated.py::test_the_ratio_beats_plain_distance_and_hits_where_rows_differ_in_spread
T22  copies that were mirrored, moved or cut
     ::test_copies_survive_noise_and_compression_and_are_lost_when_mirrored_moved_or_cut
T23  a generator that leaves out a kind of image
     evaluate/test_set_tests.py::test_a_generator_that_leaves_out_a_kind_of_image_does_not_cover_it
T24  nothing found, read as safe
     evaluate/test_permutation.py::test_not_detected_does_not_read_as_safe
     evaluate/test_set_tests.py::test_not_detected_does_not_read_as_safe
     audits/test_audit.py::test_nothing_is_detected_where_nothing_was_memorized
T25  nearly the same image in two folders of labelled images
     audits/test_lint.py::test_near_duplicates_are_pairs_and_those_of_one_patient_do_not_count_within_a_set
"""

import re
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.testing import assert_allclose
from scipy.spatial.distance import cdist, pdist, squareform
from scipy.stats import skew
from sklearn.metrics import cohen_kappa_score, roc_auc_score, roc_curve
from sklearn.model_selection import KFold, cross_val_predict, cross_val_score
from sklearn.neighbors import KNeighborsClassifier, NearestNeighbors
from sklearn.pipeline import make_pipeline

from fingerprint_features import (
    LBP,
    DecodeOptions,
    FeatureCache,
    FeaturePipeline,
    ImageReadError,
    ImageSet,
    ImageStats,
    PHash,
    ReferenceSimilarity,
    ThresholdClassifier,
    audit,
    make_membership_task,
    tpr_at_fpr,
)
from fingerprint_features.evaluate import independent_folds, likely_patients
from tests.reference.worlds import memorising_world

TESTS = Path(__file__).parents[1]


def test_the_list_names_tests_that_exist():
    named = re.findall(r"^ {5}(\S*)::(\w+)$", __doc__, flags=re.MULTILINE)
    assert len(named) > 30
    missing = []
    for path, name in named:
        text = (TESTS / path if path else Path(__file__)).read_text(encoding="utf-8")
        if f"def {name}(" not in text:
            missing.append(f"{path}::{name}")
    assert missing == []


def test_slices_of_one_patient_on_both_sides_of_a_split_pass_for_knowledge():
    # T1: 40 patients of 10 slices; half of the patients are called used, by chance
    rng = np.random.default_rng(0)
    patients = np.repeat(np.arange(40), 10)
    by_slice, by_patient = [], []
    for _ in range(10):
        rows = rng.normal(size=(40, 8))[patients] + 0.5 * rng.normal(size=(400, 8))
        y = rng.permutation(np.repeat([1, 0], 20))[patients]
        nearest = KNeighborsClassifier(1)
        slices = KFold(5, shuffle=True, random_state=0)
        by_slice.append(cross_val_score(nearest, rows, y, cv=slices).mean())
        by_patient.append(cross_val_score(nearest, rows, y, cv=independent_folds(y, patients)).mean())
    assert np.mean(by_slice) > 0.88
    assert abs(np.mean(by_patient) - 0.5) < 0.08


def test_patients_that_nobody_wrote_down_are_found_by_256_bits_and_not_by_64():
    # T4: 20 patients of 3 slices
    task = make_membership_task(30, 30, 4, slices_per_patient=3, image_size=64, random_state=0)
    found = {}
    for side in (8, 16):
        bits = PHash(hash_size=side).fit_transform(task.X)
        found[bits.shape[1]] = likely_patients(distances=squareform(pdist(bits, "hamming")))
    assert found[64].n_patients < 20
    assert found[256].n_patients == 20
    assert len(set(zip(found[256].labels, task.groups, strict=True))) == 20


def test_a_threshold_chosen_on_the_images_it_is_judged_on_finds_something_in_noise():
    # T5: 500 images, half of them used, and scores that know nothing; the naive kappa is .053 on average
    rng, y = np.random.default_rng(0), np.repeat([1, 0], 250)
    naive, honest = [], []
    for seed in range(60):
        scores = rng.normal(size=(500, 1))
        rule = ThresholdClassifier("auto", metric="kappa")
        naive.append(cohen_kappa_score(y, rule.fit(scores, y).predict(scores)))
        folds = independent_folds(y, np.arange(500), random_state=seed)
        honest.append(cohen_kappa_score(y, cross_val_predict(rule, scores, y, cv=folds)))
    assert 0.04 < np.mean(naive) < 0.07
    assert abs(np.mean(honest)) < 4 * np.std(honest) / np.sqrt(60)


def test_hit_counts_have_three_rates_and_only_the_smallest_was_reached():
    # T8: counts of hits share a handful of values; "TPR at 1 % FPR" reads .0175, .028 or .049
    y, rates = np.repeat([1, 0], 250), []
    for seed in range(100):
        scores = np.random.default_rng(seed).poisson(np.where(y, 2.4, 2.0)).astype(float)
        false_alarms, hits, _ = roc_curve(y, scores, drop_intermediate=False)
        ours = tpr_at_fpr(y, scores, 0.01)
        assert np.mean(scores[y == 0] > ours.threshold) <= 0.01
        rates.append([ours.tpr.value, np.interp(0.01, false_alarms, hits), hits[np.argmax(false_alarms >= 0.01)]])
    assert_allclose(np.mean(rates, axis=0), [0.0175, 0.028, 0.049], atol=0.006)


def test_a_generator_that_never_saw_these_patients_gives_nobody_away():
    # T11: the same real images, compared with their own generator and with another world's
    own, other = [], []
    for seed in range(4):
        X, y, generated, holdout = memorising_world(seed, 16, memorised=0.35)
        foreign = memorising_world(100 + seed, 16, memorised=0.35)[2]
        for reference, found in ((generated, own), (foreign, other)):
            ratios = ReferenceSimilarity(reference, reduce="log_ratio", holdout=holdout).fit_transform(X)
            found.append(roc_auc_score(y, ratios[:, 0]))
    assert np.mean(own) > 0.8
    assert abs(np.mean(other) - 0.5) < 0.05


def texture_distance(reference, holdout):
    """A method that looks at textures alone: it finds the scanner."""
    near = ReferenceSimilarity(reference, FeaturePipeline([LBP()]), "euclidean", "max")
    return make_pipeline(near, ThresholdClassifier())


def test_the_images_of_another_generator_silence_memory_and_not_a_scanner():
    # T11: an audit asks with the foreign images too. What still finds something with them has not found memory.
    def audited(method, memorization, shift):
        task, other = (
            make_membership_task(16, 16, 40, memorization, shift=shift, image_size=32, random_state=seed)
            for seed in (0, 9)
        )
        result = audit(
            method,
            used=task.X[task.y == 1],
            unused=task.X[task.y == 0],
            generated=task.reference,
            foreign=other.reference,
            randomized_split=True,
            n_permutations=99,
        )
        return result, {control.name: control.alarm for control in result.controls}["foreign generator"]

    remembered, alarm = audited("calibrated-log-ratio", memorization=1, shift=0)
    assert (remembered.verdict.kind, alarm) == ("detected", False)
    scanners, alarm = audited(texture_distance, memorization=0, shift=3)
    assert scanners.p_value <= 0.05
    assert (scanners.verdict.kind, alarm) == ("not above the blind control", True)


def test_a_model_of_8_bit_images_refuses_floats_without_a_range_and_reads_them_with_one():
    # T15
    images = np.random.default_rng(0).integers(0, 256, (4, 24, 24), dtype=np.uint8)
    fitted = FeaturePipeline([LBP(), ImageStats()]).fit(images)
    shares = (images / 255).astype(np.float32)
    with pytest.raises(ImageReadError, match=r"float32 values need a range from black to white"):
        fitted.transform(shares)
    with_range = ImageSet(list(shares), options=DecodeOptions(value_range=(0, 1)))
    assert_allclose(fitted.transform(with_range), fitted.transform(images), rtol=1e-5, atol=1e-5)


def test_one_other_pixel_or_parameter_makes_one_new_row_and_leaves_the_rest(tmp_path):
    # T18
    images = np.random.default_rng(0).integers(0, 256, (5, 16, 16), dtype=np.uint8)
    edited = images.copy()
    edited[2, 7, 7] ^= 1
    cache = FeatureCache(tmp_path / "rows.cache")
    steps = [("first", LBP()), ("second", ImageStats())]

    def added(pictures, **params):
        before = len(cache)
        rows = FeaturePipeline(steps, cache=cache).set_params(**params).fit_transform(pictures)
        assert_allclose(rows, FeaturePipeline(steps).set_params(**params).fit_transform(pictures))
        return len(cache) - before

    assert added(images) == 10
    assert added(edited) == 2  # one image, two extractors
    assert added(images, first__radius=2) == 5  # five images, one extractor
    assert added(images[::-1]) == 0


def test_hits_follow_the_rows_that_are_near_to_everything_and_the_ratio_does_not():
    # T21: rows of different spread in 512 dimensions; those of small spread are everybody's neighbours
    areas, hubs = [], []
    for seed in range(3):
        X, y, generated, holdout = memorising_world(seed, 512, memorised=0.35)
        columns = ReferenceSimilarity(generated, reduce=["log_ratio", "hits"], holdout=holdout).fit_transform(X)
        areas.append([roc_auc_score(y, column) for column in columns.T])
        near = NearestNeighbors(n_neighbors=10).fit(X).kneighbors(generated, return_distance=False)
        hubs.append(skew(np.bincount(near.ravel(), minlength=len(X))))
    ratio, hits = np.mean(areas, axis=0)
    assert np.mean(hubs) > 3  # without hubs the counts would be nearly symmetric
    assert ratio > 0.85
    assert ratio > hits + 0.02


COPIES = {
    "as it is": (lambda image: image, "found"),
    "as a small JPEG file": (lambda image: cv2.imdecode(cv2.imencode(".jpg", image, [1, 30])[1], 0), "found"),
    "with noise": (lambda image: _noisy(image), "found"),
    "brighter": (lambda image: np.uint8(255 * (image / 255) ** 0.7), "found"),
    "at half the size": (lambda image: cv2.resize(image, (32, 32), interpolation=cv2.INTER_AREA), "found"),
    "mirrored": (lambda image: image[:, ::-1], "lost"),
    "turned": (lambda image: np.rot90(image), "lost"),
    "moved by 4 pixels": (lambda image: np.roll(image, 4, axis=1), "lost"),
    "cut by 8 pixels": (lambda image: cv2.resize(image[8:-8, 8:-8], (64, 64)), "lost"),
}


def _noisy(image):
    noise = np.random.default_rng(int(image.sum())).normal(0, 12, image.shape)
    return np.clip(image + noise, 0, 255).astype(np.uint8)


@pytest.fixture(scope="module")
def photographs():
    """Return 80 images, one a patient, and which of them were used."""
    task = make_membership_task(40, 40, 1, image_size=64, random_state=0)
    return task.X.decode(), task.y


@pytest.mark.parametrize("change", COPIES)
def test_copies_survive_noise_and_compression_and_are_lost_when_mirrored_moved_or_cut(photographs, change):
    # T22: the generated set holds each used image once, changed; the hash is asked who is nearest
    images, y = photographs
    make, expected = COPIES[change]
    copies = [np.ascontiguousarray(make(image)) for image in images[y == 1]]
    bits = PHash().fit_transform(images)
    area = roc_auc_score(y, -cdist(bits, PHash().fit_transform(copies), "hamming").min(axis=1))
    assert area == 1 if expected == "found" else abs(area - 0.5) < 0.1
    if change == "mirrored":  # the cure: look for mirrored images too
        turned = PHash().fit_transform([copy[:, ::-1] for copy in copies])
        assert roc_auc_score(y, -cdist(bits, turned, "hamming").min(axis=1)) == 1
