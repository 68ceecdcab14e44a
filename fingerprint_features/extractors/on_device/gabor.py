"""Gabor filters in whole batches, by Fourier transforms in double precision."""

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.fft import next_fast_len
from torch import Tensor

from ..kernels.gabor import mirrored


def response_means(levels: Tensor, kernels: Sequence[NDArray[np.complex128]], magnitude: bool) -> NDArray[np.float64]:
    """Return the mean and the mean square of every filter's response (its real part, or its magnitude).

    Parameters
    ----------
    levels : Tensor of shape (n, height, width) and dtype float32
        Mirrored at the borders, edge pixels repeated, as often as the kernels need.
    kernels : sequence of complex ndarray
        With odd sides.
    magnitude : bool

    Returns
    -------
    ndarray of shape (n, n_filters, 2)
    """
    height, width = levels.shape[1:]
    margins = _margins(kernels)
    places = [torch.tensor(mirrored(n, m), device=levels.device) for n, m in zip((height, width), margins, strict=True)]
    wide = levels.to(torch.float64)[:, places[0]][:, :, places[1]]
    shape = transform_shape((height, width), kernels)
    spectra = torch.fft.fft2(wide, s=shape)
    means = []
    for kernel in kernels:
        response = torch.fft.ifft2(spectra * torch.fft.fft2(torch.tensor(kernel, device=levels.device), s=shape))
        top, left = (margin + side // 2 for margin, side in zip(margins, kernel.shape, strict=True))
        response = response[:, top : top + height, left : left + width]  # where nothing came round from the other end
        response = response.abs() if magnitude else response.real
        means.append(torch.stack([response.mean(dim=(1, 2)), response.square().mean(dim=(1, 2))], dim=1))
    return torch.stack(means, dim=1).cpu().numpy()


def transform_shape(shape: tuple[int, int], kernels: Sequence[NDArray[np.complex128]]) -> tuple[int, int]:
    """Return the size of the transforms of images of this size."""
    return tuple(next_fast_len(n + 2 * m, real=True) for n, m in zip(shape, _margins(kernels), strict=True))


def _margins(kernels):
    return [max(kernel.shape[axis] for kernel in kernels) // 2 for axis in (0, 1)]
