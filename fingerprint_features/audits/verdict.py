"""The answer of an audit: one of five fixed sentences, and the two limits that every answer has."""

from dataclasses import dataclass

DETECTED = "detected"
BLIND = "not above the blind control"
NOT_DETECTED = "not detected"
NOT_ASSESSABLE = "not assessable"
EXPLORATORY = "exploratory"
ERROR_RATE = 0.05  # of the whole audit, and of each control

SENTENCES = {
    DETECTED: "Detected: the generated set gives away images that it was trained on ({numbers}).",
    BLIND: (
        "Not above the blind control: used and unused images differ ({numbers}), but they also differ where the "
        "generated set plays no part."
    ),
    NOT_DETECTED: "Not detected ({numbers}). That does not mean safe: {missed}.",
    NOT_ASSESSABLE: "Not assessable: {reason}.",
    EXPLORATORY: "Exploratory: there are signs that training images are given away ({numbers}), but {reason}.",
}

LIMITS = (
    "A sign of membership is no proof: only where chance chose the training images is it known how often such a sign "
    "comes up by itself.",
    "Finding nothing is no proof of privacy: another attack, or more images, may find what this audit did not.",
)


@dataclass(frozen=True)
class Verdict:
    """The answer of an audit.

    Attributes
    ----------
    kind : str
        "detected", "not above the blind control", "not detected", "not assessable" or "exploratory".
    sentence : str
        The fixed sentence of this kind, with its numbers.
    why : str
        What the answer rests on: the attack or test, its p-value, the control.
    """

    kind: str
    sentence: str
    why: str

    def __str__(self) -> str:
        return f"{self.sentence} {self.why}".rstrip()


def verdict(kind: str, why: str, **words: str) -> Verdict:
    """Return the verdict of a kind.

    Parameters
    ----------
    kind : str
        One of the five.
    why : str
        What it rests on.
    **words
        What its sentence is filled with: `numbers`, and `missed` or `reason`.
    """
    return Verdict(kind, SENTENCES[kind].format(**words), why)
