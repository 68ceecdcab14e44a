"""Results to write pages of, with names that try to be markup."""

from dataclasses import replace

import numpy as np
from scipy.spatial.distance import cdist

from fingerprint_features import ImageSet, make_membership_task
from fingerprint_features.answers import Attribution, Detection, Finding, Inputs, Trial
from fingerprint_features.answers.assessment import conclude
from fingerprint_features.audits import AuditResult, Control, LintFinding, Pair, Risk
from fingerprint_features.audits.verdict import DETECTED, EXPLORATORY, verdict
from fingerprint_features.evaluate import (
    copying_test,
    correct_set_tests,
    dcr_share,
    epsilon_lower_bound,
    image_risk,
    judge_fixed,
    sample_resolution,
)
from fingerprint_features.images.errors import printable
from tests.helpers import random_images

HOSTILE = (
    '"><script>alert(1)</script>',
    "x\" onerror='alert(1)'",
    "</style></table><img src=https://example.org/x.png>",
    "{{ 7 * 7 }}{% raw %}",
    "a$b_{c",
    "t\x01\u202e\udcff",
    "\u5f71\u50cf" + "_long" * 40,
)


def named(images, prefix):
    """Return images under hostile names, which are their patients too."""
    names = [f"{prefix}{HOSTILE[i % len(HOSTILE)]}{i}" for i in range(len(images))]
    return ImageSet(list(images), ids=names, groups=names)


def detection():
    """Return what detect might find with known labels, made of its parts; the last candidate is a generated image."""
    task = make_membership_task(24, 24, 60, 1, image_size=32, random_state=0)
    half = np.arange(len(task.X)) % 2 == 0
    used, unused = (named(task.X[half & (task.y == label)], f"{label}/") for label in (1, 0))
    candidates = named([*task.X[~half], task.reference[3]], "c/")
    generated = ImageSet(list(task.reference), ids=[f"g{i}{HOSTILE[i % len(HOSTILE)]}" for i in range(60)])
    rng = np.random.default_rng(0)
    scores = np.append(rng.normal(size=24), 9.0)
    y, groups = np.repeat([1, 0], 12), np.arange(24)
    trial, blind = (
        _trial(name, y, groups, effect, rng) for name, effect in (("calibrated-log-ratio", 2), ("blind", 0))
    )
    note = f"exact copy of {printable(generated.ids[3])}"
    return Detection(
        recipe="calibrated-log-ratio",
        ids=candidates.ids,
        used=(scores > 0.1).astype(np.int64),
        scores=scores,
        p_values=np.linspace(0.04, 1, 25),
        q_values=np.full(25, np.nan),
        patients=candidates.groups,
        nearest=np.append(generated.ids[rng.integers(60, size=24)], generated.ids[3]),
        distances=np.append(rng.integers(1, 99, 24), 0).astype(float),
        notes=np.append(np.full(24, ""), note),
        assessment=conclude((trial,), blind),
        fitted=None,
        findings=(Finding("exact-copy", "candidates", str(candidates.ids[-1]), note),),
        inputs=Inputs(
            {"candidates": candidates, "used": used, "unused": unused, "generated": generated},
            unit="patient",
            settings={"n_permutations": 19, "random_state": 0, "on_error": "raise"},
            overrides={"k": 3},
        ),
    )


def _trial(name, y, groups, effect, rng):
    scores = rng.normal(size=len(y)) + effect * y
    judged = judge_fixed(y, (scores > effect / 2).astype(int), scores=scores, groups=groups, n_permutations=99)
    judged = replace(judged, learnt=True, folds=np.arange(len(y)) % 3)
    return Trial(name, "cross-validated, by patient", y, judged, groups)


def attribution():
    """Return what attribute might find of two subsets with hostile names, made of its parts."""
    rng = np.random.default_rng(0)
    real, generated = named(random_images(12), "r/"), named(random_images(8, seed=1), "g/")
    real_y = np.array(HOSTILE)[np.arange(12) % 2 * 4]
    judged = judge_fixed(real_y, rng.permutation(real_y), n_permutations=99)
    return Attribution(
        recipe="textures-svm",
        ids=generated.ids,
        subsets=real_y[:8].astype(object),
        nearest=real.ids[rng.integers(12, size=8)],
        distances=rng.integers(1, 99, 8).astype(float),
        notes=np.full(8, ""),
        assessment=conclude((Trial("textures-svm", "cross-validated on the real images", real_y, judged),)),
        fitted=None,
        findings=(),
        inputs=Inputs({"generated": generated, "real": real}, {"real": real_y}, "patient", {"n_permutations": 99}),
    )


def audit():
    """Return what an audit with known labels might find, made of its parts; there are two images a patient."""
    task = make_membership_task(12, 12, 40, 1, image_size=32, slices_per_patient=2, random_state=0)
    used, unused = (_patients(task.X[task.y == label], f"{label}/") for label in (1, 0))
    generated = ImageSet(list(task.reference), ids=[f"g{i}{HOSTILE[i % len(HOSTILE)]}" for i in range(40)])
    rng, y, groups = np.random.default_rng(0), np.repeat([1, 0], 12), np.repeat(np.arange(12), 2)
    attacks = tuple(
        _trial(name, y, groups, effect, rng)
        for name, effect in (("vcmi-2023-threshold-max", 0.5), ("calibrated-log-ratio", 2), (HOSTILE[0], 0))
    )
    reals, fakes = (np.array([image.ravel() for image in images], float) for images in (task.X, task.reference))
    far, near = cdist(fakes, reals), cdist(reals, reals)
    settings = {"groups": groups, "n_permutations": 19}
    tests = (copying_test(far, near, y, **settings), dcr_share(far, y, **settings))
    blind = attacks[2].judgement
    return AuditResult(
        verdict=verdict(DETECTED, "The best method is calibrated-log-ratio.", numbers="AUC 0.91, p = 0.03"),
        lint=(_duplicates(used, unused), LintFinding("format", "note", ("used",), "All files are alike.")),
        attacks=attacks,
        left_out={"dmk-2023-cnn": f"it needs a network {HOSTILE[1]}"},
        controls=(
            Control(
                "blind: textures alone", "Do used and unused images differ?", blind.scores["auc"], 0.6, False, "No."
            ),
            Control("foreign generator", "Does another generator?", blind.scores["auc"], None, True, HOSTILE[2]),
        ),
        set_tests=tests,
        set_p=tuple(correct_set_tests(tests).tolist()),
        resolution=sample_resolution(y, groups=groups, n_methods=3, n_draws=200),
        epsilon=epsilon_lower_bound(y, attacks[1].judgement.comparable, groups=groups),
        risk=replace(
            _risk(used, generated, "used", far[:, :12], near[:12, :12], attacks[1].judgement.comparable[:12]),
            scored_by=HOSTILE[0],
            others=np.array([("unused", id) for id in unused.ids]),
            other_distances=np.arange(12.0),
        ),
        inputs=Inputs(
            {"used": used, "unused": unused, "generated": generated},
            unit="patient",
            settings={"randomized_split": True, "n_permutations": 19, "random_state": 0},
        ),
        families={"rules": 0.02, "set level": 0.05},
    )


def unlabelled_audit():
    """Return what an audit without labels might find."""
    whole = audit()
    candidates, generated = whole.inputs.sets["used"], whole.inputs.sets["generated"]
    rng = np.random.default_rng(0)
    far, near = rng.random((40, 12)), rng.random((12, 12)) + 1
    return replace(
        whole,
        verdict=verdict(EXPLORATORY, "", numbers="3 images", reason="nobody knows which images were used"),
        lint=(),
        attacks=(),
        left_out={"calibrated-log-ratio": "it needs labels"},
        controls=(),
        set_tests=(),
        set_p=(),
        resolution=None,
        epsilon=None,
        risk=_risk(candidates, generated, "candidates", far, near + near.T, rng.normal(size=12)),
        inputs=Inputs({"candidates": candidates, "generated": generated}, unit="patient"),
        families={},
    )


def _patients(images, prefix):
    names = [f"{prefix}{HOSTILE[i % len(HOSTILE)]}{i}" for i in range(len(images))]
    return ImageSet(list(images), ids=names, groups=[names[i // 2 * 2] for i in range(len(images))])


def _duplicates(used, unused):
    pairs = tuple(Pair("used", used.ids[i], "unused", unused.ids[i], i / 256) for i in range(12))
    return LintFinding("near-duplicate", "error", ("used", "unused"), f"12 pairs are alike: {HOSTILE[3]}.", pairs)


def _risk(images, generated, role, far, near, scores):
    order = np.argsort(far, axis=0, kind="stable")[:3]
    return Risk(
        ids=images.ids,
        roles=np.full(len(images), role),
        patients=images.groups,
        scores=scores,
        image_risk=image_risk(far, near * (1 - np.eye(len(near))), groups=images.groups),
        nearest=generated.ids[order].T,
        distances=np.take_along_axis(far, order, axis=0).T,
    )
