"""Networks to train: a body that turns an image into features, found by name, and a head of the task's own."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ..checks import did_you_mean
from ..extractors.cnn import backbones
from ..extractors.cnn.layers import find_taps
from ..extractors.cnn.preprocessing import Preprocessing
from .architectures import NAMED, Architecture

if TYPE_CHECKING:
    from torch import nn


class Several(backbones.Backbone):
    """Networks side by side, which see the same images; their features stand one behind the other."""

    def __init__(self, name: str, parts: Sequence[backbones.Backbone]) -> None:
        super().__init__(name, parts[0].weights)
        self.parts = parts

    def preprocessing(self) -> Preprocessing:
        """Return how images are shown to all of them: as to the first."""
        return self.parts[0].preprocessing()

    def identity(self) -> dict[str, Any]:
        """Return what decides the networks' values, as plain values; builds nothing."""
        return {"side by side": [part.identity() for part in self.parts]}

    def shapes(self) -> tuple[Any, ...]:
        """Return a value that two backbones share only if their networks have the same shapes."""
        return tuple(part.shapes() for part in self.parts)

    def network(self) -> "nn.Module":
        """Return the networks with their weights."""
        return self._build(trained=True)

    def blank(self) -> "nn.Module":
        """Return networks of the same shapes, their values drawn from torch's random numbers."""
        return self._build(trained=False)

    def _build(self, trained):
        from .architectures.experts import SideBySide

        nets, widths = zip(*(body(part, self.preprocessing(), trained) for part in self.parts), strict=True)
        return SideBySide(nets, widths)


def find(backbone: Any, weights: Any) -> backbones.Backbone:
    """Return the backbone of a name, a module or a function.

    Parameters
    ----------
    backbone : str, torch.nn.Module or function
        A name of this room's architectures, such as ``"small"``, or what CNNEmbedding takes. Names with a plus between
        them are networks side by side.
    weights : "default", "v1", None or path

    Raises
    ------
    ValueError
        For a name that does not exist, and for weights of an architecture of this room, which has none.
    """
    if isinstance(backbone, str) and "+" in backbone:
        return Several(backbone, [find(name, weights) for name in backbone.split("+")])
    if isinstance(backbone, str) and backbone in NAMED:
        if weights is not None:
            raise ValueError(
                f"{backbone!r} has no published weights: leave weights=None, or choose a network of torchvision"
            )
        return Architecture(backbone, None)
    try:
        return backbones.find(backbone, weights)
    except ValueError as error:
        hint = did_you_mean(backbone, NAMED)
        known = f"{error}, and {', '.join(NAMED)}"
        raise ValueError(f"{known}: {hint.rstrip()}" if hint else known) from None


def shown(backbone: backbones.Backbone, image_size: int | None) -> Preprocessing:
    """Return how images are shown to the network, `image_size` pixels a side (None: the network's own)."""
    own = backbone.preprocessing()
    return own if image_size is None else replace(own, crop=image_size, resize=image_size)


def body(backbone: backbones.Backbone, preprocessing: Preprocessing, trained: bool) -> tuple["nn.Module", int]:
    """Return a network without its final classifier, and how many features it gives.

    Parameters
    ----------
    backbone : Backbone
    preprocessing : Preprocessing
        How images are shown to it.
    trained : bool
        Whether it starts from the backbone's weights; else from torch's random numbers.

    Returns
    -------
    net : torch.nn.Module
        From inputs (n, channels, side, side) to features (n, width), on the CPU.
    width : int

    Raises
    ------
    ValueError
        Where the network bears no such image, or ends in a convolution that classifies.
    """
    import torch
    from torch import nn

    net = (backbone.network() if trained and backbone.weights is not None else backbone.blank()).eval()
    if getattr(net, "aux_logits", False):  # the second classifiers inside GoogLeNet and Inception V3
        net.aux_logits = False
        for name in ("AuxLogits", "aux1", "aux2"):
            if hasattr(net, name):
                setattr(net, name, None)
    sample = torch.zeros((1, preprocessing.channels, preprocessing.crop, preprocessing.crop))
    try:
        (tap,) = find_taps(net, None, "avg", sample)
        if tap.is_input and not isinstance(net.get_submodule(tap.module), nn.Linear):
            raise ValueError(f"{backbone.name} ends in a convolution that classifies: pass a module without it")
        if tap.is_input and tap.module:
            net.set_submodule(tap.module, nn.Identity())
        elif tap.is_input:  # the network is one linear layer
            net = nn.Identity()
        net = nn.Sequential(net, nn.Flatten())
        with torch.inference_mode():
            features = net(sample)
    except (RuntimeError, AssertionError, TypeError) as error:
        raise ValueError(
            f"{backbone.name} cannot be shown an image of {preprocessing.channels} channels and {preprocessing.crop} x "
            f"{preprocessing.crop} pixels, or gives no tensor of features: {error}"
        ) from error
    return net.train().requires_grad_(True), features.shape[1]


def maps(
    backbone: backbones.Backbone, preprocessing: Preprocessing, layers: Sequence[str] | None, trained: bool
) -> tuple["nn.Module", list[int]]:
    """Return a network that gives maps of some layers, and how many channels each has.

    Parameters
    ----------
    backbone : Backbone
    preprocessing : Preprocessing
    layers : sequence of str or None
        Names of modules of the network. None takes the last map before the final classifier.
    trained : bool
        As in `body`.

    Returns
    -------
    net : torch.nn.Module
        From inputs to a list of maps (n, channels, height, width); tokens of a transformer are a map one pixel wide.
    channels : list of int

    Raises
    ------
    ValueError
        As in `body`, and for a layer that does not exist.
    """
    import torch

    from .architectures.tapped import Tapped

    net, _ = body(backbone, preprocessing, trained)
    sample = torch.zeros((2, preprocessing.channels, preprocessing.crop, preprocessing.crop))
    taps = find_taps(net[0].eval(), layers, "max", sample)
    names = ["" if tap.is_input else tap.module for tap in taps]  # a network without maps is tapped at its end
    tapped = Tapped(net, [f"0.{name}".removesuffix(".") for name in names])
    with torch.inference_mode():
        channels = [found.shape[1] for found in tapped(sample)]
    return tapped.train(), channels


def with_head(
    backbone: backbones.Backbone,
    preprocessing: Preprocessing,
    make_head: Callable[[int], "nn.Module"],
    trained: bool,
) -> "nn.Module":
    """Return a module with the parts `body` and `head`; `make_head` is given the number of features of the body."""
    from torch import nn

    net, width = body(backbone, preprocessing, trained)
    return nn.ModuleDict({"body": net, "head": make_head(width)})
