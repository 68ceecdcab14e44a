"""A plain network of three convolutions, as a first try has it."""

from torch import nn


def conv3() -> nn.Module:
    """Return three blocks of convolution, ReLU and pooling on grey images: 64 features, the means of the last maps."""
    layers, width = [], 1
    for wider in (16, 32, 64):
        layers += [nn.Conv2d(width, wider, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)]
        width = wider
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())
