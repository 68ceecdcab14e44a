"""Which single images lie suspiciously close to the generated set, when nobody knows which were used."""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.stats import false_discovery_control

from ..checks import check_share
from ..html import table
from .checks import group_codes
from .conformal import conformal_p_values
from .nearest import as_distances, as_own_distances


@dataclass(frozen=True)
class ImageRisk:
    """How close each real image lies to the generated set, compared with images of other patients.

    Attributes
    ----------
    nearest : ndarray of shape (n_reals,), int
        The generated image nearest to each real one.
    distances : ndarray of shape (n_reals,)
        Its distance.
    null : ndarray of shape (n_reals,)
        Distance of each real image to the nearest one of another patient.
    p_values, q_values : ndarray of shape (n_reals,)
        How rarely images of other patients come as close, and the same corrected for the number of images
        (Benjamini and Hochberg).
    patients : ndarray of shape (n_reals,), int
        The patient of each image, numbered in order of appearance.
    patient_p, patient_q : ndarray of shape (n_patients,)
        Both for the closest image of each patient, corrected for the number of patients.
    smallest_p : float
        No p-value can be smaller.
    n_generated : int
        Number of generated images.
    fdr : float
        The share of false alarms allowed among the images flagged.
    """

    nearest: NDArray[np.intp]
    distances: NDArray[np.float64]
    null: NDArray[np.float64]
    p_values: NDArray[np.float64]
    q_values: NDArray[np.float64]
    patients: NDArray[np.intp]
    patient_p: NDArray[np.float64]
    patient_q: NDArray[np.float64]
    smallest_p: float
    n_generated: int
    fdr: float

    @property
    def flagged(self) -> NDArray[np.bool_]:
        """Which images are closer to a generated one than chance allows: ndarray of bool."""
        return self.q_values <= self.fdr

    @property
    def fewest(self) -> int | None:
        """The fewest images that could be flagged, as one alone may not stand out among many; None if none could."""
        needed = int(np.ceil(self.smallest_p * len(self.p_values) / self.fdr - 1e-9))
        return needed if needed <= len(self.p_values) else None

    @property
    def all_near(self) -> bool:
        """Whether three images in four lie closer to the generated set than half of the null."""
        return bool(np.mean(self.distances < np.median(self.null)) >= 0.75)

    @property
    def conclusion(self) -> str:
        """What may be said, in plain words."""
        n, flagged = len(self.p_values), int(self.flagged.sum())
        if flagged:
            n_patients = len(np.unique(self.patients[self.flagged]))
            said = (
                f"{flagged} of {n} images ({n_patients} patient{'' if n_patients == 1 else 's'}) are closer to a "
                f"generated image than images of different patients are to each other ({100 * self.fdr:g} % of them by "
                "chance)."
            )
        elif self.fewest is None:
            said = (
                f"No image can be flagged: the set of real images ({n:,}) is too small beside that of generated ones "
                f"({self.n_generated:,}) to say how close chance brings them. That does not mean safe."
            )
        elif self.fewest > 1:
            said = (
                f"No image stands out. That does not mean safe: with {n:,} real images, "
                f"fewer than {self.fewest} copied ones cannot be found."
            )
        else:
            said = "No image stands out. That does not mean safe."
        if self.all_near:
            said += (
                " Most images are closer to the generated set than to other patients: either most were copied, or the "
                "generated images are smoother than real ones, and the p-values cannot tell which."
            )
        return said

    def to_dict(self) -> dict[str, Any]:
        """Return everything as plain lists and numbers, ready for JSON."""
        arrays = {name: value.tolist() for name, value in vars(self).items() if isinstance(value, np.ndarray)}
        numbers = {"smallest_p": self.smallest_p, "n_generated": self.n_generated, "fdr": self.fdr}
        return {**arrays, **numbers, "flagged": self.flagged.tolist(), "conclusion": self.conclusion}

    def __str__(self) -> str:
        widths = (7, 7, 9, 9, 6, 6)
        lines = ["  ".join(f"{cell:>{width}}" for cell, width in zip(row, widths, strict=True)) for row in self._rows()]
        return "\n".join([*lines, self.conclusion])

    def _repr_html_(self) -> str:
        header, *rows = self._rows()
        return table(header, rows, self.conclusion)

    def _rows(self):
        """Return the ten images most at risk."""
        rows = [["image", "patient", "generated", "distance", "p", "q"]]
        for i in np.lexsort([self.distances, self.p_values])[:10]:
            whole = (str(number) for number in (i, self.patients[i], self.nearest[i]))
            rows.append([*whole, f"{self.distances[i]:.4g}", f"{self.p_values[i]:.4f}", f"{self.q_values[i]:.4f}"])
        return rows


def image_risk(
    generated_real: ArrayLike,
    real_real: ArrayLike,
    *,
    groups: Sequence[Hashable] | ArrayLike | None = None,
    fdr: float = 0.05,
    random_state: int | np.random.Generator | None = 0,
) -> ImageRisk:
    """Ask of each real image whether it lies closer to the generated set than chance allows; no labels are needed.

    Parameters
    ----------
    generated_real : array-like of shape (n_generated, n_reals)
        Distances of the generated images to the real ones. Any unit.
    real_real : array-like of shape (n_reals, n_reals)
        Distances between the real images.
    groups : sequence of shape (n_reals,), default=None
        The patients. None treats every image as its own patient.
    fdr : float, default=0.05
        The share of false alarms allowed among the images flagged.
    random_state : int, Generator or None, default=0
        Seed of the sample of real images, where there are fewer generated ones.

    Returns
    -------
    ImageRisk

    Raises
    ------
    ValueError
        When there are fewer than two patients, or distances do not fit together.

    Notes
    -----
    The null is how near the closest image of another patient comes. An image has
    ``p = (1 + number of patients that come as near) / (1 + n_patients)``, where a patient with several images counts by
    the share of them that come as near. The p-value of a patient compares closest images with closest images.

    The more generated images there are, the nearer chance brings one. With more generated images than real ones of
    other patients, p is multiplied by their ratio (a union bound); with fewer, as many real images are drawn at random
    for the null.

    The p-values hold when the generated images are like real images of further patients. Generated images that are
    smoother than real ones lie near to everything, and make every image look copied; the conclusion says when most
    images are near. Images of a common kind come nearer to anything than rare ones do, so that a copy of a rare image
    may have a larger p than an ordinary image.

    On flat images all distances are equal and p is 1.

    References
    ----------
    Dunn, Wasserman, Ramdas, Distribution-free prediction sets for two-layer hierarchical models, JASA 118, 2023.
    Bates et al., Testing for outliers with conformal p-values, Annals of Statistics 51(1), 2023.
    Benjamini, Hochberg, Controlling the false discovery rate, Journal of the Royal Statistical Society B 57(1), 1995.

    Examples
    --------
    >>> from scipy.spatial.distance import cdist
    >>> rng = np.random.default_rng(0)
    >>> reals, generated = rng.normal(size=(60, 8)), rng.normal(size=(30, 8))
    >>> generated[:15] = reals[:15] + 0.1 * rng.normal(size=(15, 8))
    >>> risk = image_risk(cdist(generated, reals), cdist(reals, reals), fdr=0.1)
    >>> bool(risk.flagged[:15].all()), int(risk.flagged[15:].sum())
    (True, 1)
    """
    check_share("image_risk", fdr=fdr)
    n = np.shape(generated_real)[1] if np.ndim(generated_real) == 2 else 0
    to_reals = as_distances(generated_real, "generated_real", (None, n))
    reals = as_own_distances(real_real, "real_real", n)
    codes = group_codes(groups, n)
    if n == 0 or codes.max() < 1:
        raise ValueError("image_risk compares with other patients, but all real images are of one: add patients")
    null, ratio = _other_patients(reals, codes, len(to_reals), np.random.default_rng(random_state))
    distances = to_reals.min(axis=0)
    p_values = _p_values(distances, null, codes, ratio)
    closest = [_closest(values, codes) for values in (distances, null)]
    patient_p = _p_values(*closest, np.arange(len(closest[0])), ratio)
    return ImageRisk(
        nearest=to_reals.argmin(axis=0),
        distances=distances,
        null=null,
        p_values=p_values,
        q_values=false_discovery_control(p_values),
        patients=codes,
        patient_p=patient_p,
        patient_q=false_discovery_control(patient_p),
        smallest_p=min(1.0, ratio / (1 + len(patient_p))),
        n_generated=len(to_reals),
        fdr=float(fdr),
    )


def _other_patients(reals, codes, n_generated, rng):
    """Return the nearest of `n_generated` images of other patients, and how many times too few of these there are."""
    others = codes[:, None] != codes
    n_others = int(others.sum(axis=1).min())
    if n_generated < n_others:
        keys = np.where(others, rng.random(reals.shape), np.inf)
        others = keys <= np.partition(keys, n_generated - 1, axis=1)[:, n_generated - 1, None]
    return np.where(others, reals, np.inf).min(axis=1), max(1.0, n_generated / n_others)


def _p_values(distances, null, codes, ratio):
    """Return the p-value of each distance; every patient weighs the same in the null."""
    return np.minimum(1.0, ratio * conformal_p_values(-distances, -null, groups=codes))


def _closest(values, codes):
    closest = np.full(codes.max() + 1, np.inf)
    np.minimum.at(closest, codes, values)
    return closest
