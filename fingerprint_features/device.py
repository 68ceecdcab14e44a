"""The device that a `device` parameter names, and work on it in blocks that fit its memory."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .checks import fail
from .extras import imported

if TYPE_CHECKING:
    import torch


def find_device(owner: object) -> "torch.device":
    """Return the device of an estimator; "auto" is CUDA where there is any, else the CPU.

    Raises
    ------
    ValueError
        For a name that PyTorch does not know, and for CUDA where there is none.
    """
    import torch

    name = owner.device
    if not isinstance(name, str):
        fail(owner, "device", "'auto' or a device such as 'cpu' or 'cuda'")
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError:
        fail(owner, "device", "'auto' or a device such as 'cpu' or 'cuda'")
    if device.type == "cuda" and not torch.cuda.is_available():
        fail(owner, "device", "'auto' or 'cpu': PyTorch finds no CUDA device here")
    return device


def device_or_kernels(name: str | None, user: str) -> "torch.device | None":
    """Return the PyTorch device that a word stands for; None where the CPU is left to the compiled kernels.

    Parameters
    ----------
    name : str or None
        None stands for the kernels, "auto" for a graphics card where there is one, else the kernels.
    user : str
        Who asks: the first word of a message.

    Raises
    ------
    ValueError
        If there is no such device: work meant for a graphics card is never done silently elsewhere.
    ImportError
        If PyTorch is not installed, unless it is to be found out ("auto").
    """
    if name is None:
        return None
    try:
        torch = imported("torch", "cnn", f"{user} on device={name!r} needs PyTorch", "; None does without")
    except ImportError:
        if name == "auto":
            return None
        raise
    cards = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if name == "auto":
        return torch.device("cuda") if cards else None
    try:
        device = torch.device(name)
    except (RuntimeError, TypeError):
        device = None
    if device is None or device.type not in ("cpu", "cuda"):
        raise ValueError(
            f"{user}: device must be None, 'auto', 'cpu', 'cuda' or one card such as 'cuda:1'. Got {name!r} instead."
        )
    if device.type == "cuda" and (device.index or 0) >= cards:
        raise ValueError(
            f"{user}: device={name!r} is not here: PyTorch finds {cards or 'no'} CUDA device(s); 'auto' takes what "
            "there is"
        )
    return device


def in_blocks(work: Callable[[int, int], Any], n: int, size: int) -> list[Any]:
    """Return ``work(start, stop)`` of all blocks of n items; blocks are halved while the device's memory is short.

    Parameters
    ----------
    work : callable
    n : int
    size : int
        Most items in a block.
    """
    import torch

    size, done, results = min(n, size), 0, []
    while done < n:
        try:
            results.append(work(done, min(done + size, n)))
            done += size
        except torch.cuda.OutOfMemoryError:
            if size == 1:
                raise
            size //= 2
    return results
