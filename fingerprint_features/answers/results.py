"""What detect and attribute return: one answer an image, what it rests on, and how far to trust it."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..html import table
from ..images.errors import printable
from ..plain import as_frame
from ..recipes.saving import FittedRecipe
from .assessment import Assessment
from .chance import FALSE_SHARE
from .findings import Finding
from .inputs import Inputs

if TYPE_CHECKING:
    import pandas as pd

_SHOWN = 10  # rows in a notebook


@dataclass(frozen=True, eq=False)
class Detection:
    """Which of the candidates were used.

    Attributes
    ----------
    recipe : str
        The name of the recipe.
    ids : ndarray of str of shape (n_candidates,)
        The candidates.
    used : ndarray of int of shape (n_candidates,)
        1 for used, 0 for unused, and -1 for an image that cannot be used (`on_error`).
    scores : ndarray of float of shape (n_candidates,)
        Larger for used; NaN where there is no answer.
    p_values, q_values : ndarray of float of shape (n_candidates,)
        How rarely images known to be unused score as high, and the same corrected for the number of candidates
        (Benjamini and Hochberg). NaN where there are no such images, where they differ from the others by themselves,
        and where the recipe learns from labels.
    patients : ndarray of shape (n_candidates,) or None
        The patients, where they are known.
    nearest : ndarray of str of shape (n_candidates,)
        The id of the generated image that looks most like the candidate; empty where there is none.
    distances : ndarray of float of shape (n_candidates,)
        Bits, of 256, in which the perceptual hashes of the two differ.
    notes : ndarray of str of shape (n_candidates,)
        What was found about the candidate, e.g. "exact copy of gen/7.png"; usually empty.
    assessment : Assessment
        How far to trust the answers, with a verdict.
    findings : tuple of Finding
        What else was noticed.
    fitted : FittedRecipe
        The recipe that has learnt; `recipes.save` keeps it.
    inputs : Inputs
        The images and the settings of the call.
    """

    recipe: str
    ids: NDArray[np.str_]
    used: NDArray[np.int64]
    scores: NDArray[np.float64]
    p_values: NDArray[np.float64]
    q_values: NDArray[np.float64]
    patients: NDArray[Any] | None
    nearest: NDArray[np.str_]
    distances: NDArray[np.float64]
    notes: NDArray[np.str_]
    assessment: Assessment
    findings: tuple[Finding, ...]
    fitted: FittedRecipe
    inputs: Inputs

    @property
    def verdict(self) -> str:
        """The verdict of the assessment."""
        return self.assessment.verdict

    def columns(self) -> dict[str, list[Any]]:
        """Return the table as lists by column name; None where there is no value.

        Returns
        -------
        dict of str to list
            ``id``, ``used``, ``score``, ``p``, ``q``, ``patient``, ``nearest``, ``distance`` and ``note``.
        """
        return {
            "id": self.ids.tolist(),
            "used": [None if answer < 0 else int(answer) for answer in self.used],
            "score": _numbers(self.scores),
            "p": _numbers(self.p_values),
            "q": _numbers(self.q_values),
            "patient": [None] * len(self.ids) if self.patients is None else self.patients.tolist(),
            "nearest": [id or None for id in self.nearest.tolist()],
            "distance": _numbers(self.distances, int),
            "note": [note or None for note in self.notes.tolist()],
        }

    def frame(self) -> "pd.DataFrame":
        """Return the table as a pandas frame, one row a candidate; the columns are those of `columns`."""
        return as_frame(self.columns(), {"used": "Int64", "distance": "Int64"})

    def __str__(self) -> str:
        count = int((self.used == 1).sum())
        called = f"{self.recipe} calls {count} of {len(self.ids)} candidates used{self._standing_out()}."
        return f"{called}\n{self.assessment.conclusion}"

    def _standing_out(self):
        if np.isnan(self.q_values).all():
            return ""
        n = int((self.q_values <= FALSE_SHARE).sum())
        return f", {n} score higher than unused images do (q <= {FALSE_SHARE:g})"

    def _repr_html_(self) -> str:
        return _shown(self, np.argsort(-np.where(np.isnan(self.scores), -np.inf, self.scores), kind="stable"))


@dataclass(frozen=True, eq=False)
class Attribution:
    """Which subset each generated image stems from.

    Attributes
    ----------
    recipe : str
        The name of the recipe.
    ids : ndarray of str of shape (n_images,)
        The generated images.
    subsets : ndarray of shape (n_images,)
        The answers; None for an image that cannot be used (`on_error`).
    nearest : ndarray of str of shape (n_images,)
        The id of the labelled image that looks most like the generated one; empty where there is none.
    distances : ndarray of float of shape (n_images,)
        Bits, of 256, in which the perceptual hashes of the two differ.
    notes : ndarray of str of shape (n_images,)
        What was found about the image, e.g. "exact copy of t1/7.png"; usually empty.
    assessment : Assessment
        How far to trust the answers, with a verdict.
    findings : tuple of Finding
        What else was noticed.
    fitted : FittedRecipe
        The recipe that has learnt; `recipes.save` keeps it.
    inputs : Inputs
        The images and the settings of the call.
    """

    recipe: str
    ids: NDArray[np.str_]
    subsets: NDArray[Any]
    nearest: NDArray[np.str_]
    distances: NDArray[np.float64]
    notes: NDArray[np.str_]
    assessment: Assessment
    findings: tuple[Finding, ...]
    fitted: FittedRecipe
    inputs: Inputs

    @property
    def verdict(self) -> str:
        """The verdict of the assessment."""
        return self.assessment.verdict

    def columns(self) -> dict[str, list[Any]]:
        """Return the table as lists by column name; None where there is no value.

        Returns
        -------
        dict of str to list
            ``id``, ``subset``, ``nearest``, ``distance`` and ``note``.
        """
        return {
            "id": self.ids.tolist(),
            "subset": self.subsets.tolist(),
            "nearest": [id or None for id in self.nearest.tolist()],
            "distance": _numbers(self.distances, int),
            "note": [note or None for note in self.notes.tolist()],
        }

    def frame(self) -> "pd.DataFrame":
        """Return the table as a pandas frame, one row an image; the columns are those of `columns`."""
        return as_frame(self.columns(), {"distance": "Int64"})

    def __str__(self) -> str:
        answered = [subset for subset in self.subsets.tolist() if subset is not None]
        counts = ", ".join(f"{answered.count(subset)} to {subset}" for subset in sorted(set(answered)))
        return f"{self.recipe} attributes {counts or 'no image'}.\n{self.assessment.conclusion}"

    def _repr_html_(self) -> str:
        return _shown(self, np.argsort(self.distances, kind="stable"))


def spread(values: NDArray[Any], good: NDArray[np.bool_], missing: object) -> NDArray[Any]:
    """Return `values`, one for each good image, with `missing` in the place of every other image."""
    whole = np.full(len(good), missing, dtype=np.result_type(values, np.asarray(missing)))
    whole[good] = values
    return whole


def _shown(found, order):
    """Return the first rows of a table in some order, with the conclusion above it, as HTML."""
    columns = found.columns()
    rows = [[_cell(column[i]) for column in columns.values()] for i in order[:_SHOWN].tolist()]
    more = f" (the first {_SHOWN} of {len(found.ids)} images)" if len(found.ids) > _SHOWN else ""
    return table(list(columns), rows, f"{found}{more}")


def _cell(value):
    if value is None:
        return ""
    return f"{value:.3g}" if isinstance(value, float) else printable(value)


def _numbers(values, kind=float):
    return [None if np.isnan(value) else kind(value) for value in values]
