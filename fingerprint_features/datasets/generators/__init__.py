"""Small generative models, trained on the images of a task: a diffusion model, a VAE and a GAN. They need PyTorch."""

from .base import GenerativeModel

SIDES = (16, 32, 64, 128)  # of images that they learn


def find(kind: str) -> type[GenerativeModel]:
    """Return the model of a kind: "ddpm", "vae" or "gan"."""
    from .diffusion import Diffusion
    from .gan import GAN
    from .vae import VAE

    return {"ddpm": Diffusion, "vae": VAE, "gan": GAN}[kind]
