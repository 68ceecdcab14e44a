"""What every reader returns, and the two refusals every reader makes before it decodes."""

from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

from .errors import ImageReadError
from .options import DecodeOptions


@dataclass
class Picture:
    """Pixels ``(h, w)`` or ``(h, w, 3)``, alpha ``(h, w)`` or None, and what is still to be applied to them."""

    pixels: NDArray[Any]
    alpha: NDArray[Any] | None = None
    orientation: int = 1
    palette: bool = False
    value_range: tuple[float, float] | None = None  # what the file itself says is black and white


def split_alpha(pixels: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any] | None]:
    """Return the colours of an RGB(A) or grey(+alpha) array, and its alpha or None."""
    if pixels.ndim == 2:
        return pixels, None
    channels = pixels.shape[2]
    colours = pixels[..., 0] if channels in (1, 2) else pixels[..., :3]
    return colours, pixels[..., -1] if channels in (2, 4) else None


def check_size(width: int, height: int, options: DecodeOptions) -> None:
    """Refuse pictures without pixels, and those over the cap, before anything is decoded."""
    if width <= 0 or height <= 0:
        raise damaged(f"the header says {width} x {height} pixels")
    if width * height > options.max_pixels:
        raise ImageReadError.one(
            "too-large",
            f"{width} x {height} pixels are more than max_pixels={options.max_pixels:g}: "
            "raise DecodeOptions(max_pixels=...) if you trust the file",
        )


def pick_page(pages: int, options: DecodeOptions, what: str = "pictures") -> int:
    """Return the page to read, or raise when the file holds several and none was chosen."""
    if options.page is None and pages > 1:
        raise ImageReadError.one(
            "several-pages", f"the file holds {pages} {what}: choose one with DecodeOptions(page=0)"
        )
    if options.page is not None and options.page >= pages:
        raise ImageReadError.one(
            "several-pages", f"page={options.page} is not there: the file holds {pages} {what}, counted from 0"
        )
    return options.page or 0


def damaged(reason: str) -> ImageReadError:
    """Return the error of a file that is broken."""
    return ImageReadError.one("damaged", reason)


def unsupported(reason: str) -> ImageReadError:
    """Return the error of a file that is whole, but of a kind that is not read here."""
    return ImageReadError.one("unsupported", reason)
