"""The base of extractors that have compiled kernels for the CPU and PyTorch for a graphics card."""

import os
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from ...device import device_or_kernels, in_blocks
from ..base import BaseExtractor

if TYPE_CHECKING:
    import torch

_BLOCKS = {"cuda": 2**24, "cpu": 2**18}  # numbers taken together; each counts some 80 bytes while it is worked on
_ON_CARD = 256  # images shown to a card at a time


class OnDevice(BaseExtractor):
    """Base of extractors that do the work of their kernels with PyTorch where the parameter `device` says so.

    A subclass takes `device`, and writes `_extract_compiled` for the kernels, `_prepared` and `_extract_on` for
    PyTorch. Images of one size and depth share a batch there.
    """

    device: str | None

    _runtime_params = ("device",)

    def _prepared(self, image: NDArray[Any]) -> NDArray[Any]:
        """Return the picture (height, width) to send to the device, of any dtype."""
        return image

    def _numbers_per_image(self, height: int, width: int) -> int:
        """Return how many numbers an image of this size is worked on as."""
        return height * width

    def _extract_compiled(self, images: list[NDArray[Any]]) -> ArrayLike:
        """Return the rows of images of any shapes, by the kernels."""
        raise NotImplementedError(f"{type(self).__name__} must write _extract_compiled")

    def _extract_on(self, stack: "torch.Tensor") -> NDArray[Any]:
        """Return the rows of pictures of one size (n, height, width), which lie on the device."""
        raise NotImplementedError(f"{type(self).__name__} must write _extract_on")

    def _check_params(self):
        self._device()

    def _device(self):
        """Return the PyTorch device; None stands for the compiled kernels."""
        return device_or_kernels(self.device, type(self).__name__)

    def _is_card(self):
        device = self._device()
        return device is not None and device.type != "cpu"

    def _chunk_size(self):
        return _ON_CARD if self._is_card() else super()._chunk_size()

    def _chunk_threads(self):
        """Return how many threads work: on a card they decode images while one of them computes."""
        return min(os.cpu_count() or 1, 8) if self._is_card() else super()._chunk_threads()

    def _extract_batch(self, images):
        device = self._device()
        if device is None:
            return self._extract_compiled(images)
        import torch

        pictures, alike = [self._prepared(image) for image in images], {}
        for i, picture in enumerate(pictures):
            alike.setdefault((picture.shape, picture.dtype), []).append(i)
        rows = [None] * len(images)
        with torch.inference_mode():
            for ((height, width), _), places in alike.items():

                def extract(start, stop, places=places):
                    stack = np.stack([pictures[i] for i in places[start:stop]])
                    if stack.dtype == np.uint16:  # of which PyTorch can do little
                        stack = stack.astype(np.int32)
                    return self._extract_on(torch.from_numpy(stack).to(device))

                size = max(1, _BLOCKS[device.type] // self._numbers_per_image(height, width))
                for i, row in zip(places, np.concatenate(in_blocks(extract, len(places), size)), strict=True):
                    rows[i] = row
        return rows
