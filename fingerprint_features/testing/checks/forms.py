"""Forms: flat and tiny images, the three depths, colour and grey."""

import warnings

import numpy as np

from ...images import DecodeOptions, ImageReadError, ImageSet
from ...images.forms import Forms
from ..pictures import HEIGHT, WIDTH, depths

_TINY = [(1, 1), (1, 2), (2, 1), (2, 2), (1, WIDTH), (HEIGHT, 1)]
# The depths take different ways through float32: allowed differences, relative to a value and to the row's largest.
_RELATIVE, _OF_LARGEST = 1e-3, 1e-5


def flat_images_have_finite_rows(case):
    """Black, grey and white images give numbers, without a warning, in every depth."""
    for level in (0, 128, 255):
        for depth, images in depths(np.full_like(case.pictures[:1], level)).items():
            rows = _quietly(case, case.fitted(images).transform, images, f"a flat {depth} image of level {level}")
            case.expect(np.isfinite(rows).all(), f"a flat {depth} image of level {level} gives NaN or infinity")


def tiny_images_have_finite_rows_or_a_reason(case):
    """One pixel, row or column gives numbers, or an ImageReadError that says what is wrong."""
    for height, width in _TINY:
        for depth, images in depths(case.pictures[:1, :height, :width]).items():
            what = f"a {depth} image of {height} x {width}"
            try:
                rows = _quietly(case, case.fresh().fit_transform, images, what)
            except ImageReadError as error:
                reason = error.failures[0].reason
                case.expect(len(reason.split()) > 3, f"{what} is refused without a reason: {reason!r}")
            else:
                case.expect(np.isfinite(rows).all(), f"{what} gives NaN or infinity")


def sixteen_bits_agree_with_eight(case):
    """v in 8 bits and 257 v in 16 are one picture, and have one row up to rounding."""
    _compare_depths(case, "uint16", "uint8")


def fractions_agree_with_sixteen_bits(case):
    """257 v in 16 bits and v / 255 as a float are one picture, and have one row up to rounding."""
    _compare_depths(case, "float32", "uint16")


def colour_is_read_as_its_grey_form(case):
    """A colour image has the row of its Rec. 601 grey form."""
    colour = np.stack([case.pictures, case.others, case.pictures[::-1]], axis=-1)
    grey = [Forms(image.copy()).gray for image in colour]
    case.expect_same(case.rows(colour), case.rows(grey), "a colour image has another row than its grey form")


def grey_is_read_as_colour_by_repetition(case):
    """A grey image has the row of the colour image with three equal channels."""
    grey = case.pictures[..., 0]
    colour = np.repeat(grey[..., None], 3, axis=-1)
    case.expect_same(case.rows(grey), case.rows(colour), "a grey image has another row than repeated to colour")


def channels_are_told_apart(case):
    """Swapped channels are another image; an extractor that does not mind should declare ``_mode = "gray"``."""
    swapped = case.pictures[..., ::-1]
    case.expect((case.rows(swapped) != case.rows()).any(), "red and blue can be swapped without changing a row")


def window_of_values_is_declared(case):
    """Values without a stated black and white are refused; with one, they are scaled before the extractor."""
    hounsfield = case.pictures.astype(np.int16) * 4 - 500
    case.expect_error(ImageReadError, "value_range", lambda: case.fresh().fit_transform(hounsfield), "int16 images")
    images = ImageSet(hounsfield, options=DecodeOptions(value_range=(-500, 520)))
    floats = depths(case.pictures)["float32"]
    _expect_close(case, case.fitted(images).transform(images), case.fitted(floats).transform(floats), "declared values")


def _compare_depths(case, depth, other):
    images = depths(case.pictures)
    rows, expected = (case.fitted(images[d]).transform(images[d]) for d in (depth, other))
    _expect_close(case, rows, expected, f"{depth} images, compared with {other} ones,")


def _expect_close(case, rows, expected, what):
    off = np.abs(rows - expected)
    allowed = _RELATIVE * np.abs(expected) + _OF_LARGEST * np.abs(expected).max(axis=1, keepdims=True)
    case.expect((off <= allowed).all(), f"{what} have rows that differ by up to {off.max():.2g}: scale the levels")


def _quietly(case, action, images, what):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            return action(images)
        except Warning as warning:
            case.expect(False, f"{what} makes a warning: {warning}")


CHECKS = [
    flat_images_have_finite_rows,
    tiny_images_have_finite_rows_or_a_reason,
    sixteen_bits_agree_with_eight,
    fractions_agree_with_sixteen_bits,
    window_of_values_is_declared,
]
GRAY = [colour_is_read_as_its_grey_form]
RGB = [grey_is_read_as_colour_by_repetition, channels_are_told_apart]
