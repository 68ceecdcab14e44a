"""Augmentation: other views of the training images, drawn for a whole batch at once."""

from dataclasses import dataclass, fields
from math import isfinite, pi
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor

_FIELDS = 16  # a side, of what is masked


@dataclass(frozen=True)
class Augmentation:
    """Random changes of the training images, drawn for each image in each epoch.

    The default changes nothing. All draws are uniform, except those of noise, which are normal.

    Parameters
    ----------
    flip : bool, default=False
        Whether half of the images, drawn at random, are mirrored left to right.
    rotate : float, default=0.0
        Largest rotation in degrees, in either direction.
    shift : float, default=0.0
        Largest shift in x and in y, as a share of the side. Edge pixels fill the gap.
    zoom : float, default=0.0
        Largest change of the size, as a share: 0.1 draws factors from 0.9 to 1.1. Less than 1.
    brightness : float, default=0.0
        Largest number added to all pixels of an image, in units of the network's input.
    contrast : float, default=0.0
        Largest change of an image's distance from its mean, as a share. Less than 1.
    noise : float, default=0.0
        Standard deviation of the noise added to each pixel, in units of the network's input.
    gabor : float, default=0.0
        Standard deviation of added Gabor noise [1]_, in the same units: white noise seen through one Gabor filter. Its
        direction and its wavelength, of 4 to 16 pixels, are drawn for each image.
    mask : float, default=0.0
        Share of the image, cut into 16 x 16 fields, that becomes 0. Less than 1.

    References
    ----------
    .. [1] Lagae, Lefebvre, Drettakis, Dutré, Procedural Noise using Sparse Gabor Convolution, SIGGRAPH 2009.

    Examples
    --------
    >>> Augmentation(flip=True, rotate=10)
    Augmentation(flip=True, rotate=10, shift=0.0, zoom=0.0, brightness=0.0, contrast=0.0, noise=0.0, gabor=0.0,
                 mask=0.0)
    """

    flip: bool = False
    rotate: float = 0.0
    shift: float = 0.0
    zoom: float = 0.0
    brightness: float = 0.0
    contrast: float = 0.0
    noise: float = 0.0
    gabor: float = 0.0
    mask: float = 0.0

    def __post_init__(self) -> None:
        if not isinstance(self.flip, bool):
            raise ValueError(f"Augmentation: flip must be True or False. Got {self.flip!r} instead.")
        for field in fields(self)[1:]:
            value, most = getattr(self, field.name), 1 if field.name in ("zoom", "contrast", "mask") else float("inf")
            if isinstance(value, bool) or not isinstance(value, (int, float)) or not isfinite(value):
                raise ValueError(f"Augmentation: {field.name} must be a number. Got {value!r} instead.")
            if not 0 <= value < most:
                raise ValueError(f"Augmentation: {field.name} must be in [0, {most}). Got {value!r} instead.")

    def __call__(self, inputs: "Tensor") -> "Tensor":
        """Return changed copies of the network's inputs.

        Parameters
        ----------
        inputs : Tensor of shape (n_images, channels, height, width) and dtype float32

        Returns
        -------
        Tensor of the same shape and dtype
            Drawn with torch's random numbers of the CPU, so that every device sees the same changes.
        """
        import torch
        from torch.nn.functional import interpolate

        n = len(inputs)
        if self.flip or self.rotate or self.shift or self.zoom:
            inputs = self._moved(inputs)
        if self.contrast:
            mean = inputs.mean(dim=(1, 2, 3), keepdim=True)
            inputs = mean + (inputs - mean) * (1 + self.contrast * _draw(n).to(inputs.device).view(n, 1, 1, 1))
        if self.brightness:
            inputs = inputs + self.brightness * _draw(n).to(inputs.device).view(n, 1, 1, 1)
        if self.noise:
            inputs = inputs + self.noise * torch.randn(inputs.shape).to(inputs.device)
        if self.gabor:
            inputs = inputs + self.gabor * _gabor_noise(n, *inputs.shape[2:]).to(inputs.device)
        if self.mask:
            fields = torch.rand(n, 1, _FIELDS, _FIELDS).to(inputs.device)
            inputs = inputs * (interpolate(fields, inputs.shape[2:]) >= self.mask)
        return inputs

    def _moved(self, inputs):
        """Return the images rotated, zoomed, mirrored and shifted, by one interpolation."""
        import torch
        from torch.nn.functional import affine_grid, grid_sample

        n = len(inputs)
        angle, scale = _draw(n) * (self.rotate * pi / 180), 1 + self.zoom * _draw(n)
        mirror = torch.where(torch.rand(n) < 0.5, -1.0, 1.0) if self.flip else torch.ones(n)
        cos, sin = torch.cos(angle) / scale, torch.sin(angle) / scale
        rows = [cos * mirror, -sin, 2 * self.shift * _draw(n), sin * mirror, cos, 2 * self.shift * _draw(n)]
        grid = affine_grid(torch.stack(rows, dim=1).view(n, 2, 3), list(inputs.shape), align_corners=False)
        return grid_sample(inputs, grid.to(inputs.device), padding_mode="border", align_corners=False)


def _draw(n):
    """Return n uniform numbers in [-1, 1)."""
    import torch

    return 2 * torch.rand(n) - 1


def _gabor_noise(n, height, width):
    """Return n grey images of Gabor noise with mean about 0 and standard deviation 1, (n, 1, height, width)."""
    import torch
    from torch.nn.functional import conv2d

    angle, wavelength = (own.view(n, 1, 1) for own in (pi * torch.rand(n), 4 * 4 ** torch.rand(n)))
    down, right = torch.meshgrid(torch.arange(-8.0, 9), torch.arange(-8.0, 9), indexing="ij")
    along = down * torch.sin(angle) + right * torch.cos(angle)
    filters = torch.exp(-(down**2 + right**2) / (2 * 4**2)) * torch.cos(2 * pi * along / wavelength)
    filters = filters / filters.square().sum(dim=(1, 2), keepdim=True).sqrt()
    white = torch.randn(1, n, height + 16, width + 16)
    return conv2d(white, filters[:, None], groups=n).view(n, 1, height, width)
