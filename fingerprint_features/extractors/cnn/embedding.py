"""CNNEmbedding: activations of a frozen network."""

import os
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...checks import check_int, check_option, fail
from ...device import find_device
from ...extras import imported
from ..base import BaseExtractor
from . import backbones, folding
from .layers import Collector, Tap, find_taps
from .preprocessing import Preprocessing
from .runner import run, turns
from .weights import check_file

if TYPE_CHECKING:
    import torch

_POOLS = ("avg", "max", "none", "attention")


class CNNEmbedding(BaseExtractor):
    """Activations of a frozen network, by default the input of its final classifier.

    Parameters
    ----------
    backbone : str, torch.nn.Module or function, default="efficientnet_lite0"
        ``"efficientnet_lite0"``, which comes with its ImageNet weights; any classification network of torchvision
        by its name there (``"resnet50"``, ``"vit_b_16"``); ``"timm/NAME"`` if timm is installed; a module; or a
        function without arguments that makes one. A function of an importable file pickles by name, a module with
        all its tensors.
    weights : "default", "v1", None or path, default="default"
        ``"default"``: the network's own ImageNet weights; torchvision's are taken from torch.hub's folder, and
        downloaded into it if necessary. ``"v1"``: the first weights that torchvision published for the network
        (resnet50 has two), with their own preset; the same as "default" where there is only one set. None: random
        weights with a fixed seed. A path: a file of tensors (``torch.save(net.state_dict(), path)``, or
        ``.safetensors``), of which no code is run. A module, or the result of a function, keeps its tensors unless a
        file is given.
    layer : str, sequence of str or None, default=None
        Modules whose outputs are taken, by their names in ``net.named_modules()``; the columns of several are put side
        by side, and ``""`` is the output of the network itself. If a module runs several times, like a shared
        activation, the last run counts. None takes the input of the final classifier (the class token, for ViT). That
        is the last linear layer if only dropout or a softmax follows, or a 1 x 1 convolution if it is the last module
        with weights (SqueezeNet); without either, None takes the output of the network.
    pool : {"avg", "max", "none", "attention"}, default="avg"
        How a map (features, height, width), or tokens, become columns: the mean, or the maximum, of each feature; all
        numbers; or the attention map, which is the mean of the absolute values of all features, one number for each
        place. The maps of swin are (height, width, features) and would be pooled over the wrong axes: take "none"
        there. With ``layer=None``, "avg" is the pooling of the network itself, and the others pool the last map before
        it.
    device : str, default="auto"
        ``"cpu"``, ``"cuda"``, ``"cuda:1"``, ``"mps"``; "auto" is CUDA where there is any, else the CPU.
    precision : {"float32", "bf16"}, default="float32"
        "bf16" is faster on processors that support it, but less exact: rows differ by some 0.5 % of their norm with
        ResNets, and by 3 to 15 % with the default backbone, whose layers are narrow.
    batch_size : int, default=64
        Largest number of images in a batch; halved while the memory of the device does not suffice. On the CPU, at
        most four for each thread.
    resize : {"preset", "squash"}, default="preset"
        How an image becomes the square that the network sees. "preset": the shorter side is resized and the middle
        cut out, as the authors of the network do. "squash": the whole image is resized to the square; nothing is cut
        off, and the sides do not keep their proportions.

    Raises
    ------
    ImportError
        When first used, if PyTorch is not installed: ``pip install "fingerprint_features[cnn]"``.

    See Also
    --------
    TextureCDF : Needs no network.

    Notes
    -----
    With ``resize="preset"`` images are prepared as by the authors of the network: size, interpolation, crop, mean and
    standard deviation. A module may have its own `Preprocessing` as attribute ``preprocessing``; otherwise its input is
    224 x 224 pixels on ImageNet's scale. Deeper images are rounded to 8 bits first (uint16 divided by 257, floats times
    255), and grey ones are repeated to three channels. A flat image is no special case; of a long strip only the middle
    is seen.

    In float32, rows agree with those of torchvision within 1e-4 of their norm, in any batch and on any device; of a
    strip longer than about 250 times its width a few pixels differ by one level of 255. The network is in evaluation
    mode; nothing is learnt. It is loaded when it is first needed and stays in memory, with at most three others, for
    all extractors of the process. On the CPU ``torch.get_num_threads()`` threads read images and run the network, each
    on one core (a single thread uses all cores). One thread runs the network on a GPU, while others read and resize the
    next images. In FeaturePipeline these are its `n_jobs` threads; on a GPU give it the same `batch_size` as here. With
    processes, each would hold its own network.

    A file with the name of one of torchvision's files of weights gets the preprocessing of those: V1 and V2 weights
    need different sizes. The token depends on the content of the file, not on its name. The token of a module depends
    on its tensors, settings, hooks and code; the module is read in full at each call, about 0.1 s for 100 MB, so every
    change is noticed. A network that cannot be identified, such as one with a hook that holds a lock, still runs, but
    its rows cannot be cached. Processes forked by multiprocessing after a network has run can hang, as with all of
    PyTorch; processes of loky do not.

    About 15 ms a core for an image with the default, 90 ms with resnet50.

    References
    ----------
    .. [1] Tan, Le, EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks, ICML 2019.
    .. [2] Zagoruyko, Komodakis, Paying More Attention to Attention, ICLR 2017.

    Examples
    --------
    >>> import numpy as np
    >>> images = np.random.default_rng(0).integers(0, 256, (2, 64, 64), dtype=np.uint8)
    >>> CNNEmbedding().fit_transform(images).shape  # doctest: +SKIP
    (2, 1280)
    >>> CNNEmbedding(pool="mean").fit(images)  # doctest: +SKIP
    Traceback (most recent call last):
    ValueError: the 'pool' parameter of CNNEmbedding must be one of 'avg', 'max', ... Got 'mean' instead.
    """

    _mode = "rgb"
    _values_version = 2
    # backbone and weights are in _value_state by their content, layer in one form for one name and a list of one
    _runtime_params = ("backbone", "weights", "layer", "device", "batch_size")

    def __init__(
        self,
        backbone: "str | torch.nn.Module | Callable[[], torch.nn.Module]" = "efficientnet_lite0",
        weights: str | os.PathLike[str] | None = "default",
        layer: str | Sequence[str] | None = None,
        pool: str = "avg",
        device: str = "auto",
        precision: str = "float32",
        batch_size: int = 64,
        *,
        resize: str = "preset",
    ) -> None:
        self.backbone = backbone
        self.weights = weights
        self.layer = layer
        self.pool = pool
        self.device = device
        self.precision = precision
        self.batch_size = batch_size
        self.resize = resize

    # ---- parameters ----------------------------------------------------------------------------------------

    def _check_params(self):
        if not (isinstance(self.backbone, str) or callable(self.backbone)):
            fail(self, "backbone", "a name, a torch.nn.Module or a function that makes one")
        if not (self.weights is None or isinstance(self.weights, (str, os.PathLike))):
            fail(self, "weights", "'default', 'v1', None or a path")
        check_option(self, "pool", _POOLS)
        check_option(self, "precision", ("float32", "bf16"))
        check_option(self, "resize", ("preset", "squash"))
        check_int(self, "batch_size", 1)
        layers = self._layers()
        if layers is not None and not (layers and all(isinstance(layer, str) for layer in layers)):
            fail(self, "layer", "None, the name of a module or several")
        if layers is not None and len(set(layers)) < len(layers):
            fail(self, "layer", "a sequence without repetitions")
        if self.weights is not None and self.weights not in backbones.PUBLISHED:
            check_file(Path(self.weights).expanduser())
        _import_torch()
        self._device()
        try:
            backbones.find(self.backbone, self.weights).look_again()
        except ValueError as error:
            fail(self, "backbone", f"the name of a network ({error})")
        try:
            self._layout()
        except ValueError as error:
            fail(self, "layer", f"a layer of this network that fits the pool ({error})")

    def _layers(self):
        """Return the layers as a tuple of names, or None."""
        if self.layer is None:
            return None
        return tuple(self.layer) if isinstance(self.layer, (tuple, list)) else (self.layer,)

    def _device(self):
        return find_device(self)

    # ---- columns and identity ------------------------------------------------------------------------------

    def _layout(self):
        return _layout(backbones.find(self.backbone, self.weights), self._layers(), self.pool)

    def n_columns(self) -> int:
        """Return the number of columns."""
        return sum(self._layout().widths)

    def _column_names(self):
        stem = f"cnn_{backbones.find(self.backbone, self.weights).name}"
        layers = self._layers() or [None]
        stems = [stem + (f"_{layer}" if layer else "") + f"_{self.pool}" for layer in layers]
        counts = zip(stems, self._layout().widths, strict=True)
        return [f"{stem}_{i:04d}" for stem, width in counts for i in range(width)]

    def _value_state(self):
        _import_torch()
        backbone = backbones.find(self.backbone, self.weights)
        return {**backbone.identity(), "shown": asdict(backbone.preprocessing()), "layers": self._layers()}

    # ---- work ----------------------------------------------------------------------------------------------

    def _chunk_size(self):
        return 8 if self._device().type == "cpu" else max(32, self.batch_size)

    def _chunk_threads(self):
        """Return how many threads work: on the CPU each runs the network, else one does and the others decode."""
        import torch

        return torch.get_num_threads() if self._device().type == "cpu" else min(torch.get_num_threads(), 8)

    def _extract_batch(self, images):
        backbone, layout = backbones.find(self.backbone, self.weights), self._layout()
        side, channels = layout.preprocessing.crop, layout.preprocessing.channels
        pixels = np.empty((len(images), side, side, channels), dtype=np.uint8)
        for image, seen in zip(images, pixels, strict=True):
            seen[...] = layout.preprocessing.pixels(image, self.resize)
        return run(backbone, layout, self.pool, pixels, self._device(), self.precision, self.batch_size)


@dataclass(frozen=True)
class Layout:
    """The taps of a network, the number of columns of each, and the modules that must not be folded."""

    taps: tuple[Tap, ...]
    widths: tuple[int, ...]
    kept: frozenset[str]
    preprocessing: Preprocessing


_layouts: "OrderedDict[tuple, Layout]" = OrderedDict()  # by shapes of a backbone, layers and pool


def _layout(backbone, layers, pool):
    """Return the layout, found once by running a network of the same shapes, without values if possible."""
    key = backbone.shapes(), backbone.preprocessing(), layers, pool
    found = _layouts.get(key)
    if found is None:
        with turns.alone():
            while len(_layouts) >= 64:
                _layouts.popitem(last=False)
            found = _layouts[key] = _find_layout(backbone, layers, pool)
    return found


def _find_layout(backbone, layers, pool):
    import torch

    shown = backbone.preprocessing()
    net = backbone.skeleton().eval()
    device = next((tensor.device for tensor in net.state_dict().values()), torch.device("cpu"))
    sample = torch.zeros((1, shown.channels, shown.crop, shown.crop), dtype=torch.float32, device=device)
    try:
        taps = find_taps(net, layers, pool, sample)
    except RuntimeError as error:
        raise ValueError(
            f"{backbone.name} cannot read an image of {shown.channels} channels and {shown.crop} x {shown.crop} "
            f"pixels ({error}): give the module an attribute preprocessing=Preprocessing(...) that says what it expects"
        ) from error
    pairs = folding.pairs(net)
    collector = Collector(net)
    collector.watch(taps)
    widths = [matrix.shape[1] for matrix in collector.collect(taps, pool, sample)]
    kept = {t.module for t in taps if any(folding.shows(pair, t.module) for pair in pairs)}
    return Layout(tuple(taps), tuple(widths), frozenset(kept), shown)


def _import_torch():
    for package in ("torch", "torchvision"):
        imported(package, "cnn", "CNNEmbedding needs PyTorch")
