"""How images become the input of a network: size, crop and scale of intensities."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...images.intensity import to_gray, to_uint8

if TYPE_CHECKING:
    import torch

# Of a strip that would have more pixels only the middle is resized. Pillow then places it by coordinates in single
# precision, which turns the rounding of a few pixels; a smaller picture is resized whole, exactly as torchvision does.
_MOST_PIXELS = 2**24
_REACH = 4  # output pixels that an interpolation looks at on either side, Lanczos's three and one for rounding

_INTERPOLATIONS = ("bilinear", "bicubic", "lanczos", "nearest")


@dataclass(frozen=True)
class Preprocessing:
    """How an image becomes the input of a network, as torchvision's classification transforms make it.

    The shorter side is resized to `resize`, the middle is cut out, and ``(v / 255 - mean) / std`` is the input.

    Parameters
    ----------
    crop : int, default=224
        Side of the square that the network sees.
    resize : int, default=256
        What the shorter side becomes first, at least `crop`.
    interpolation : {"bilinear", "bicubic", "lanczos", "nearest"}, default="bilinear"
        Pillow's, which looks at all pixels when it shrinks an image (antialias).
    mean, std : sequences of float
        One number a channel, of intensities in [0, 1]. Three channels are RGB, one is grey.

    Examples
    --------
    >>> import numpy as np
    >>> seen = Preprocessing(crop=2, resize=4).pixels(np.array([[0, 0, 9, 9]] * 4, dtype=np.uint8))
    >>> seen.shape, seen[0].tolist()
    ((2, 2, 3), [[0, 0, 0], [9, 9, 9]])
    """

    crop: int = 224
    resize: int = 256
    interpolation: str = "bilinear"
    mean: tuple[float, ...] = (0.485, 0.456, 0.406)
    std: tuple[float, ...] = (0.229, 0.224, 0.225)

    def __post_init__(self) -> None:
        if self.interpolation not in _INTERPOLATIONS:
            raise ValueError(f"interpolation must be one of {_INTERPOLATIONS}. Got {self.interpolation!r} instead.")
        for name in ("mean", "std"):
            object.__setattr__(self, name, tuple(map(float, getattr(self, name))))
        if not 1 <= self.crop <= self.resize:
            raise ValueError(f"crop must be in [1, resize={self.resize}]. Got {self.crop!r} instead.")
        if len(self.mean) not in (1, 3) or len(self.mean) != len(self.std):
            raise ValueError("mean and std must be of one number for grey, or of three for RGB.")

    @property
    def channels(self) -> int:
        """Number of channels that the network sees."""
        return len(self.mean)

    def pixels(self, image: NDArray[Any], resize: str = "preset") -> NDArray[np.uint8]:
        """Return what the network sees of an image.

        Parameters
        ----------
        image : ndarray of shape (height, width) or (height, width, 3)
            uint8, uint16, or float32 in [0, 1].
        resize : {"preset", "squash"}, default="preset"
            "preset" resizes the shorter side and cuts out the middle; "squash" resizes the whole image to a square.

        Returns
        -------
        ndarray of shape (crop, crop, channels) and dtype uint8
        """
        image = to_uint8(to_gray(image) if self.channels == 1 else _one_channel_if_gray(image))
        seen = self._squashed(image) if resize == "squash" else self._middle(image)
        return np.broadcast_to(seen.reshape(self.crop, self.crop, -1), (self.crop, self.crop, self.channels))

    def _squashed(self, image):
        height, width = image.shape[:2]
        if height * self.crop > _MOST_PIXELS:  # Pillow goes along the rows first, and would make each of them wide
            image = self._resize(image, self.crop, width)
        return self._resize(image, self.crop, self.crop)

    def _middle(self, image):
        height, width = image.shape[:2]
        new_height, new_width = _resized(height, width, self.resize)
        top, left = round((new_height - self.crop) / 2), round((new_width - self.crop) / 2)
        if new_height * new_width <= _MOST_PIXELS:
            return self._resize(image, new_height, new_width)[top : top + self.crop, left : left + self.crop]
        y, y0, y1 = _part(height, new_height, top, self.crop)
        x, x0, x1 = _part(width, new_width, left, self.crop)
        return self._resize(image[y, x], self.crop, self.crop, (x0, y0, x1, y1))

    def _resize(self, image, height, width, box=None):
        from PIL import Image

        method = getattr(Image.Resampling, self.interpolation.upper())
        return np.asarray(Image.fromarray(image).resize((width, height), method, box))

    def scale(self, pixels: "torch.Tensor") -> "torch.Tensor":
        """Return the network's float32 input (n, channels, crop, crop), from a tensor of 8-bit pixels, channels last.

        The operations are those of torchvision, one by one, so that the rounding is the same.
        """
        import torch

        mean, std = (torch.tensor(v, dtype=torch.float32, device=pixels.device) for v in (self.mean, self.std))
        return pixels.to(torch.float32).div_(255).sub_(mean).div_(std).permute(0, 3, 1, 2)


def _one_channel_if_gray(image):
    """Return one channel of a picture whose three are equal: what is done to one is done to all."""
    if (
        image.ndim == 3
        and np.array_equal(image[..., 0], image[..., 1])
        and np.array_equal(image[..., 0], image[..., 2])
    ):
        return np.ascontiguousarray(image[..., 0])
    return image


def _part(side, new_side, start, length):
    """Return which pixels of a side to keep, and what part of them becomes `length` pixels from `start`.

    Coordinates count from the first pixel kept, so that they are small and single precision is fine enough.
    """
    scale = side / new_side
    reach = _REACH * max(scale, 1)
    first = max(0, int(start * scale - reach))
    last = min(side, int((start + length) * scale + reach) + 1)
    return slice(first, last), start * scale - first, min((start + length) * scale - first, last - first)


def _resized(height, width, shorter):
    if height <= width:
        return shorter, int(shorter * width / height)
    return int(shorter * height / width), shorter
