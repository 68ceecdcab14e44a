"""Controls: questions whose answer is known, asked in the same way. An alarm says that something else is at work."""

from dataclasses import dataclass

from ..evaluate import Score


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
        Of the AUC, corrected for what was tried in this control.
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
