"""One reader per file family: encoded bytes to pixels as the file holds them, alpha still attached."""

import importlib
import io
from dataclasses import dataclass

import numpy as np

from .errors import ImageReadError
from .headers import bmp_header, exif_orientation, jpeg_header, png_fault, png_header

_PIL_FORMATS = {"gif": "GIF", "webp": "WEBP", "jpeg2000": "JPEG2000", "pnm": "PPM", "png": "PNG", "bmp": "BMP"}


@dataclass
class Picture:
    """Pixels ``(h, w[, channels])``, alpha ``(h, w)`` or None, and the orientation still to be applied."""

    pixels: np.ndarray
    alpha: np.ndarray | None = None
    orientation: int = 1
    palette: bool = False


def read(data, kind, options):
    """Decode the bytes of a file of a known kind."""
    return _READERS[kind](data, kind, options)


def check_size(width, height, options):
    """Refuse pictures without pixels, and those over the cap, before anything is decoded."""
    if width <= 0 or height <= 0:
        raise ImageReadError.one("damaged", f"the header says {width} x {height} pixels")
    if width * height > options.max_pixels:
        raise ImageReadError.one(
            "too-large",
            f"{width} x {height} pixels are more than max_pixels={options.max_pixels:g}: "
            "raise DecodeOptions(max_pixels=...) if the file is to be trusted",
        )


def pick_page(pages, options, what="pictures"):
    """Return the page to read, or raise when the file holds several and none was chosen."""
    if options.page is None and pages > 1:
        raise ImageReadError.one(
            "several-pages", f"the file holds {pages} {what}: choose one with DecodeOptions(page=0)"
        )
    if options.page is not None and options.page >= pages:
        raise ImageReadError.one("several-pages", f"page={options.page} is not there: the file holds {pages}")
    return options.page or 0


def _read_opencv(data, kind, options):
    import cv2

    header = {"png": png_header, "jpeg": jpeg_header, "bmp": bmp_header}[kind](data)
    check_size(header.width, header.height, options)
    if pick_page(header.pages, options) or header.pages > 1 or header.grey_key:
        return _read_pillow(data, kind, options)
    try:
        # UNCHANGED keeps depth and alpha, and leaves the orientation to us.
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    except cv2.error as error:
        raise ImageReadError.one("damaged", f"OpenCV cannot decode it: {error.err}") from error
    if pixels is None:
        fault = png_fault(data) if kind == "png" else "its pixel data cannot be decoded"
        raise ImageReadError.one("damaged", f"the {kind.upper()} is damaged: {fault}")
    alpha = None
    if pixels.ndim == 3:
        if pixels.shape[2] == 4:
            alpha = pixels[..., 3]
        pixels = pixels[..., 2::-1]
    return Picture(pixels, alpha, header.orientation, header.palette)


def _read_pillow(data, kind, options):
    from PIL import Image, ImageFile, UnidentifiedImageError

    if ImageFile.LOAD_TRUNCATED_IMAGES:
        raise ImageReadError.one(
            "unreadable",
            "PIL.ImageFile.LOAD_TRUNCATED_IMAGES is on, so a half-empty picture could pass for a whole one: "
            "set it back to False",
        )
    try:
        with Image.open(io.BytesIO(data), formats=[_PIL_FORMATS[kind]]) as image:
            check_size(*image.size, options)
            image.seek(pick_page(getattr(image, "n_frames", 1), options))
            exif = image.info.get("exif", b"")
            palette = image.mode in ("P", "PA")
            if palette or "transparency" in image.info:
                has_alpha = "transparency" in image.info or image.mode == "PA"
                image = image.convert("RGBA" if has_alpha else "RGB")
            elif image.mode in ("CMYK", "YCbCr", "LAB", "HSV"):
                image = image.convert("RGB")
            elif image.mode == "1":
                image = image.convert("L")
            pixels = np.asarray(image)
    except Image.DecompressionBombError as error:
        raise ImageReadError.one("too-large", str(error)) from error
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, EOFError) as error:
        if isinstance(error, ImageReadError):
            raise
        raise ImageReadError.one("damaged", f"Pillow cannot decode the {kind}: {error}") from error
    alpha = None
    if pixels.ndim == 3 and pixels.shape[2] in (2, 4):
        alpha = pixels[..., -1]
        pixels = pixels[..., 0] if pixels.shape[2] == 2 else pixels[..., :3]
    return Picture(pixels, alpha, exif_orientation(exif), palette)


def _read_tiff(data, kind, options):
    import tifffile

    try:
        with tifffile.TiffFile(io.BytesIO(data)) as tiff:
            page = tiff.pages[pick_page(len(tiff.pages), options)].aspage()
            check_size(page.imagewidth, page.imagelength, options)
            orientation = page.tags.valueof(274, default=1)
            pixels = _tiff_pixels(page, data, options)
            return _arrange_tiff(page, pixels, int(orientation))
    except ImageReadError:
        raise
    except (tifffile.TiffFileError, ValueError, IndexError, KeyError, OSError, EOFError, ZeroDivisionError) as error:
        raise ImageReadError.one("damaged", f"tifffile cannot decode the TIFF: {error}") from error


def _tiff_pixels(page, data, options):
    try:
        return page.asarray()
    except ValueError as error:
        # tifffile leaves LZW, JPEG and the like to an optional codec package; OpenCV knows the usual ones.
        if "imagecodecs" not in str(error) or options.page:
            raise
    import cv2

    pixels = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if pixels is None:
        raise ImageReadError.one(
            "unsupported", f"TIFF compression {page.compression.name} needs a codec: pip install imagecodecs"
        )
    if pixels.ndim == 3:
        return pixels[..., [2, 1, 0, 3][: pixels.shape[2]]]
    if page.photometric.name == "MINISWHITE":
        return np.iinfo(pixels.dtype).max - pixels  # OpenCV has inverted it already; _arrange_tiff will again
    return pixels


def _arrange_tiff(page, pixels, orientation):
    if page.photometric.name == "PALETTE" and page.colormap is not None:
        colours = np.moveaxis(np.asarray(page.colormap), 0, -1)
        return Picture((colours >> 8).astype(np.uint8)[pixels], None, orientation, True)
    if page.bitspersample == 1:
        pixels = pixels.astype(np.uint8) * np.uint8(255)
    if page.photometric.name == "MINISWHITE":
        if pixels.dtype.kind != "u":
            raise ImageReadError.one("unsupported", "a white-is-zero TIFF of signed or float values")
        pixels = np.iinfo(pixels.dtype).max - pixels
    if pixels.ndim == 3 and page.planarconfig.name == "SEPARATE":
        pixels = np.moveaxis(pixels, 0, -1)
    if page.photometric.name not in ("MINISBLACK", "MINISWHITE", "RGB", "YCBCR"):
        raise ImageReadError.one("unsupported", f"a TIFF with {page.photometric.name} colours: save it as RGB")
    alpha, channels = None, 1 if pixels.ndim == 2 else pixels.shape[2]
    if channels in (2, 4):
        alpha = pixels[..., -1]
        pixels = pixels[..., 0] if channels == 2 else pixels[..., :3]
    return Picture(pixels, alpha, orientation)


def _read_dicom(data, kind, options):
    try:
        pydicom = importlib.import_module("pydicom")
        processing = importlib.import_module("pydicom.pixels")
    except ImportError as error:
        raise ImageReadError.one(
            "unsupported", "a DICOM file: install the reader with pip install 'fingerprint_features[dicom]'"
        ) from error
    try:
        dataset = pydicom.dcmread(io.BytesIO(data))
        check_size(int(dataset.Columns), int(dataset.Rows), options)
        page = pick_page(int(dataset.get("NumberOfFrames", 1) or 1), options, "frames")
        pixels = dataset.pixel_array
        if int(dataset.get("NumberOfFrames", 1) or 1) > 1:
            pixels = pixels[page]
        pixels = processing.apply_rescale(pixels, dataset)
    except ImageReadError:
        raise
    except Exception as error:  # pydicom and its codec plug-ins raise anything; their text says which package to add
        raise ImageReadError.one("damaged", f"pydicom cannot decode it: {error}") from error
    if dataset.get("PhotometricInterpretation") == "MONOCHROME1":
        if options.value_range is None:
            raise ImageReadError.one("needs-range", NEEDS_RANGE.format(dtype="DICOM"))
        low, high = options.value_range
        pixels = low + high - np.asarray(pixels, dtype=np.float64)
    return Picture(pixels)


NEEDS_RANGE = (
    "{dtype} values have no stated black and white: declare them with ImageSet(images, "
    "options=DecodeOptions(value_range=(low, high))), e.g. (-1000, 400) for a CT lung window, (0, 1) for fractions"
)

_READERS = {
    "png": _read_opencv,
    "jpeg": _read_opencv,
    "bmp": _read_opencv,
    "tiff": _read_tiff,
    "dicom": _read_dicom,
    "gif": _read_pillow,
    "webp": _read_pillow,
    "jpeg2000": _read_pillow,
    "pnm": _read_pillow,
}
