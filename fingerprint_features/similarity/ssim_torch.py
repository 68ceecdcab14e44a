"""SSIM with PyTorch, on a graphics card: the arithmetic of `kernels.ssim` a whole block of pairs at a time.

Windows of 8-bit images are summed in float32, where every sum is a whole number below 2^24 and so exact, and their
covariances are differences of int32; all else goes in float64 up to that difference. Only then is anything rounded.
Every similarity is rounded to a multiple of 2^-22, because the sum of such numbers is the same in whatever order the
device adds them up: a pair has one value in every block. PyTorch is imported where it is first needed.
"""

from typing import Any, NamedTuple

import numpy as np

from ..device import device_or_kernels, in_blocks
from .stacks import to_16_bits

_BLOCK = 2**24  # pixels of pairs taken together; each counts some 40 bytes while it is worked on
_ROOM_OF_CPU = 2**29  # bytes
_STEPS = 2.0**22  # in which similarities are counted


class Prepared(NamedTuple):
    """Images on the device, with the means and variances of all their windows (times a power of the weight)."""

    images: Any
    means: Any
    spreads: Any
    in_8_bits: bool

    @property
    def nbytes(self):
        """What they take up."""
        return self.images.nbytes + self.means.nbytes + self.spreads.nbytes

    def part(self, start, stop):
        """Return some of the images."""
        return Prepared(*(tensor[start:stop] for tensor in self[:3]), self.in_8_bits)


class Device:
    """Where PyTorch computes; prepares and compares as `windows` does on the CPU.

    Parameters
    ----------
    torch_device : torch.device
        A CUDA device, or the CPU.
    """

    def __init__(self, torch_device):
        self.torch_device = torch_device

    def room(self):
        """Return how many bytes of prepared images to keep on the device: half of what is free there."""
        import torch

        if self.torch_device.type == "cpu":
            return _ROOM_OF_CPU
        return torch.cuda.mem_get_info(self.torch_device)[0] // 2

    def prepare(self, stack, window, in_8_bits):
        """Bring a stack of images to the device and compute their moments."""
        import torch

        images = stack if in_8_bits else to_16_bits(stack).astype(np.int32)  # PyTorch can do little with uint16
        exact = torch.float32 if in_8_bits and window.taps is None else torch.float64
        with torch.inference_mode():
            pixels = torch.tensor(images, device=self.torch_device).to(exact)
            means = _whole(_sums(pixels, window))
            spreads = _moment(_sums(pixels * pixels, window), means * means, window)
            return Prepared(pixels, means, spreads, in_8_bits)

    def compare(self, a, b, window, data_range):
        """Return the similarities (n_a, n_b) of two prepared stacks of one depth."""
        import torch

        halves = [float(c) / 2 for c in window.constants(data_range)]
        rows = max(1, _BLOCK // b.images.numel())
        with torch.inference_mode():
            blocks = in_blocks(
                lambda start, stop: _scores(a.part(start, stop), b, window, *halves), len(a.images), rows
            )
            return torch.cat(blocks).to(torch.float32).cpu().numpy()


def find_device(name):
    """Return the Device that a user's word stands for; None where the CPU is left to the compiled kernels."""
    torch_device = device_or_kernels(name, "SSIM")
    return None if torch_device is None else Device(torch_device)


def _sums(images, window):
    """Return the weighted sums of all windows of images (a, b, height, width) or (n, height, width)."""
    from torch.nn.functional import avg_pool2d

    side = window.side
    if window.taps is None:
        columns = avg_pool2d(images, (side, 1), stride=1, divisor_override=1)
        return avg_pool2d(columns, (1, side), stride=1, divisor_override=1)
    return _weighted(_weighted(images, window.taps, -2), window.taps, -1)


def _weighted(images, taps, axis):
    size = images.shape[axis] - len(taps) + 1
    total = images.narrow(axis, 0, size) * taps[0]
    for j in range(1, len(taps)):
        total.add_(images.narrow(axis, j, size), alpha=taps[j])
    return total


def _whole(sums):
    """Return sums in the type that holds their products: int32 for 8-bit images, else float64."""
    import torch

    return sums.to(torch.int32) if sums.dtype == torch.float32 else sums


def _moment(sums, product, window):
    """Return variances or covariances: of the sums of squares or products, and the product of the means."""
    import torch

    return _whole(sums).mul_(window.weight).sub_(product).to(torch.float32)


def _scores(a, b, window, half_c1, half_c2):
    """Return the mean similarities of all pairs, float64. Both sides of the fraction are a quarter of the usual."""
    import torch

    product = a.means[:, None] * b.means
    above = _moment(_sums(a.images[:, None] * b.images, window), product, window).add_(half_c2)
    above.mul_(product.to(torch.float32).add_(half_c1))
    (means, spreads), (others, other_spreads) = (_halves(side, half_c1, half_c2) for side in (a, b))
    below = (means[:, None] + others).mul_(spreads[:, None] + other_spreads)
    counted = above.div_(below).round_().sum(dim=(-2, -1), dtype=torch.float64)
    return counted / (_STEPS * product[0, 0].numel())


def _halves(side, half_c1, half_c2):
    """Return what each image adds to the two divisors; the second is scaled so that similarities come in steps."""
    import torch

    squares = (side.means * side.means).to(torch.float32).add_(half_c1)
    return squares, (side.spreads + half_c2).div_(4 * _STEPS)
