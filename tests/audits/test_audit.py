"""audit on sets whose truth is known: copies are found, a shift is no memory, and what cannot be said is not said."""

import json

import numpy as np
import pytest
from PIL import Image
from sklearn.pipeline import make_pipeline

from fingerprint_features import (
    LBP,
    FeaturePipeline,
    ImageReadError,
    ImageSet,
    NetClassifier,
    PHash,
    ReferenceSimilarity,
    ThresholdClassifier,
    audit,
    make_membership_task,
    recipes,
)
from fingerprint_features.answers import ArgumentError
from fingerprint_features.audits import LIMITS
from tests.html_page import Page

RULES = ["calibrated-log-ratio", "dmk-2023-phash"]


def task_of(memorization, n=16, **params):
    params = {"n_generated": 40, "image_size": 32, "random_state": 0} | params
    return make_membership_task(n, n, memorization=memorization, **params)


def parts(task):
    return {"used": task.X[task.y == 1], "unused": task.X[task.y == 0], "generated": task.reference}


def asked(task, methods=RULES, **params):
    params = {"n_permutations": 99, "randomized_split": True} | parts(task) | params
    return audit(methods, **params)


@pytest.fixture(scope="module")
def copied():
    return task_of(1)


@pytest.fixture(scope="module")
def found(copied):
    return asked(copied)


def test_planted_copies_are_detected_and_the_controls_are_silent(found):
    assert found.verdict.kind == "detected"
    assert found.leak
    assert found.p_value <= 0.05
    assert found.families.keys() == {"rules", "set level"}
    assert [trial.name for trial in found.attacks] == sorted(RULES)
    assert [(one.name, one.alarm) for one in found.controls] == [
        ("blind: textures alone", False),
        ("blind: other patients' images as reference", False),
        ("members only", False),
    ]
    assert "No control raised an alarm." in found.verdict.why


def test_each_attack_carries_its_share_of_one_joint_test(found):
    tests = [trial.judgement.test for trial in found.attacks]
    assert [test.methods for test in tests] == [(trial.name,) for trial in found.attacks]
    assert all(test.p_corrected[0] >= test.p_values[0] for test in tests)
    assert len({test.n_permutations for test in tests}) == 1
    assert [trial.judgement.learnt for trial in found.attacks] == [True, False]


def test_who_is_at_risk_is_sorted_and_names_the_nearest_generated_images(copied, found):
    risk = found.risk
    assert risk.ids.tolist() == copied.X.ids[copied.y == 1].tolist()
    assert set(risk.roles) == {"used"}
    table = risk.by_image()
    assert table["p"] == sorted(table["p"])
    assert table["distance_1"][0] <= table["distance_3"][0]
    children = {parent: [] for parent in copied.origin if parent}
    for parent, child in zip(copied.origin, copied.reference.ids, strict=True):
        if parent:
            children[parent].append(child)
    first = [i for i, id in enumerate(table["id"]) if id in children]
    right = [table["nearest_1"][i] in children[table["id"][i]] for i in first]
    assert len(right) > 5
    assert np.mean(right) > 0.9
    patients = risk.by_patient()
    assert len(patients["patient"]) == 16
    assert patients["p"] == sorted(patients["p"])
    assert not np.isnan(risk.scores).any()
    assert risk.scored_by in RULES


def test_the_tables_the_text_and_the_json_hold_the_same_numbers(found, tmp_path):
    frame = found.frame
    assert frame["method"].tolist()[0] in found.verdict.why  # the strongest one there, too
    assert frame["p_corrected"].is_monotonic_increasing
    assert len(found.risk_table()) == 16
    assert len(found.risk_table("patient")) == 16
    with pytest.raises(ValueError, match="'image' or 'patient'"):
        found.risk_table("generator")
    numbers = json.loads(found.to_json(str(tmp_path / "audit.json")))
    assert json.loads((tmp_path / "audit.json").read_text()) == numbers
    assert numbers["verdict"]["kind"] == "detected"
    assert numbers["p_value"] == found.p_value
    assert [one["name"] for one in numbers["set_tests"]] == [test.name for test in found.set_tests]
    text = str(found)
    assert text.startswith("Detected: ")
    assert "members only" in text
    assert "copying test" in text
    shown = Page(found._repr_html_())
    assert shown.texts[0] == found.verdict.sentence
    assert LIMITS[0] in " ".join(shown.texts)
    assert "members only" in shown.texts


def test_a_result_is_the_same_in_any_order_of_images_and_methods(copied, found):
    rng = np.random.default_rng(1)
    mixed = {name: images[rng.permutation(len(images))] for name, images in parts(copied).items()}
    other = asked(copied, RULES[::-1], **mixed)
    assert other.families == pytest.approx(found.families)
    assert str(other.verdict) == str(found.verdict)


def test_without_a_declared_random_split_signs_are_exploratory(copied):
    for said in (None, False):
        result = asked(copied, "dmk-2023-phash", randomized_split=said)
        assert result.verdict.kind == "exploratory"
        assert result.leak


def test_nothing_is_detected_where_nothing_was_memorized():
    result = asked(task_of(0, random_state=3))
    assert result.verdict.kind == "not detected"
    assert not result.leak
    assert "That does not mean safe" in result.verdict.sentence


def textures(reference, holdout):
    features = FeaturePipeline([LBP()])
    return make_pipeline(ReferenceSimilarity(reference, features), ThresholdClassifier(metric="kappa"))


def test_two_scanners_are_not_above_the_blind_control():
    task = make_membership_task(20, 20, 40, memorization=0, shift=2.0, image_size=48, random_state=0)
    result = asked(task, textures, foreign=task_of(0, random_state=9, shift=2.0, image_size=48).reference)
    alarms = {control.name: control.alarm for control in result.controls}
    assert result.families["rules"] <= 0.05 / 2
    assert alarms["blind: textures alone"]
    assert alarms["foreign generator"]
    assert not alarms["members only"]
    assert result.verdict.kind == "not above the blind control"
    assert "blind: textures alone" in result.verdict.why


def test_a_generator_that_never_saw_these_patients_raises_no_alarm(copied):
    result = asked(copied, "dmk-2023-phash", foreign=task_of(1, random_state=9).reference)
    assert [control.name for control in result.controls][-1] == "foreign generator"
    assert not result.controls[-1].alarm
    assert result.verdict.kind == "detected"


def test_slices_of_a_patient_count_as_one():
    task = task_of(0, n=30, slices_per_patient=3, random_state=2)
    result = asked(task, "calibrated-log-ratio")
    assert result.resolution.n_used == 10
    assert result.attacks[0].judgement.test.n_groups == 20
    assert len(result.risk.by_patient()["patient"]) == 10
    assert result.verdict.kind == "not detected"


def test_patients_are_guessed_where_the_caller_asks_for_it(copied):
    bare = {name: ImageSet(list(images), list(images.ids)) for name, images in parts(copied).items()}
    result = asked(copied, "dmk-2023-phash", groups="auto", **bare)
    assert result.verdict.kind == "detected"
    assert next(finding.kind for finding in result.lint) == "patients"
    assert result.inputs.settings["groups"] == "auto"


def test_images_that_cannot_be_used_are_named_or_left_out(copied, tmp_path):
    used = [tmp_path / f"{i}.png" for i in range(17)]
    for path, image in zip(used, parts(copied)["used"], strict=False):
        Image.fromarray(image).save(path)
    used[16].write_bytes(b"no image")
    params = {"used": used, "groups": "none", "methods": "dmk-2023-phash"}
    with pytest.raises(ImageReadError, match="used= "):
        asked(copied, **params)
    result = asked(copied, on_error="nan", **params)
    assert result.verdict.kind == "detected"
    assert any(finding.kind == "unreadable" and "16.png" in finding.text for finding in result.lint)
    assert len(result.risk.ids) == 16


def test_the_page_is_written_with_its_numbers(found, tmp_path):
    found.to_html(tmp_path / "audit.html", images=False)
    page = (tmp_path / "audit.html").read_text(encoding="utf-8")
    assert found.verdict.sentence.split(" (")[0] in page
    assert (tmp_path / "audit.json").exists()


def test_networks_are_trained_once_and_are_a_family_of_their_own(copied):
    def tiny(reference, holdout):
        return NetClassifier("small", weights=None, image_size=32, epochs=1, random_state=0)

    pytest.importorskip("torch")
    result = asked(copied, ["dmk-2023-phash", tiny])
    assert result.families.keys() == {"rules", "networks", "set level"}
    (network,) = [trial for trial in result.attacks if trial.name == "tiny"]
    assert network.how == "judged on 11 of 32 patients, held out"
    assert "in 3 families" in result.verdict.sentence


@pytest.mark.slow
def test_recipes_of_every_kind_can_be_asked_for_at_once(copied):
    about = [recipes.info(name) for name in recipes.names()]
    free = [one.name for one in about if not one.needs_labels and not one.trains]
    attribute = [one.name for one in about if one.subtask == 2]
    names = [*free, *attribute[:1], "calibrated-log-ratio", "dmk-2023-cnn"]
    result = asked(copied, list(dict.fromkeys(names)), preset="fast", n_permutations=59)
    assert {trial.name for trial in result.attacks} | result.left_out.keys() >= set(names)
    assert len(result.attacks) > 8
    assert result.verdict.kind == "detected"


def test_a_patient_in_both_roles_is_not_assessable(copied):
    used, unused = parts(copied)["used"], parts(copied)["unused"]
    unused.groups[0] = used.groups[0]
    result = asked(copied, unused=unused)
    assert result.verdict.kind == "not assessable"
    assert "shared-patient" in result.verdict.sentence
    assert result.attacks == result.set_tests == result.controls == ()
    assert result.p_value is None
    assert result.risk.by_image()["id"]


def test_unknown_patients_give_no_number_that_needs_them(copied):
    bare = {name: ImageSet(list(images), list(images.ids)) for name, images in parts(copied).items()}
    result = asked(copied, **bare)
    assert result.verdict.kind == "not assessable"
    assert "patients are unknown" in result.verdict.sentence
    assert result.attacks == ()
    assert result.risk.image_risk is None
    assert result.risk_table("patient").empty
    assert len(result.risk_table()) == 16
    assert "not assessable" in json.loads(result.to_json())["verdict"]["kind"]


def test_few_patients_are_not_assessable():
    result = asked(task_of(1, n=3))
    assert result.verdict.kind == "not assessable"
    assert "too small" in result.verdict.sentence


def test_an_exact_copy_is_proof_whatever_the_tests_say(copied):
    used = parts(copied)["used"]
    generated = ImageSet([used[0], *list(task_of(0, random_state=5).reference)[:30]])
    result = asked(copied, "dmk-2023-phash", generated=generated, randomized_split=None)
    assert result.verdict.kind == "detected"
    assert "1 used image and generated ones are equal" in result.verdict.sentence


def test_candidates_without_labels_are_flagged_and_nothing_is_said_about_accuracy():
    copied = make_membership_task(50, 10, 50, memorization=1, image_size=32, random_state=0)
    result = audit(RULES, candidates=copied.X, generated=copied.reference)
    assert result.verdict.kind == "exploratory"
    assert result.attacks == ()
    assert "learns from labels" in result.left_out["calibrated-log-ratio"]
    flagged = set(copied.X.ids[result.risk.image_risk.flagged])
    parents = {parent for parent in copied.origin if parent}
    assert len(flagged & parents) > len(flagged - parents)
    assert result.risk.scored_by == "dmk-2023-phash"
    assert "auc" not in result.to_json().lower()


def test_a_function_of_reference_and_holdout_is_a_method(copied):
    def ratio(reference, holdout):
        features = FeaturePipeline([PHash()])
        rule = ReferenceSimilarity(reference, features, "hamming", "log_ratio", holdout=holdout)
        return make_pipeline(rule, ThresholdClassifier())

    result = asked(copied, ratio)
    assert [trial.name for trial in result.attacks] == ["ratio"]
    assert result.verdict.kind == "detected"


def test_what_cannot_be_tried_is_left_out_with_a_reason(copied):
    result = asked(copied, ["textures-svm", "vcmi-2023-resnet50", "dmk-2023-phash"])
    assert result.left_out["textures-svm"] == "it attributes generated images to subsets"
    assert [trial.name for trial in result.attacks] in (["dmk-2023-phash"], ["dmk-2023-phash", "vcmi-2023-resnet50"])


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"methods": "dmk-phash"}, "did you mean 'dmk-2023-phash'"),
        ({"methods": []}, "names no method"),
        ({"methods": [3]}, "Got int"),
        ({"methods": ["dmk-2023-phash"] * 2}, "two methods called"),
        ({"methods": lambda reference, holdout: 3}, "no unfitted classifier"),
        ({"unused": None}, "go together"),
        ({"candidates": ["no.png"]}, "one of the two"),
        ({"used": None, "unused": None}, "one of the two"),
        ({"cv": 1}, "cv="),
        ({"n_permutations": 9}, "n_permutations= must be 39 or more"),
        ({"randomized_split": "yes"}, "randomized_split="),
        ({"on_error": "skip"}, "on_error="),
        ({"preset": "quick"}, "preset="),
        ({"random_state": None}, "random_state="),
    ],
)
def test_arguments_are_checked_before_any_image_is_read(params, words):
    given = {"methods": "dmk-2023-phash", "used": ["no.png"], "unused": ["nor.png"], "generated": ["none.png"]}
    with pytest.raises(ArgumentError, match=words):
        audit(**(given | params))


def test_every_recipe_is_tried_or_left_out():
    from fingerprint_features.audits.methods import find_methods

    task = task_of(0, n=2)
    found, left_out = find_methods(recipes.names(), task.reference, True, "fast")
    assert sorted([*(method.name for method in found), *left_out]) == sorted(recipes.names())
    assert all(recipes.info(name).subtask == 2 or recipes.info(name).needs_pool for name in left_out)


@pytest.mark.parametrize("n_patients", [4, 6])
def test_few_patients_of_several_slices_get_an_answer(n_patients):
    result = asked(task_of(0, n=3 * n_patients, slices_per_patient=3), "calibrated-log-ratio", n_permutations=39)
    assert result.verdict.kind in ("not detected", "not assessable")
    assert [trial.name for trial in result.attacks] == ["calibrated-log-ratio"]
