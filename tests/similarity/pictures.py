"""Photographs in three depths, and scikit-image's answers, that the tests of SSIM share."""

import numpy as np
from skimage import data
from skimage.metrics import structural_similarity

SPAN = {"uint8": 255, "uint16": 65535, "float32": 1.0}


def photographs():
    """Crops of real photographs, some alike, some not; 60 x 71 pixels of 8 bits."""
    whole = [data.camera(), data.moon(), data.brick(), data.coins()]
    return np.stack([image[y : y + 60, 40 : 40 + 71] for image in whole for y in (100, 103, 180)])


def deepen(images, dtype):
    """The same pictures in another depth; 16 bits get low bits of their own."""
    if dtype == "uint8":
        return images
    if dtype == "float32":
        return (images / 255).astype(np.float32)
    low = np.random.default_rng(0).integers(0, 256, images.shape)
    return (images.astype(np.int64) * 256 + low).astype(np.uint16)


def peer(A, B, **options):
    return np.array([[structural_similarity(a, b, **options) for b in B] for a in A])
