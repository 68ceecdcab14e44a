"""Controls: questions whose answer is known, asked in the same way. An alarm says that something else is at work."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..evaluate import Score
from ..images import ImageSet
from ..pipeline import FeaturePipeline
from ..recipes.blocks import textures
from ..recipes.kinds import Cache
from .attacks import auc_of, joint_test
from .bench import Ridge, set_up
from .known import Labelled
from .methods import Method
from .settings import Settings
from .verdict import ERROR_RATE


@dataclass(frozen=True)
class Control:
    """One question whose answer should be "nothing".

    Attributes
    ----------
    name : str
        "blind: textures alone", "blind: other patients' images as reference", "members only" or "foreign generator".
    question : str
        What it asks, in plain words.
    score : Score
        The AUC, with its interval.
    p_value : float or None
        Of the AUC, corrected for all methods tried and, for the two blind controls, for their number.
    alarm : bool
        Whether something is wrong.
    conclusion : str
        What follows.
    """

    name: str
    question: str
    score: Score
    p_value: float | None
    alarm: bool
    conclusion: str


def run_controls(
    methods: Sequence[Method],
    known: Labelled,
    generated: ImageSet,
    foreign: ImageSet | None,
    cache: Cache,
    settings: Settings,
) -> tuple[Control, ...]:
    """Ask what should be answered by "nothing": without generated images, among used images, of another generator.

    Parameters
    ----------
    methods : sequence of Method
        Those that train no network: the others are not trained again.
    known, generated, foreign
        The images; `foreign` are those of a generator that never saw these patients.
    cache, settings
        As for the methods themselves.
    """
    asked = [_textures(known, cache, settings)]
    rest, halves = _other_patients(known, settings.random_state), _halves(known, settings.random_state)
    if rest is not None:
        chosen, judged = rest
        asked.append(_control(_OTHERS, methods, judged, known.images[chosen], cache, settings))
    if halves is not None:
        asked.append(_control(_MEMBERS, methods, halves, generated, cache, settings))
    if foreign is not None:
        asked.append(_control(_FOREIGN, methods, known, foreign, cache, settings))
    return tuple(control for control in asked if control is not None)


def blind_alarm(controls: Sequence[Control]) -> Control | None:
    """Return the control that found a difference between used and unused images in which the generator has no part."""
    return next((control for control in controls if control.alarm and control.name != _MEMBERS.name), None)


@dataclass(frozen=True)
class _Question:
    name: str
    question: str
    alarm: str
    silence: str
    n_alike: int = 1  # controls that ask the same: p is multiplied by it


_TEXTURES = _Question(
    "blind: textures alone",
    "Do textures tell used from unused images, without any generated image?",
    "Used and unused images differ by themselves, as those of two scanners or hospitals do.",
    "Textures do not tell used from unused images.",
    n_alike=2,
)
_OTHERS = _Question(
    "blind: other patients' images as reference",
    "Do the methods still find something when images of other patients take the place of the generated ones?",
    "The methods tell used from unused images without the generated set.",
    "The methods find nothing without the generated set.",
    n_alike=2,
)
_MEMBERS = _Question(
    "members only",
    "Do the methods find a difference between two halves of the used images, which chance has made?",
    "The methods find a difference where there is none: they, or the patients given, are not to be trusted.",
    "The methods find nothing where there is nothing.",
)
_FOREIGN = _Question(
    "foreign generator",
    "Do the methods still find something with images of a generator that never saw these patients?",
    "The methods find the same with a generator that never saw these patients.",
    "The methods find nothing with a generator that never saw these patients.",
)


def _textures(known, cache, settings):
    rows = FeaturePipeline(textures(), cache=cache).fit_transform(known.images)
    return _answer(_TEXTURES, {"textures": Ridge(rows)}, known, settings)


def _control(asked, methods, known, reference, cache, settings):
    """Return the answer of methods that compare with some reference; None where none of them can."""
    rules, _ = set_up(methods, known, reference, cache, settings.progress)
    return _answer(asked, rules, known, settings) if rules else None


def _answer(asked, rules, known, settings):
    """Return the answer of the rule that comes closest to an alarm."""
    test = joint_test(rules, known, settings)
    best = int(np.lexsort([-test.values, test.p_corrected])[0])
    score = auc_of(list(rules.values())[best], known, settings)
    p = min(1.0, asked.n_alike * float(test.p_corrected[best]))
    alarm = p <= ERROR_RATE
    return Control(asked.name, asked.question, score, p, alarm, asked.alarm if alarm else asked.silence)


def _other_patients(known, random_state):
    """Return a random third of the patients as a mask, and the rest; None where too few are left."""
    n_groups = known.groups.max() + 1
    chosen = np.random.default_rng(random_state).permutation(n_groups)[: n_groups // 3]
    mask = np.isin(known.groups, chosen)
    rest = known[~mask]
    return (mask, rest) if len(chosen) and rest.enough_patients else None


def _halves(known, random_state):
    """Return the used images, one half of the patients labelled as if they were unused; None where too few."""
    used = known[known.y == 1]
    patients = np.unique(used.groups)
    chosen = np.random.default_rng(random_state).permutation(patients)[: len(patients) // 2]
    halves = replace(used, y=np.isin(used.groups, chosen).astype(np.int64))
    return halves if halves.enough_patients else None
