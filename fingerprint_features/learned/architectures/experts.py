"""Several networks as experts: side by side, and mixed by a gate."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize


class SideBySide(nn.Module):
    """Networks that see the same images; their features stand one behind the other.

    Parameters
    ----------
    nets : sequence of nn.Module
        From images to features.
    widths : sequence of int
        How many features each gives.
    """

    def __init__(self, nets: Sequence[nn.Module], widths: Sequence[int]) -> None:
        super().__init__()
        self.nets = nn.ModuleList(nets)
        self.widths = tuple(widths)

    def forward(self, x: Tensor) -> Tensor:
        """Return the features, (n, sum of widths)."""
        return torch.cat([net(x) for net in self.nets], dim=1)


class Mixture(nn.Module):
    """Features of several networks, brought to one width and length, attending to each other, summed by a gate.

    Parameters
    ----------
    widths : sequence of int
        How many features are each network's.
    dim : int
        The common width, a multiple of `n_heads`.
    n_heads : int, default=8
        Of the attention.
    """

    def __init__(self, widths: Sequence[int], dim: int, n_heads: int = 8) -> None:
        super().__init__()
        self.widths = list(widths)
        self.projections = nn.ModuleList(nn.Linear(width, dim) for width in widths)
        self.gate = nn.Sequential(nn.Linear(dim * len(widths), 512), nn.ReLU(), nn.Linear(512, len(widths)))
        self.attention = nn.MultiheadAttention(dim, n_heads, batch_first=True)

    def experts(self, features: Tensor) -> Tensor:
        """Return the rows of the networks, (n, n_networks, dim), each of length 1."""
        parts = features.split(self.widths, dim=1)
        rows = [project(part) for project, part in zip(self.projections, parts, strict=True)]
        return normalize(torch.stack(rows, dim=1), dim=2)

    def shares(self, experts: Tensor) -> Tensor:
        """Return the shares that the gate gives the networks, (n, n_networks); they sum to one."""
        return self.gate(experts.flatten(1)).softmax(dim=1)

    def forward(self, features: Tensor) -> Tensor:
        """Return the mixed rows, (n, dim)."""
        experts = self.experts(features)
        attended, _ = self.attention(experts, experts, experts, need_weights=False)
        return (attended * self.shares(experts)[:, :, None]).sum(dim=1)
