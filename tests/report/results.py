"""Results to write pages of, with names that try to be markup."""

from dataclasses import replace

import numpy as np

from fingerprint_features import ImageSet, make_membership_task
from fingerprint_features.answers import Attribution, Detection, Finding, Inputs, Trial
from fingerprint_features.answers.assessment import conclude
from fingerprint_features.evaluate import judge_fixed
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


def _trial(name, y, groups, effect, rng):
    scores = rng.normal(size=len(y)) + effect * y
    judged = judge_fixed(y, (scores > effect / 2).astype(int), scores=scores, groups=groups, n_permutations=99)
    judged = replace(judged, learnt=True, folds=np.arange(len(y)) % 3)
    return Trial(name, "cross-validated, by patient", y, judged, groups)
