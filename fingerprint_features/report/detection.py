"""The sections of the page of `detect`."""

import numpy as np

from ..answers import Detection
from ..recipes.kinds import Cache
from .common import answers, findings, verdict
from .evidence import evidence
from .inputs import inputs
from .maps import feature_map
from .pictures import plot
from .scores import draw_scores
from .section import Section
from .trial_pictures import cut_of, pictures_of
from .trials import resolution, scores_of_trials, scores_table

_LIMITS = (
    "A score is no proof that an image was used. To prove it, one would have to know what the score would be if the "
    "image had not been used, and only a split by chance into used and unused images shows that.",
    "Finding nothing is no proof of privacy. The recipe sees what its features see; another method may find what it "
    "misses.",
)
_KINDS = {"generated": "generated", "known_generated": "generated", "pool": "generated"}


def detection_sections(found: Detection, images: bool, cache: Cache) -> list[Section]:
    """Return the sections of what `detect` found, in the order in which they are read."""
    order = np.argsort(-np.where(np.isnan(found.scores), -np.inf, found.scores), kind="stable")
    shown = found.columns() | {"used": _words(found.used)}
    copies = [bool(note) and note.startswith("exact copy") for note in found.notes]
    called = [i for i in sorted(order, key=lambda i: not copies[i]) if found.used[i] == 1]
    sections = [
        verdict(found, _LIMITS),
        inputs(found),
        findings(found),
        resolution(found),
        _blind(found),
        scores_of_trials(found),
        evidence(found, called, shown, "candidates", "generated", images),
        _pictures(found),
        feature_map(found, {name: np.full(len(some), name) for name, some in found.inputs.sets.items()}, _KINDS, cache),
        answers(found, order, shown),
    ]
    return [section for section in sections if section is not None]


def _words(used):
    return [{1: "used", 0: "unused"}.get(answer) for answer in used.tolist()]


def _blind(found):
    blind = found.assessment.blind
    if blind is None:
        return None
    values = {"trial": blind, "beats": blind.beats_chance, "scores": scores_table(blind)}
    numbers = {"verdict": blind.judgement.verdict, "p_value": blind.judgement.p_value}
    return Section("blind", "Blind control", values, numbers | blind.judgement.scores.to_dict())


def _pictures(found):
    """Return the section of plots: scores with the cut, ROC curve, confusion matrix."""
    cut = cut_of(found.scores, found.used)
    pictures = []
    if not np.isnan(found.scores).all():
        alt = f"Histogram of the scores of the candidates{'' if cut is None else f', with the cut at {cut:.3g}'}."
        pictures.append(plot(draw_scores(found.scores, cut=cut, title="scores of the candidates"), alt))
    for trial in found.assessment.trials:
        pictures += pictures_of(trial)
    return Section("pictures", "Scores in pictures", {"pictures": pictures}, {"cut": cut}) if pictures else None
