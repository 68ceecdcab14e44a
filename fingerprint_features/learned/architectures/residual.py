"""A residual block, and the initial weights that Keras gives."""

from torch import Tensor, nn


class Residual(nn.Module):
    """Two convolutions with batch norm, and a way around them: (n, width, h, w) to (n, wider, h / stride, w / stride).

    Parameters
    ----------
    width, wider : int
        Channels.
    stride : int, default=1
    slope : float, default=0.2
        Of the leaky ReLU.
    """

    def __init__(self, width: int, wider: int, stride: int = 1, slope: float = 0.2) -> None:
        super().__init__()
        self.main = nn.Sequential(
            nn.Conv2d(width, wider, 3, stride, padding=1),
            nn.BatchNorm2d(wider),
            nn.LeakyReLU(slope),
            nn.Conv2d(wider, wider, 3, padding=1),
            nn.BatchNorm2d(wider),
        )
        self.around = nn.Identity() if width == wider and stride == 1 else nn.Conv2d(width, wider, 1, stride)
        self.end = nn.LeakyReLU(slope)

    def forward(self, x: Tensor) -> Tensor:
        """Return the block's output."""
        return self.end(self.around(x) + self.main(x))


def glorot(net: nn.Module) -> nn.Module:
    """Give a network Keras's initial weights, Glorot's uniform ones, and return it."""
    for layer in net.modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
    return net
