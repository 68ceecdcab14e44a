"""The sections of the page of `detect`."""

import numpy as np

from ..answers import Detection
from ..recipes.kinds import Cache
from .common import answers, evidence, findings, inputs, resolution, scores_of_trials, scores_table, verdict
from .maps import feature_map
from .pictures import plot
from .plots import draw_confusion
from .roc import draw_roc
from .scores import draw_scores
from .section import Section

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
    cut = _cut(found.scores, found.used)
    pictures = []
    if not np.isnan(found.scores).all():
        alt = f"Histogram of the scores of the candidates{'' if cut is None else f', with the cut at {cut:.3g}'}."
        pictures.append(plot(draw_scores(found.scores, cut=cut, title="scores of the candidates"), alt))
    for trial in found.assessment.trials:
        pictures += _pictures_of(trial)
    return Section("pictures", "Scores in pictures", {"pictures": pictures}, {"cut": cut}) if pictures else None


def _pictures_of(trial):
    names = np.where(trial.y == 1, "used", "unused")
    called = np.where(trial.judgement.answers == 1, "used", "unused")
    right = int((names == called).sum())
    alt = f"Confusion matrix of the images with known labels: {right} of {len(names)} answers are right."
    confusion = plot(draw_confusion(names, called, title="answers to images with known labels"), alt)
    scores = trial.judgement.comparable
    if scores is None:
        return [confusion]
    cut = _cut(trial.judgement.decisions, trial.judgement.answers)
    title = "scores of images with known labels"
    if trial.judgement.learnt:  # one cut for each fold
        cut, title = None, f"{title}, on the scale of their fold"
    auc = trial.judgement.scores["auc"].value
    return [
        plot(draw_scores(scores, names, cut=cut, title=title), "Histograms of the scores of used and unused images."),
        plot(
            draw_roc(trial.y, scores, groups=trial.groups, title="images with known labels"),
            f"ROC curve of the images with known labels, area {auc:.3f}, with a logarithmic axis of false alarms.",
        ),
        confusion,
    ]


def _cut(scores, used):
    """Return the score above which images are called used, midway between two; None where there is no such score."""
    high, low = scores[(used == 1) & np.isfinite(scores)], scores[(used == 0) & np.isfinite(scores)]
    if not len(high) or not len(low) or low.max() >= high.min():
        return None
    return float((low.max() + high.min()) / 2)
