"""Images: what counts as one, how it is decoded, and the message when it is not one."""

from .check import check_images, drop_failed
from .digest import image_digest
from .errors import ImageFailure, ImageReadError
from .folder import natural_key, scan_folder
from .imageset import ImageSet, as_image_set
from .options import DecodeOptions

__all__ = [
    "DecodeOptions",
    "ImageFailure",
    "ImageReadError",
    "ImageSet",
    "as_image_set",
    "check_images",
    "drop_failed",
    "image_digest",
    "natural_key",
    "scan_folder",
]
