"""How far a fit has come, in a file."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from ..tensors import optimizer_tensors, part, read, restore_optimizer, write

if TYPE_CHECKING:
    import torch
    from torch import nn

    from .loop import Progress


class Checkpoint:
    """Where a fit keeps how far it has come, so that it can go on after it was killed.

    Parameters
    ----------
    path : path-like
    key : str
        Names the fit: parameters, images and labels. The file of another fit is not used, but replaced.
    """

    def __init__(self, path: str | os.PathLike[str], key: str) -> None:
        self.path: Path = Path(path)
        self.key = key

    def keep(self, net: "nn.Module", optimizer: "torch.optim.Optimizer", done: "Progress") -> None:
        """Write the weights, the state of the optimizer and the history."""
        tensors = {f"net/{name}": tensor for name, tensor in net.state_dict().items()}
        tensors |= {f"best/{name}": tensor for name, tensor in done.best.items()}
        tensors |= {f"optimizer/{name}": tensor for name, tensor in optimizer_tensors(optimizer).items()}
        write(self.path, tensors, {"checkpoint": self.key, "history": done.history})

    def restore(self, net: "nn.Module", optimizer: "torch.optim.Optimizer", done: "Progress") -> None:
        """Take up what the file holds of this very fit, if there is one.

        Raises
        ------
        ValueError
            If the file is no checkpoint: it is then not overwritten.
        """
        if not self.path.exists():
            return
        tensors, facts = read(self.path)
        if "checkpoint" not in facts:
            raise ValueError(f"{self.path} holds a trained network, not a checkpoint: choose another path")
        if facts["checkpoint"] != self.key:
            return
        net.load_state_dict(part(tensors, "net"))
        restore_optimizer(optimizer, part(tensors, "optimizer"))
        done.history, done.best = facts["history"], part(tensors, "best")

    def remove(self) -> None:
        """Delete the file: the fit has ended."""
        self.path.unlink(missing_ok=True)
