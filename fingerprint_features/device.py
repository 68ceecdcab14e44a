"""The device that an estimator's `device` parameter names."""

from typing import TYPE_CHECKING

from .checks import fail

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
