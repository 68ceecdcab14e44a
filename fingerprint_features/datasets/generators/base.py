"""What the generative models share: steps of training, a moving average of the weights, images out, and a file."""

import hashlib
import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from ...device import find_device
from ...extras import imported
from ...tensors import optimizer_tensors, part, read, restore_optimizer, write

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn
    from tqdm import tqdm

_AVERAGE = 0.999  # what the moving average of the weights keeps of itself in a step, once it is under way
_AT_ONCE = 50  # images
_BETWEEN = 500  # steps, from one writing of the checkpoint to the next


class GenerativeModel:
    """A generative model of small grey images that is trained step by step.

    A subclass writes `_build`, `_optimizers`, `_losses`, `_noise_shape` and `_make`. Every step and every image draws
    from a seed of its own, so a training that goes on from a file gives the numbers of one that was never stopped.

    Parameters
    ----------
    images : ndarray of shape (n_images, side, side) and dtype uint8
        What it learns; it sees nothing else.
    seed : numpy.random.SeedSequence
    device : str
        "auto", or what PyTorch calls it.

    Raises
    ------
    ImportError
        Where a package of the extra ``learned`` is not installed.
    ValueError
        For a device that there is not.
    """

    batch_size = 16

    def __init__(self, images: NDArray[np.uint8], seed: np.random.SeedSequence, device: str = "auto") -> None:
        torch = needed(type(self).__name__, "torch")
        needed(type(self).__name__, "safetensors")
        self.device = device
        self._device = find_device(self)
        self.pixels = torch.from_numpy(images).to(self._device, torch.float32)[:, None] / 127.5 - 1
        self.side, self.seed, self.step = images.shape[1], seed, 0
        self._key = hashlib.blake2b(images.tobytes() + repr((type(self).__name__, seed)).encode()).hexdigest()
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(self._number(0))
            self.net = self._build().to(self._device)
        self.average = torch.optim.swa_utils.AveragedModel(self.net, multi_avg_fn=_averaged)
        self.optimizers = self._optimizers()

    # ---- what a subclass writes -----------------------------------------------------------------------------

    def _build(self) -> "nn.ModuleDict":
        raise NotImplementedError

    def _optimizers(self) -> "Sequence[torch.optim.Optimizer]":
        raise NotImplementedError

    def _losses(self, images: "Tensor", rng: "torch.Generator") -> "Iterator[Tensor]":
        """Yield what each optimizer makes small, in turn."""
        raise NotImplementedError

    def _noise_shape(self) -> tuple[int, ...]:
        """Return the shape of the noise that one image is made of."""
        raise NotImplementedError

    def _make(self, net: "nn.ModuleDict", noise: "Tensor") -> "Tensor":
        """Return an image (1, side, side) for each row of noise; values about [-1, 1]."""
        raise NotImplementedError

    # ---- what all do ----------------------------------------------------------------------------------------

    def train(self, n_steps: int, bar: "tqdm | None" = None, checkpoint: str | os.PathLike[str] | None = None) -> None:
        """Train until `n_steps` steps are done in all; keep how far it came in a file now and then, and at the end."""
        import torch

        self.net.train()
        while self.step < n_steps:
            self.step += 1
            rng = self._rng(1, self.step)
            rows = torch.randint(len(self.pixels), (self.batch_size,), generator=rng)
            for optimizer, loss in zip(self.optimizers, self._losses(self.pixels[rows], rng), strict=True):
                optimizer.zero_grad(set_to_none=True)
                loss.backward()
                optimizer.step()
            self.average.update_parameters(self.net)
            if bar is not None:
                bar.update(self.step - bar.n)
            if checkpoint is not None and (self.step == n_steps or self.step % _BETWEEN == 0):
                self.keep(checkpoint)

    def sample(self, n: int) -> NDArray[np.uint8]:
        """Return n new images (n, side, side); a larger n adds images to those of a smaller one.

        Raises
        ------
        FloatingPointError
            When the training diverged.
        """
        import torch

        net, made = self.average.module.eval(), []
        with torch.no_grad():
            for start in range(0, n, _AT_ONCE):
                numbers, shape = range(start, min(start + _AT_ONCE, n)), self._noise_shape()
                noise = torch.cat([self._noise(self._rng(2, self.step, number), 1, *shape) for number in numbers])
                made.append(self._make(net, noise)[:, 0].cpu())
        images = torch.cat(made)
        if not images.isfinite().all():
            raise FloatingPointError(
                f"{type(self).__name__}: images are NaN or infinite after {self.step} steps: the training diverged. "
                "Take fewer steps or another random_state"
            )
        return images.add(1).mul(127.5).round().clamp(0, 255).to(torch.uint8).numpy()

    def keep(self, path: str | os.PathLike[str]) -> None:
        """Write the weights, their average and the state of the optimizers, whole or not at all."""
        tensors = {f"net/{name}": tensor for name, tensor in self.net.state_dict().items()}
        tensors |= {f"average/{name}": tensor for name, tensor in self.average.state_dict().items()}
        for number, optimizer in enumerate(self.optimizers):
            own = optimizer_tensors(optimizer)
            tensors |= {f"optimizer {number}/{name}": tensor for name, tensor in own.items()}
        write(path, tensors, {"generator": self._key, "step": self.step})

    def restore(self, path: str | os.PathLike[str], at_most: int) -> None:
        """Take up what a file holds of this very training, if there is one and it went no further than `at_most`.

        Raises
        ------
        ValueError
            If the file is no checkpoint of a generator: it is then not overwritten.
        """
        if not Path(path).exists():
            return
        tensors, facts = read(path)
        if "generator" not in facts:
            raise ValueError(f"{os.fsdecode(path)} holds another network, not a generator's: choose another path")
        if facts["generator"] != self._key or facts["step"] > at_most:
            return
        self.net.load_state_dict(part(tensors, "net"))
        self.average.load_state_dict(part(tensors, "average"))
        for number, optimizer in enumerate(self.optimizers):
            restore_optimizer(optimizer, part(tensors, f"optimizer {number}"))
        self.step = facts["step"]

    def _noise(self, rng, *shape):
        import torch

        return torch.randn(shape, generator=rng).to(self._device)

    def _rng(self, *address):
        import torch

        return torch.Generator().manual_seed(self._number(*address))

    def _number(self, *address):
        at = np.random.SeedSequence(self.seed.entropy, spawn_key=(*self.seed.spawn_key, *address))
        return int(at.generate_state(1, np.uint64)[0] >> 1)


def _averaged(averages, news, n):
    import torch

    keep = min(_AVERAGE, (1 + float(n)) / (10 + float(n)))
    torch._foreach_lerp_(averages, news, 1 - keep)


def needed(owner: str, package: str) -> ModuleType:
    """Import a package of the extra that `owner` needs."""
    return imported(package, "learned", f"{owner} needs {package}")
