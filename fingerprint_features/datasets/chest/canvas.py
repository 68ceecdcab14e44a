"""A drawing surface in millimetres whose colours are CT numbers, with edges that mix by area."""

import cv2
import numpy as np

from ...compiled import njit

_FRACTION_BITS = 8  # polygon corners are given to 1/256 of a pixel


class Canvas:
    """A square image in Hounsfield units over a field of view given in millimetres.

    x grows to the image's right (the patient's left), y downwards (to the back).

    Parameters
    ----------
    size : int
        Height and width in pixels.
    field : float
        Height and width in millimetres.
    centre : (float, float)
        The point (x, y) in the middle of the image.
    bend : callable, default=None
        Moves every point (n, 2) in millimetres before it is drawn.
    """

    def __init__(self, size, field, centre, bend=None):
        self.size, self.bend = size, bend
        self.pixels_per_mm = size / field
        self.centre = np.asarray(centre, dtype=float)
        self.hu = np.full((size, size), -1000, dtype=np.float32)

    def to_pixels(self, points):
        """Return points (n, 2) in pixels, whole numbers being pixel centres."""
        if self.bend is not None:
            points = self.bend(points)
        return (points - self.centre) * self.pixels_per_mm + (self.size - 1) / 2

    def axes(self):
        """Return x of every column as a row and y of every row as a column, in millimetres."""
        axis = (np.arange(self.size, dtype=np.float32) - (self.size - 1) / 2) / np.float32(self.pixels_per_mm)
        return (axis + np.float32(self.centre[0]))[None, :], (axis + np.float32(self.centre[1]))[:, None]

    def paint(self, curve, value, within=None):
        """Fill a closed curve with a CT number, or its part of an image of them, to the extent of a mask."""
        mask, where = self._fill(curve)
        if within is not None:
            mask *= within[where]
        self._mix(self.hu[where], mask, value[where] if np.ndim(value) else value)

    def cover(self, mask, value):
        """Cover every pixel with a CT number, or an image of them, to the extent that a mask says."""
        self._mix(self.hu, mask, value)

    def mask(self, *curves):
        """Return how much of every pixel the curves together cover, in 0..1."""
        out = np.zeros_like(self.hu)
        for curve in curves:
            mask, where = self._fill(curve)
            np.maximum(out[where], mask, out=out[where])
        return out

    def blur(self, mask, mm):
        """Return a mask smoothed by a Gaussian of the given standard deviation."""
        return cv2.GaussianBlur(mask, (0, 0), max(mm * self.pixels_per_mm, 0.3), borderType=cv2.BORDER_REPLICATE)

    @staticmethod
    def _mix(region, mask, value):
        region += mask * (value - region)

    def _fill(self, curve):
        """Return the mask of a curve within its bounding box, and that box as an index."""
        left, top, right, bottom, corners = _corners(self.to_pixels(curve), self.size)
        mask = np.zeros((bottom - top, right - left), dtype=np.uint8)
        if mask.size:
            cv2.fillPoly(mask, [corners], 255, cv2.LINE_AA, _FRACTION_BITS)
        return mask * np.float32(1 / 255), (slice(top, bottom), slice(left, right))


@njit(nogil=True, cache=True)
def _corners(points, size):
    """Return the bounding box of a curve in pixels, and its points within the box in fixed point."""
    left = min(max(int(np.floor(points[:, 0].min())) - 1, 0), size)
    top = min(max(int(np.floor(points[:, 1].min())) - 1, 0), size)
    right = max(min(int(np.ceil(points[:, 0].max())) + 2, size), left)
    bottom = max(min(int(np.ceil(points[:, 1].max())) + 2, size), top)
    corners = np.empty(points.shape, dtype=np.int32)
    for i in range(len(points)):
        corners[i, 0] = np.rint((points[i, 0] - left) * (1 << _FRACTION_BITS))
        corners[i, 1] = np.rint((points[i, 1] - top) * (1 << _FRACTION_BITS))
    return left, top, right, bottom, corners


def blob(centre, radii, turn=0.0, wobble=None, corners=48):
    """Return a closed curve (corners, 2): an ellipse turned by `turn` degrees, rippled by Fourier terms.

    Parameters
    ----------
    centre, radii : (float, float)
        In millimetres.
    turn : float, default=0
        Degrees, clockwise on the screen.
    wobble : ndarray of shape (n_terms, 2), default=None
        Cosine and sine amplitudes of 2, 3, ... waves around, relative to the radius.
    """
    angle = np.linspace(0, 2 * np.pi, corners, endpoint=False)
    radius = 1.0 if wobble is None else 1.0 + ripple(angle, wobble)
    x, y = radii[0] * radius * np.cos(angle), radii[1] * radius * np.sin(angle)
    c, s = np.cos(np.deg2rad(turn)), np.sin(np.deg2rad(turn))
    return np.stack([centre[0] + c * x - s * y, centre[1] + s * x + c * y], axis=1)


def ribbon(points, half):
    """Return the closed outline of a band along points (n, 2), `half` its half width, one or one a point."""
    tangent = np.gradient(points, axis=0)
    normal = np.stack([-tangent[:, 1], tangent[:, 0]], axis=1) / np.hypot(*tangent.T)[:, None]
    offset = normal * np.broadcast_to(half, len(points))[:, None]
    return np.concatenate([points + offset, (points - offset)[::-1]])


def ripple(angle, wobble):
    """Return the Fourier sum of `wobble` (n_terms, 2) at the angles, starting with two waves around."""
    waves = np.arange(2, 2 + len(wobble))[:, None] * angle
    return wobble[:, 0] @ np.cos(waves) + wobble[:, 1] @ np.sin(waves)


def cloud(rng, size, cells, octaves, persistence=0.55, phase=0.0):
    """Return a smooth random image of about unit variance; what is drawn does not depend on its size.

    Parameters
    ----------
    rng : numpy.random.Generator
    size : int
        Height and width in pixels.
    cells : int
        Grid cells across the coarsest octave; each further one has twice as many.
    octaves : int
        How many there are.
    persistence : float, default=0.55
        Amplitude of each octave relative to the one before.
    phase : float, default=0
        Turning it by pi / 2 leads smoothly to another image, independent of the first.
    """
    amplitude, power, field = 1.0, 0.0, None
    for octave in range(octaves):
        n = cells << octave
        first, second = rng.standard_normal((2, n, n), dtype=np.float32)
        grid = np.float32(amplitude * np.cos(phase)) * first + np.float32(amplitude * np.sin(phase)) * second
        field = grid if field is None else cv2.resize(field, (n, n), interpolation=cv2.INTER_CUBIC) + grid
        power += amplitude**2
        amplitude *= persistence
    shrinks = len(field) > size
    field = cv2.resize(field, (size, size), interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)
    return field * np.float32(1.3 / np.sqrt(power))  # interpolation takes away a part of the variance
