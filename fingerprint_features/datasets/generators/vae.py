"""A variational autoencoder: images through a short random code and back; a code drawn at random makes a new image."""

import math

from .base import GenerativeModel

_LATENT = 32
_WIDTH = 128  # channels of the last convolution
_RATE = 1e-3
_KL_SHARE = 2.0  # of the divergence, beside the squared error of all pixels


class VAE(GenerativeModel):
    """VAE [1]_ of convolutions, as many as it takes from the side of the images down to 4.

    References
    ----------
    .. [1] Kingma and Welling, Auto-encoding variational Bayes, ICLR 2014.
    """

    def _build(self):
        from torch import nn

        widths = stages(self.side, _WIDTH)
        flat = widths[-1] * 16
        down = [
            layer
            for before, after in zip((1, *widths), widths, strict=False)
            for layer in (nn.Conv2d(before, after, 4, 2, 1), nn.GroupNorm(4, after), nn.SiLU())
        ]
        up = [
            layer
            for before, after in zip(widths[::-1], widths[-2::-1], strict=False)
            for layer in (nn.ConvTranspose2d(before, after, 4, 2, 1), nn.GroupNorm(4, after), nn.SiLU())
        ]
        return nn.ModuleDict(
            {
                "encode": nn.Sequential(*down, nn.Flatten(), nn.Linear(flat, 2 * _LATENT)),
                "decode": nn.Sequential(
                    nn.Linear(_LATENT, flat),
                    nn.Unflatten(1, (widths[-1], 4, 4)),
                    *up,
                    nn.ConvTranspose2d(widths[0], 1, 4, 2, 1),
                ),
            }
        )

    def _optimizers(self):
        import torch

        return [torch.optim.Adam(self.net.parameters(), _RATE, fused=True)]

    def _losses(self, images, rng):
        mean, log_variance = self.net["encode"](images).chunk(2, dim=1)
        log_variance = log_variance.clamp(-10, 10)
        code = mean + (log_variance / 2).exp() * self._noise(rng, *mean.shape)
        error = (self.net["decode"](code) - images).square().flatten(1).sum(1)
        away = (mean.square() + log_variance.exp() - log_variance - 1).sum(1) / 2
        yield (error + _KL_SHARE * away).mean()

    def _noise_shape(self):
        return (_LATENT,)

    def _make(self, net, noise):
        return net["decode"](noise)


def stages(side: int, width: int) -> tuple[int, ...]:
    """Return the channels of convolutions of stride 2 that bring a side down to 4."""
    n = round(math.log2(side / 4))
    return tuple(max(4, width >> (n - 1 - i)) for i in range(n))
