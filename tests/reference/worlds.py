"""Small worlds with known truth: populations, patients and pictures."""

import numpy as np
from scipy.ndimage import gaussian_filter


def population(rng, n, width):
    """Return rows around the origin, each with a spread of its own, and these spreads."""
    spread = np.exp(0.5 * rng.standard_normal((n, 1)))
    return spread * rng.standard_normal((n, width)), spread


def memorising_world(seed, width, memorised, n=250, n_generated=1000):
    """Return X (first half used), y, generated and holdout; a share of the generated rows are copies of used ones."""
    rng = np.random.default_rng(seed)
    used, spread = population(rng, n, width)
    unused, holdout, generated = (population(rng, size, width)[0] for size in (n, n, n_generated))
    parents = rng.integers(n, size=int(memorised * n_generated))
    noise = 0.5 * spread[parents] * rng.standard_normal((len(parents), width))
    generated[: len(parents)] = used[parents] + noise
    return np.vstack([used, unused]), np.repeat([1, 0], n), generated, holdout


def patients(rng, n, n_slices=1, size=24):
    """Return 8-bit slices, those of a patient alike, and the patients' numbers."""
    scenes = gaussian_filter(rng.standard_normal((n, size, size)), (0, 3, 3))
    scenes = scenes / scenes.std(axis=(1, 2), keepdims=True)
    slices = np.repeat(scenes, n_slices, axis=0)
    slices = slices + 0.1 * rng.standard_normal(slices.shape)
    return np.clip(127 + 45 * slices, 0, 255).astype(np.uint8), np.repeat(np.arange(n), n_slices)


def two_sets(seed=0, n_reals=14, n_generated=24, n_copies=6):
    """Return reals and generated pictures; each of the first n_copies reals has a noisy copy among the latter."""
    rng = np.random.default_rng(seed)
    reals, generated = patients(rng, n_reals)[0], patients(rng, n_generated)[0]
    noise = rng.integers(-9, 10, (n_copies, *reals.shape[1:]))
    generated[3 : 3 + n_copies] = np.clip(reals[:n_copies].astype(int) + noise, 0, 255)
    return reals, generated


def patched(matrix):
    """Replace the diagonal by the mean of its row, taken while the diagonal is still 1."""
    matrix = matrix.copy()
    np.fill_diagonal(matrix, matrix.mean(axis=1))
    return matrix
