"""The trunk of CLEF-CSE's relation network, which keeps its maps large."""

from torch import nn
from torchvision.models.resnet import Bottleneck, ResNet


def unpooled_resnet101() -> nn.Module:
    """Return a ResNet-101 of one channel that pools neither behind its first convolution nor at its end.

    It is shown intensities from 0 to 255 as they are. The last batch norm of each block starts at zero.
    """
    net = ResNet(Bottleneck, [3, 4, 23, 3], num_classes=1, zero_init_residual=True)
    net.conv1 = nn.Conv2d(1, 64, 7, stride=2, padding=1, bias=False)
    nn.init.kaiming_normal_(net.conv1.weight, mode="fan_out", nonlinearity="relu")
    net.maxpool, net.avgpool, net.fc = (nn.Identity() for _ in range(3))
    return net
