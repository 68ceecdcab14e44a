"""A network that gives the outputs of some of its layers, in place of what it ends in."""

import threading
from collections.abc import Sequence

from torch import Tensor, nn


class Tapped(nn.Sequential):
    """A chain of modules that gives maps of the layers named.

    Parameters
    ----------
    chain : nn.Sequential
        Its modules are taken over under the same names.
    layers : sequence of str
        Names of modules in it. One that runs several times gives its last output.
    """

    def __init__(self, chain: nn.Sequential, layers: Sequence[str]) -> None:
        super().__init__(*chain)
        self._run = threading.local()
        for place, layer in enumerate(layers):
            self.get_submodule(layer).register_forward_hook(
                lambda module, inputs, output, place=place: self._run.found.__setitem__(place, output)
            )

    def forward(self, x: Tensor) -> list[Tensor]:
        """Return one map a layer, (n_images, channels, height, width)."""
        self._run.found = {}
        super().forward(x)
        found, self._run.found = self._run.found, None
        return [_as_map(found[place]) for place in sorted(found)]


def _as_map(output):
    """Return a map; tokens of a transformer are one pixel wide, and a vector is one pixel."""
    output = output[0] if isinstance(output, (tuple, list)) else output
    if output.ndim == 3:
        output = output.transpose(1, 2)
    return output.reshape(*output.shape, *[1] * (4 - output.ndim))
