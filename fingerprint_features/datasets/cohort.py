"""Patients of one site, scanned."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .chest import Patient, Scanner, render
from .seeds import seed_at

_LEVELS = 0.12, 0.92  # between these slices are taken
_GAP = 4.0, 8.0  # millimetres between the slices of a patient


@dataclass(frozen=True)
class Cohort:
    """A series of images; the same patients and pictures whenever and wherever they are drawn.

    Attributes
    ----------
    seed : numpy.random.SeedSequence
        Patient i is drawn from its own seed below this one, so a longer series leaves its start as it is.
    n_images, slices_per_patient : int
        The last patient has fewer slices when it does not come out even.
    scanner : Scanner
    size : int
        Height and width of the images.
    """

    seed: np.random.SeedSequence
    n_images: int
    slices_per_patient: int
    scanner: Scanner
    size: int

    @property
    def patients(self) -> NDArray[np.intp]:
        """The number of each image's patient."""
        return np.arange(self.n_images) // self.slices_per_patient

    def images(self) -> NDArray[np.uint8]:
        """Return the pictures (n_images, size, size) uint8; joblib's ``parallel_config`` decides on workers."""
        from joblib import Parallel, delayed

        stacks = Parallel()(delayed(self._scan)(*patient) for patient in enumerate(np.bincount(self.patients)))
        return np.concatenate([np.empty((0, self.size, self.size), dtype=np.uint8), *stacks])

    def visit(self, i: int) -> tuple[Patient, Scanner, float]:
        """Return the patient of image i, the scanner as it was that day, and the level of the slice."""
        number, k = divmod(i, self.slices_per_patient)
        patient, scanner, levels = self._visit(number)
        return patient, scanner, levels[k]

    def _visit(self, number):
        patient = Patient(seed_at(self.seed, number))
        rng = patient.rng("visit")
        scanner = self.scanner.on_the_day(rng)
        low, high = _LEVELS
        step = min(rng.uniform(*_GAP) / patient.height, (high - low) / self.slices_per_patient)
        first = rng.uniform(low, high - step * (self.slices_per_patient - 1))
        return patient, scanner, first + step * np.arange(self.slices_per_patient)

    def _scan(self, number, n):
        patient, scanner, levels = self._visit(number)
        slices = enumerate(render(patient, levels[:n], self.size))
        return np.stack([scanner.scan(hu, patient.field, patient.rng(f"noise {k}")) for k, hu in slices])
