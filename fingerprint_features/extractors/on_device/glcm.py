"""Grey-level co-occurrence in whole batches: the sums of `kernels.glcm`, offset by offset.

The device counts pairs and adds up whole numbers. What is a fraction is left to the CPU, in the order of the kernel, so
that every sum is the same.
"""

import math

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ..kernels.glcm import LOG_UNIT, LOGS


def cooccurrence_sums(
    levels: Tensor,
    row_offsets: NDArray[np.int64],
    column_offsets: NDArray[np.int64],
    n_levels: int,
    symmetric: bool,
) -> NDArray[np.float64]:
    """Count pairs of levels at each offset, and sum up what the properties are made of.

    Parameters
    ----------
    levels : Tensor of shape (n, height, width) and dtype uint8
    row_offsets, column_offsets, n_levels, symmetric
        As of the kernel.

    Returns
    -------
    ndarray of shape (n, n_offsets, 12)
        What the kernel returns, of each image.
    """
    levels = levels.to(torch.int32)
    squares = levels * levels
    logs = torch.tensor(np.append(LOGS, 0), device=levels.device)
    sums = np.zeros((len(levels), row_offsets.size, 12))
    for o, (down, right) in enumerate(zip(row_offsets.tolist(), column_offsets.tolist(), strict=True)):
        first, second = _rectangles(levels, down, right)
        if first.numel():
            sums[:, o, :8] = _sums_of_counts(_counts(first, second, n_levels, symmetric), logs)
            first_squares, second_squares = _rectangles(squares, down, right)
            parts = [first, first_squares, second, second_squares]
            sums[:, o, 8:] = torch.stack([part.sum(dim=(1, 2)) for part in parts], dim=1).cpu().numpy()
    return sums


def _rectangles(images, down, right):
    """Return the first pixels, and the second ones, of all pairs at an offset."""
    height, width = (max(n - abs(step), 0) for n, step in zip(images.shape[1:], (down, right), strict=True))
    top, left = max(0, -down), max(0, -right)
    first = images[:, top : top + height, left : left + width]
    return first, images[:, top + down : top + down + height, left + right : left + right + width]


def _counts(first, second, n_levels, symmetric):
    """Return how often each pair occurs, (n, 1 or 2, n_levels, n_levels): by order, difference and lower level."""
    tables = 1 if symmetric else 2
    cells = (first - second).abs() * n_levels + torch.minimum(first, second)
    if not symmetric:
        cells += n_levels**2 * (first > second)
    size = tables * n_levels**2
    cells = cells.to(torch.int64) + size * torch.arange(len(first), device=first.device)[:, None, None]
    counts = torch.bincount(cells.ravel(), minlength=len(first) * size)
    return counts.reshape(len(first), tables, n_levels, n_levels)


def _sums_of_counts(counts, logs):
    """Return the first eight sums of the kernel (n, 8)."""
    pairs = counts.sum(dim=3).cpu().numpy()  # of each difference
    difference = np.arange(pairs.shape[-1])
    of_pairs = pairs.sum(axis=1) @ np.stack([difference**0, difference == 0, difference, difference**2], axis=1)
    homogeneity = np.cumsum(pairs / (1 + difference**2), axis=2)[..., -1]  # one by one
    squares = counts * counts
    of_squares = torch.stack([squares.sum(dim=(1, 2, 3)), squares[:, :, 0].sum(dim=(1, 2))], dim=1)
    whole = logs[counts.clamp(max=len(logs) - 1)].sum(dim=(2, 3)).cpu().numpy() * LOG_UNIT
    entropy = whole + _logs_of_large(counts, len(logs) - 1)
    return np.column_stack([of_pairs, homogeneity.sum(axis=1), of_squares.cpu().numpy(), entropy.sum(axis=1)])


def _logs_of_large(counts, least):
    """Return the sums of ``m * log(m)`` over counts that are not in the table, (n, 1 or 2)."""
    places = (counts >= least).nonzero()
    sums = np.zeros(counts.shape[:2])
    for (image, table), m in zip(places[:, :2].tolist(), counts[tuple(places.T)].tolist(), strict=True):
        sums[image, table] += m * math.log(m)
    return sums
