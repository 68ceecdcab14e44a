"""From encoded bytes of a known kind to pixels as the file holds them, by the reader that is right for the kind."""

import numpy as np

from .bmp import read_bmp
from .dicom import read_dicom
from .errors import ImageReadError
from .headers import jpeg2000_header, jpeg_header, pnm_header
from .options import DecodeOptions
from .picture import Picture, check_size, damaged, pick_page
from .pillow import read_pillow
from .png import plain_png, png_fault, png_header
from .tiff import read_tiff

_HEADERS = {
    "png": png_header,
    "jpeg": jpeg_header,
    "pnm": pnm_header,
    "jpeg2000": jpeg2000_header,
}


def read(data: bytes, kind: str, options: DecodeOptions) -> Picture:
    """Decode the bytes of a file of a known kind. Raises ImageReadError and nothing else."""
    try:
        if kind in _HEADERS:
            return _read_opencv(data, kind, options)
        reader = {"bmp": read_bmp, "tiff": read_tiff, "dicom": read_dicom}.get(kind, read_pillow)
        return reader(data, kind, options)
    except ImageReadError:
        raise
    except Exception as error:  # on hostile bytes OpenCV, Pillow, tifffile and pydicom raise what they like
        raise damaged(f"the {kind.upper()} cannot be decoded: {error or type(error).__name__}") from error


def _read_opencv(data, kind, options):
    import cv2

    header = _HEADERS[kind](data)
    check_size(header.width, header.height, options)
    pick_page(header.pages, options)
    if header.by_pillow:
        return read_pillow(data, kind, options)
    if kind == "png" and (picture := plain_png(data, header)) is not None:
        return picture
    if kind == "pnm":
        data += b"\n"  # OpenCV wants something after the last number of a text
    # UNCHANGED keeps depth and alpha, and leaves the orientation to us.
    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None:
        fault = png_fault(data) if kind == "png" else "its pixel data cannot be decoded"
        raise damaged(f"the {kind.upper()} is damaged: {fault}")
    alpha = None
    if pixels.ndim == 3:
        if pixels.shape[2] == 4:
            alpha = pixels[..., 3]
        pixels = pixels[..., 0] if header.grey else cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)
    elif header.key is not None:
        alpha = np.where(pixels == header.key, 0, np.iinfo(pixels.dtype).max).astype(pixels.dtype)
    return Picture(pixels, alpha, header.orientation, palette=header.palette and pixels.ndim == 3)
