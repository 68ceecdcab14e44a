"""Momentum contrast: a slow copy of a network, a queue of the rows that it made, and a temperature that is learnt."""

from copy import deepcopy

import torch
from torch import Tensor, nn
from torch.nn.functional import normalize

from .losses import infonce

_SHARE = 0.7  # of the loss: against rows of the trained network; the rest is against those of the slow one


class Memory(nn.Module):
    """A slow copy of a network, and a queue of the rows of earlier images with their classes.

    Parameters
    ----------
    body, head : nn.Module
        The network that is trained, in two parts.
    n_rows, dim : int
        Size of the queue.
    """

    rows: Tensor
    classes: Tensor
    n_kept: Tensor

    def __init__(self, body: nn.Module, head: nn.Module, n_rows: int, dim: int) -> None:
        super().__init__()
        self.slow = deepcopy(nn.Sequential(body, head)).requires_grad_(False)
        self.register_buffer("rows", torch.zeros(n_rows, dim))
        self.register_buffer("classes", torch.full((n_rows,), -1))  # -1: an empty place
        self.register_buffer("n_kept", torch.zeros((), dtype=torch.int64))

    def forward(self, inputs: Tensor) -> Tensor:
        """Return the rows of the slow network."""
        return normalize(self.slow(inputs))

    @torch.no_grad()
    def follow(self, body: nn.Module, head: nn.Module, momentum: float) -> None:
        """Move the slow network towards the trained one; the first time, onto it."""
        share = momentum if self.n_kept else 0.0
        for slow, own in zip(self.slow.parameters(), nn.Sequential(body, head).parameters(), strict=True):
            slow.lerp_(own, 1 - share)

    def keep(self, rows: Tensor, classes: Tensor) -> None:
        """Put rows in the place of the oldest ones."""
        rows, classes = rows[-len(self.rows) :], classes[-len(self.rows) :]
        places = (torch.arange(len(rows), device=rows.device) + self.n_kept) % len(self.rows)
        self.rows[places], self.classes[places] = rows, classes
        self.n_kept += len(rows)


class Temperature(nn.Module):
    """A temperature that is learnt, between two bounds."""

    def __init__(self, low: float, high: float) -> None:
        super().__init__()
        self.low, self.high = low, high
        self.place = nn.Parameter(torch.zeros(()))  # half-way

    def forward(self) -> Tensor:
        """Return the temperature."""
        return self.low + (self.high - self.low) * self.place.sigmoid()


def queued_infonce(
    net: nn.Module, inputs: Tensor, classes: Tensor, momentum: float, temperature: float | Tensor
) -> Tensor:
    """Return InfoNCE of anchors against the keys of a batch and those of the queue, and move both on.

    Parameters
    ----------
    net : nn.Module
        With the parts `body`, `head` and `memory`.
    inputs : Tensor of shape (3 * n, ...)
        Anchors, a partner of the class of each, and one of another class.
    classes : Tensor of shape (3 * n,)
    momentum : float
    temperature : float or scalar Tensor
    """
    n, memory = len(inputs) // 3, net["memory"]
    rows = normalize(net["head"](net["body"](inputs)))
    with torch.no_grad():
        if net.training:
            memory.follow(net["body"], net["head"], momentum)
        slow = memory(inputs[n:])
    kept = torch.cat([classes[n:], memory.classes])
    left_out = (classes[:n, None] == kept) | (kept < 0)
    shares = (_SHARE, rows[n:]), (1 - _SHARE, slow)
    earlier = memory.rows.clone()  # `keep` writes into it before the gradients are computed
    loss = sum(
        share * infonce(rows[:n] @ torch.cat([keys, earlier]).T, left_out, temperature) for share, keys in shares
    )
    if net.training:
        memory.keep(slow, classes[n:])
    return loss


def projection(width: int, dims: tuple[int, ...]) -> nn.Module:
    """Return a linear layer for one number, and layers with batch norm and ReLU for several."""
    if len(dims) == 1:
        return nn.Linear(width, dims[0])
    layers = []
    for wide in dims:
        layers += [nn.Linear(width, wide, bias=False), nn.BatchNorm1d(wide), nn.ReLU()]
        width = wide
    return nn.Sequential(*layers)
