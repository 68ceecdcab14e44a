"""How far answers can be trusted: the scores of a rule on images with known labels, and the verdict."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..evaluate import Judgement

BETTER = "better than chance"
BLIND = "differs without the generator"
UNJUDGED = "not judged"


@dataclass(frozen=True, eq=False)
class Trial:
    """One rule tried on labelled images that it has not learnt from.

    Attributes
    ----------
    name : str
        What was tried.
    how : str
        On which images, and how labels were kept from it.
    y : ndarray of shape (n_images,)
        The labels of these images.
    judgement : Judgement
        The answers to them, scores with intervals, and the test against chance.
    groups : ndarray of shape (n_images,) or None
        The patients, or what else is kept whole. None where each image stands for itself.
    """

    name: str
    how: str
    y: NDArray[Any]
    judgement: Judgement
    groups: NDArray[np.integer[Any]] | None = None

    @property
    def beats_chance(self) -> bool:
        """Whether the rule is better than chance."""
        return self.judgement.verdict == BETTER

    @property
    def headline(self) -> str:
        """The score that the test is about, its interval and its p-value."""
        statistic = self.judgement.statistic
        return f"{statistic} {self.judgement.scores[statistic]}, p = {self.judgement.p_value:.3g}"

    def __str__(self) -> str:
        return f"{self.name}, {self.how}:\n\n{self.judgement.scores}\n\n{self.headline}"


@dataclass(frozen=True)
class Assessment:
    """What is known of how often the answers are right.

    Attributes
    ----------
    verdict : str
        "better than chance", "cannot be told from chance", "differs without the generator", "cannot be judged" (too few
        images) or "not judged" (no labels, or unknown patients).
    why : str
        The reason, in a sentence or two.
    trials : tuple of Trial
        The recipe on images with known labels; the last one decides. Empty when it was not judged.
    blind : Trial or None
        The blind control of `detect`: a classifier that sees the textures of the known images and no generated
        image. Where it beats chance, used and unused images differ by themselves (another scanner, another hospital),
        and a good score does not prove that the generator remembers anything.
    """

    verdict: str
    why: str
    trials: tuple[Trial, ...] = ()
    blind: Trial | None = None

    @property
    def conclusion(self) -> str:
        """The verdict and its reason."""
        return f"Verdict: {self.verdict}. {self.why}"

    def __str__(self) -> str:
        parts = [f"{trial}\n" for trial in self.trials]
        if self.blind is not None:
            parts.append(f"{self.blind.name}: {self.blind.headline}\n")
        return "\n".join([*parts, self.conclusion])


def conclude(trials: tuple[Trial, ...], blind: Trial | None = None, note: str = "") -> Assessment:
    """Return what one or several trials, and a blind control, amount to; `note` is added to the reason."""
    last = trials[-1]
    if last.beats_chance and blind is not None and blind.beats_chance:
        why = (
            f"Used and unused images differ even without any generated image ({blind.headline}): the answers may show "
            "another scanner or hospital, and not what the generator remembers."
        )
        return Assessment(BLIND, why, trials, blind)
    conclusion = last.judgement.conclusion
    why = f"On images with known labels, {conclusion[0].lower()}{conclusion[1:]} {note}".rstrip()
    return Assessment(last.judgement.verdict, why, trials, blind)
