"""The smallest network: seconds on a CPU."""

from torch import nn


def small() -> nn.Module:
    """Return four blocks of convolution, batch norm, ReLU and pooling on grey images: 128 features."""
    layers, width = [], 1
    for wider in (16, 32, 64, 128):
        layers += [nn.Conv2d(width, wider, 3, padding=1, bias=False), nn.BatchNorm2d(wider), nn.ReLU(), nn.MaxPool2d(2)]
        width = wider
    return nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())
