"""The twin network of AI Multimedia Lab, 2025."""

from torch import nn

from .residual import glorot


def siamese4() -> nn.Module:
    """Return four blocks of convolution without padding, ReLU and pooling; of 256 x 256 pixels 128 x 14 x 14 features.

    The dense layer of the paper is the head of what is trained on them.
    """
    layers, width = [], 1
    for wider in (16, 32, 64, 128):
        layers += [nn.Conv2d(width, wider, 3), nn.ReLU(), nn.MaxPool2d(2)]
        width = wider
    return glorot(nn.Sequential(*layers, nn.Flatten()))
