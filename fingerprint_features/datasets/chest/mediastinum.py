"""Between the lungs: heart, great vessels, windpipe, gullet, lymph nodes, and the fat that holds them."""

import numpy as np

from .canvas import blob
from .patient import ease

# Chambers of the heart along and across its long axis in millimetres: centre, radii, turn, share of the contrast.
_CHAMBERS = [
    ((16, 13), (31, 13), 4, 1.0),
    ((8, -19), (31, 12), -10, 0.85),
    ((-38, -14), (17, 20), 0, 0.85),
    ((-36, 20), (18, 20), 20, 1.0),
]
# Vessels above the arch: x, front (0) to spine (1), radius.
_BRANCHES = [(-14, 0.42, 6.2), (6, 0.52, 4.4), (19, 0.66, 5.0), (20, 0.30, 6.0), (-24, 0.28, 6.5)]


class Mediastinum:
    """The organs between the lungs of a patient at one level.

    Attributes
    ----------
    organs : list of (ndarray of shape (n, 2), float)
        Outlines and CT numbers, in the order in which they are drawn.
    curves : list of ndarray of shape (n, 2)
        Outlines whose smooth union parts the lungs.
    """

    def __init__(self, patient, level):
        self.patient, self.level = patient, level
        self.spine = patient.spine_y(level)
        self.front = patient.sternum_y(level)
        self.organs, self._windpipe, self.heart = [], [], []
        self._add_heart()
        self._add_aorta()
        self._add_other_vessels()
        self._add_tubes_and_nodes()
        body = blob((patient.spine_x, self.spine + 9), np.array([21, 25]) * patient.vertebra)
        self.curves = [self._septum(), body, *(_widened(c, 3.2) for c, _ in self.organs + self._windpipe[:1])]

    def draw(self, canvas, cavity, union, soft):
        """Draw fat where the lungs are parted, and the organs in it."""
        canvas.cover(union * cavity, self.patient.fat_hu + 12 + 16 * soft)
        for curve, hu in self.organs:
            canvas.paint(curve, hu, within=cavity)

    def draw_windpipe(self, canvas):
        """Draw the windpipe, wall and inside."""
        for curve, hu in self._windpipe:
            canvas.paint(curve, hu)

    def _add(self, x, y, radii, hu, turn=0.0, wobble=None):
        if min(radii) > 0.8:
            self.organs.append((blob((self.patient.spine_x + x, y), radii, turn, wobble), hu))

    def _between(self, share):
        """Return y from the breastbone (0) to the front of the spine (1)."""
        return self.front + share * (self.spine - 14 - self.front)

    def _add_heart(self):
        p, z, top = self.patient, self.level, self.patient.heart_level
        size = ease(z, top - 0.08, top + 0.17) * (1 - 0.55 * ease(z, 0.86, 1.06)) * p.heart
        if z < top:
            return
        x, y = p.heart_x * (0.55 + 0.6 * ease(z, top, 0.8)), p.heart_y
        radii = np.array([58, 43]) * size
        self._add(x, y, radii + 5, p.fat_hu + 40, p.heart_turn, p.heart_wobble)
        self._add(x, y, radii, 95.0 if p.contrast else 44.0, p.heart_turn, p.heart_wobble)
        self.heart = [curve for curve, _ in self.organs]
        if p.contrast:
            c, s = np.cos(np.deg2rad(p.heart_turn)), np.sin(np.deg2rad(p.heart_turn))
            for (u, v), radii, turn, share in _CHAMBERS:
                at = x + size * (c * u - s * v), y + size * (s * u + c * v)
                self._add(*at, np.array(radii) * size, p.blood_hu * share, p.heart_turn + turn, p.heart_wobble)
        if z > 0.74:
            self._add(-24, self.spine - 42, (13, 11), 0.9 * p.blood_hu)  # inferior vena cava

    def _add_aorta(self):
        p, z, arch = self.patient, self.level, self.patient.arch_level
        if z > arch - 0.035:  # descending
            grown, fall = ease(z, arch - 0.035, arch + 0.01), ease(z, 0.45, 0.95)
            radius = p.aorta * grown * (1 - 0.12 * fall)
            self._add(24 - 10 * fall, self.spine - 13 - 7 * fall, (radius, 0.97 * radius), p.blood_hu)
        bow = np.exp(-(((z - arch) / 0.030) ** 2))
        if bow > 0.25:  # the arch: from front right to back left
            self._add(9, self._between(0.52), (34 * bow, 1.02 * p.aorta), p.blood_hu, turn=52)
        rising = ease(z, arch - 0.01, arch + 0.06) * (1 - ease(z, p.heart_level + 0.05, p.heart_level + 0.12))
        if z > arch:
            radius = p.aorta * rising
            self._add(-10, self._between(0.36), (1.22 * radius, 1.18 * radius), p.blood_hu)

    def _add_other_vessels(self):
        p, z, arch = self.patient, self.level, self.patient.arch_level
        formed = ease(z, arch - 0.01, arch + 0.06)
        radius = 9 * (1 - ease(z, p.heart_level + 0.02, p.heart_level + 0.08)) * (0.75 + 0.25 * formed)
        self._add(-23 - 6 * formed, self._between(0.42), (radius, 1.15 * radius), 0.97 * p.blood_hu)  # upper vena cava
        up, spread = 1 - ease(z, arch - 0.04, arch), 1 + 1.1 * ease(0.2 - z, 0.0, 0.2)
        for x, share, radius in _BRANCHES:
            self._add(x * spread, self._between(share), (radius * up, 0.95 * radius * up), p.blood_hu)
        trunk = np.exp(-(((z - p.carina_level - 0.055) / 0.045) ** 2))
        if trunk > 0.3:  # of the lung artery, and its right branch
            self._add(17, self._between(0.34), (14.5 * trunk, 17 * trunk), p.blood_hu, turn=25)
            self._add(3, self._between(0.56), (30 * trunk, 8.5 * trunk), p.blood_hu, turn=-14)
        if z > p.carina_level - 0.05:
            self._add(-9, self.spine - 17 * p.vertebra, (4.2, 4.2), 0.95 * p.blood_hu)  # azygos vein

    def _add_tubes_and_nodes(self):
        p, z = self.patient, self.level
        self._add(5, self.spine - 22 * p.vertebra - 3, (8.5, 5.5), 35.0, turn=8)  # gullet
        rng = p.rng("nodes")
        for _ in range(rng.poisson(9 if p.ill else 5)):
            x, (share, level, radius) = rng.normal(0, 17), rng.uniform((0.15, 0.1, 2.0), (0.95, 0.6, 7.0))
            square = radius**2 - ((level - z) * p.height) ** 2
            if square > 1:
                self._add(x, self._between(share), (np.sqrt(square), 0.75 * np.sqrt(square)), 42.0)
        if z < p.carina_level + 0.015:
            wide = 1 + 0.55 * ease(z, p.carina_level - 0.03, p.carina_level + 0.015)
            at = (p.spine_x - 1, p.windpipe_y(z))
            self._windpipe = [(blob(at, (11 * wide, 9.8)), 40.0), (blob(at, (9.2 * wide, 8.2)), -990.0)]

    def _septum(self):
        """Return the fat between the lungs, from the breastbone to the spine."""
        p, z = self.patient, self.level
        waist = p.mediastinal_fat * (18 - 10 * ease(z, 0.2, 0.45))
        front = p.mediastinal_fat * (12 - 9.5 * ease(z, 0.18, 0.34) + 8 * ease(z, 0.6, 0.9))
        t = np.linspace(0, 1, 16)
        y = self.front - 12 + t * (self.spine + 16 - self.front)
        half = front + (waist - front) * np.sin(np.pi * np.clip(1.1 * t, 0, 1)) + 6 * t**6
        waves = np.sin(np.pi * np.arange(1, 5)[:, None] * t + 5 * z)
        left, right = (np.maximum(half + side @ waves, 1.5) for side in p.septum_wobble)
        points = np.stack([p.spine_x + left, y], axis=1), np.stack([p.spine_x - right, y], axis=1)
        return np.concatenate([points[0], points[1][::-1]])


def _widened(curve, mm):
    """Return a curve scaled about its middle so that it lies about `mm` further out."""
    middle = curve.mean(axis=0)
    return middle + (curve - middle) * (1 + 2 * mm / np.ptp(curve, axis=0).mean())
