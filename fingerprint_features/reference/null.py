"""Nulls: how similar two images are that have nothing to do with each other, measured in fit."""

import numpy as np

from .pools import own, same_content, same_group

NULLS = ("self", "cross", "reference", "both")

_MOST_X = 4000  # images of X: 16 million pairs
_MOST_REFERENCE = 1000


def measure_null(null, X, x, reference, compare, diag):
    """Return the mean, the standard deviation and the maximum of the similarities of strangers.

    Parameters
    ----------
    null : {"self", "cross", "reference", "both"}, callable or array-like
    X : ImageSet or array-like
        What a callable is given.
    x, reference : Pool
    compare : callable
        From two pools to their matrix of similarities.
    diag : {"exclude", "row_mean"}

    Returns
    -------
    mean, std, maximum : float
    """
    if isinstance(null, str):
        similarities = _pairs(null, x, reference, compare, diag)
    else:
        similarities = np.asarray(null(X) if callable(null) else null, dtype=np.float64).ravel()
    if not len(similarities) or not np.isfinite(similarities).all():
        raise ValueError(
            f"the null has no pairs, or similarities that are not finite ({len(similarities)} pairs of n_samples = "
            f"{len(x)}): it takes two different images, of different patients where these are known"
        )
    return float(similarities.mean()), float(similarities.std()), float(similarities.max())


def measure_reduced_null(null, x, reference, compare, reduce):
    """Return the mean, the standard deviation and the maximum of each reduction of the rows of strangers.

    Parameters
    ----------
    null : {"self", "cross", "reference", "both"}
    x, reference : Pool
    compare : callable
        From two pools to their matrix of similarities.
    reduce : callable
        From a pool and its similarities, NaN for what is left out, to columns (n, n_reductions).

    Returns
    -------
    mean, std, maximum : ndarray of shape (n_reductions,)
    """
    x, reference = x.sample(_MOST_X), reference.sample(_MOST_REFERENCE)
    pairs = {
        "self": [(x, [x])],
        "cross": [(x, [reference])],
        "reference": [(reference, [reference])],
        "both": [(x, [x, reference]), (reference, [x, reference])],
    }
    columns = []
    for pool, others in pairs[null]:
        similarities = np.hstack([compare(pool, other) for other in others])
        similarities[np.hstack([own(pool, other) for other in others])] = np.nan
        columns.append(reduce(pool, similarities))
    columns = np.vstack(columns)
    return columns.mean(axis=0), columns.std(axis=0), columns.max(axis=0)


def _pairs(null, x, reference, compare, diag):
    """Return the similarities of all pairs of a null, as one flat array."""
    x, reference = x.sample(_MOST_X), reference.sample(_MOST_REFERENCE)
    if null == "self":
        return _within(x, compare, diag)
    if null == "reference":
        return _within(reference, compare, diag)
    across = compare(x, reference).ravel()
    if null == "cross":
        return across
    return np.concatenate([_within(x, compare, diag), across, across, _within(reference, compare, diag)])


def _within(pool, compare, diag):
    similarities = compare(pool, pool)
    itself, kin = same_content(pool, pool), same_group(pool, pool)
    counts = ~itself if kin is None else ~(itself | kin)
    if diag == "row_mean" and counts.any():
        rows = np.where(counts | itself, similarities, np.nan)
        similarities = np.where(itself, np.nanmean(rows, axis=1, keepdims=True), similarities)
        counts |= itself
    return similarities[counts]
