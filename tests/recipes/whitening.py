"""Whitened details of images by scipy and scikit-learn, to compare ours with."""

import numpy as np
from scipy.ndimage import gaussian_filter
from sklearn.decomposition import PCA


def whitened_details(real, made):
    """Return the images less their Gaussian, along the principal axes of the real ones, their variances raised."""
    real, made = (
        np.stack([image - gaussian_filter(image, 1, mode="mirror", truncate=4) for image in images]).reshape(-1, 4096)
        for images in (np.stack(list(real)).astype(float), np.stack(list(made)).astype(float))
    )
    axes = PCA(len(real) - 1).fit(real)
    variances = axes.explained_variance_
    return tuple(axes.transform(rows) / np.sqrt(variances + 0.3 * variances.mean()) for rows in (real, made))
