"""What is noticed about the images apart from the answers: copies, known labels, images that cannot be used."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.pipeline import Pipeline

from ..decide import ThresholdClassifier
from ..images import ImageFailure, ImageSet
from ..images.errors import printable
from .guards import exact_copies

_FEW = 20  # images among which a rule that compares them with each other has little to go by


@dataclass(frozen=True)
class Finding:
    """Something that was noticed about an image or a set, apart from the answers.

    Attributes
    ----------
    kind : str
        "exact-copy", "known", "cannot-be-used", "few-candidates", "assumption", "no-p-values" or "patients".
    where : str
        The argument that the finding is about, e.g. "candidates".
    id : str or None
        The image; None when the finding is about the whole set.
    text : str
        The finding in words.
    """

    kind: str
    where: str
    id: str | None
    text: str

    def __str__(self) -> str:
        return f"{self.where}=: {self.text}" if self.id is None else f"{self.where}= {printable(self.id)}: {self.text}"


def copies(sets: Mapping[str, ImageSet], where: str, others: str) -> Iterator[Finding]:
    """Yield the images of a set that have an exact copy, pixel by pixel, in another set; flat images do not count."""
    images, rest = sets.get(where), sets.get(others)
    if images is None or rest is None:
        return
    doubt = ", and yet not used: check the folders" if where in ("unused", "holdout") else ""
    for i, j in exact_copies(images, rest):
        yield Finding("exact-copy", where, str(images.ids[i]), f"exact copy of {printable(rest.ids[j])}{doubt}")


def known_labels(sets: Mapping[str, ImageSet], where: str, others: str, labels: Sequence[object]) -> Iterator[Finding]:
    """Yield the images of a set that are in a labelled set too; `labels` has one label an image of that set."""
    images, rest = sets[where], sets.get(others)
    if rest is None:
        return
    for i, j in exact_copies(images, rest):
        yield Finding("known", where, str(images.ids[i]), f"known to be {labels[j]}")


def unusable(failures: Mapping[str, Sequence[ImageFailure]]) -> Iterator[Finding]:
    """Yield the images that cannot be used."""
    for where, some in failures.items():
        for failure in some:
            yield Finding("cannot-be-used", where, failure.id, failure.reason)


def few_candidates(name: str, n_candidates: int) -> Iterator[Finding]:
    """Yield a finding where a rule compares the candidates with each other and there are few."""
    if n_candidates < _FEW:
        text = (
            f"{name} compares the candidates with each other, and {n_candidates} are few for that: give more real "
            "images, used or not"
        )
        yield Finding("few-candidates", "candidates", None, text)


def assumed_share(model: Any) -> Iterator[Finding]:
    """Yield a finding where a rule calls a stated share of the images used, whether any was or not."""
    cut = model.steps[-1][1] if isinstance(model, Pipeline) else None
    if isinstance(cut, ThresholdClassifier) and cut.threshold == "prior":
        text = (
            f"the share of used images is assumed, not found: the {100 * cut.prior:g} % of the real images with the "
            "highest scores are called used; prior= states another share"
        )
        yield Finding("assumption", "candidates", None, text)


def notes(findings: Iterable[Finding], where: str, ids: NDArray[np.str_]) -> NDArray[np.str_]:
    """Return what was found about each image of a set, in a few words; usually nothing."""
    found = {id: [] for id in ids}
    for finding in findings:
        if finding.where == where and finding.id is not None:
            found[finding.id].append(finding.text)
    return np.array(["; ".join(found[id]) for id in ids], dtype=str)
