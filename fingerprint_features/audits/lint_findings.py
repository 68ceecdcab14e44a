"""What lint returns: something about the sets that makes numbers wrong or doubtful."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Pair:
    """Two images that should not be alike.

    Attributes
    ----------
    role, id : str
        The set and the id of the first image.
    other_role, other_id : str
        Those of the second.
    distance : float
        How unlike they are: the bits, of 256, in which their perceptual hashes differ, or a cosine distance of
        embeddings. 0 for equal pixels.
    """

    role: str
    id: str
    other_role: str
    other_id: str
    distance: float


@dataclass(frozen=True)
class LintFinding:
    """Something about the sets that makes numbers wrong or doubtful.

    Attributes
    ----------
    kind : str
        "shared-patient", "exact-duplicate", "near-duplicate", "format", "size", "depth", "compression", "balance",
        "patients" or "unreadable".
    severity : {"error", "warning", "note"}
        "error" means that numbers would be wrong: the verdict is "not assessable" then.
    roles : tuple of str
        The sets that it is about.
    text : str
        What, how many, and the cure.
    pairs : tuple of Pair
        The images, nearest first.
    """

    kind: str
    severity: str
    roles: tuple[str, ...]
    text: str
    pairs: tuple[Pair, ...] = ()
