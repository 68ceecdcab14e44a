"""Pillow's share of the reading: GIF, WebP, animations, PNM and TIFF of up to 8 bits, run-length coded BMP."""

import importlib
import io
from typing import Any

import numpy as np

from .errors import ImageReadError
from .headers import exif_orientation
from .options import DecodeOptions
from .picture import Picture, check_size, damaged, pick_page, split_alpha, unsupported

# The classes themselves, because Image.open warns of large pictures before our own cap is asked.
_CLASSES = {
    "jpeg": "JpegImagePlugin.JpegImageFile",
    "bmp": "BmpImagePlugin.BmpImageFile",
    "gif": "GifImagePlugin.GifImageFile",
    "webp": "WebPImagePlugin.WebPImageFile",
    "png": "PngImagePlugin.PngImageFile",
    "jpeg2000": "Jpeg2KImagePlugin.Jpeg2KImageFile",
    "pnm": "PpmImagePlugin.PpmImageFile",
    "tiff": "TiffImagePlugin.TiffImageFile",
}
_AS_THEY_ARE = ("L", "LA", "RGB", "RGBA", "I;16", "I;16B")
_CONVERTED = {"1": "L", "La": "LA", "CMYK": "RGB", "YCbCr": "RGB", "PA": "RGBA"}


def open_pillow(data: bytes, kind: str) -> Any:
    """Return Pillow's image of the bytes of a file, of which only the header is read yet."""
    module, name = _CLASSES[kind].split(".")
    return getattr(importlib.import_module(f"PIL.{module}"), name)(io.BytesIO(data))


def read_pillow(data: bytes, kind: str, options: DecodeOptions) -> Picture:
    """Decode one page of a file by Pillow."""
    from PIL import Image, ImageFile

    if ImageFile.LOAD_TRUNCATED_IMAGES:
        raise ImageReadError.one(
            "unreadable",
            "PIL.ImageFile.LOAD_TRUNCATED_IMAGES is on, so a half-empty picture could pass for a whole one: "
            "set it back to False",
        )
    with open_pillow(data, kind) as image:
        check_size(*image.size, options)
        if image.width * image.height > (Image.MAX_IMAGE_PIXELS or np.inf):  # Pillow would warn, from any thread
            raise ImageReadError.one(
                "too-large",
                f"{image.width} x {image.height} pixels are more than Pillow's own cap for a {kind.upper()}: "
                "raise PIL.Image.MAX_IMAGE_PIXELS as well if you trust the file",
            )
        size = image.size
        image.seek(pick_page(getattr(image, "n_frames", 1), options))
        if image.size != size:
            raise damaged(f"a frame of the {kind.upper()} is larger than the whole")
        orientation = exif_orientation(image.info.get("exif", b""))
        mode, keyed = image.mode, "transparency" in image.info
        if mode == "P" or keyed:
            image = image.convert("RGBA" if keyed else "RGB")
        elif mode in _CONVERTED:
            image = image.convert(_CONVERTED[mode])
        elif mode not in _AS_THEY_ARE:
            raise unsupported(f"a {kind.upper()} of {mode} colours: save it as RGB")
        pixels, alpha = split_alpha(_pixels(image))
    return Picture(pixels, alpha, orientation, palette=mode in ("P", "PA"))


def _pixels(image):
    # np.asarray would believe the size that Pillow states, and read past the end where a file has fooled Pillow.
    deep = image.mode.startswith("I;16")
    pixels = np.frombuffer(image.tobytes(), ">u2" if image.mode == "I;16B" else "<u2" if deep else "u1")
    channels = len(image.getbands())
    return pixels.reshape(image.height, image.width, *([channels] if channels > 1 else []))
