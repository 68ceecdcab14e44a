"""A guess at the patients of images that come without any."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.sparse.csgraph import connected_components

from ..checks import check_share
from .checks import check_lengths, group_codes
from .groups import independent_groups


@dataclass(frozen=True)
class LikelyPatients:
    """Which images probably show one patient, and why.

    Attributes
    ----------
    labels : ndarray of shape (n_images,), int
        The guessed patient of each image, numbered from 0 in order of appearance.
    n_patients : int
    reason : str
        What the guess rests on, in plain words.
    """

    labels: NDArray[np.intp]
    n_patients: int
    reason: str

    @property
    def found(self) -> bool:
        """Whether any two images seem to show one patient."""
        return self.n_patients < len(self.labels)

    def __str__(self) -> str:
        return self.reason


def likely_patients(
    names: Sequence[str] | None = None,
    distances: ArrayLike | None = None,
    *,
    near: float = 0.4,
    alike: ArrayLike | None = None,
) -> LikelyPatients:
    """Guess which images show the same patient, from their names and from near duplicates.

    Parameters
    ----------
    names : sequence of str of shape (n_images,), default=None
        File names or ids, such as ``ImageSet.ids``. Folders that stand for a label, such as ``used/`` or ``t1/``, must
        be removed first.
    distances : array-like of shape (n_images, n_images), default=None
        How unlike any two images are, such as Hamming distances of perceptual hashes. Units do not matter.
    near : float, default=0.4
        Two images are near duplicates when their distance is below this share of the median distance.
    alike : array-like of shape (n_images,), default=None
        In place of `distances`, where there are too many images for a matrix: one label for each chain of near
        duplicates.

    Returns
    -------
    LikelyPatients

    Raises
    ------
    ValueError
        When all are None, `distances` and `alike` are both given, the lengths differ, or the distances are not a
        square symmetric matrix of finite numbers.

    Notes
    -----
    Names speak for one patient when they differ only in their last number and either still hold a number
    (``p12_s01``, ``p12_s02``) or lie in one of several folders. A name that holds one number is an image's own.

    Near duplicates, and chains of them, are one patient. The guess misses slices of one patient that look different:
    no finding is no proof that every image is a patient of its own.

    See Also
    --------
    independent_groups : Patients together with exact copies of images.

    Examples
    --------
    >>> likely = likely_patients(["p1_s1.png", "p1_s2.png", "p2_s1.png", "p2_s2.png", "p3_s1.png"])
    >>> likely.labels
    array([0, 0, 1, 1, 2])
    >>> print(likely)
    5 images look like 3 patients: 4 share all but the last number of their name with others (such as 'p1_s1.png').
    """
    check_share("likely_patients", near=near)
    columns = {"names": names, "distances": distances, "alike": alike}
    given = {name: column for name, column in columns.items() if column is not None}
    if not given:
        raise ValueError("names and distances are both None: give the ids, or distances between the images")
    if distances is not None and alike is not None:
        raise ValueError("distances and alike both say which images are near duplicates: give one of them")
    check_lengths(**given)
    n_images = len(next(iter(given.values())))
    by_name = np.arange(n_images) if names is None else group_codes(_keys([str(name) for name in names]), n_images)
    if distances is not None:
        by_look = _near_duplicates(np.asarray(distances), near)
    else:
        by_look = group_codes(None if alike is None else np.asarray(alike), n_images, "alike")
    labels = independent_groups(by_name, by_look)
    n_patients = int(labels.max(initial=-1)) + 1
    return LikelyPatients(
        labels, n_patients, _reason(names, distances is not None or alike is not None, by_name, by_look, labels)
    )


def _keys(names):
    """Return what each name shares with those of its patient; a number of its own where nothing shows a patient."""
    paths = [PurePosixPath(name.replace("\\", "/")) for name in names]
    folders = {str(path.parent) for path in paths}
    keys = []
    for i, path in enumerate(paths):
        start, number, rest = re.fullmatch(r"(.*?)(\d*)(\D*)", path.stem, re.DOTALL).groups()
        telling = number and (re.search(r"\d", start) or len(folders) > 1)
        keys.append((str(path.parent), start, rest) if telling else i)
    return keys if len(set(keys)) > 1 else list(range(len(names)))


def _near_duplicates(distances, near):
    """Number the chains of near duplicates."""
    n_images = len(distances)
    if distances.shape != (n_images, n_images) or not np.isfinite(distances).all():
        raise ValueError(f"distances must be a square matrix of finite numbers. Got shape {distances.shape} instead.")
    if not np.array_equal(distances, distances.T):
        raise ValueError("distances must be symmetric: distances[i, j] is that of images i and j, in either order")
    if n_images < 2:
        return np.arange(n_images)
    typical = np.median(distances[np.triu_indices(n_images, 1)])
    linked = (distances < near * typical) | (distances == 0)
    return connected_components(linked, directed=False)[1]


def _reason(names, looked_at, by_name, by_look, labels):
    n_images, found = len(labels), []
    for what, codes, example in (
        ("share all but the last number of their name with others", by_name, True),
        ("are near duplicates of others", by_look, False),
    ):
        repeated = np.bincount(codes)[codes] > 1
        if repeated.any():
            such = f" (such as {str(names[int(repeated.argmax())])!r})" if example else ""
            found.append(f"{repeated.sum()} {what}{such}")
    if not found:
        looked = " or ".join(
            word for word, given in (("names", names is not None), ("near duplicates", looked_at)) if given
        )
        return (
            f"Nothing in {looked} shows which of the {n_images} images belong to one patient; "
            "slices of one patient may still be among them."
        )
    largest = np.bincount(labels).max()
    doubt = f" One of them holds {largest} images, so this guess is coarse." if 2 * largest > n_images else ""
    n_patients = labels.max() + 1
    plural = "" if n_patients == 1 else "s"
    return f"{n_images} images look like {n_patients} patient{plural}: {', and '.join(found)}.{doubt}"
