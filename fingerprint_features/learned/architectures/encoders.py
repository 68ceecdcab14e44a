"""Encoders of published auto-encoders: from images to features; the layer that makes the code of them comes behind."""

from itertools import pairwise

from torch import nn
from torchvision.models import VisionTransformer

from .residual import Residual, glorot

_WIDTHS = (16, 32, 64, 128, 256)


def conv5() -> nn.Module:
    """Return VCMI's simple encoder: five convolutions of stride 2, 256 features."""
    layers = [nn.Conv2d(1, 16, 3, 2, padding=1), nn.LeakyReLU(0.2)]
    for width, wider in pairwise(_WIDTHS):
        layers += [nn.Conv2d(width, wider, 3, 2, padding=1), nn.BatchNorm2d(wider), nn.LeakyReLU(0.2)]
    return glorot(nn.Sequential(*layers, *_mean()))


def residual5() -> nn.Module:
    """Return VCMI's residual encoder: the widths of `conv5`, in blocks of two convolutions."""
    layers = [nn.Conv2d(1, 16, 3, 2, padding=1), nn.LeakyReLU(0.2)]
    layers += [Residual(width, wider, 2) for width, wider in pairwise(_WIDTHS)]
    return glorot(nn.Sequential(*layers, *_mean()))


def residual4() -> nn.Module:
    """Return Neural Nexus's encoder: four convolutions of stride 2, each with a residual block, 256 features."""
    layers, width = [], 3
    for wider in (32, 64, 128, 256):
        layers += [nn.Conv2d(width, wider, 3, 2, padding=1), nn.BatchNorm2d(wider), nn.LeakyReLU(0.1)]
        layers += [Residual(wider, wider, slope=0.1)]
        width = wider
    return nn.Sequential(*layers, *_mean())


def gray_vit_b_16() -> nn.Module:
    """Return Neural Nexus's encoder: ViT-B/16 behind a convolution from grey to three channels, 768 features."""
    return _gray_vit(image_size=224, patch_size=16, num_layers=12, num_heads=12, hidden_dim=768, mlp_dim=3072)


def small_vit() -> nn.Module:
    """Return a small relative of `gray_vit_b_16`, for images of 64 x 64: 96 features."""
    return _gray_vit(image_size=64, patch_size=8, num_layers=4, num_heads=4, hidden_dim=96, mlp_dim=192)


def _gray_vit(**shape):
    return nn.Sequential(nn.Conv2d(1, 3, 1), VisionTransformer(**shape))


def _mean():
    return nn.AdaptiveAvgPool2d(1), nn.Flatten()
