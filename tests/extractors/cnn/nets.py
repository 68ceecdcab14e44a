"""Small networks and photographs that the tests of CNNEmbedding share."""

import os

import pytest
import skimage.data

DEVICE = os.environ.get("FINGERPRINT_DEVICE", "cpu")  # "cuda" runs the same tests there


def need_torch():
    """Skip a whole file of tests where PyTorch is missing, or the device that was asked for."""
    torch = pytest.importorskip("torch", reason="the extra 'cnn' is not installed")
    pytest.importorskip("torchvision", reason="the extra 'cnn' is not installed")
    if DEVICE.startswith("cuda") and not torch.cuda.is_available():
        pytest.skip(f"FINGERPRINT_DEVICE={DEVICE}, and there is no CUDA device", allow_module_level=True)
    return torch


def photographs():
    """Return pictures of several sizes, grey and colour."""
    return [skimage.data.chelsea(), skimage.data.camera(), skimage.data.coffee()[:, 90:510], skimage.data.brick()[:200]]


def tiny():
    """Make a network of 19,000 weights with all that matters: strides, shared activations, batch norm, a classifier."""
    from torch import nn

    from fingerprint_features.extractors import Preprocessing

    class Block(nn.Module):
        def __init__(self, n):
            super().__init__()
            self.conv1, self.bn1 = nn.Conv2d(n, n, 3, padding=1, bias=False), nn.BatchNorm2d(n)
            self.conv2, self.bn2 = nn.Conv2d(n, n, 3, padding=1, bias=False), nn.BatchNorm2d(n)
            self.relu = nn.ReLU(inplace=True)

        def forward(self, x):
            y = self.relu(self.bn1(self.conv1(x)))
            return self.relu(self.bn2(self.conv2(y)) + x)

    class Tiny(nn.Module):
        def __init__(self):
            super().__init__()
            self.conv, self.bn, self.relu = (
                nn.Conv2d(3, 16, 5, 2, bias=False),
                nn.BatchNorm2d(16),
                nn.ReLU(inplace=True),
            )
            self.blocks = nn.Sequential(Block(16), Block(16))
            self.pool, self.drop, self.fc = nn.AdaptiveAvgPool2d(1), nn.Dropout(0.5), nn.Linear(16, 10)
            for module in self.modules():
                if isinstance(module, nn.BatchNorm2d):  # as if it had been trained
                    nn.init.uniform_(module.running_mean, -0.5, 0.5)
                    nn.init.uniform_(module.running_var, 0.5, 2)
                    nn.init.uniform_(module.weight, 0.5, 2)
                    nn.init.uniform_(module.bias, -0.5, 0.5)

        def forward(self, x):
            x = self.blocks(self.relu(self.bn(self.conv(x))))
            return self.fc(self.drop(self.pool(x).flatten(1)))

    net = Tiny()
    net.preprocessing = Preprocessing(crop=32, resize=36)
    return net


def counted():
    """Make a network whose numbers can be counted: the grey image, and the image doubled and negative."""
    import torch
    from torch import nn

    from fingerprint_features.extractors import Preprocessing

    conv = nn.Conv2d(1, 2, 1, bias=False)
    conv.weight.data = torch.tensor([1.0, -2.0]).reshape(2, 1, 1, 1)
    net = nn.Sequential(conv, nn.Identity(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(2, 5))
    net.preprocessing = Preprocessing(crop=2, resize=2, mean=(0.0,), std=(1 / 255,))
    return net
