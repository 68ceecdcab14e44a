"""Images in memory that are no arrays: Pillow's, and the dicts of bytes and path that Hugging Face datasets hold."""

import io

import numpy as np

_AS_NUMBERS = ("F", "I", "I;16", "I;16L", "I;16B", "I;16N")
_LOSSLESS = ("1", "L", "LA", "P", "RGB", "RGBA")  # what PNG holds
_CONVERTED = {"La": "LA", "PA": "RGBA", "RGBa": "RGBA"}


def is_pillow(item: object) -> bool:
    """Return whether an item is a Pillow image, without importing Pillow."""
    return any(kind.__module__ == "PIL.Image" and kind.__name__ == "Image" for kind in type(item).__mro__)


def is_record(item: object) -> bool:
    """Return whether an item is a dict of the encoded bytes or the path of an image."""
    return isinstance(item, dict) and bool(item) and item.keys() <= {"bytes", "path"}


def as_raw(image) -> bytes | np.ndarray:
    """Return a Pillow image as the PNG file that holds the same picture, so that it is decoded as files are.

    Colours that PNG lacks are turned into RGB; numbers of more than 8 bits become an array.
    """
    if image.mode in _AS_NUMBERS:
        return np.asarray(image)
    exif = image.getexif()
    if image.mode not in _LOSSLESS:
        image = image.convert(_CONVERTED.get(image.mode, "RGB"))
    file = io.BytesIO()
    image.save(file, "PNG", compress_level=0, exif=exif)
    return file.getvalue()
