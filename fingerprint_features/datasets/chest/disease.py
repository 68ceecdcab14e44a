"""Traces of tuberculosis: nodules, clusters of small ones, consolidation, caverns, fluid."""

import numpy as np

from .canvas import blob
from .lungs import inside
from .patient import clamp


class Disease:
    """What a patient's lungs show, in three dimensions; healthy patients have a trace of it, too."""

    def __init__(self, patient):
        self.patient = patient
        rng = patient.rng("disease")
        often = 1.0 if patient.ill else 0.12
        self._nodules, self._patches, self._caverns, self._fluid = [], [], [], None
        for _ in range(rng.poisson(3.0 * often)):
            hu = rng.choice([40.0, -250.0, 500.0], p=[0.75, 0.13, 0.12])
            self._add_nodule(rng, self._place(rng), min(2 + rng.gamma(2.0, 1.9), 15.0), hu)
        for _ in range(rng.poisson(1.3 * often)):
            middle, spread = self._place(rng, 0.55), rng.uniform(8, 20)
            for _ in range(rng.integers(12, 45)):
                self._add_nodule(rng, middle + spread * rng.standard_normal(3), rng.uniform(0.9, 2.6), 20.0)
        for _ in range(rng.poisson(1.1 * often)):
            density = rng.uniform(0.3, 1.0)
            self._patches.append((self._place(rng, 0.7), rng.uniform(14, 46), density, rng.normal(0, 0.12, (4, 2))))
        for _ in range(rng.poisson(0.5 * often)):
            wall = rng.uniform(2.5, 8)
            self._caverns.append((self._place(rng, 0.5), rng.uniform(9, 25), wall, rng.normal(0, 0.07, (4, 2))))
        if rng.random() < 0.16 * often:
            self._fluid = rng.choice([-1, 1]), rng.uniform(0.25, 0.8), rng.uniform(0.35, 0.9)

    def _place(self, rng, lowest=1.0):
        return inside(self.patient, rng, rng.choice([-1, 1]), 1, 0.08, lowest)[0]

    def _add_nodule(self, rng, at, radius, hu):
        self._nodules.append((at, radius, hu, rng.normal(0, 0.07, (4, 2))))

    def draw_patches(self, canvas, level, lung):
        """Draw consolidation, in which vessels still show."""
        cuts = [(at, r, *more) for at, r, *more in self._cuts(self._patches, level)]
        if not cuts:
            return
        texture = self.patient.cloud("patches", level, canvas.size, 12, 4, persistence=0.7, reach=12.0)
        for at, r, density, wobble in cuts:
            soft = canvas.blur(canvas.mask(blob(at[:2], (r, 0.8 * r), wobble=wobble)), 0.22 * r + 1)
            amount = np.clip(1.6 * soft - 0.55 + 0.28 * texture, 0, 0.96)
            canvas.cover(amount * density * lung, 30.0)

    def draw_lesions(self, canvas, level, lung):
        """Draw nodules, caverns and fluid."""
        for at, r, hu, wobble in self._cuts(self._nodules, level):
            canvas.paint(blob(at[:2], (r, r), wobble=wobble, corners=20), hu, within=lung)
        for at, r, wall, wobble in self._cuts(self._caverns, level):
            canvas.paint(blob(at[:2], (r, r), wobble=wobble), 38.0, within=lung)
            if r > wall + 1:
                canvas.paint(blob(at[:2], (r - wall, r - wall), wobble=1.6 * wobble), -960.0, within=lung)
        if self._fluid:
            self._draw_fluid(canvas, level, lung)

    def _cuts(self, lesions, level):
        """Yield the lesions that a level cuts, with the radius of the cut in place of their own."""
        for at, radius, *more in lesions:
            square = radius**2 - (at[2] - level * self.patient.height) ** 2
            if square > 0.2:
                yield at, np.sqrt(square), *more

    def _draw_fluid(self, canvas, level, lung):
        side, most, start = self._fluid
        p = self.patient
        depth = clamp((level - start) / 0.35) * most
        if depth <= 0:
            return
        x, y = canvas.axes()
        surface = p.back * (1 - depth) - 0.0044 * (x - side * 0.5 * p.half_width) ** 2
        canvas.cover(np.clip((y - surface) / 2.5, 0, 1) * (x * side > 0) * lung, 12.0)
