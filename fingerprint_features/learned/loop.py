"""The training loop: batches of held images, an optimizer, early stopping, and a checkpoint after every epoch.

Each epoch draws from a seed of its own, made of the seed of the fit and the number of the epoch. So a fit that goes on
from a checkpoint gives the numbers of one that was never stopped, and no state of random numbers is kept.
"""

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from .files import Checkpoint

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    Loss = Callable[["nn.Module", Tensor, Tensor], Tensor]
    Inputs = Callable[[Tensor], Tensor]
    Draw = Callable[[Tensor, Tensor, int], list[Tensor]]

# The learning rate of an epoch (from 0), as a share of that of the first.
SCHEDULES: dict[str, Callable[[int, int], float]] = {
    "constant": lambda epoch, epochs: 1.0,
    "cosine": lambda epoch, epochs: 0.5 * (1 + math.cos(math.pi * epoch / epochs)),
    "step": lambda epoch, epochs: 0.9 ** (epoch // 10),
}


@dataclass(frozen=True)
class Plan:
    """How to train; `owner` names the estimator in errors, and `body_lr` is the body's share of the learning rate."""

    owner: str
    epochs: int
    lr: float
    body_lr: float
    schedule: str
    optimizer: str
    weight_decay: float
    batch_size: int
    patience: int | None
    seed: int
    device: "torch.device"
    progress: bool
    checkpoint: Checkpoint | None


@dataclass
class Progress:
    """How far a fit has come: the losses of each epoch, and the best weights so far if it can stop early."""

    history: dict[str, list[float]] = field(default_factory=lambda: {"loss": [], "validation_loss": []})
    best: dict[str, "Tensor"] = field(default_factory=dict)

    @property
    def epoch(self) -> int:
        """Epochs that are done."""
        return len(self.history["loss"])

    @property
    def best_epoch(self) -> int:
        """The epoch with the lowest loss on the validation images, from 0."""
        return int(np.argmin(self.history["validation_loss"]))


def train(
    net: "nn.Module",
    pixels: "Tensor",
    targets: "Tensor",
    held_out: NDArray[np.bool_],
    inputs: "Inputs",
    augment: "Inputs | None",
    draw: "Draw",
    loss: "Loss",
    plan: Plan,
) -> dict[str, list[float]]:
    """Train a network in place.

    Parameters
    ----------
    net : torch.nn.Module
        With a part `body`. On the CPU; there again afterwards, in evaluation mode, with the best weights if `patience`
        is given.
    pixels : Tensor of shape (n_images, side, side, channels) and dtype uint8
    targets : Tensor of shape (n_images, ...)
        What `loss` is given of each image.
    held_out : ndarray of bool of shape (n_images,)
        The images that only the validation loss sees.
    inputs : callable
        From pixels to the network's input.
    augment : callable or None
        Changes the inputs of a training batch.
    draw : callable
        ``draw(targets, rows, batch_size)``: the batches of an epoch, each the numbers of the images in it. An image may
        be in several batches, and twice in one.
    loss : callable
        ``loss(net, inputs, targets)``: the mean over a batch, a scalar.
    plan : Plan

    Returns
    -------
    dict of str to list of float
        ``"loss"`` and, where images are held out, ``"validation_loss"``: the mean of each epoch.

    Raises
    ------
    FloatingPointError
        When the loss is NaN or infinite.
    """
    import torch

    train_rows, check_rows = (torch.from_numpy(np.flatnonzero(which)) for which in (~held_out, held_out))
    net.to(plan.device)
    optimizer = _optimizer(net, plan)
    done = Progress()
    if plan.checkpoint is not None:
        plan.checkpoint.restore(net, optimizer, done)

    def batch_loss(rows, change):
        shown = inputs(pixels[rows].to(plan.device))
        return loss(net, shown if change is None else change(shown), targets[rows].to(plan.device))

    def train_epoch(bar):
        net.train()
        if not plan.body_lr:
            net["body"].eval()  # batch norm keeps its means, too
        drawn = draw(targets, train_rows, plan.batch_size)
        total = torch.zeros((), dtype=torch.float64, device=plan.device)
        for number, rows in enumerate(drawn, start=1):
            optimizer.zero_grad(set_to_none=True)
            value = batch_loss(rows, augment)
            value.backward()
            optimizer.step()
            total += value.detach() * len(rows)
            bar.update((done.epoch * len(drawn) + number) * len(train_rows) // len(drawn) - bar.n)
        return float(total) / sum(map(len, drawn))

    def check_epoch():
        net.eval()
        with torch.no_grad(), seeded(plan.seed, 0, plan.device):  # the same batches after every epoch
            drawn = draw(targets, check_rows, plan.batch_size)
            losses = [float(batch_loss(rows, None)) * len(rows) for rows in drawn]
        return sum(losses) / sum(map(len, drawn))

    with _bar(plan, len(train_rows), done.epoch) as bar:
        while done.epoch < plan.epochs and not _has_stopped(done, plan.patience):
            for group in optimizer.param_groups:
                group["lr"] = group["first_lr"] * SCHEDULES[plan.schedule](done.epoch, plan.epochs)
            with seeded(plan.seed, done.epoch + 1, plan.device):
                _note(done, "loss", train_epoch(bar), plan)
                if len(check_rows):
                    _note(done, "validation_loss", check_epoch(), plan)
            bar.set_postfix({name: f"{values[-1]:.4g}" for name, values in done.history.items() if values})
            if plan.patience is not None and done.best_epoch == done.epoch - 1:
                done.best = {name: tensor.detach().cpu().clone() for name, tensor in net.state_dict().items()}
            if plan.checkpoint is not None:
                plan.checkpoint.keep(net, optimizer, done)
    if done.best:
        net.load_state_dict(done.best)
    net.to("cpu").eval()
    if plan.checkpoint is not None:
        plan.checkpoint.remove()
    return {name: values for name, values in done.history.items() if values}


@contextmanager
def seeded(seed: int, epoch: int, device: "torch.device | None" = None) -> Iterator[None]:
    """Seed torch for one epoch (0: before the first), and leave its random numbers as they were."""
    import torch

    cards = [device] if device is not None and device.type == "cuda" else []
    with torch.random.fork_rng(devices=cards):
        torch.manual_seed(int(np.random.SeedSequence([seed, epoch]).generate_state(1, np.uint64)[0] >> 1))
        yield


def batches(rows: "Tensor", batch_size: int) -> "tuple[Tensor, ...]":
    """Return the rows, shuffled, in batches of nearly one size; none holds a single image: batch norm needs two."""
    import torch

    n_batches = max(1, min(math.ceil(len(rows) / batch_size), len(rows) // 2))
    return rows[torch.randperm(len(rows))].tensor_split(n_batches)


def _optimizer(net, plan):
    """Return an optimizer of all that is trained; the body has its own learning rate, and 0 leaves it as it is."""
    import torch

    net["body"].requires_grad_(plan.body_lr > 0)
    body = {id(own) for own in net["body"].parameters()}
    parts = [[own for own in net.parameters() if (id(own) in body) is inside] for inside in (True, False)]
    groups = [
        {"params": part, "lr": lr, "first_lr": lr}
        for part, lr in zip(parts, (plan.lr * plan.body_lr, plan.lr), strict=True)
        if part and lr
    ]
    if plan.optimizer == "sgd":
        return torch.optim.SGD(groups, momentum=0.9, weight_decay=plan.weight_decay)
    return torch.optim.AdamW(groups, weight_decay=plan.weight_decay)


def _has_stopped(done, patience):
    return patience is not None and done.epoch > 0 and done.epoch - 1 - done.best_epoch >= patience


def _note(done, name, value, plan):
    done.history[name].append(value)
    if not math.isfinite(value):
        epoch = len(done.history[name])
        raise FloatingPointError(
            f"{plan.owner}: the {name.replace('_', ' ')} is {value} in epoch {epoch} of {plan.epochs}: the training "
            f"diverged. Lower lr, which is {plan.lr:g}"
        )


def _bar(plan, n_images, n_done):
    from tqdm.auto import tqdm

    # disable=None: silent unless on a terminal
    return tqdm(
        total=plan.epochs * n_images,
        initial=n_done * n_images,
        desc=plan.owner,
        unit="image",
        disable=None if plan.progress else True,
    )
