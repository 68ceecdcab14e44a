"""A simulated generative model: its textures are right, and it remembers a known share of its training images."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .chest import Patient, render
from .cohort import Cohort
from .seeds import rng_at, seed_at


def generate(
    seed: np.random.SeedSequence, training: Cohort, n_generated: int, memorization: float
) -> tuple[NDArray[np.uint8], NDArray[np.intp]]:
    """Return what a model trained on a cohort generates, and what it remembered.

    Parameters
    ----------
    seed : numpy.random.SeedSequence
    training : Cohort
    n_generated : int
    memorization : float
        Share of the generated images that descend from a training image each; the others descend in the same way
        from patients of the same site who are in no data set, each from one of that patient's slices.

    Returns
    -------
    images : ndarray of shape (n_generated, size, size)
        uint8.
    parents : ndarray of shape (n_generated,)
        Which training image each descends from, or -1.
    """
    from joblib import Parallel, delayed

    rng = rng_at(seed, 0)
    parents = np.full(n_generated, -1)
    copies = rng.permutation(n_generated)[: round(memorization * n_generated)]
    parents[copies] = rng.integers(training.n_images, size=len(copies))
    fresh = replace(training, seed=seed_at(seed, 2))
    # Fresh patients are cut where a training image could be: the levels of several slices spread less than of one.
    slices = rng_at(seed, 4).integers(training.n_images, size=n_generated) % training.slices_per_patient
    whence = [
        (training, parent) if parent >= 0 else (fresh, number * training.slices_per_patient + slice)
        for number, (parent, slice) in enumerate(zip(parents, slices, strict=True))
    ]
    images = Parallel()(delayed(_generate)(seed, *parent, number) for number, parent in enumerate(whence))
    return np.stack(images), parents


def _generate(seed, cohort, parent, number):
    """Return generated image `number`.

    Its parent, image `parent` of a cohort, is blended with another patient, moved and bent, cut at
    a slightly different level, scanned with new noise, and shown with another contrast. How much of each varies
    from image to image, from a near copy to a distant likeness.
    """
    rng = rng_at(seed, 1, number)
    patient, scanner, level = cohort.visit(parent)
    strength = rng.beta(1.4, 1.8)
    likeness = patient.likeness(Patient(seed_at(seed, 3, number)), strength, rng)
    level += 3 * strength * rng.standard_normal() / patient.height
    hu = next(render(likeness, [level], cohort.size, Bend(strength, rng)))
    return _toned(scanner.scan(hu, likeness.field, rng), strength, rng)


class Bend:
    """A smooth random movement of points: shift, turn, stretch, and a few long waves."""

    def __init__(self, strength: float, rng: np.random.Generator) -> None:
        turn, stretch = strength * rng.standard_normal(2) * (0.04, 0.02)
        self._matrix = (1 + stretch) * np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
        self._shift = 3 * strength * rng.standard_normal(2)
        self._waves = rng.standard_normal((2, 5)) / 45  # radians per millimetre
        self._phases = rng.uniform(0, 2 * np.pi, 5)
        self._sizes = 2.2 * strength * rng.standard_normal((5, 2))

    def __call__(self, points: NDArray[Any]) -> NDArray[Any]:
        """Return where points (n, 2) in millimetres come to lie."""
        return points @ self._matrix + self._shift + np.sin(points @ self._waves + self._phases) @ self._sizes


def _toned(picture, strength, rng):
    """Return the picture with a little more or less contrast and another tone curve; black stays black."""
    gain, curve = strength * rng.standard_normal(2) * (0.03, 0.06)
    levels = np.arange(256)
    return np.clip(np.rint(levels * (1 + gain + curve - curve / 255 * levels)), 0, 255).astype(np.uint8)[picture]
