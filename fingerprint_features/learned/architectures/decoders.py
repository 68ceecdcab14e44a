"""Decoders of published auto-encoders: from codes to images, intensities in [0, 1].

Each is made by ``decoder(latent, side, channels)`` and returns, of codes (n, latent), the images
(n, channels, side, side) and what the loss should add for them, a scalar.
"""

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import grid_sample

from .residual import Residual, glorot

_ROUGH = 0.01  # how much a rough deformation adds to the loss


class Decoder(nn.Module):
    """Layers that make images, of which the first `side` rows and columns are kept; they add nothing to the loss."""

    def __init__(self, side: int, *layers: nn.Module) -> None:
        super().__init__()
        self.side = side
        self.layers = nn.Sequential(*layers)

    def forward(self, code: Tensor) -> tuple[Tensor, Tensor]:
        """Return the images and zero."""
        return self.layers(code)[..., : self.side, : self.side], code.new_zeros(())


class FromTanh(nn.Module):
    """From any number to (0, 1) by the hyperbolic tangent."""

    def forward(self, x: Tensor) -> Tensor:
        """Return intensities."""
        return (torch.tanh(x) + 1) / 2


def upsampling(latent: int, side: int, channels: int) -> nn.Module:
    """Return VCMI's simple decoder: four times nearest neighbours twice as large, and a convolution."""
    return glorot(Decoder(side, *_upsampled(latent, side), nn.Conv2d(16, channels, 3, padding=1), FromTanh()))


def residual(latent: int, side: int, channels: int) -> nn.Module:
    """Return VCMI's residual decoder: the widths of `upsampling`, in blocks of two convolutions."""
    layers = [*_start(latent, side, 4, 256), nn.LeakyReLU(0.2)]
    for width, wider in _halved(256, 4):
        layers += [nn.Upsample(scale_factor=2), Residual(width, wider)]
    return glorot(Decoder(side, *layers, nn.Conv2d(16, channels, 3, padding=1), FromTanh()))


def transposed(latent: int, side: int, channels: int) -> nn.Module:
    """Return Neural Nexus's decoder of residual4: three transposed convolutions."""
    layers, width = _start(latent, side, 3, 128), 128
    for wider in (128, 64, 32):
        layers += [nn.ConvTranspose2d(width, wider, 4, 2, padding=1), nn.LeakyReLU(0.1)]
        width = wider
    return Decoder(side, *layers, nn.Conv2d(32, channels, 3, padding=1), nn.Sigmoid())


def transposed_residual(latent: int, side: int, channels: int) -> nn.Module:
    """Return Neural Nexus's decoder of the ViT: five transposed convolutions, each with a residual block."""
    layers = _start(latent, side, 5, 256)
    for width, wider in _halved(256, 5):
        layers += [nn.ConvTranspose2d(width, wider, 4, 2, padding=1), Residual(wider, wider)]
    return Decoder(side, *layers, nn.Conv2d(8, channels, 3, padding=1), FromTanh())


class Deforming(nn.Module):
    """A template and a deformation of it [1]_: the first half of the code makes the one, the rest the other.

    References
    ----------
    .. [1] Shu et al., Deforming Autoencoders: Unsupervised Disentangling of Shape and Appearance, ECCV 2018.
    """

    def __init__(self, latent: int, side: int, channels: int) -> None:
        super().__init__()
        self.cut = latent // 2
        self.template = upsampling(self.cut, side, channels)
        last = nn.Conv2d(16, 2, 3, padding=1)
        self.field = glorot(Decoder(side, *_upsampled(latent - self.cut, side), last))
        nn.init.zeros_(last.weight)  # training starts with no deformation

    def parts(self, code: Tensor) -> tuple[Tensor, Tensor]:
        """Return the templates (n, channels, side, side) and the fields (n, 2, side, side) of codes."""
        return self.template(code[:, : self.cut])[0], self.field(code[:, self.cut :])[0]

    def forward(self, code: Tensor) -> tuple[Tensor, Tensor]:
        """Return the deformed templates, and how much the field differs from pixel to pixel."""
        template, field = self.parts(code)
        rough = field.diff(dim=2).abs().mean() + field.diff(dim=3).abs().mean()
        return deform(template, field), _ROUGH * rough


def deform(template: Tensor, field: Tensor) -> Tensor:
    """Return an image whose pixels are taken from places of the template.

    Parameters
    ----------
    template : Tensor of shape (n, channels, side, side)
    field : Tensor of shape (n, 2, side, side)
        The logarithms of the distance, in pixels, from the place of the pixel before to that of this one, in x and in
        y; beyond 1, of tanh. So places keep their order, nothing is folded over, and 0 gives the template.

    Returns
    -------
    Tensor of shape (n, channels, side, side)
    """
    steps = torch.exp(torch.tanh(field)) * 2 / field.shape[-1]  # the template reaches from -1 to 1
    x, y = (steps[:, axis].cumsum(dim=2 - axis) - steps[:, axis] / 2 - 1 for axis in (0, 1))
    return grid_sample(template, torch.stack([x, y], dim=-1), padding_mode="border", align_corners=False)


DECODERS: dict[str, Callable[[int, int, int], nn.Module]] = {
    "upsampling": upsampling,
    "residual": residual,
    "transposed": transposed,
    "transposed_residual": transposed_residual,
    "deforming": Deforming,
}


def _upsampled(latent, side):
    layers = [*_start(latent, side, 4, 256), nn.LeakyReLU(0.2)]
    for width, wider in _halved(256, 4):
        layers += [nn.Upsample(scale_factor=2), nn.Conv2d(width, wider, 3, padding=1)]
        layers += [nn.BatchNorm2d(wider), nn.LeakyReLU(0.2)]
    return layers


def _start(latent, side, doublings, width):
    """Return layers from codes to maps that reach the side when doubled so often, or a little more."""
    start = -(-side // 2**doublings)
    return [nn.Linear(latent, width * start**2), nn.Unflatten(1, (width, start, start))]


def _halved(width, times):
    """Return (width, half of it) so many times."""
    return [(width >> step, width >> step + 1) for step in range(times)]
