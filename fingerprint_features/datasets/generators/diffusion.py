"""A diffusion model: a U-Net learns to take noise off images, and makes images out of noise."""

from .base import GenerativeModel, needed

_NOISE_STEPS = 1000
_SAMPLING = 25  # of these when images are made
_RATE = 2e-3
_LONGEST = 1.0  # norm of a gradient
_CHANNELS = 32, 64, 96  # of the levels, each of half the side of the one before
_PATCH = 4  # pixels a side that share one place of the U-Net: the U-Net works on 16 x 16 for images of 64 x 64


class Diffusion(GenerativeModel):
    """DDPM [1]_ with a cosine schedule and velocities as targets, sampled by DDIM [2]_ in 25 steps.

    References
    ----------
    .. [1] Ho, Jain and Abbeel, Denoising diffusion probabilistic models, NeurIPS 2020.
    .. [2] Song, Meng and Ermon, Denoising diffusion implicit models, ICLR 2021.
    """

    def _build(self):
        from torch import nn

        net = needed("Diffusion", "diffusers").UNet2DModel(
            sample_size=self.side // _PATCH,
            in_channels=_PATCH**2,
            out_channels=_PATCH**2,
            layers_per_block=1,
            block_out_channels=_CHANNELS,
            down_block_types=("DownBlock2D",) * len(_CHANNELS),
            up_block_types=("UpBlock2D",) * len(_CHANNELS),
            add_attention=False,
            norm_num_groups=8,
        )
        return nn.ModuleDict({"net": net})

    def _optimizers(self):
        import torch

        optimizer = torch.optim.Adam(self.net.parameters(), _RATE, fused=True)
        optimizer.register_step_pre_hook(self._shorten)
        return [optimizer]

    def _shorten(self, *_):
        """Shorten long gradients: at this rate a few of them can end in images that are all alike."""
        from torch.nn.utils import clip_grad_norm_

        clip_grad_norm_(self.net.parameters(), _LONGEST)

    def _scheduler(self, kind):
        return kind(num_train_timesteps=_NOISE_STEPS, beta_schedule="squaredcos_cap_v2", prediction_type="v_prediction")

    def _losses(self, images, rng):
        import torch
        from diffusers import DDPMScheduler
        from torch.nn.functional import pixel_unshuffle

        scheduler = self._scheduler(DDPMScheduler)
        clean = pixel_unshuffle(images, _PATCH)
        noise = self._noise(rng, *clean.shape)
        times = torch.randint(_NOISE_STEPS, (len(clean),), generator=rng).to(self._device)
        made = self.net["net"](scheduler.add_noise(clean, noise, times), times).sample
        yield (made - scheduler.get_velocity(clean, noise, times)).square().mean()

    def _noise_shape(self):
        return _PATCH**2, self.side // _PATCH, self.side // _PATCH

    def _make(self, net, noise):
        from diffusers import DDIMScheduler
        from torch.nn.functional import pixel_shuffle

        scheduler = self._scheduler(DDIMScheduler)
        scheduler.set_timesteps(_SAMPLING)
        images = noise
        for time in scheduler.timesteps:
            images = scheduler.step(net["net"](images, time).sample, time, images).prev_sample
        return pixel_shuffle(images, _PATCH)
