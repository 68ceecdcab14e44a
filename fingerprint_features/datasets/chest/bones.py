"""Ribs, shoulder blades, collar bones, sternum and spine: dense rims around spongy insides."""

import numpy as np

from .canvas import blob, ribbon
from .patient import clamp
from .wall import mirrored

_VERTEBRA = np.array([[0.03, 0], [0, -0.045], [-0.02, 0]])  # flat at the back, narrow at the waist
_HANDLE = np.array([[0, 0], [0, 0], [-0.10, 0]])  # towards a rectangle


def draw_cage(canvas, wall, spongy):
    """Draw what lies around the lungs; `spongy` is an image of CT numbers inside bones."""
    for side in (1, -1):
        _draw_shoulder(canvas, wall, side, spongy)
        _draw_ribs(canvas, wall, side, spongy)
    _draw_sternum(canvas, wall, spongy)


def _draw_ribs(canvas, wall, side, spongy):
    p = wall.patient
    across = np.linspace(-1, 1, 11)
    taper = np.sqrt(np.maximum(1 - across**4, 0.02))
    for k in range(-6, 12):
        start = (k + p.rib_phase + (0.06 if side > 0 else 0.0)) * p.rib_gap
        along = (wall.level - start) / p.rib_drop  # how far this rib has come from the back to the front
        if not 0.0 < along < 1.0:
            continue
        along = along**0.8
        reach = 4.2 + 5.5 * (1 - along) ** 2  # ribs leave the spine almost level, so the cut is long there
        degrees = mirrored(70 - 148 * along + reach * across, side)
        rim, inside = (115.0, 75.0) if along > 0.86 else (p.bone_hu, spongy)  # cartilage in front
        for half, points, value in ((3.9, slice(None), rim), (2.0, slice(1, -1), inside)):
            out, back = wall.off(degrees, 5 + half * taper), wall.off(degrees, 5 - half * taper)
            canvas.paint(np.concatenate([out[points], back[points][::-1]]), value)


def _draw_shoulder(canvas, wall, side, spongy):
    p, level = wall.patient, wall.level
    if level > 0.5:
        return
    full = clamp((0.52 - level) / 0.12)  # the blade tapers off downwards
    along = np.linspace(0, 1, 14)
    degrees = mirrored(47 - 19 * full + 38 * full * along, side)
    blade = wall.at(degrees, 0.40 + 0.06 * np.sin(3 * along + p.rib_phase))
    canvas.paint(ribbon(blade, 2.0 + 2.4 * np.exp(-((along / 0.12) ** 2)) * full), 0.8 * p.bone_hu)
    if level < 0.24:
        ridge = wall.at(mirrored(np.linspace(40, 24, 10), side), np.linspace(0.44, 0.8, 10))
        canvas.paint(ribbon(ridge, 2.2), 0.8 * p.bone_hu)
    if level < 0.2:
        head, grow = wall.at(mirrored(14.0, side), 0.5), clamp((0.2 - level) / 0.08, 0.05)
        canvas.paint(blob(head, (20 * grow, 22 * grow)), p.bone_hu)
        canvas.paint(blob(head, (17.5 * grow, 19.5 * grow)), spongy)
    if level < 0.14:
        x = np.linspace(14, 95, 10)
        y = -p.front * (0.58 + 0.04 * np.linspace(0, 1, 10)) + 6 * np.sin(np.linspace(0, np.pi, 10))
        bar = np.stack([side * x, y], axis=1)
        canvas.paint(ribbon(bar, 5.5), p.bone_hu)
        canvas.paint(ribbon(bar[1:-1], 3.2), spongy)


def _draw_sternum(canvas, wall, spongy):
    p, level = wall.patient, wall.level
    if not 0.16 < level < 0.86:
        return
    top = clamp((0.34 - level) / 0.06)
    half = np.array([15.0 + 11 * top, 5.6 + top]) * clamp((0.86 - level) / 0.15, 0.45)
    for rim, value in ((0.0, 0.7 * p.bone_hu), (1.9, 0.75 * spongy)):
        canvas.paint(blob(wall.off(-90.0, 7.0), half - rim, wobble=_HANDLE + 0.4 * p.skin_wobble[:3]), value)


def draw_spine(canvas, p, level, spongy):
    """Draw the vertebra, or the disc between two, with its arch and the spinal canal."""
    x, y = p.spine_x, p.spine_y(level)
    s = p.vertebra * (0.88 + 0.22 * level)
    bone = 0.72 * p.bone_hu
    turn = (11.5 * level + p.rib_phase) % 1.0
    disc = clamp((0.16 - min(turn, 1 - turn)) / 0.05)

    def point(dx, dy):
        return np.array([x + dx * s, y + dy * s])

    for side in (1, -1):
        if disc < 0.5:  # transverse process
            arm = np.linspace(point(side * 11, 19), point(side * 28, 26), 8)
            arm[:, 1] += 2.5 * s * np.sin(np.linspace(0, np.pi, 8))
            canvas.paint(ribbon(arm, np.array([4.6, 4.2, 3.8, 3.6, 3.8, 4.4, 4.2, 2.2]) * s), bone)
            canvas.paint(ribbon(arm[1:-1], np.array([2.4, 2.1, 1.9, 2.1, 2.7, 2.4]) * s), spongy)
        else:  # joint
            canvas.paint(blob(point(side * 14, 23), (6.5 * s, 6.5 * s)), bone)
            canvas.paint(blob(point(side * 14, 23), (3.8 * s, 3.8 * s)), spongy)
        canvas.paint(ribbon(np.linspace(point(side * 13, 19), point(0, 35), 6), 2.6 * s), bone)
    process = np.linspace(point(0, 33), point(0, 44 + 10 * (1 - disc)), 6)
    canvas.paint(ribbon(process, np.linspace(4.2, 3.2, 6) * s), bone)
    canvas.paint(ribbon(process[1:-1], 1.8 * s), spongy)
    canvas.paint(blob((x, y), np.array([17.5, 14.5]) * s, wobble=_VERTEBRA), bone * (1 - 0.6 * disc))
    inside = spongy * (1 - disc) + 95 * disc
    canvas.paint(blob((x, y), np.array([15.6, 12.6]) * s, wobble=_VERTEBRA), inside)
    canvas.paint(blob(point(0, 20.5), np.array([10.0, 8.0]) * s), 5.0)
    canvas.paint(blob(point(0, 20.5), np.array([5.5, 4.2]) * s), 42.0)
