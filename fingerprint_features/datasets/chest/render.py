"""From a patient and a level to a slice of CT numbers, free of noise."""

import numpy as np

from .bones import draw_cage, draw_spine
from .canvas import Canvas, blob
from .disease import Disease
from .lungs import Tubes, draw_tissue
from .mediastinum import Mediastinum
from .patient import clamp
from .wall import ChestWall


def render(patient, levels, size, bend=None):
    """Yield slices of a patient at some levels (0 = apex of the lungs, 1 = their lowest corner).

    Parameters
    ----------
    patient : Patient
    levels : sequence of float
    size : int
        Height and width in pixels.
    bend : callable, default=None
        Moves points (n, 2) in millimetres: the same body out of shape.

    Yields
    ------
    ndarray of shape (size, size)
        CT numbers in HU, float32. The same patient at the same level is the same picture at any size.
    """
    tubes, disease = Tubes(patient, levels), Disease(patient)
    for level in levels:
        yield _render(patient, level, size, tubes, disease, bend)


def _render(p, level, size, tubes, disease, bend):
    canvas = Canvas(size, p.field, (p.offset_x, p.offset_y + 0.5 * (p.back - p.front) + 8), bend)
    soft = p.cloud("soft", level, size, 10, 3)
    spongy = p.marrow_hu + 50 * p.cloud("spongy", level, size, 80, 1)
    wall, middle = ChestWall(p, level), Mediastinum(p, level)

    wall.draw(canvas, soft)
    draw_cage(canvas, wall, spongy)

    cavity = canvas.mask(wall.cavity)
    union = canvas.blur(canvas.mask(*middle.curves), 2.6)  # blurred and cut again: fillets where curves meet
    union = np.clip((union - 0.5) * 6 * max(canvas.pixels_per_mm, 0.3) + 0.5, 0, 1)
    lung = cavity * (1 - union)
    draw_tissue(canvas, p, level, wall.cavity)
    disease.draw_patches(canvas, level, lung)
    middle.draw(canvas, cavity, union, soft)
    tubes.draw(canvas, level, cavity * (1 - canvas.mask(*middle.heart)), lung)
    middle.draw_windpipe(canvas)
    disease.draw_lesions(canvas, level, lung)
    _draw_domes(canvas, p, level, cavity)

    canvas.paint(blob((p.spine_x, middle.spine + 9), np.array([22, 24]) * p.vertebra), p.muscle_hu - 40)
    draw_spine(canvas, p, level, spongy)
    return canvas.hu


def _draw_domes(canvas, p, level, cavity):
    """Draw liver and spleen where the diaphragm has risen into the slice; the right side comes first."""
    liver = 108.0 if p.contrast else 58.0
    for side, start, most, hu in ((-1, p.dome_level, 0.80, liver), (1, p.dome_level + 0.06, 0.72, liver - 6)):
        rise = clamp((level - start) / 0.24)
        if rise > 0:
            share = 0.12 + most * np.sqrt(1 - (1 - rise) ** 2)
            angle = np.linspace(-1.5, 1.5, 40)
            outward = np.stack([side * np.cos(angle), np.sin(angle)], axis=1)
            inward = outward[::-1] * (-0.42 * p.half_width, 0.9 * p.front)
            edge = np.concatenate([p.cavity(angle, level)[:, None] * outward, inward])
            centre = np.array([side * 0.42 * p.half_width, -0.22 * p.front])
            curve = centre + (edge - centre) * share
            canvas.paint(curve, hu + 5 * p.cloud("liver", level, canvas.size, 12, 3), within=cavity)
