"""The codes of local binary patterns in whole batches: the sums of `kernels.lbp`, in float64 and in the same order.

PyTorch rounds after every step, as the kernels do, so that every bit and every count is the same.
"""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..kernels.lbp import circle
from ..kernels.lbp_histogram import pattern_table, pattern_values


def pattern_shares(
    images: Tensor,
    n_points: int,
    radius: float,
    method: str,
    row_edges: NDArray[np.int64],
    column_edges: NDArray[np.int64],
) -> NDArray[np.float64]:
    """Return how often each pattern occurs in each cell of each image, as a share of the cell's pixels.

    Parameters
    ----------
    images : Tensor of shape (n, height, width)
        Levels, whole numbers.
    n_points, radius, method
        As of LBP.
    row_edges, column_edges : ndarray of int
        Where the cells begin, and where the last one ends.

    Returns
    -------
    ndarray of shape (n, cells * patterns) and dtype float64
    """
    n_patterns = len(pattern_values(n_points, method))
    heights, widths = np.diff(row_edges), np.diff(column_edges)
    cells = np.arange(heights.size * widths.size).reshape(heights.size, widths.size)
    of_pixel = torch.tensor(np.repeat(np.repeat(cells, heights, axis=0), widths, axis=1), device=images.device)
    of_image = torch.arange(len(images), device=images.device)[:, None, None] * cells.size
    places = (of_image + of_pixel) * n_patterns + _patterns(_bits(images, n_points, radius), method)
    counts = torch.bincount(places.ravel(), minlength=len(images) * cells.size * n_patterns)
    shares = counts.reshape(len(images), cells.size, n_patterns).cpu().numpy() / np.outer(heights, widths).reshape(
        -1, 1
    )
    return shares.reshape(len(images), -1)


def _bits(images, n_points, radius):
    """Return which neighbours are no darker than each pixel, uint8 (n_points, n, height, width)."""
    rows, columns, margin = circle(n_points, radius)
    n, height, width = images.shape
    padded = torch.zeros((n, height + 2 * margin, width + 2 * margin), dtype=torch.float64, device=images.device)
    padded[:, margin : margin + height, margin : margin + width] = images
    centres = padded[:, margin : margin + height, margin : margin + width]
    bits = torch.empty((n_points, n, height, width), dtype=torch.uint8, device=images.device)
    for column in np.unique(columns):
        along = _between(padded, margin, column, width, axis=2)
        for i in np.flatnonzero(columns == column):
            bits[i] = _between(along, margin, rows[i], height, axis=1) >= centres
    return bits


def _between(images, margin, offset, size, axis):
    """Return the levels at `size` places along an axis, each moved by an offset that may be a fraction."""
    places = np.arange(size) + offset
    fraction = torch.tensor(places - np.floor(places), device=images.device)
    if axis == 1:
        fraction = fraction[:, None]
    near = images.narrow(axis, margin + int(np.floor(offset)), size)
    far = images.narrow(axis, margin + int(np.ceil(offset)), size)
    return (1 - fraction) * near + fraction * far


def _patterns(bits, method):
    """Return the number of each pixel's pattern, int64 (n, height, width); as `kernels.lbp_histogram` counts them."""
    n_points = len(bits)
    if method in ("default", "ror"):
        codes = sum(bit.to(torch.int64) << i for i, bit in enumerate(bits))
        return codes if method == "default" else torch.tensor(pattern_table(n_points, "ror"), device=bits.device)[codes]
    ones = _sum(bits)
    uniform = _sum(bits != bits.roll(1, 0)) <= 2
    if method == "uniform":
        return torch.where(uniform, ones, n_points + 1)
    last = n_points * (n_points - 1) + 2
    first_run = _sum((bits == bits[0]).cumprod(0, dtype=torch.uint8))  # of equal bits
    turns = torch.where(bits[0] == 1, ones, n_points) - first_run
    numbers = torch.where(ones == 0, 0, torch.where(ones == n_points, last - 1, 1 + (ones - 1) * n_points + turns))
    return torch.where(uniform, numbers, last)


def _sum(bits):
    return bits.sum(0, dtype=torch.uint8).to(torch.int64)
