"""Who is at risk: one row for each real image, and one for each patient."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.stats import false_discovery_control

from ..evaluate import ImageRisk, image_risk
from ..images import ImageSet
from .distances import Distances

_NEAREST = 3


@dataclass(frozen=True, eq=False)
class Risk:
    """How close each real image is to the generated set.

    Attributes
    ----------
    ids, roles : ndarray of str of shape (n_images,)
        The images, and the set of each: "used" or "candidates".
    patients : ndarray of shape (n_images,) or None
        Their patients; None where they are unknown.
    scores : ndarray of float of shape (n_images,)
        Held-out, comparable scores of the best attack; NaN where there is none.
    image_risk : ImageRisk or None
        p-values and q-values by image and by patient. None where there are too few patients, or they are unknown.
    nearest : ndarray of str of shape (n_images, n_nearest)
        The ids of the nearest generated images, three where there are as many, nearest first.
    distances : ndarray of float of shape (n_images, n_nearest)
        Their distances: bits, of 256, in which the perceptual hashes differ.
    scored_by : str
        The method whose scores these are; empty where there are none.
    others : ndarray of str of shape (n_images, 2) or None
        The set and the id of the nearest real image of another patient: how much alike two patients are. None where
        patients are unknown, or all images are of one.
    other_distances : ndarray of float of shape (n_images,) or None
        Its distance.
    """

    ids: NDArray[np.str_]
    roles: NDArray[np.str_]
    patients: NDArray[Any] | None
    scores: NDArray[np.float64]
    image_risk: ImageRisk | None
    nearest: NDArray[np.str_]
    distances: NDArray[np.float64]
    scored_by: str = ""
    others: NDArray[np.str_] | None = None
    other_distances: NDArray[np.float64] | None = None

    @property
    def order(self) -> NDArray[np.intp]:
        """The positions of the images, most at risk first: by p-value, then by distance and score."""
        p = np.ones(len(self.ids)) if self.image_risk is None else self.image_risk.p_values
        return np.lexsort([-np.nan_to_num(self.scores), self.distances[:, 0], p])

    def like(self, ids: NDArray[np.str_]) -> Self:
        """Return the same with the images in another order; `ids` has each of them once."""
        place = {id: i for i, id in enumerate(self.ids.tolist())}
        order = np.array([place[id] for id in ids.tolist()], dtype=np.intp)
        names = ("ids", "roles", "patients", "scores", "nearest", "distances", "others", "other_distances")
        of_each = {name: getattr(self, name) for name in names}
        moved = {name: values[order] for name, values in of_each.items() if values is not None}
        if self.image_risk is not None:
            of_images = ("nearest", "distances", "null", "p_values", "q_values", "patients")
            own = {name: getattr(self.image_risk, name)[order] for name in of_images}
            moved["image_risk"] = replace(self.image_risk, **own)
        return replace(self, **moved)

    def by_image(self) -> dict[str, list[Any]]:
        """Return one row an image as lists by column name, most at risk first; None where there is no value.

        Returns
        -------
        dict of str to list
            ``id``, ``role``, ``patient``, ``score``, ``p``, ``q``, ``flagged``, ``nearest_1``, ``distance_1``, ...
        """
        order, risk = self.order, self.image_risk
        columns = {
            "id": self.ids[order].tolist(),
            "role": self.roles[order].tolist(),
            "patient": _column(self.patients, order),
            "score": [None if np.isnan(score) else float(score) for score in self.scores[order]],
            "p": _column(risk and risk.p_values, order),
            "q": _column(risk and risk.q_values, order),
            "flagged": _column(risk and risk.flagged, order),
        }
        for k in range(self.nearest.shape[1]):
            columns[f"nearest_{k + 1}"] = self.nearest[order, k].tolist()
            columns[f"distance_{k + 1}"] = self.distances[order, k].tolist()
        return columns

    def by_patient(self) -> dict[str, list[Any]]:
        """Return one row a patient as lists by column name, most at risk first; None where there is no value.

        Returns
        -------
        dict of str to list
            ``patient``, ``role``, ``n_images``, ``score`` (the largest), ``p``, ``q``, ``flagged``, and ``image``,
            ``nearest`` and ``distance`` of the image that is nearest to a generated one. Empty where patients are
            unknown.
        """
        if self.patients is None or self.image_risk is None:
            return {name: [] for name in _BY_PATIENT}
        risk = self.image_risk
        rows = []
        for code in np.lexsort([self._closest(), risk.patient_p]):
            own = np.flatnonzero(risk.patients == code)
            first = own[self.distances[own, 0].argmin()]
            scores = self.scores[own][~np.isnan(self.scores[own])]
            p, q = float(risk.patient_p[code]), float(risk.patient_q[code])
            about = [str(self.patients[first]), str(self.roles[first]), len(own)]
            about += [float(scores.max()) if len(scores) else None, p, q, bool(q <= risk.fdr)]
            about += [str(self.ids[first]), str(self.nearest[first, 0]), float(self.distances[first, 0])]
            rows.append(about)
        return dict(zip(_BY_PATIENT, map(list, zip(*rows, strict=True)), strict=True))

    def _closest(self):
        closest = np.full(len(self.image_risk.patient_p), np.inf)
        np.minimum.at(closest, self.image_risk.patients, self.distances[:, 0])
        return closest


def assess_risk(
    distances: Distances,
    images: ImageSet,
    role: str,
    generated: ImageSet,
    groups: NDArray[np.intp] | None,
    unit: str | None,
    scores: NDArray[np.float64] | None = None,
    scored_by: str = "",
    others: Mapping[str, ImageSet] = MappingProxyType({}),
    random_state: int = 0,
) -> Risk:
    """Say of each image how close it is to the generated set, and how rarely images of other patients are as close.

    Parameters
    ----------
    distances : Distances
        Of all real images; those of `images` come first, the others serve for comparison only.
    images : ImageSet
        Whom the answer is about.
    role : str
        What these are called: "used" or "candidates".
    generated : ImageSet
    groups : ndarray of shape (n_reals,), int, or None
        What belongs together. None where patients are unknown: then there are no p-values.
    unit : "patient", "image" or None
        What a group is.
    scores, scored_by
        The scores of a method, for the images at risk.
    others : mapping of str to ImageSet
        The sets of the other real images, in the order of `distances`.
    random_state : int
        Seed of `image_risk`.
    """
    found, yardstick = None, {}
    if groups is not None and groups.max() > 0:
        yardstick = _nearest_patient(distances, groups, {role: images, **others}, len(images))
        whole = image_risk(distances.generated_real, distances.real_real, groups=groups, random_state=random_state)
        found = _part(whole, slice(len(images)))
    to_generated = distances.generated_real[:, : len(images)].T
    order = np.argsort(to_generated, axis=1, kind="stable")[:, :_NEAREST]
    return Risk(
        ids=images.ids,
        roles=np.full(len(images), role),
        patients=images.groups if unit == "patient" else None,
        scores=np.full(len(images), np.nan) if scores is None else scores,
        image_risk=found,
        nearest=generated.ids[order],
        distances=np.take_along_axis(to_generated, order, axis=1),
        scored_by=scored_by,
        **yardstick,
    )


def _nearest_patient(distances, groups, sets, n):
    """Return the nearest real image of another patient for each of the first n images, as arguments of Risk."""
    names = np.array([(role, id) for role, images in sets.items() for id in images.ids.tolist()])
    apart = np.where(groups[:n, None] == groups, np.inf, distances.real_real[:n])
    nearest = apart.argmin(axis=1)
    return {"others": names[nearest], "other_distances": apart[np.arange(n), nearest]}


def _part(risk, chosen):
    """Return what is known of some of the images; only they count among those that could be flagged."""
    codes, patients = np.unique(risk.patients[chosen], return_inverse=True)
    names = ("nearest", "distances", "null", "p_values")
    patient_p = risk.patient_p[codes]
    return replace(
        risk,
        **{name: getattr(risk, name)[chosen] for name in names},
        q_values=false_discovery_control(risk.p_values[chosen]),
        patients=patients,
        patient_p=patient_p,
        patient_q=false_discovery_control(patient_p),
    )


_BY_PATIENT = ("patient", "role", "n_images", "score", "p", "q", "flagged", "image", "nearest", "distance")


def _column(values, order):
    return [None] * len(order) if values is None else values[order].tolist()
