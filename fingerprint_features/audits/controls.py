"""Controls: questions whose answer is known, asked in the same way. An alarm says that something else is at work."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ..answers.blind import textures
from ..evaluate import Score
from ..images import ImageSet
from ..pipeline import FeaturePipeline
from ..recipes.kinds import Cache
from .attacks import Labelled, enough_patients, held_out_auc, joint_test
from .bench import Ridge, set_up
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
    controls = [_textures(known, cache, settings)]
    rest = _other_patients(known, settings.random_state)
    if methods and rest is not None:
        chosen, judged = rest
        others = set_up(methods, judged.images, known.images[chosen], cache)
        controls.append(_control(_OTHERS, others, judged, settings, n_tests=2))
    halves = _halves(known, settings.random_state)
    if methods and halves is not None:
        controls.append(_control(_MEMBERS, set_up(methods, halves.images, generated, cache), halves, settings))
    if methods and foreign is not None:
        controls.append(_control(_FOREIGN, set_up(methods, known.images, foreign, cache), known, settings))
    return tuple(controls)


def blind_alarm(controls: Sequence[Control]) -> Control | None:
    """Return the control that found a difference between used and unused images in which the generator has no part."""
    return next((control for control in controls if control.alarm and control.name != _MEMBERS.name), None)


@dataclass(frozen=True)
class _Question:
    name: str
    question: str
    alarm: str
    silence: str


_TEXTURES = _Question(
    "blind: textures alone",
    "Do textures tell used from unused images, without any generated image?",
    "Used and unused images differ by themselves, as those of two scanners or hospitals do.",
    "Textures do not tell used from unused images.",
)
_OTHERS = _Question(
    "blind: other patients' images as reference",
    "Do the methods still find something when images of other patients take the place of the generated ones?",
    "The methods tell used from unused images without the generated set.",
    "The methods find nothing without the generated set.",
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
    return _control(_TEXTURES, {"textures": Ridge(rows)}, known, settings, n_tests=2)


def _control(asked, rules, known, settings, n_tests=1):
    """Return the answer to a question, from the rule that comes closest to an alarm.

    `n_tests` is the number of controls that ask the same: p is multiplied by it.
    """
    test = joint_test(rules, known, settings)
    best = int(np.lexsort([-test.values, test.p_corrected])[0])
    score = held_out_auc(list(rules.values())[best], known, settings)
    p = min(1.0, n_tests * float(test.p_corrected[best]))
    alarm = p <= ERROR_RATE
    return Control(asked.name, asked.question, score, p, alarm, asked.alarm if alarm else asked.silence)


def _other_patients(known, random_state):
    """Return a random third of the patients as a mask, and the rest; None where too few are left."""
    n_groups = known.groups.max() + 1
    chosen = np.random.default_rng(random_state).permutation(n_groups)[: n_groups // 3]
    mask = np.isin(known.groups, chosen)
    rest = known[~mask]
    return (mask, rest) if len(chosen) and enough_patients(rest) else None


def _halves(known, random_state):
    """Return the used images, one half of the patients labelled as if they were unused; None where too few."""
    used = known[known.y == 1]
    patients = np.unique(used.groups)
    chosen = np.random.default_rng(random_state).permutation(patients)[: len(patients) // 2]
    halves = replace(used, y=np.isin(used.groups, chosen).astype(np.int64))
    return halves if enough_patients(halves) else None
