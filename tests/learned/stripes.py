"""A task that a small network learns at once: plain noise against noise with stripes."""

import numpy as np

from fingerprint_features.learned import NetClassifier

SIDE = 32


def stripes(n=16, seed=0):
    """Return (n, 32, 32) images, the second half striped, and their labels."""
    images = np.random.default_rng(seed).integers(0, 40, (n, SIDE, SIDE), dtype=np.uint8)
    images[n // 2 :, ::2] += 200
    return images, np.array(["plain"] * (n // 2) + ["striped"] * (n - n // 2))


def classifier(**params):
    """Return a NetClassifier that takes a moment."""
    return NetClassifier(**{"image_size": SIDE, "epochs": 2, "batch_size": 8, "lr": 3e-3, "device": "cpu"} | params)
