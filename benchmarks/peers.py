"""The same work as others do it: scikit-image, imagehash, SciPy and PyWavelets, called as their users call them."""

import numpy as np


def lbp(image):
    """Histogram of uniform local binary patterns."""
    from skimage.feature import local_binary_pattern

    codes = local_binary_pattern(image, 8, 1, "uniform")
    return np.bincount(codes.astype(np.intp).ravel(), minlength=10) / codes.size


def glcm(image, levels):
    """Twelve offsets, six properties and the entropy."""
    from skimage.feature import graycomatrix, graycoprops

    reduced = (image.astype(np.uint16) * levels // 256).astype(np.uint8)
    angles = np.deg2rad([0, 45, 90, 135])
    counts = graycomatrix(reduced, [1, 2, 3], angles, levels=levels, symmetric=True, normed=True)
    names = ("contrast", "dissimilarity", "homogeneity", "ASM", "energy", "correlation", "entropy")
    return np.array([graycoprops(counts, name).ravel() for name in names]).ravel()


def gabor(image):
    """Mean and standard deviation of the magnitude of 16 filters."""
    from skimage.filters import gabor as response

    row, image = [], image.astype(float)
    for frequency in (0.1, 0.2, 0.3, 0.4):
        for angle in (0, 45, 90, 135):
            real, imaginary = response(image, frequency, np.deg2rad(angle))
            magnitude = np.hypot(real, imaginary)
            row += [magnitude.mean(), magnitude.std()]
    return np.array(row)


def phash(image):
    """Perceptual hash of 256 bits."""
    import imagehash
    from PIL import Image

    return imagehash.phash(Image.fromarray(image), 16).hash.ravel()


def wavelet(image):
    """Energies of two levels of Haar wavelets."""
    import pywt

    approximation, *details = pywt.wavedec2(image.astype(float), "db1", level=2)
    bands = [approximation, *(band for level in details for band in level)]
    return np.array([np.mean(band**2) for band in bands])


def image_stats(image):
    """Moments of the histogram and Otsu components."""
    from scipy import stats
    from skimage.filters import threshold_otsu
    from skimage.measure import label

    pixels = image.ravel().astype(float)
    areas = np.bincount(label(image > threshold_otsu(image)).ravel())[1:]
    moments = [pixels.mean(), pixels.var(), stats.skew(pixels), stats.kurtosis(pixels)]
    return np.array([*moments, len(areas), areas.mean(), areas.std()])


def ssim(image, other):
    """Structural similarity of two images."""
    from skimage.metrics import structural_similarity

    return structural_similarity(image, other)


def four_from_png(path):
    """LBP, GLCM with 32 levels, Gabor and pHash of a PNG file."""
    from skimage.io import imread

    image = imread(path)
    return np.concatenate([lbp(image), glcm(image, 32), gabor(image), phash(image)])
