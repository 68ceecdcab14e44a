"""One patient: the numbers from which every slice of a chest follows."""

import copy
import math

import numpy as np
from scipy.special import ndtr

from .canvas import cloud, ripple

# Mean and standard deviation over patients; lengths in millimetres, angles in degrees, CT numbers in HU.
# A level is 0 at the apex of the lungs and 1 at their lowest corner.
_TRAITS = {
    "height": (255, 20),  # from level 0 to level 1
    "half_width": (130, 10),  # of the chest cavity at its widest
    "front": (84, 9),  # from the middle of the cavity to the sternum
    "back": (90, 8),  # ... and to the back of the lungs next to the spine
    "squareness": (2.25, 0.18),  # exponent of the cavity's superellipse
    "lean": (0, 0.03),  # how much wider one side of the cavity is
    "wall": (15, 3),  # ribs and muscles around the cavity
    "fat": (16, 5.5),
    "shoulders": (0.30, 0.08),  # how much wider the trunk is there
    "back_muscle": (1.0, 0.12),
    "spine_x": (0, 4),
    "vertebra": (1.0, 0.09),
    "aorta": (13.0, 1.8),
    "arch_level": (0.27, 0.02),
    "carina_level": (0.36, 0.02),
    "heart_level": (0.47, 0.025),  # its top
    "dome_level": (0.84, 0.05),  # the top of the diaphragm
    "heart": (1.0, 0.10),
    "heart_x": (24, 6),
    "heart_y": (-20, 6),
    "heart_turn": (-36, 9),
    "mediastinal_fat": (1.0, 0.16),
    "rib_phase": (0.5, 0.29),
    "rib_gap": (0.088, 0.006),  # in levels
    "rib_drop": (0.44, 0.05),  # from a rib's back to its front end, in levels
    "vessel": (1.0, 0.12),
    "lung_hu": (-832, 30),
    "lung_gradient": (80, 30),  # front to back
    "lung_texture": (26, 7),
    "muscle_hu": (52, 8),
    "fat_hu": (-104, 6),
    "bone_hu": (540, 90),
    "marrow_hu": (190, 50),
    "offset_x": (0, 5),  # how far off the middle of the field of view the patient lies
    "offset_y": (0, 6),
}
_SHARES = ["female", "contrast", "ill", "breast", "blood", "zoom", "table_gap"]  # uniform in 0..1
_WOBBLES = {"cavity_wobble": 0.022, "skin_wobble": 0.012, "heart_wobble": 0.053}  # size of the first Fourier term
_TERMS = 4


class Patient:
    """A chest drawn at random; every slice of it is a function of the level alone.

    Parameters
    ----------
    seed : numpy.random.SeedSequence
        Two patients of one seed are the same patient.

    Attributes
    ----------
    female, contrast, ill : bool
        Sex, whether a contrast medium was given, and whether the lungs show disease.
    field : float
        Field of view.
    traits : float
        One attribute for each entry of the table of traits.
    """

    def __init__(self, seed):
        self._seed, self._lent = seed, None
        n = len(_TRAITS) + len(_SHARES) + (len(_WOBBLES) + 1) * 2 * _TERMS
        self._set(self.rng("traits").standard_normal(n))

    def _set(self, normal):
        """Set everything that a slice depends on from independent standard normal numbers."""
        self._normal = normal
        numbers = iter(normal.tolist())
        for name, (mean, sd) in _TRAITS.items():
            setattr(self, name, mean + sd * clamp(next(numbers), -2.2, 2.2))
        share = {name: float(ndtr(next(numbers))) for name in _SHARES}
        self.female, self.contrast, self.ill = share["female"] < 0.45, share["contrast"] < 0.35, share["ill"] < 0.75
        self.breast = 12 + 30 * share["breast"] if self.female else 7 * share["breast"]
        self.blood_hu = 130 + 200 * share["blood"] if self.contrast else 34 + 14 * share["blood"]
        self.field = 2 * self.trunk * (0.99 + 0.21 * share["zoom"])
        self.table_gap = 9 * share["table_gap"]
        waves = np.array(list(numbers)).reshape(len(_WOBBLES) + 1, _TERMS, 2)
        for (name, size), terms in zip(_WOBBLES.items(), waves, strict=False):
            setattr(self, name, size * terms / np.arange(1, _TERMS + 1)[:, None])
        self.septum_wobble = 2.6 * waves[-1].T

    def likeness(self, other, strength, rng):
        """Return a patient who takes after this one and, with more strength (0 to 1), after another.

        Likenesses of strangers are distributed as strangers are: normal numbers are turned, not averaged, and what
        is drawn stream by stream (vessels, disease, textures) comes whole from one of the two.
        """
        like = copy.copy(self)
        angle = 0.55 * strength
        like._set(math.cos(angle) * self._normal + math.sin(angle) * other._normal)
        like._lent = other._seed, 0.35 * strength, int(rng.integers(2**31))
        return like

    def rng(self, purpose):
        """Return the random generator of one purpose; another purpose draws other numbers."""
        key, seed = tuple(purpose.encode()), self._seed
        if self._lent is not None:
            lent, share, salt = self._lent
            seed = lent if np.random.default_rng((salt, *key)).random() < share else seed
        return np.random.default_rng(np.random.SeedSequence(seed.entropy, spawn_key=(*seed.spawn_key, *key)))

    def cloud(self, purpose, level, size, cells, octaves, persistence=0.55, reach=25.0):
        """Return a random image that becomes another one over `reach` millimetres along the body."""
        phase = level * self.height / reach
        return cloud(self.rng(purpose), size, cells, octaves, persistence, phase)

    @property
    def trunk(self):
        """Half the width of the trunk below the shoulders."""
        return self.half_width + self.wall + 0.8 * self.fat + 6

    def cavity(self, angle, level):
        """Return the radius of the chest cavity at angles (0 = left, pi/2 = back) seen from its middle."""
        from_top = 1 - np.clip((level + 0.06) / 1.06, 0.0, 1.0)
        width = self.half_width * np.sqrt(1 - from_top**2.6) * (1 + self.lean * np.cos(angle))
        depth = (1 - from_top**3.2) ** 0.45
        radius = superellipse(angle, width, self.front * depth, self.back * (0.35 + 0.65 * depth), self.squareness)
        gutters = 0.07 * (bump(angle, 58, 16) + bump(angle, 122, 16))  # next to the spine
        return radius * (1 + ripple(angle, self.cavity_wobble) + gutters)

    def skin(self, angle, level):
        """Return the radius of the body's outline."""
        high = max(0.0, 1 - level / 0.42)
        width = self.trunk * (1 + self.shoulders * high**1.6)
        front = (self.front + 15 + 0.7 * self.fat) * (1 - 0.18 * high)
        back = self.back + 30 + 14 * self.back_muscle + 0.6 * self.fat - 22 * high
        radius = superellipse(angle, width, front, back, 2.55 - 0.3 * high) * (1 + ripple(angle, self.skin_wobble))
        radius += self.bust(level) * (bump(angle, -52, 23) + bump(angle, -128, 23))
        return radius - (4 + 0.25 * self.breast) * bump(angle, -90, 14) - 5 * bump(angle, 90, 11)

    def bust(self, level):
        """Return how far the breasts stand out."""
        return self.breast * math.exp(-(((level - 0.62) / 0.19) ** 2))

    def spine_y(self, level):
        """Return where the middle of the vertebral body lies, front to back."""
        return float(self.cavity(np.array([np.pi / 2]), level)[0]) - 18

    def sternum_y(self, level):
        """Return where the back of the breastbone lies."""
        return -float(self.cavity(np.array([-np.pi / 2]), level)[0])

    def windpipe_y(self, level):
        """Return where the windpipe lies between breastbone and spine: further back the lower it comes."""
        front = self.sternum_y(level)
        return front + (0.56 + 0.4 * level) * (self.spine_y(level) - 14 - front)


def superellipse(angle, width, front, back, power):
    """Return the radius of a superellipse whose front and back halves differ in depth."""
    depth = np.where(np.sin(angle) > 0, back, front)
    return (np.abs(np.cos(angle) / width) ** power + np.abs(np.sin(angle) / depth) ** power) ** (-1 / power)


def bump(angle, at, width):
    """Return a bump of height one around `at` degrees with a standard deviation of `width` degrees."""
    away = (np.rad2deg(angle) - at + 180) % 360 - 180
    return np.exp(-0.5 * (away / width) ** 2)


def ease(level, low, high):
    """Return 0 below `low`, 1 above `high`, and a smooth way up between them."""
    t = clamp((level - low) / (high - low))
    return t * t * (3 - 2 * t)


def clamp(value, low=0.0, high=1.0):
    """Return a number, or the end of the range that it is beyond."""
    return min(max(value, low), high)
