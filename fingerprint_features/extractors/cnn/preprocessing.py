"""What a network expects to be shown: its size, its crop and its scale of intensities."""

from dataclasses import dataclass

import numpy as np

from ...images.intensity import to_gray, to_uint8

# Of a longer strip only the middle is made, as the resized whole might not fit into memory; Pillow then places it
# by coordinates in single precision, which turns the rounding of a few pixels.
_LONGEST = 8


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
    mean: tuple = (0.485, 0.456, 0.406)
    std: tuple = (0.229, 0.224, 0.225)

    def __post_init__(self):
        if self.interpolation not in _INTERPOLATIONS:
            raise ValueError(f"interpolation must be one of {_INTERPOLATIONS}. Got {self.interpolation!r} instead.")
        for name in ("mean", "std"):
            object.__setattr__(self, name, tuple(map(float, getattr(self, name))))
        if not 1 <= self.crop <= self.resize:
            raise ValueError(f"crop must be in [1, resize={self.resize}]. Got {self.crop!r} instead.")
        if len(self.mean) not in (1, 3) or len(self.mean) != len(self.std):
            raise ValueError("mean and std must be of one number for grey, or of three for RGB.")

    @property
    def channels(self):
        """Number of channels that the network sees."""
        return len(self.mean)

    def pixels(self, image):
        """Return the part of an image that the network sees, shape (crop, crop, channels), in 8 bits."""
        from PIL import Image

        image = to_uint8(to_gray(image) if self.channels == 1 else _one_channel_if_gray(image))
        height, width = image.shape[:2]
        new_height, new_width = _resized(height, width, self.resize)
        top, left = round((new_height - self.crop) / 2), round((new_width - self.crop) / 2)
        method = getattr(Image.Resampling, self.interpolation.upper())
        size, box = (new_width, new_height), None
        if max(size) > _LONGEST * self.resize:
            across, down = width / new_width, height / new_height
            box = (
                left * across,
                top * down,
                min((left + self.crop) * across, width),
                min((top + self.crop) * down, height),
            )
            size, top, left = (self.crop, self.crop), 0, 0
        seen = np.asarray(Image.fromarray(image).resize(size, method, box))
        seen = seen[top : top + self.crop, left : left + self.crop]
        return np.broadcast_to(seen.reshape(self.crop, self.crop, -1), (self.crop, self.crop, self.channels))

    def scale(self, pixels):
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


def _resized(height, width, shorter):
    if height <= width:
        return shorter, int(shorter * width / height)
    return int(shorter * height / width), shorter
