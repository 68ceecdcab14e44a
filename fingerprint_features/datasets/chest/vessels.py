"""Branching tubes that fill a volume, and how a slice cuts them."""

import numpy as np

from ...compiled import njit

_PULL = 0.30  # share of the way to the middle of its targets that a branch runs before it forks
_JITTER = 0.03  # how crooked branches are, relative to their length


def grow(root, targets, leaf, power, rng, low, high):
    """Grow a tree that ends at every target, which are halved again and again; return its parts near some levels.

    Parameters
    ----------
    root : ndarray of shape (3,)
        Where it starts.
    targets : ndarray of shape (n, 3)
        Where its twigs end; n is a power of two.
    leaf : float
        Radius of the twigs.
    power : float
        ``radius**power`` of a branch is the sum over the two that follow (Murray's law has 3).
    rng : numpy.random.Generator
    low, high : float
        Branches all of whose twigs and stems lie outside this range of z may be left out.

    Returns
    -------
    ndarray of shape (n_segments, 8)
        Start (x, y, z), end (x, y, z), and the radii at both; every branch has a bend in its middle.
    """
    bends = rng.standard_normal((2 * len(targets) - 1, 2, 3)) * _JITTER
    return _grow(root.astype(float), targets.copy(), leaf, power, bends, low, high)


@njit(nogil=True, cache=True)
def _grow(root, targets, leaf, power, bends, low, high):
    out = np.empty((2 * len(bends), 8))
    starts = np.empty((len(bends), 3))  # branches are numbered as in a heap: i forks into 2i + 1 and 2i + 2
    wanted = np.zeros(len(bends), np.bool_)
    starts[0], wanted[0] = root, True
    found, n, i = 0, len(targets), 0
    step, end, middle = np.empty(3), np.empty(3), np.empty(3)
    while n:
        thick, thin = leaf * n ** (1 / power), leaf * max(n / 2, 0.6) ** (1 / power)
        for first in range(0, len(targets), n):
            if wanted[i]:
                group, start = targets[first : first + n], starts[i]
                widest, spread = 0, -1.0
                for axis in range(3):
                    step[axis] = group[:, axis].mean() - start[axis]
                    if np.ptp(group[:, axis]) > spread:
                        widest, spread = axis, np.ptp(group[:, axis])
                length = np.sqrt((step**2).sum())
                for axis in range(3):
                    end[axis] = start[axis] + (_PULL if n > 1 else 1.0) * step[axis] + length * bends[i, 0, axis]
                    middle[axis] = 0.5 * (start[axis] + end[axis] + length * bends[i, 1, axis])
                out[found, :3], out[found, 3:6], out[found, 6], out[found, 7] = start, middle, thick, thick
                found += 1
                out[found, :3], out[found, 3:6], out[found, 6] = middle, end, thick
                out[found, 7] = 0.5 * (thick + thin)
                found += 1
                if n > 1:
                    group[:] = group[np.argsort(group[:, widest])]
                    for half in range(2):
                        part = group[half * n // 2 : (half + 1) * n // 2, 2]
                        starts[2 * i + 1 + half] = end
                        margin = 8.0 + 0.15 * length
                        wanted[2 * i + 1 + half] = (
                            min(part.min(), end[2]) - margin < high and max(part.max(), end[2]) + margin > low
                        )
            i += 1
        n //= 2
    return out[:found]


def cut(segments, z, thickness):
    """Return the parts of segments inside a slab around z.

    Returns
    -------
    ndarray of shape (n_parts, 7)
        x, y and radius at both ends, and how much of the slab's thickness the tube fills: one that crosses the
        slab fills it, one that lies in it is diluted by what is above and below.
    """
    low, high = z - thickness / 2, z + thickness / 2
    radius = segments[:, 6]
    ends = segments[:, [2, 5]]
    s = segments[(ends.min(axis=1) - radius < high) & (ends.max(axis=1) + radius > low)]
    step = s[:, 3:6] - s[:, :3]
    rise = np.where(np.abs(step[:, 2]) < 1e-6, 1e-6, step[:, 2])
    shares = np.sort([(low - s[:, 2]) / rise, (high - s[:, 2]) / rise], axis=0).clip(0, 1)
    columns = []
    for share in shares:
        point = s[:, :3] + share[:, None] * step
        radius = s[:, 6] + share * (s[:, 7] - s[:, 6])
        outside = np.maximum(np.maximum(low - point[:, 2], point[:, 2] - high), 0)
        columns += [point[:, :2], np.sqrt(np.maximum(radius**2 - outside**2, 0))[:, None]]
    flat = np.hypot(step[:, 0], step[:, 1]) / np.maximum(np.linalg.norm(step, axis=1), 1e-6)
    fills = np.minimum(1.0, 2 * s[:, 6] / np.maximum(thickness * flat, 1e-6))
    return np.concatenate([*columns, fills[:, None]], axis=1)


def tube_mask(canvas, parts, widen=0.0):
    """Return how much of every pixel the parts from `cut` fill, in 0..1, their radii widened by some millimetres."""
    parts = parts.copy()
    for x in (0, 3):
        parts[:, x : x + 2] = canvas.to_pixels(parts[:, x : x + 2])
        parts[:, x + 2] = (parts[:, x + 2] + widen) * canvas.pixels_per_mm
    out = np.zeros((canvas.size, canvas.size), dtype=np.float32)
    _fill(out, parts)
    return out


@njit(nogil=True, cache=True)
def _fill(out, parts):
    height, width = out.shape
    for i in range(len(parts)):
        ax, ay, ra, bx, by, rb, fills = parts[i]
        reach = max(ra, rb) + 1.0
        x0, x1 = int(max(min(ax, bx) - reach, 0)), int(min(max(ax, bx) + reach + 1, width))
        y0, y1 = int(max(min(ay, by) - reach, 0)), int(min(max(ay, by) + reach + 1, height))
        dx, dy = bx - ax, by - ay
        square = dx * dx + dy * dy + 1e-9
        for y in range(y0, y1):
            for x in range(x0, x1):
                t = min(max(((x - ax) * dx + (y - ay) * dy) / square, 0.0), 1.0)
                radius = max(ra + t * (rb - ra), 0.0)
                away = np.sqrt((x - ax - t * dx) ** 2 + (y - ay - t * dy) ** 2)
                share = fills * min(max(radius - away + 0.5, 0.0), 1.0) * min(1.0, 2.0 * radius)
                if share > out[y, x]:
                    out[y, x] = share
