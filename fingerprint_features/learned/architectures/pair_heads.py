"""Heads of networks that are shown two images: from the maps of both to one log-odds.

A head says by `image` what it makes of the maps of one image, which is done once, and by `forward` what it makes of
pairs.
"""

from collections.abc import Sequence

import torch
from torch import Tensor, nn

N_HEADS = 8  # of attention


class Relation(nn.Module):
    """Maps of both images, one behind the other, and a convolution network that relates them.

    Two blocks of 3 x 3 convolution, batch norm, ReLU and pooling to the maximum, in 5 x 5 fields and in one, and two
    linear layers.

    Parameters
    ----------
    channels : sequence of int
        Of the maps of an image; of one layer only.
    dim : int
        Channels of the convolutions.

    References
    ----------
    Sung et al., Learning to Compare: Relation Network for Few-Shot Learning, CVPR 2018.
    """

    def __init__(self, channels: Sequence[int], dim: int) -> None:
        super().__init__()
        (width,) = channels
        blocks = []
        for own, padding, fields in ((2 * width, 1, 5), (dim, 0, 1)):
            blocks += [nn.Conv2d(own, dim, 3, padding=padding), nn.BatchNorm2d(dim), nn.ReLU()]
            blocks += [nn.AdaptiveMaxPool2d(fields)]
        self.relate = nn.Sequential(*blocks, nn.Flatten(), nn.Linear(dim, 8), nn.ReLU(), nn.Linear(8, 1))

    def image(self, maps: Sequence[Tensor]) -> Tensor:
        """Return the map of each image as it is."""
        return maps[0]

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """Return the log-odds of each pair, (n_pairs,)."""
        return self.relate(torch.cat([a, b], dim=1)).squeeze(1)


class CrossAttention(nn.Module):
    """Each image looks for itself in the other; what it finds is compared.

    Parameters
    ----------
    channels : sequence of int
        Of the maps of an image; of one layer only.
    dim : int
        To which the channels are reduced, and the hidden layer of the perceptron; a multiple of 8.

    References
    ----------
    Vaswani et al., Attention Is All You Need, NeurIPS 2017.
    """

    def __init__(self, channels: Sequence[int], dim: int) -> None:
        super().__init__()
        (width,) = channels
        self.reduce = nn.Conv2d(width, dim, 1)
        self.attend = nn.MultiheadAttention(dim, N_HEADS, batch_first=True)
        self.decide = nn.Sequential(nn.Linear(2 * dim, dim), nn.ReLU(), nn.Linear(dim, 1))

    def image(self, maps: Sequence[Tensor]) -> Tensor:
        """Return the places of each image's map, (n_images, n_places, dim)."""
        return self.reduce(maps[0]).flatten(2).transpose(1, 2)

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """Return the log-odds of each pair, (n_pairs,)."""
        a, b = (self.attend(own, other, other, need_weights=False)[0].mean(dim=1) for own, other in ((a, b), (b, a)))
        return self.decide(torch.cat([(a - b).abs(), a * b], dim=1)).squeeze(1)


class Fusion(nn.Module):
    """The means of several layers, fused by gates, and how alike two images are to eight heads of attention.

    Each head has a view of its own of both, as queries and keys; the mean of the eight cosines, over a temperature that
    is learned, is the log-odds up to a constant.

    Parameters
    ----------
    channels : sequence of int
        Of the maps of an image, one for each layer.
    dim : int
        Of the fused features; a multiple of 8.
    """

    def __init__(self, channels: Sequence[int], dim: int) -> None:
        super().__init__()
        self.project = nn.ModuleList(nn.Linear(width, dim) for width in channels)
        self.gates = nn.ModuleList(nn.Linear(width, dim) for width in channels)
        self.query, self.key = nn.Linear(dim, dim), nn.Linear(dim, dim)
        self.log_temperature = nn.Parameter(torch.tensor(0.1).log())
        self.constant = nn.Parameter(torch.zeros(()))

    def image(self, maps: Sequence[Tensor]) -> Tensor:
        """Return the fused features of each image, (n_images, dim)."""
        layers = zip(self.project, self.gates, [one.flatten(2).mean(dim=2) for one in maps], strict=True)
        return sum(gate(mean).sigmoid() * project(mean) for project, gate, mean in layers)

    def forward(self, a: Tensor, b: Tensor) -> Tensor:
        """Return the log-odds of each pair, (n_pairs,)."""
        views = (layer(own).view(len(own), N_HEADS, -1) for layer, own in ((self.query, a), (self.key, b)))
        alike = nn.functional.cosine_similarity(*views, dim=2).mean(dim=1)
        return alike / self.log_temperature.exp() + self.constant


HEADS = {"relation": Relation, "cross_attention": CrossAttention, "fusion": Fusion}
