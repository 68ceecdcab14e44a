"""The null distribution: how similar unrelated images are, measured in fit."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ..similarity import REDUCTIONS
from .comparer import Comparer
from .samples import Samples, same_content, same_content_or_patient, same_patient

NULLS = ("self", "cross", "reference", "both")

_MOST_X = 4000  # images of X: 16 million pairs
_MOST_REFERENCE = 1000

Compare = Callable[[Samples, Samples], NDArray[Any]]  # from two sets to their matrix of similarities


@dataclass(frozen=True)
class Null:
    """Mean, standard deviation and maximum of the null distribution.

    Attributes
    ----------
    mean, std, max : float, or ndarray of shape (n_columns,)
        Of single similarities, or of each column.
    """

    mean: float | NDArray[Any]
    std: float | NDArray[Any]
    max: float | NDArray[Any]

    @classmethod
    def of_similarities(cls, similarities: ArrayLike) -> Self:
        """Return the null of similarities measured elsewhere."""
        return cls._of_parts([(np.asarray(similarities, dtype=np.float64).ravel(), 1.0)], None)

    @classmethod
    def of_pairs(cls, pairs: str, x: Samples, reference: Samples, compare: Compare, diag: str = "exclude") -> Self:
        """Return the null of the similarities of pairs of unrelated images.

        Of more than 4,000 images of X and 1,000 of the reference a sample is compared, and its pairs are weighted so
        that mean and standard deviation are those of all pairs.

        Parameters
        ----------
        pairs : {"self", "cross", "reference", "both"}
            X with X, X with the reference, the reference with itself, or all of these: the matrix of both sets with
            both, which holds the pairs of X and the reference twice.
        x, reference : Samples
        compare : callable
        diag : {"exclude", "row_mean"}
            What an image compared with itself counts as: nothing, or the mean of its row.
        """
        some_x, some_reference = x.draw(_MOST_X), reference.draw(_MOST_REFERENCE)
        parts = []
        if pairs in ("self", "both"):
            parts += _within(some_x, len(x), compare, diag)
        if pairs in ("cross", "both"):
            weight = (len(x) / len(some_x)) * (len(reference) / len(some_reference))
            parts.append((compare(some_x, some_reference).ravel(), 2 * weight if pairs == "both" else weight))
        if pairs in ("reference", "both"):
            parts += _within(some_reference, len(reference), compare, diag)
        return cls._of_parts(parts, len(x))

    @classmethod
    def of_reductions(
        cls, pairs: str, x: Samples, reference: Samples, comparer: Comparer, reductions: list[str], k: int = 1
    ) -> Self:
        """Return the null of reductions: each image reduced over the images that it is unrelated to.

        Parameters
        ----------
        pairs, x, reference
            As in `of_pairs`. Every sampled image of a set counts as often as it stands for.
        comparer : Comparer
        reductions : list of str
            The null has one entry for each; 0 for those that are no key of `REDUCTIONS`.
        k : int, default=1
            For `topk`.
        """
        some_x, some_reference = x.draw(_MOST_X), reference.draw(_MOST_REFERENCE)
        compared = {
            "self": [(some_x, [some_x])],
            "cross": [(some_x, [some_reference])],
            "reference": [(some_reference, [some_reference])],
            "both": [(some_x, [some_x, some_reference]), (some_reference, [some_x, some_reference])],
        }
        parts = []
        for members, others in compared[pairs]:
            similarities = np.hstack([comparer(members, other) for other in others])
            similarities[np.hstack([same_content_or_patient(members, other) for other in others])] = np.nan
            similarities = comparer.enough(members, similarities)
            columns = [
                REDUCTIONS[name](similarities, k) if name in REDUCTIONS else np.zeros(len(members))
                for name in reductions
            ]
            parts.append((np.column_stack(columns), len(x if members is some_x else reference) / len(members)))
        return cls._of_parts(parts, len(x))

    @classmethod
    def _of_parts(cls, parts: list[tuple[NDArray[Any], float]], n_samples: int | None) -> Self:
        """Return the null of values, each part with a weight of its own; of every column of tables."""
        parts = [(values, weight) for values, weight in parts if len(values)]
        n = sum(len(values) for values, _ in parts)
        if not n or not all(np.isfinite(values).all() for values, _ in parts):
            of = "" if n_samples is None else f" of n_samples = {n_samples}"
            raise ValueError(
                f"the null has no pairs, or similarities that are not finite ({n} values{of}): it takes two different "
                "images, of different patients where these are known"
            )
        total = sum(weight * len(values) for values, weight in parts)
        mean = sum(weight * values.sum(axis=0) for values, weight in parts) / total
        square = sum(weight * ((values - mean) ** 2).sum(axis=0) for values, weight in parts) / total
        most = np.max([values.max(axis=0) for values, _ in parts], axis=0)
        numbers = mean, np.sqrt(square), most
        return cls(*numbers) if np.ndim(mean) else cls(*map(float, numbers))

    def standardized(
        self, values: NDArray[Any], how: str, *, shift: bool = True, column: int | None = None
    ) -> NDArray[Any]:
        """Return values relative to the null.

        Parameters
        ----------
        values : ndarray
        how : {"max", "mean", "zscore"}
            Subtract the maximum, the mean, or the mean and divide by the standard deviation (unless that is 0).
        shift : bool, default=True
            False for differences and spreads: nothing is subtracted from them.
        column : int, default=None
            Which entry of a null of several columns.
        """
        mean, std, most = (
            number if column is None else np.asarray(number)[column] for number in (self.mean, self.std, self.max)
        )
        if shift:
            values = values - (most if how == "max" else mean)
        return values / std if how == "zscore" and std > 0 else values


def measure_null(model: Any, X: Any, x: Samples, comparer: Comparer) -> Null | None:
    """Return the null that the parameters of a ReferenceSimilarity ask for, or None.

    Parameters
    ----------
    model : ReferenceSimilarity
        With its `reference_`.
    X : ImageSet or array-like
        What a callable null is given.
    x : Samples
        X, opened.
    comparer : Comparer
    """
    null = "self" if model.null is None and model.standardize is not None else model.null
    if null is None:
        return None
    if model.null_of == "reduced":
        names = [model.reduce] if isinstance(model.reduce, str) else model.reduce
        return Null.of_reductions(null, x, model.reference_, comparer, names, model.k)
    if isinstance(null, str):
        return Null.of_pairs(null, x, model.reference_, comparer, model.diag)
    return Null.of_similarities(null(X) if callable(null) else null)


def _within(members: Samples, n: int, compare: Compare, diag: str) -> list[tuple[NDArray[Any], float]]:
    """Return the similarities among the sampled members of a set of n, and how many pairs each stands for."""
    similarities = compare(members, members)
    itself, patient = same_content(members, members), same_patient(members, members)
    counts = ~itself if patient is None else ~(itself | patient)
    share = len(members) / n
    pair = 1.0 if share == 1 else (n * (n - 1)) / max(len(members) * (len(members) - 1), 1)
    parts = [(similarities[counts], pair)]
    if diag == "row_mean" and counts.any():
        means = np.nanmean(np.where(counts | itself, similarities, np.nan), axis=1)
        copies = itself.sum(axis=1) - 1  # a copy is a pair of two members, with the value of the diagonal
        parts += [(means, 1 / share), (np.repeat(means, copies), pair)]
    return parts
