"""What the rows of the decoding table are made of: the row itself, and files with odd names and natures."""

import os
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PIL import Image

from .files import ALPHA, COLOUR, GREY, HOUNSFIELD, pillow

HALF_CLEAR = np.dstack([COLOUR, ALPHA])
GREY_ALPHA = Image.merge("LA", [Image.fromarray(GREY), Image.fromarray(ALPHA)])
ONE_BIT = Image.fromarray(GREY).convert("1")
BITS = np.asarray(ONE_BIT) * np.uint8(255)
PALETTE = Image.fromarray(COLOUR).quantize(16)
PALETTE_COLOURS = np.asarray(PALETTE.convert("RGB"))
FRAMES = [Image.fromarray(np.full((24, 32), level, dtype=np.uint8)) for level in (10, 90, 200)]
ANIMATED = {"save_all": True, "append_images": FRAMES[1:]}
GREY_PNG = pillow(GREY, "PNG")
GREY_JPEG = pillow(GREY, "JPEG", quality=95)
HU = (HOUNSFIELD.astype(float) + 1000) / 1400
IN_HU_WINDOW = np.clip(HU, 0, 1).astype(np.float32)
WINDOW = {"value_range": (-1000, 400)}
UNIT = {"value_range": (0, 1)}


def fails(kind, words):
    """The error a row expects: its kind, and words of its text."""
    return kind, words


@dataclass
class Row:
    """One odd file and what comes of it."""

    id: str
    make: Any  # bytes of a file, or a function from a folder to the path to read
    expected: Any  # the decoded array, or fails(...)
    options: dict = field(default_factory=dict)
    atol: float = 0


def on_black(colours, alpha):
    """Composite by Pillow, on black."""
    image = Image.merge("RGBA", [*Image.fromarray(colours).convert("RGB").split(), Image.fromarray(alpha)])
    return np.asarray(Image.alpha_composite(Image.new("RGBA", image.size, "black"), image).convert("RGB"))


def with_palette(indices, colours):
    image = Image.fromarray(indices)
    image.putpalette(np.asarray(colours, dtype=np.uint8).tobytes())
    return image


def link_to(target):
    def make(folder):
        (folder / "link.png").symlink_to(folder / target)
        return folder / "link.png"

    return make


def named(name, data=GREY_PNG):
    def make(folder):
        path = os.path.join(os.fsencode(folder), name) if isinstance(name, bytes) else os.path.join(folder, name)
        with open(path, "wb") as file:
            file.write(data)
        return os.fsdecode(path)

    return make


def sparse(folder):
    with open(folder / "disk.png", "wb") as file:
        file.truncate(2**31)
    return folder / "disk.png"
