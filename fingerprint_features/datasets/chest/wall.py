"""What lies around the chest cavity: skin, fat, breasts, muscles; and the table under it."""

import numpy as np

from .canvas import blob, ribbon

_ANGLES = np.linspace(-np.pi, np.pi, 180, endpoint=False)
_TWICE = np.linspace(-np.pi, 3 * np.pi, 361)

# Muscles of the left side as crescents: first and last angle (0 = left, 90 = back), depth of their middle (0 = at
# the ribs, 1 = at the fat under the skin), thickness as a share of the wall, and the levels between which they lie.
_MUSCLES = [
    (-84, -22, 0.50, 0.62, -0.1, 0.52),  # pectoralis major
    (-68, -28, 0.16, 0.22, -0.1, 0.36),  # pectoralis minor
    (-32, 38, 0.22, 0.34, 0.12, 1.1),  # serratus anterior
    (8, 62, 0.62, 0.52, 0.16, 1.1),  # latissimus dorsi
    (24, 70, 0.20, 0.34, -0.1, 0.55),  # subscapularis
    (30, 72, 0.56, 0.34, -0.1, 0.50),  # infraspinatus
    (56, 90, 0.88, 0.20, -0.1, 0.62),  # trapezius
    (-88, -40, 0.30, 0.40, 0.50, 1.1),  # rectus
    (-50, 10, 0.30, 0.30, 0.62, 1.1),  # external oblique
]
# Layers of the table: millimetres below the patient, half thickness, HU.
_TABLE = [(3.0, 1.0, -350.0), (9.0, 7.0, -930.0), (18.0, 1.1, -250.0), (34.0, 0.8, -600.0)]


class ChestWall:
    """The coordinates between the cavity and the fat under the skin at one level, and what is drawn in them.

    Attributes
    ----------
    cavity, skin : ndarray of shape (180, 2)
        Outlines of the cavity and of the body.
    """

    def __init__(self, patient, level):
        self.patient, self.level = patient, level
        self._inner = patient.cavity(_ANGLES, level)
        skin = patient.skin(_ANGLES, level)
        bust = np.maximum(skin - self._inner - patient.wall - 12, 0) * (np.sin(_ANGLES) < -0.2)
        fat = patient.fat * (0.55 + 0.45 * np.sin(_ANGLES) ** 2) + 1.5
        self._outer = np.maximum(skin - fat - 0.85 * bust, self._inner + 11)
        self._skin = np.maximum(skin, self._outer + 4)
        self.cavity, self.skin = _polar(_ANGLES, self._inner - 0.5), _polar(_ANGLES, self._skin)

    def at(self, degrees, share):
        """Return points at angles; share 0 is the edge of the cavity, 1 the edge of the fat."""
        angle = np.deg2rad(degrees)
        inner, outer = _lookup(angle, self._inner), _lookup(angle, self._outer)
        return _polar(angle, inner + share * (outer - inner))

    def off(self, degrees, mm):
        """Return points at angles, a distance outside the edge of the cavity."""
        angle = np.deg2rad(degrees)
        return _polar(angle, _lookup(angle, self._inner) + mm)

    def draw(self, canvas, soft):
        """Draw everything but bones; `soft` is the texture of soft tissue."""
        p = self.patient
        self._draw_table(canvas)
        canvas.paint(self.skin, 20.0)
        canvas.paint(_polar(_ANGLES, self._skin - 2.0), p.fat_hu + 9 * soft)
        if p.bust(self.level) > 11:
            self._draw_breasts(canvas)
        strands = np.clip(0.75 * p.cloud("strands", self.level, canvas.size, 24, 2) - 0.55, 0, 1)
        canvas.paint(_polar(_ANGLES, self._outer), p.fat_hu + 6 + 120 * strands)
        muscle = p.muscle_hu + 9 * soft - 75 * np.maximum(strands - 0.35, 0)
        canvas.paint(_polar(_ANGLES, self._inner + 9), muscle)
        for first, last, depth, thick, low, high in _MUSCLES:
            fade = min((self.level - low) / 0.06, (high - self.level) / 0.06, 1)
            if fade > 0:
                for side in (1, -1):
                    canvas.paint(self._crescent(first, last, depth, thick * fade, side), muscle)
        self._draw_back_muscles(canvas, muscle)

    def _crescent(self, first, last, depth, thick, side):
        along = np.linspace(0, 1, 16)
        degrees = mirrored(first + (last - first) * along, side)
        half = 0.5 * thick * np.sin(np.pi * along) ** 0.55
        return np.concatenate([self.at(degrees, depth + half), self.at(degrees, np.maximum(depth - half, 0))[::-1]])

    def _draw_back_muscles(self, canvas, muscle):
        p = self.patient
        back, spine = self.at(90.0, 1.0)[1], p.spine_y(self.level)
        for side in (1, -1):
            centre = (p.spine_x + side * 25, min(spine + 40, back - 14))
            canvas.paint(blob(centre, np.array([21.0, 15.0]) * p.back_muscle, 12 * side, 0.5 * p.skin_wobble), muscle)
            canvas.paint(blob((p.spine_x + side * 13, spine + 38), (9, 11)), muscle)

    def _draw_breasts(self, canvas):
        p, bust = self.patient, self.patient.bust(self.level)
        strands = np.clip(0.5 + 0.8 * p.cloud("gland", self.level, canvas.size, 30, 2), 0, 1)
        for degrees in (-52.0, -128.0):
            angle = np.deg2rad(degrees)
            middle = _polar(angle, _lookup(angle, self._skin) - 0.52 * bust)
            gland = canvas.mask(blob(middle, (0.75 * bust, 0.42 * bust), turn=degrees + 90))
            canvas.cover(canvas.blur(gland, 3.0) * strands, 18.0)

    def _draw_table(self, canvas):
        x = np.linspace(-260, 260, 40)
        top = self.skin[:, 1].max() - 1 + self.patient.table_gap - 26 * (x / 260) ** 2
        for below, half, value in _TABLE:
            canvas.paint(ribbon(np.stack([x, top + below], axis=1), half), value)


def mirrored(degrees, side):
    """Return angles of the left side (side 1) as they are, or those of the right side (-1)."""
    return degrees if side > 0 else 180 - degrees


def _polar(angle, radius):
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=-1)


def _lookup(angle, radii):
    return np.interp(angle, _TWICE, np.concatenate([radii, radii, radii[:1]]))
