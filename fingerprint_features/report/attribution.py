"""The sections of the page of `attribute`."""

import numpy as np

from ..answers import Attribution
from ..recipes.kinds import Cache
from .common import answers, findings, verdict
from .evidence import evidence
from .inputs import inputs
from .maps import feature_map
from .pictures import plot
from .plots import draw_confusion
from .section import Section
from .trials import resolution, scores_of_trials

_LIMITS = (
    "Every image gets one of the known subsets, also an image that stems from none of them.",
    "An answer is no proof that an image of that subset was used. Subsets that differ by their scanner are told apart "
    "by it, whether the generator copied an image or not.",
)
_KINDS = {"generated": "to attribute", "labelled_generated": "generated"}


def attribution_sections(found: Attribution, images: bool, cache: Cache) -> list[Section]:
    """Return the sections of what `attribute` found, in the order in which they are read."""
    order = np.argsort(found.distances, kind="stable")
    shown = found.columns()
    near = "real" if "real" in found.inputs.sets else "labelled_generated"
    labels = {**found.inputs.labels, "generated": found.subsets}
    sections = [
        verdict(found, _LIMITS),
        inputs(found),
        findings(found),
        resolution(found),
        scores_of_trials(found),
        evidence(found, [i for i in order if found.nearest[i]], shown, "generated", near, images),
        _pictures(found),
        feature_map(found, labels, _KINDS, cache),
        answers(found, order, shown),
    ]
    return [section for section in sections if section is not None]


def _pictures(found):
    pictures = []
    for trial in found.assessment.trials:
        right = int((trial.y == trial.judgement.answers).sum())
        alt = f"Confusion matrix, {trial.how}: {right} of {len(trial.y)} answers are right."
        pictures.append(plot(draw_confusion(trial.y, trial.judgement.answers, title=trial.how), alt))
    return Section("pictures", "Scores in pictures", {"pictures": pictures}) if pictures else None
