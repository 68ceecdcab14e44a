"""NumPy's settings for floating-point errors, which a user may have made strict, stop no extractor."""

import numpy as np
import pytest

from fingerprint_features import (
    GLCM,
    LBP,
    SSIM,
    DecodeOptions,
    FeaturePipeline,
    Filtered,
    Gabor,
    ImageSet,
    ImageStats,
    PHash,
    SIFTWords,
    TextureCDF,
    Wavelet,
)
from tests.helpers import random_images

FAINT = (random_images(3, 40) / 255).astype(np.float32) * np.float32(1e-30)
DEEP = ImageSet(FAINT, options=DecodeOptions(value_range=(0, 1)))


@pytest.mark.parametrize(
    "extractor",
    [
        LBP(),
        GLCM(),
        Gabor(bandwidth=0.3),
        Gabor(sigma=0.11, gamma=9, n_orientations=3),
        Gabor(sigma=40, kernel_size=201),
        Wavelet(),
        Wavelet("db4", 3),
        ImageStats(),
        PHash(),
        TextureCDF(8),
        SSIM(random_images(2, 40)),
        Filtered(ImageStats(), "hessian"),
        SIFTWords(2),
    ],
    ids=lambda extractor: " ".join(repr(extractor).split()),
)
@pytest.mark.parametrize("wrap", [lambda extractor: extractor, lambda extractor: FeaturePipeline([extractor])])
def test_strict_settings_change_nothing(extractor, wrap):
    flat = np.full((1, 40, 40), 200, dtype=np.uint8)
    learn = random_images(3, 40)
    with np.errstate(all="raise"):
        model = wrap(extractor).fit(learn)
        rows = [model.transform(images) for images in (learn, flat, DEEP)]
    for images, found in zip((learn, flat, DEEP), rows, strict=True):
        np.testing.assert_array_equal(found, model.transform(images))
