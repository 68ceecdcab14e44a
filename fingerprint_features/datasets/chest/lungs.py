"""Lungs: tissue, vessels, airways."""

import numpy as np

from .vessels import cut, grow, tube_mask

_TWIGS = 512  # of each of the two trees of vessels of a lung
_AIRWAYS = 16
_THICKNESS = 4.0  # of a slice, in millimetres


def inside(p, rng, side, n, low=0.03, high=1.0):
    """Return n points (x, y, z) spread through one lung of a patient between two levels."""
    level = low + (high - low) * rng.beta(1.4, 1.1, n)
    angle = rng.uniform(-np.pi / 2, np.pi / 2, n)
    radius = p.cavity(angle, level) * np.sqrt(rng.uniform(0.02, 0.87, n))
    x = 18 + radius * np.cos(angle) * (1 - 18 / p.half_width)
    return np.stack([p.spine_x + side * x, radius * np.sin(angle), level * p.height], axis=1)


class Tubes:
    """The vessels and airways of a patient's lungs, in three dimensions."""

    def __init__(self, p, levels):
        self.patient = p
        low, high = (z * p.height for z in (min(levels), max(levels)))
        low, high = low - _THICKNESS, high + _THICKNESS
        rng = p.rng("tubes")
        artery = np.array([p.spine_x + 6, -12, (p.carina_level + 0.05) * p.height])
        atrium = np.array([p.spine_x + 2, 12, (p.heart_level + 0.06) * p.height])
        carina = np.array([p.spine_x - 1, p.windpipe_y(p.carina_level), p.carina_level * p.height])
        vessels, airways = [], []
        for side in (1, -1):
            gate = np.array([p.spine_x + side * 33, 4, (p.carina_level + 0.06) * p.height])
            for source, shift in ((artery, (0, 0, 0)), (atrium, (0, 6, 14))):
                targets = inside(p, rng, side, _TWIGS)
                vessels.append(_stemmed(source, grow(gate + shift, targets, 0.75 * p.vessel, 2.75, rng, low, high)))
            targets = inside(p, rng, side, _AIRWAYS)
            airways.append(_stemmed(carina, grow(np.add(gate, (0, 3, -4)), targets, 1.5, 2.2, rng, low, high)))
        self._vessels, self._airways = np.concatenate(vessels), np.concatenate(airways)
        self._airways = self._airways[self._airways[:, 6] > 1.6]

    def draw(self, canvas, level, cavity, lung):
        """Draw vessels wherever they are in the cavity, then airways with their walls."""
        z = level * self.patient.height
        vessels = tube_mask(canvas, cut(self._vessels, z, _THICKNESS))
        canvas.cover(vessels * cavity, min(self.patient.blood_hu, 110.0))
        airways = cut(self._airways, z, _THICKNESS / 2)
        canvas.cover(tube_mask(canvas, airways, 0.9) * lung, -60.0)
        canvas.cover(tube_mask(canvas, airways) * cavity, -985.0)


def _stemmed(source, tree):
    """Return a tree with a stem from a source to its own start."""
    start, radius = tree[0, :3], tree[0, 6]
    return np.concatenate([np.concatenate([source, start, [1.4 * radius, radius]])[None], tree])


def draw_tissue(canvas, p, level, outline):
    """Fill an outline with lung tissue: denser towards the back, with lobules and an uneven blood supply."""
    _, y = canvas.axes()
    perfusion = p.cloud("perfusion", level, canvas.size, 5, 3)
    lobules = p.cloud("lobules", level, canvas.size, 48, 2, persistence=0.9, reach=6.0)
    canvas.paint(outline, p.lung_hu + p.lung_gradient * (y / p.back) + p.lung_texture * (0.8 * perfusion + lobules))
