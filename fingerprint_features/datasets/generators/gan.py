"""A generative adversarial network: one network makes images out of noise, another tells them from real ones."""

from .base import GenerativeModel
from .vae import stages

_LATENT = 64
_WIDTH = 128  # channels of the last convolution
_RATE = 2e-4


class GAN(GenerativeModel):
    """DCGAN [1]_ with spectral norms in the discriminator [2]_ and the hinge loss.

    References
    ----------
    .. [1] Radford, Metz and Chintala, Unsupervised representation learning with deep convolutional generative
       adversarial networks, ICLR 2016.
    .. [2] Miyato et al., Spectral normalization for generative adversarial networks, ICLR 2018.
    """

    def _build(self):
        from torch import nn
        from torch.nn.utils.parametrizations import spectral_norm

        widths = stages(self.side, _WIDTH)
        judge = [
            layer
            for before, after in zip((1, *widths), widths, strict=False)
            for layer in (spectral_norm(nn.Conv2d(before, after, 4, 2, 1)), nn.LeakyReLU(0.2))
        ]
        up = [
            layer
            for before, after in zip(widths[::-1], widths[-2::-1], strict=False)
            for layer in (nn.ConvTranspose2d(before, after, 4, 2, 1), nn.GroupNorm(4, after), nn.ReLU())
        ]
        flat = widths[-1] * 16
        make = [
            nn.Linear(_LATENT, flat),
            nn.Unflatten(1, (widths[-1], 4, 4)),
            nn.GroupNorm(4, widths[-1]),
            nn.ReLU(),
            *up,
            nn.ConvTranspose2d(widths[0], 1, 4, 2, 1),
            nn.Tanh(),
        ]
        judge += [nn.Flatten(), spectral_norm(nn.Linear(flat, 1))]
        return nn.ModuleDict({"make": nn.Sequential(*make), "judge": nn.Sequential(*judge)})

    def _optimizers(self):
        import torch

        return [
            torch.optim.Adam(self.net[part].parameters(), _RATE, (0.5, 0.999), fused=True) for part in ("judge", "make")
        ]

    def _losses(self, images, rng):
        made = self.net["make"](self._noise(rng, len(images), _LATENT))
        real, false = (self.net["judge"](shown) for shown in (images, made.detach()))
        yield (1 - real).relu().mean() + (1 + false).relu().mean()
        yield -self.net["judge"](made).mean()

    def _noise_shape(self):
        return (_LATENT,)

    def _make(self, net, noise):
        return net["make"](noise)
