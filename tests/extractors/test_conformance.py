"""Every built-in extractor passes our own suite on images, and scikit-learn's on tables."""

import pytest
from sklearn.utils import estimator_checks
from sklearn.utils.estimator_checks import estimator_checks_generator, parametrize_with_checks

from fingerprint_features import (
    GLCM,
    LBP,
    SSIM,
    FeaturePipeline,
    Filtered,
    Gabor,
    ImageSet,
    ImageStats,
    Patches,
    PHash,
    Pixels,
    SIFTWords,
    TextureCDF,
    Wavelet,
    list_extractors,
    make_extractor,
)
from fingerprint_features.testing import TableFront, extractor_checks, parametrize_with_extractor_checks
from fingerprint_features.testing.pictures import make_pictures

REFERENCE = ImageSet(make_pictures("gray", seed=5))

ON_IMAGES = [
    LBP(),
    LBP(n_points=[8, 16], radius=[1, 2], method="ror", grid=(2, 1)),
    GLCM(),
    GLCM(distances=2, angles=2, levels=256, properties=["contrast", "entropy"], pool="mean_range"),
    Gabor(),
    Gabor(frequencies=0.3, n_orientations=3),
    TextureCDF(),
    TextureCDF(n_quantiles=7),
    SIFTWords(n_words=3),
    SIFTWords(n_words=5, binary=True),
    Wavelet(),
    Wavelet(wavelet="db4", level=3),
    ImageStats(),
    PHash(),
    PHash(hash_size=8),
    Pixels(),
    SSIM(REFERENCE),
    SSIM(REFERENCE, None),
    SSIM(REFERENCE, ["topk", "std"], k=2, gaussian=True),
    Filtered(ImageStats()),
    Filtered(LBP(radius=2), filter="laplacian"),
    Filtered(Pixels(), filter="hessian", sigma=2),
    Filtered(Wavelet(), filter="bilateral", diameter=5),
    Patches(ImageStats()),
    Patches(Pixels(), grid=(1, 2)),
    Patches(LBP(), grid=(2, 3)),
    Filtered(Patches(LBP(), grid=(2, 1))),
]

_ROUNDED = "8-bit images are rounded to 8 bits again after the filter, deeper ones to 16"
EXPECTED_FAILURES = {
    "Filtered": {"sixteen_bits_agree_with_eight": _ROUNDED},
    "SSIM": {"images_of_several_sizes_share_a_batch": "images are compared with those of one reference, of one size"},
    "SIFTWords": {
        "flat_images_have_finite_rows": "no words can be learnt from flat images alone; transform gives zeros"
    },
}


def one_line(instance):
    return " ".join(repr(instance).split())


@parametrize_with_extractor_checks(ON_IMAGES, EXPECTED_FAILURES)
def test_conformance(extractor, check):
    check(extractor)


def test_every_built_in_extractor_is_among_them():
    registered = {
        type(make_extractor(name))
        for name, (by, _) in list_extractors().items()
        if by == "fingerprint_features" and name != "cnn_embedding"  # which has a file of its own
    }
    assert {type(extractor) for extractor in ON_IMAGES} == registered | {Filtered, Patches, SSIM}


@pytest.mark.parametrize("extractor", ON_IMAGES, ids=one_line)
def test_each_gets_every_check(extractor):
    assert len(list(extractor_checks(extractor))) == 41


# ---- scikit-learn's own checks, through the front -------------------------------------------------------

ON_TABLES = [
    LBP(),
    GLCM(),
    Gabor(),
    Wavelet(),
    ImageStats(),
    PHash(hash_size=4),
    TextureCDF(n_quantiles=4),
    Pixels(),
    Filtered(LBP()),
    Filtered(Pixels(), filter="laplacian"),
    Patches(ImageStats(), grid=(1, 2)),
    FeaturePipeline([LBP(), ImageStats()]),
    FeaturePipeline([Pixels(), PHash(hash_size=4)], n_jobs=2, batch_size=7),
]
FRONTS = [TableFront(extractor) for extractor in ON_TABLES]

# Written for transformers of tables, and not among those that check_estimator runs.
MORE_CHECKS = [
    estimator_checks.check_set_output_transform,
    estimator_checks.check_set_output_transform_pandas,
    estimator_checks.check_set_output_transform_polars,
    estimator_checks.check_global_output_transform_pandas,
    estimator_checks.check_global_set_output_transform_polars,
    estimator_checks.check_transformer_get_feature_names_out,
    estimator_checks.check_transformer_get_feature_names_out_pandas,
    estimator_checks.check_dataframe_column_names_consistency,
    estimator_checks.check_inplace_ensure_writeable,
]
# What a constructor may do; run on the extractor itself, because the front hides it.
CONSTRUCTOR_CHECKS = [
    estimator_checks.check_no_attributes_set_in_init,
    estimator_checks.check_parameters_default_constructible,
    estimator_checks.check_do_not_raise_errors_in_init_or_set_params,
    estimator_checks.check_get_params_invariance,
    estimator_checks.check_set_params,
]


@parametrize_with_checks(FRONTS)
def test_scikit_learns_checks(estimator, check):
    check(estimator)


@pytest.mark.parametrize("front", FRONTS, ids=one_line)
def test_scikit_learn_yields_more_than_forty_checks(front):
    assert len(list(estimator_checks_generator(front))) >= 40


# They fit on a frame and transform an array of the same columns, or the other way round.
@pytest.mark.filterwarnings("ignore:X (has|does not have valid) feature names:UserWarning")
@pytest.mark.parametrize("check", MORE_CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("front", FRONTS, ids=one_line)
def test_more_of_scikit_learns_checks(front, check):
    check("TableFront", front)


@pytest.mark.parametrize("check", CONSTRUCTOR_CHECKS, ids=lambda check: check.__name__)
@pytest.mark.parametrize("extractor", ON_IMAGES, ids=one_line)
def test_scikit_learns_checks_of_constructors(extractor, check):
    check(type(extractor).__name__, extractor)


def test_every_built_in_extractor_stands_behind_the_front():
    beyond = {SIFTWords, SSIM}  # the front's images are one pixel high: no keypoints, no windows
    kinds = {type(extractor) for extractor in ON_IMAGES} - beyond
    assert {type(extractor) for extractor in ON_TABLES} == kinds | {FeaturePipeline}
