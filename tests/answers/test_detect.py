"""detect: answers with a verdict that holds, findings instead of surprises, and guards that need no command."""

from functools import partial

import joblib
import numpy as np
import pytest
from scipy.stats import false_discovery_control

import fingerprint_features
from fingerprint_features import ImageReadError, ImageSet, recipes
from fingerprint_features.answers import ArgumentError
from fingerprint_features.similarity import Whiten
from tests.answers.sets import halves, membership, nameless
from tests.helpers import write_images
from tests.html_page import Page

detect = partial(fingerprint_features.detect, n_permutations=19)  # the fewest that can reach 5 %


@pytest.fixture(scope="module")
def task():
    return membership()


@pytest.fixture(scope="module")
def found(task):
    used, unused, candidates, _ = halves(task)
    return detect(candidates, task.reference, used=used, unused=unused)


def test_a_full_memory_is_found_and_the_verdict_says_so(task, found):
    _, _, candidates, truth = halves(task)
    assert found.verdict == "better than chance"
    assert np.mean(found.used == truth) > 0.7
    assert found.ids.tolist() == candidates.ids.tolist()
    assert found.patients.tolist() == candidates.groups.tolist()
    assert found.recipe == "details-and-hashes"
    (trial,) = found.assessment.trials
    assert trial.judgement.scores["kappa"].value > 0.4
    assert not found.assessment.blind.beats_chance


def test_the_answer_keeps_what_was_asked(task, found):
    used, _, candidates, _ = halves(task)
    assert set(found.inputs.sets) == {"candidates", "generated", "used", "unused"}
    assert found.inputs.sets["candidates"].ids.tolist() == candidates.ids.tolist()
    assert found.inputs.sets["used"].groups.tolist() == used.groups.tolist()
    assert found.inputs.unit == "patient"
    settings = {"n_permutations": 19, "random_state": 0, "on_error": "raise", "preset": "published"}
    assert found.inputs.settings == settings
    assert len(found.assessment.trials[0].groups) == len(found.assessment.trials[0].y)


def test_a_notebook_shows_the_verdict_and_the_highest_scores(found):
    page = Page(found._repr_html_())
    assert found.verdict in page.texts[0]
    assert "(the first 10 of 20 images)" in page.texts[0]
    assert page.tags.count("tr") == 11
    best = found.ids[np.argsort(-found.scores)[:10]]
    assert [text for text in page.texts if text in set(found.ids)] == best.tolist()


def test_answers_are_those_of_the_recipe_alone(task, found):
    used, unused, candidates, _ = halves(task)
    known, y = ImageSet.join([used, unused]), np.repeat([1, 0], [len(used), len(unused)])
    model = recipes.make("details-and-hashes", reference=task.reference).fit(task.X)  # labelled and others
    np.testing.assert_array_equal(found.used, model.predict(candidates))
    np.testing.assert_allclose(found.scores, model.decision_function(candidates), rtol=1e-4, atol=1e-5)
    found = detect(candidates, task.reference, used=used, unused=unused, recipe="calibrated-log-ratio")
    model = recipes.make("calibrated-log-ratio", reference=task.reference).fit(known, y)
    np.testing.assert_array_equal(found.used, model.predict(candidates))
    np.testing.assert_allclose(found.scores, model.decision_function(candidates))
    assert np.isnan(found.p_values).all()
    assert "score higher than" not in str(found)


def test_a_recipe_without_labels_is_fitted_once(task, monkeypatch):
    seen, fit = [], Whiten.fit
    monkeypatch.setattr(Whiten, "fit", lambda self, X, y=None: seen.append(len(X)) or fit(self, X, y))
    used, unused, candidates, _ = halves(task)
    detect(candidates, task.reference, used=used, unused=unused)
    assert seen == [len(task.X)]


def test_p_values_say_how_rarely_unused_images_score_as_high(task, found):
    _, unused, _, _ = halves(task)
    model = found.fitted.model
    expected = [(1 + (model.decision_function(unused) >= score).sum()) / (1 + len(unused)) for score in found.scores]
    np.testing.assert_allclose(found.p_values, expected)
    np.testing.assert_allclose(found.q_values, false_discovery_control(expected))
    assert f"{(found.q_values <= 0.05).sum()} score higher than unused images do" in str(found)


def test_a_holdout_gives_p_values_where_nobody_knows_who_was_used(task):
    _, unused, candidates, truth = halves(task)
    found = detect(candidates, task.reference, holdout=unused)
    assert found.verdict == "not judged"
    assert np.median(found.p_values[truth == 1]) < np.median(found.p_values[truth == 0])
    assert np.isnan(detect(nameless(candidates), task.reference, holdout=nameless(unused)).p_values).all()


def test_the_nearest_generated_image_is_the_one_with_the_fewest_other_bits(task, found):
    imagehash = pytest.importorskip("imagehash")
    from PIL import Image

    _, _, candidates, _ = halves(task)
    first = imagehash.phash(Image.fromarray(candidates[0]), hash_size=16)
    bits = [first - imagehash.phash(Image.fromarray(image), hash_size=16) for image in task.reference]
    assert found.distances[0] == min(bits)
    assert bits[list(task.reference.ids).index(found.nearest[0])] == min(bits)


def test_the_table_has_one_row_a_candidate(found):
    frame = found.frame()
    assert list(frame) == ["id", "used", "score", "p", "q", "patient", "nearest", "distance", "note"]
    assert frame["used"].tolist() == found.used.tolist()
    assert frame["id"].tolist() == found.ids.tolist()


def test_results_cannot_be_changed(found):
    with pytest.raises(AttributeError):
        found.used = None


def test_without_labels_nothing_is_judged(task):
    found = detect(task.X, task.reference)
    assert found.verdict == "not judged"
    assert "give used= and unused=" in found.assessment.why
    assert found.assessment.trials == ()
    assert "Verdict: not judged" in str(found)


def test_unknown_patients_give_answers_and_no_score(task):
    used, unused, candidates, _ = (nameless(part) if isinstance(part, ImageSet) else part for part in halves(task))
    found = detect(candidates, task.reference, used=used, unused=unused)
    assert found.verdict == "not judged"
    assert "patients='none'" in found.assessment.why
    assert found.patients is None
    assert len(found.used) == len(candidates)
    with_patients = detect(candidates, task.reference, used=used, unused=unused, patients="none")
    assert with_patients.verdict == "better than chance"
    assert "by image" in with_patients.assessment.trials[0].how


def series(patients):
    try:
        import pandas
    except ImportError:
        return patients
    return pandas.Series(patients)


@pytest.mark.parametrize(
    "patients",
    [
        "^[^_]+",
        lambda id: id.split("_")[0],
        {f"p{number:04}_s{s}": f"p{number:04}" for number in range(1, 60) for s in (1, 2)},
        series({f"p{number:04}_s{s}": f"p{number:04}" for number in range(1, 60) for s in (1, 2)}),
    ],
)
def test_patients_are_a_pattern_a_function_or_a_mapping(task, found, patients):
    used, unused, candidates, _ = (nameless(part) if isinstance(part, ImageSet) else part for part in halves(task))
    same = detect(candidates, task.reference, used=used, unused=unused, patients=patients)
    np.testing.assert_array_equal(same.scores, found.scores)
    assert same.patients.tolist() == found.patients.tolist()
    assert same.assessment.trials[0].judgement.scores == found.assessment.trials[0].judgement.scores


def test_an_exact_copy_is_a_finding_and_an_answer(task):
    unseen = membership(0, random_state=5).X  # far from every generated image
    copied = ImageSet([*task.reference, unseen[7]])
    found = detect(unseen, copied)
    assert found.used[7] == 1
    assert found.notes[7] == "exact copy of 60"
    assert (found.nearest[7], found.distances[7]) == ("60", 0)
    (finding,) = [finding for finding in found.findings if finding.kind != "assumption"]
    assert (finding.kind, finding.where, finding.id) == ("exact-copy", "candidates", unseen.ids[7])


def test_flat_images_are_no_copies_of_each_other(task):
    used, unused, candidates, _ = halves(task)
    black = np.zeros_like(task.X[0])
    found = detect([*candidates, black], [*task.reference, black], used=[*used, black], unused=unused, patients="none")
    without = detect(candidates, [*task.reference, black], used=[*used, black], unused=unused, patients="none")
    assert set(found.notes) == {""}
    assert found.used[-1] == (found.scores[-1] > 0)
    np.testing.assert_array_equal(found.scores[:-1], without.scores)
    assert not [f for f in found.findings if f.kind in ("exact-copy", "known")]


def test_a_copy_of_an_image_that_was_not_used_asks_for_a_check(task):
    used, unused, candidates, _ = halves(task)
    found = detect(candidates, ImageSet([*task.reference, unused[0]]), used=used, unused=unused)
    assert any(f.where == "unused" and "check the folders" in f.text for f in found.findings)


def test_candidates_whose_label_is_known_are_named(task):
    used, unused, candidates, _ = halves(task)
    found = detect(ImageSet.join([candidates, used[:2]]), task.reference, used=used, unused=unused)
    assert found.notes[-2:].tolist() == ["known to be used"] * 2
    assert set(found.notes[:-2]) == {""}


def test_images_that_cannot_be_used_are_left_out_or_all_named(task, tmp_path):
    used, unused, candidates, _ = halves(task)
    paths = write_images(tmp_path, candidates[:6])
    (tmp_path / "image2.png").write_bytes(b"")
    bad = ImageSet(paths, groups=candidates.groups[:6])
    with pytest.raises(ImageReadError, match=r"candidates= .*image2\.png: the file is empty"):
        detect(bad, task.reference, used=used, unused=unused)
    found = detect(bad, task.reference, used=used, unused=unused, on_error="nan")
    good = np.arange(6) != 2
    whole = detect(candidates[:6][good], task.reference, used=used, unused=unused)
    assert (found.used[2], found.nearest[2], np.isnan(found.scores[2])) == (-1, "", True)
    np.testing.assert_array_equal(found.used[good], whole.used)
    np.testing.assert_array_equal(found.scores[good], whole.scores)
    assert found.frame()["used"].isna().tolist() == (~good).tolist()
    assert "empty" in found.notes[2]


def test_the_same_answers_with_threads_and_with_a_cache(task, found, tmp_path):
    used, unused, candidates, _ = halves(task)
    for _ in range(2):
        with joblib.parallel_config(n_jobs=2):
            again = detect(candidates, task.reference, used=used, unused=unused, cache=tmp_path / "rows.cache")
        np.testing.assert_array_equal(again.scores, found.scores)
        assert again.assessment.trials[0].judgement.scores == found.assessment.trials[0].judgement.scores


def test_another_generator_is_judged_on_its_own_images():
    known, asked = membership(random_state=1), membership(random_state=2)
    used, unused = known.X[known.y == 1], known.X[known.y == 0]
    sets = {"used": used, "unused": unused, "known_generated": known.reference}
    alone = detect(asked.X, asked.reference, **sets)  # without labels: as if there were no known images
    np.testing.assert_array_equal(alone.scores, detect(asked.X, asked.reference).scores)
    assert alone.verdict == "better than chance"
    assert np.isnan(alone.p_values).all()
    found = detect(asked.X, asked.reference, **sets, recipe="calibrated-log-ratio")
    model = recipes.make("calibrated-log-ratio", reference=known.reference)
    model.fit(ImageSet.join([used, unused]), np.repeat([1, 0], 20))
    expected = recipes.with_reference(model, asked.reference)
    np.testing.assert_array_equal(found.scores, expected.decision_function(asked.X))
    assert np.mean(found.used == asked.y) > 0.7
    assert found.verdict == "better than chance"
    wrong = detect(asked.X, asked.reference, used=used, unused=unused)  # another generator's images say nothing
    assert wrong.verdict == "cannot be told from chance"


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"used": slice(4)}, "used= and unused= go together"),
        ({"recipe": "vcmi-2023-threshold-min"}, "did you mean 'vcmi-2023-threshold-max'"),
        ({"recipe": "textures-svm"}, "attributes generated images to subsets: choose one of vcmi"),
        ({"recipe": "dmk-2023-sift-knn"}, "learns from labels: give used= and unused=, or choose one of"),
        ({"on_error": "skip"}, "on_error= must be 'raise' or 'nan'"),
        ({"n_permutations": 0}, "n_permutations= must be an int >= 1. Got 0"),
        ({"random_state": None}, "random_state= must be an int >= 0. Got None"),
        ({"known_generated": slice(4)}, "known_generated= belongs to images with known labels"),
        ({"pool": slice(4)}, "has no use for pool="),
        ({"backbone": "resnet50"}, "has no override 'backbone'"),
        ({"patients": "["}, "is not a regular expression"),
        ({"patients": {}}, "has no patient for p"),
        ({"patients": 3}, "must be a mapping from id to patient, a function"),
    ],
)
def test_arguments_that_do_not_fit_are_named(task, more, words):
    more = {name: task.X[value] if isinstance(value, slice) else value for name, value in more.items()}
    with pytest.raises(ArgumentError, match=words):
        detect(task.X, task.reference, **more)


@pytest.mark.parametrize("recipe", ["vcmi-2023-threshold-max", "zoq-2025-pixels-ssim", "zoq-2025-pixels-jaccard"])
def test_images_of_several_sizes_are_refused_before_anything_is_extracted(task, recipe, tmp_path):
    used, unused, candidates, _ = halves(task)
    cache = tmp_path / "rows.cache"
    mixed = [*task.reference, task.reference[0][:30]]
    words = (
        rf"{recipe} compares .* candidates= {candidates.ids[0]} is 32 x 32, generated= 60 is 30 x 32: .*size=\(32, 32\)"
    )
    with pytest.raises(ValueError, match=words):
        detect(candidates, mixed, used=used, unused=unused, recipe=recipe, cache=cache)
    assert not cache.exists()


def test_sets_that_decide_the_answer_by_themselves_are_refused(task, tmp_path):
    used, unused, candidates, _ = halves(task)
    with pytest.raises(ValueError, match=r"used= and unused= share 1 of 11 \(.*, but an image was used or it") as e:
        detect(candidates, task.reference, used=ImageSet.join([used, unused[:1]]), unused=unused)
    assert not isinstance(e.value, ArgumentError)
    with pytest.raises(ValueError, match="holdout= and candidates= share"):
        detect(candidates, task.reference, used=used, unused=unused, holdout=candidates[:3])
    paths = write_images(tmp_path, task.reference[:5])
    with pytest.raises(ValueError, match=r"generated= and candidates= hold 2 files in common \(.*image0.png"):
        detect(paths[:2], paths)
    with pytest.raises(ArgumentError, match=r"candidates= has size=None and generated= has size=\(8, 8\)"):
        detect(paths[:2], ImageSet(paths, size=8))


def test_few_unused_images_are_said_to_be_few(task):
    used, unused, candidates, _ = halves(task)
    known = {"used": used, "recipe": "calibrated-log-ratio"}
    with pytest.raises(ArgumentError, match="unused= has 1 of one: give two patients or more"):
        detect(candidates, task.reference, unused=unused[:1], **known)
    found = detect(candidates, task.reference, unused=unused[:2], **known)
    assert found.verdict == "not judged"
    assert "needs three patients" in found.assessment.why
    assert set(found.used) <= {0, 1}
