"""The page of an audit: what stands on it, in which order, with labels and without."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from fingerprint_features.answers import Trial
from fingerprint_features.audits import LIMITS
from fingerprint_features.evaluate import judge_fixed, predictive_values, tpr_at_fpr
from fingerprint_features.images.errors import printable
from fingerprint_features.report import write_page
from fingerprint_features.report.audit.attacks import attacks
from fingerprint_features.report.audit.checks import lint
from fingerprint_features.report.audit.evidence import evidence
from fingerprint_features.report.audit.risk import risk
from fingerprint_features.report.audit.set_level import set_level
from fingerprint_features.report.page import render
from tests.report.reading import assert_pictures_whole, assert_safe, decoded, parsed, small_pictures
from tests.report.results import HOSTILE, audit, unlabelled_audit


@pytest.fixture(scope="module")
def found():
    return audit()


@pytest.fixture(scope="module")
def written(found, tmp_path_factory):
    return _written(found, tmp_path_factory)


@pytest.fixture(scope="module")
def unlabelled(tmp_path_factory):
    return _written(unlabelled_audit(), tmp_path_factory)


def _written(result, tmp_path_factory):
    path = tmp_path_factory.mktemp("page") / "report.html"
    write_page(result, path)
    return path.read_text(encoding="utf-8"), json.loads(path.with_suffix(".json").read_text())


def test_the_verdict_and_its_limits_come_first_and_the_rest_in_order(found, written):
    text, _ = written
    order = ["verdict", "inputs", "lint", "resolution", "controls", "sets", "attacks"]
    order += ["audit_pictures", "audit_map", "risk", "evidence", "provenance"]
    assert re.findall(r'<section id="(\w+)"', text) == order
    texts = [" ".join(part.split()) for part in parsed(text).texts]
    first = [texts.index(one) for one in (found.verdict.sentence, *LIMITS)]
    assert first == sorted(first)
    assert first[-1] < texts.index("Images and settings")
    assert "3 methods and 2 tests of the whole set), p = 0.04" in " ".join(texts)
    assert "2 families" in " ".join(texts)


@pytest.mark.parametrize("which", ["written", "unlabelled"])
def test_the_page_is_safe_with_hostile_names(which, request):
    text, _ = request.getfixturevalue(which)
    assert_safe(text)
    assert_pictures_whole(text)
    texts = parsed(text).texts
    for id in audit().risk.ids:
        assert printable(id) in texts
    assert "49" not in [part.strip("c/") for part in texts]


def test_without_labels_there_is_no_score(unlabelled):
    text, numbers = unlabelled
    order = ["verdict", "inputs", "lint", "attacks", "audit_pictures", "audit_map", "risk", "evidence", "provenance"]
    assert re.findall(r'<section id="(\w+)"', text) == order
    seen = " ".join(parsed(text).texts)
    for word in ("AUC", "kappa", "F1", "recall", "specificity", "balanced", "epsilon", "p ="):
        assert word not in seen
    assert re.findall("accura[a-z]+ ([a-z]+)", seen) == ["of"]  # "this page states no accuracy of any method"
    assert numbers["attacks"]["methods"] == []
    assert numbers["verdict"]["p_value"] is None


def test_without_images_there_are_none(found):
    sections = [lint(found, False), evidence(found, False)]
    text = render("pairs", sections)
    assert "data:" not in text.partition("</head>")[2]
    assert "Images are left out of this page" in text
    texts = parsed(text).texts
    assert all(printable(pair["id"]) in texts for pair in sections[1].numbers)
    assert all(printable(pair.id) in texts for pair in found.lint[0].pairs)


def test_near_duplicates_and_pairs_are_the_images_themselves(found):
    sets, risk = found.inputs.sets, found.risk
    expected = []
    for pair in found.lint[0].pairs:
        first, second = sets[pair.role][pair.id], sets[pair.other_role][pair.other_id]
        expected += [first, second, np.abs(first.astype(int) - second)]
    for i in _closest_of_each_patient(found):
        first, second = sets["used"][risk.ids[i]], sets["generated"][risk.nearest[i, 0]]
        other = sets["unused"][risk.others[i, 1]]
        expected += [first, second, np.abs(first.astype(int) - second), other, np.abs(first.astype(int) - other)]
    text = render("pairs", [lint(found, True), evidence(found, True)])
    for data, pixels in zip(small_pictures(text), expected, strict=True):
        np.testing.assert_array_equal(decoded(data), pixels)


def _closest_of_each_patient(found):
    patients = found.risk.patients
    return [i for n, i in enumerate(found.risk.order) if patients[i] not in patients[found.risk.order[:n]]]


def test_the_numbers_of_the_page_are_beside_it(found, written):
    _, numbers = written
    assert numbers["verdict"]["p_value"] == found.p_value
    methods = {method["name"]: method for method in numbers["attacks"]["methods"]}
    for trial in found.attacks:
        method = methods[trial.name]
        for name, score in trial.judgement.scores.scores.items():
            assert method["scores"][name] == json.loads(json.dumps(score._asdict()))
        assert method["p_value"] == trial.judgement.p_value
        (test,) = method["test"]["methods"].values()
        assert test["p_value"] == trial.judgement.test.p_values[0]
        ppv = predictive_values(trial.y, trial.judgement.answers, groups=trial.groups)
        assert method["ppv"]["0.01"]["high"] == ppv[0.01].high
        assert [rate["resolvable"] for rate in method["rates"]] == [False] * 4  # 6 unused patients
    assert [test["p_corrected"] for test in numbers["sets"]] == list(found.set_p)
    assert numbers["attacks"]["epsilon"]["epsilon"] == found.epsilon.epsilon
    assert numbers["resolution"]["auc"] == found.resolution.auc
    assert numbers["risk"]["images"] == json.loads(json.dumps(found.risk.by_image()))
    assert numbers["risk"]["patients"] == json.loads(json.dumps(found.risk.by_patient()))
    assert numbers["lint"][0]["pairs"][3]["id"] == found.lint[0].pairs[3].id
    assert numbers["controls"]["controls"][0]["score"]["low"] == found.controls[0].score.low
    clusters = numbers["audit_map"]["clusters"].values()
    sets = found.inputs.sets
    assert {name: sum(one[name] for one in clusters) for name in sets} == {name: len(sets[name]) for name in sets}
    assert numbers["provenance"]["versions"]["fingerprint_features"]


def test_the_best_method_comes_first_and_its_pictures_are_open(written):
    text, numbers = written
    p_values = [method["p_value"] for method in numbers["attacks"]["methods"]]
    assert p_values == sorted(p_values)
    best = numbers["attacks"]["methods"][0]["name"]
    pictures = re.search(r'<section id="audit_pictures".*?</section>', text, re.S)[0]
    assert f"The pictures are of {best}," in pictures
    folded = [part.strip() for part in re.findall(r"<summary>(.*?)</summary>", pictures)]
    assert len(folded) == 2
    assert best not in folded
    assert pictures.index("<img") < pictures.index("<details>")


def test_rates_say_what_the_sample_is_too_small_for(found):
    rng, y = np.random.default_rng(0), np.repeat([1, 0], 70)
    scores = rng.normal(size=140) + y
    judged = judge_fixed(y, scores > 0.5, scores=scores, n_permutations=19)
    section = attacks(replace(found, attacks=(Trial("rule", "fixed", y, judged),)))
    text = render("methods", [section])
    cells = re.findall(r"<td>(.*?)</td>", text)
    at = tpr_at_fpr(y, scores, 0.1)
    (strict,) = [cell for cell in cells if cell.startswith(f"{at.tpr.value:.3f}<small>[{at.tpr.low:.3f}")]
    assert f"reached {100 * at.fpr.value:.3g} %" in strict
    assert "not certified" not in strict
    assert cells.count("not resolvable") == 2
    small = replace(found, attacks=(Trial("rule", "fixed", y[40:100], _part(judged, y, scores, slice(40, 100))),))
    assert "not certified" in render("methods", [attacks(small)])


def _part(judged, y, scores, part):
    return judge_fixed(y[part], judged.answers[part], scores=scores[part], n_permutations=19)


def test_long_tables_fold_and_end(found):
    n = 1100
    many = replace(
        found.risk,
        ids=np.array([f"image{i}" for i in range(n)]),
        roles=np.full(n, "used"),
        patients=None,
        scores=np.full(n, np.nan),
        image_risk=None,
        nearest=np.full((n, 1), "g"),
        distances=np.arange(n, dtype=float)[:, None],
    )
    section = risk(replace(found, risk=many))
    text = render("risk", [section])
    assert "(the first 1,000 of 1,100)" in text
    assert "985 more rows" in text
    head, _, tail = text.partition("<details>")
    assert ">image14<" in head
    assert ">image15<" in tail
    assert ">image1050<" not in text
    assert len(section.numbers["images"]["id"]) == n


def test_a_lint_without_findings_says_so_and_errors_come_first(found):
    assert "Nothing was found" in render("lint", [lint(replace(found, lint=()), True)])
    text = render("lint", [lint(replace(found, lint=found.lint[::-1]), False)])
    assert text.index("Error: near duplicate") < text.index("Note: format")
    assert f"12 pairs are alike: {HOSTILE[3]}." in " ".join(parsed(text).texts)


def test_the_same_audit_gives_the_same_file(written, tmp_path):
    write_page(audit(), tmp_path / "again.html")
    assert (tmp_path / "again.html").read_text(encoding="utf-8") == written[0]


def test_a_set_test_that_only_passes_alone_says_that_it_is_not_enough(found):
    test = replace(found.set_tests[1], name="DCR share", p_value=0.01, n_shuffles=900)
    said = set_level(replace(found, set_tests=(test,), set_p=(0.2,))).values["words"][0]["said"]
    assert said.startswith("Detected: above what chance gives (p = 0.01)")
    assert said.endswith("corrected for all tests, p = 0.2, which is not enough.")
