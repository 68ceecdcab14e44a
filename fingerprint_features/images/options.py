"""How files become pixels: every choice that changes values, in one frozen object."""

from dataclasses import dataclass
from numbers import Integral, Real
from typing import Literal

import numpy as np

_CHOICES = {
    "orientation": ("apply", "ignore"),
    "alpha": ("composite:black", "composite:white", "drop", "error"),
    "palette": ("expand", "error"),
}


@dataclass(frozen=True)
class DecodeOptions:
    """Choices made while decoding; they are part of an image's digest.

    Parameters
    ----------
    orientation : {"apply", "ignore"}, default="apply"
        Whether the orientation tag of the camera (EXIF or TIFF) is applied, so that the image is upright.
    alpha : {"composite:black", "composite:white", "drop", "error"}, default="composite:black"
        How transparency is handled. Compositing gives what a viewer shows on that background. Dropping it shows the
        colours hidden under transparent pixels. Arrays with four channels of uint8 or uint16 are read as RGBA.
    palette : {"expand", "error"}, default="expand"
        Whether palette images are converted to their colours or refused.
    max_pixels : float, default=64e6
        The largest number of pixels an image may have. Larger files are refused before they are decoded.
    page : int or None, default=None
        Which picture of a multi-page or animated file to take, counted from 0. None refuses such files.
    value_range : (float, float), "window" or None, default=None
        Intensities that become black and white. Images deeper than 8 bits are clipped to it and turned into
        float32 in [0, 1]; 8-bit images stay as they are. Float and signed images need it, for example
        ``(-1000, 400)`` for a CT lung window in Hounsfield units. ``"window"`` takes the first window (center and
        width) that each grey DICOM file states; deep images without one are refused. Files of one series often state
        different windows, so the same tissue can get different intensities.

    Examples
    --------
    >>> DecodeOptions(value_range=(-1000, 400)).value_range
    (-1000, 400)
    >>> DecodeOptions(orientation="upright")
    Traceback (most recent call last):
    ValueError: the 'orientation' option must be one of 'apply', 'ignore'. Got 'upright' instead.
    """

    orientation: Literal["apply", "ignore"] = "apply"
    alpha: Literal["composite:black", "composite:white", "drop", "error"] = "composite:black"
    palette: Literal["expand", "error"] = "expand"
    max_pixels: float = 64e6
    page: int | None = None
    value_range: tuple[float, float] | Literal["window"] | None = None

    def __post_init__(self) -> None:
        for name, choices in _CHOICES.items():
            if getattr(self, name) not in choices:
                known = ", ".join(map(repr, choices))
                raise ValueError(f"the {name!r} option must be one of {known}. Got {getattr(self, name)!r} instead.")
        if not isinstance(self.max_pixels, Real) or not self.max_pixels >= 1:
            raise ValueError(f"the 'max_pixels' option must be a number >= 1. Got {self.max_pixels!r} instead.")
        if self.page is not None and (not isinstance(self.page, Integral) or self.page < 0):
            raise ValueError(f"the 'page' option must be None or an int >= 0. Got {self.page!r} instead.")
        if self.value_range is not None:
            object.__setattr__(self, "value_range", _check_range(self.value_range))


def _check_range(value_range):
    if isinstance(value_range, str) and value_range == "window":
        return value_range
    low_high = tuple(value_range) if np.ndim(value_range) == 1 else ()
    if (
        not all(isinstance(v, Real) and np.isfinite(v) for v in low_high)
        or len(low_high) != 2
        or low_high[0] >= low_high[1]
    ):
        raise ValueError(
            f"the 'value_range' option must be None, (low, high) with low < high, or 'window'. "
            f"Got {value_range!r} instead."
        )
    return low_high
