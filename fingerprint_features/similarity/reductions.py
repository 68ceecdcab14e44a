"""From the similarities of images and a reference set to one number per image.

`REDUCTIONS` need these similarities alone: the maximum, mean, minimum and standard deviation over the reference set,
and the mean of the `topk` largest. `rank`, `hits` and `hit_max` also need the similarities of competitors,
other images that the same reference images might rather resemble.
"""

from collections.abc import Callable
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .competitors import FirstCompetitors, LeftOut, mean_ranks, twice_ranks


def largest(S: ArrayLike, k: int) -> NDArray[Any]:
    """Return the k largest similarities of each row, smallest first and NaN last.

    Parameters
    ----------
    S : array-like of shape (n_images, n_reference)
        Similarities; NaN for what is left out.
    k : int
        At most n_reference are returned.

    Returns
    -------
    ndarray of shape (n_images, min(k, n_reference))
        NaN where a row has fewer similarities than k.
    """
    S = _block(S)
    if k < 1:
        raise ValueError(f"k must be an int >= 1. Got {k!r} instead.")
    k = min(k, S.shape[1])
    if k == 1:
        return np.fmax.reduce(S, axis=1, keepdims=True)
    return np.sort(-np.partition(-S, k - 1, axis=1)[:, :k], axis=1)


def _mean(S, k=None):
    return _mean_of(_block(S))


def _mean_of(rows):
    valid = ~np.isnan(rows)
    with np.errstate(invalid="ignore"):  # a row without similarities has no mean: NaN
        return np.where(valid, rows, 0).sum(axis=1, dtype=np.float64) / valid.sum(axis=1)


def _std(S, k=None):
    S = _block(S)
    return np.sqrt(_mean_of((S - _mean_of(S)[:, None]) ** 2))


ReductionName: TypeAlias = Literal["max", "mean", "topk", "std", "min"]

# Every reduction takes the similarities, NaN for what is left out, and k, which topk alone uses (all similarities,
# where there are fewer). Sums are taken in float64. A row of NaN gives NaN.
REDUCTIONS: dict[str, Callable[..., NDArray[Any]]] = {
    "max": lambda S, k=None: np.fmax.reduce(_block(S), axis=1),
    "mean": _mean,
    "topk": lambda S, k: _mean_of(largest(S, k)),  # sorted: the sum has one order
    "std": _std,
    "min": lambda S, k=None: np.fmin.reduce(_block(S), axis=1),
}


def rank(S: ArrayLike, competitors: ArrayLike, *, exclude: ArrayLike | None = None) -> NDArray[np.float64]:
    """Return the mean rank of each image among its competitors, from 0 to 1 (always the most similar).

    For one reference image, the rank is the share of competitors that are less similar to it. An equally similar
    competitor counts one half.

    Parameters
    ----------
    S : array-like of shape (n_images, n_reference)
        Similarities to the reference images; larger means closer.
    competitors : array-like of shape (n_competitors, n_reference)
        Similarities of the competitors to the same reference images.
    exclude : array-like of bool of shape (n_images, n_competitors), default=None
        Competitors that do not count for an image: itself, images of its group.

    Returns
    -------
    ndarray of shape (n_images,)
        0.5 for an image without competitors.

    Examples
    --------
    Ahead of both competitors for the first reference image, level with one and behind the other for the second:

    >>> rank([[0.9, 0.2]], [[0.8, 0.3], [0.1, 0.2]])
    array([0.625])
    """
    S, competitors = _blocks(S, competitors)
    left_out = LeftOut.of_matrix(exclude, (len(S), len(competitors)))
    return mean_ranks(twice_ranks(S, competitors, left_out), left_out, *competitors.shape)


def hits(
    S: ArrayLike,
    competitors: ArrayLike,
    k: int = 1,
    *,
    exclude: ArrayLike | None = None,
    position: ArrayLike | None = None,
) -> NDArray[np.int64]:
    """Return how many reference images have each image among their k most similar, itself and competitors counted.

    Parameters
    ----------
    S, competitors, exclude
        As in `rank`.
    k : int, default=1
        How many top places each reference image gives.
    position : array-like of int of shape (n_images,), default=None
        Position of each image among the competitors. Of equally similar images, the one with the lower position gets
        the place. None puts every image behind all competitors.

    Returns
    -------
    ndarray of shape (n_images,) and dtype int64

    Examples
    --------
    First for one reference image; behind the competitor for the others, since a tie goes to competitors:

    >>> hits([[0.9, 0.3, 0.2]], [[0.8, 0.3, 0.3]])
    array([1])
    """
    return _first_hits(S, competitors, k, exclude, position)[0]


def hit_max(
    S: ArrayLike,
    competitors: ArrayLike,
    k: int = 1,
    *,
    missing: float,
    exclude: ArrayLike | None = None,
    position: ArrayLike | None = None,
) -> NDArray[np.float64]:
    """Return the largest similarity of each image to a reference image that counts in `hits`.

    Parameters
    ----------
    S, competitors, k, exclude, position
        As in `hits`.
    missing : float
        The value of an image without hits: a finite number below every similarity, such as `Metric.floor`.

    Returns
    -------
    ndarray of shape (n_images,) and dtype float64

    Examples
    --------
    The first image is more similar to the second reference image than the competitor is; the second image never:

    >>> hit_max([[0.7, 0.3], [0.2, 0.1]], [[0.8, 0.2]], missing=-2.0)
    array([ 0.3, -2. ])
    """
    return np.maximum(_first_hits(S, competitors, k, exclude, position)[1], missing)


def _first_hits(S, competitors, k, exclude, position):
    S, competitors = _blocks(S, competitors)
    left_out = LeftOut.of_matrix(exclude, (len(S), len(competitors)))
    return FirstCompetitors.among(competitors, k + left_out.most).hits(S, k, left_out, position)


def _blocks(S, competitors):
    S, competitors = _block(S), _block(competitors)
    if S.shape[1] != competitors.shape[1]:
        raise ValueError(
            f"images have {S.shape[1]} similarities and competitors {competitors.shape[1]}: use one reference set"
        )
    return S, competitors


def _block(S):
    S = np.asarray(S)
    if S.ndim != 2 or not S.shape[1]:
        raise ValueError(f"similarities must be a block (n_images, n_reference >= 1), got shape {S.shape}")
    return S
