"""How far answers can be trusted: what a rule reached on images whose labels are known, and the verdict from that."""

from dataclasses import dataclass

from numpy.typing import NDArray

from ..evaluate.scores import Scores

BETTER = "better than chance"
CHANCE = "cannot be told from chance"
BLIND = "differs without the generator"
UNJUDGED = "not judged"
_LEVEL = 0.05


@dataclass(frozen=True, eq=False)
class Trial:
    """One rule tried on labelled images that it has not learnt from.

    Attributes
    ----------
    name : str
        What was tried.
    how : str
        On which images, and how labels were kept from it.
    y, answers : ndarray of shape (n_images,)
        The truth and the answers.
    scores : Scores
        Its scores with their intervals.
    statistic : str
        The score that `p_value` is about.
    p_value : float
        The probability that chance alone does as well.
    """

    name: str
    how: str
    y: NDArray
    answers: NDArray
    scores: Scores
    statistic: str
    p_value: float

    @property
    def beats_chance(self) -> bool:
        """Whether the rule is better than chance at the level of 5 %."""
        return self.p_value <= _LEVEL

    @property
    def headline(self) -> str:
        """The score that counts, its interval and its p-value."""
        return f"{self.statistic} {self.scores[self.statistic]}, p = {self.p_value:.3g}"

    def __str__(self) -> str:
        return f"{self.name}, {self.how}:\n\n{self.scores}\n\n{self.headline}"


@dataclass(frozen=True)
class Judgement:
    """What is known of how often the answers are right.

    Attributes
    ----------
    verdict : str
        "better than chance", "cannot be told from chance", "differs without the generator" or "not judged".
    why : str
        The reason, in a sentence.
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


def conclude(trials: tuple[Trial, ...], blind: Trial | None = None, note: str = "") -> Judgement:
    """Return what one or several trials, and a blind control, amount to; `note` is added to the reason."""
    last = trials[-1]
    why = f"{last.name} reaches {last.headline} ({last.how}). {note}".rstrip()
    if not last.beats_chance:
        return Judgement(CHANCE, why, trials, blind)
    if blind is None or not blind.beats_chance:
        return Judgement(BETTER, why, trials, blind)
    why = (
        f"Used and unused images differ even without any generated image ({blind.headline}): the answers may show "
        "another scanner or hospital, and not what the generator remembers."
    )
    return Judgement(BLIND, why, trials, blind)
