"""CNNEmbedding: what a frozen network makes of an image."""

import os
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from ...checks import check_int, check_option, fail
from ..base import BaseExtractor
from . import backbones, folding
from .layers import Collector, find_taps
from .preprocessing import Preprocessing
from .runner import run, turns
from .weights import check_file

if TYPE_CHECKING:
    import torch

_POOLS = ("avg", "max", "none", "attention")


class CNNEmbedding(BaseExtractor):
    """Activations of a frozen network, by default what its final classifier is given.

    Parameters
    ----------
    backbone : str, torch.nn.Module or function, default="efficientnet_lite0"
        ``"efficientnet_lite0"``, which brings its ImageNet weights along; any classification network of torchvision
        by its name there (``"resnet50"``, ``"vit_b_16"``); ``"timm/NAME"`` if timm is installed; a module; or a
        function without arguments that makes one. A function of an importable file pickles by name, a module with
        all its tensors.
    weights : "default", "v1", None or path, default="default"
        ``"default"``: the network's own ImageNet weights; torchvision's are taken from torch.hub's folder, and
        downloaded into it if need be. ``"v1"``: the first that torchvision published for the network (resnet50 has
        two), with their own preset; the same as "default" where there is one set only. None: random weights, of a
        fixed seed. A file of tensors
        (``torch.save(net.state_dict(), path)``, or ``.safetensors``) is read without running anything in it. A
        module, or what a function makes, keeps its tensors unless a file is given.
    layer : str, sequence of str or None, default=None
        Modules, by their names in ``net.named_modules()``, whose outputs are taken; several are put side by side, and
        ``""`` is the output of the network itself. Of a module that runs several times, as a shared activation does,
        the last run counts. None takes the input of the final classifier (the class token, for ViT): of the last
        linear layer if nothing but dropout or a softmax follows, or of a 1 x 1 convolution if that is the last module
        with weights (SqueezeNet); else the network's output.
    pool : {"avg", "max", "none", "attention"}, default="avg"
        What becomes of a map (features, height, width), or of tokens: the mean, or the maximum, of each feature; all
        numbers; or the attention map, the mean over the features of their absolute values, one number a place. Maps
        of swin inside are (height, width, features), and pooled over the wrong axes: take their layers with "none".
        With ``layer=None``, "avg" is what the network itself pools, and the others pool the last map before that.
    device : str, default="auto"
        ``"cpu"``, ``"cuda"``, ``"cuda:1"``, ``"mps"``; "auto" is CUDA where there is any, else the CPU.
    precision : {"float32", "bf16"}, default="float32"
        "bf16" is faster where the processor knows it, and coarse: off by some 0.5 % of a row's norm with ResNets, by 3
        to 15 % with the default backbone, whose layers are narrow.
    batch_size : int, default=64
        Most images that the network is shown at once; halved for as long as the device's memory does not suffice.
        On the CPU, also at most four a thread.
    resize : {"preset", "squash"}, default="preset"
        How an image becomes the square that the network sees. "preset": the shorter side is resized and the middle
        cut out, as the network's makers do it. "squash": the whole image is resized to the square; nothing is cut
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
    With ``resize="preset"`` every image is shown as the network's makers do it: size, interpolation, crop, mean and
    deviation. A module may
    carry its own `Preprocessing` as attribute ``preprocessing``; else it is shown 224 x 224 pixels on ImageNet's
    scale. Deeper images are rounded to 8 bits first (uint16 divided by 257, floats times 255), grey ones repeated to
    three channels. A flat image is one like any other; a strip is cut to its middle.

    Rows agree within 1e-4 of their norm, float32, with those that torchvision gives when called by hand, in any batch
    and on any device; of a strip longer than about 250 times its width a few pixels are one level of 255 off. The
    network is in evaluation mode, nothing is learnt. It is loaded when first needed and stays
    in memory, with three others at most, for all extractors of the process. On the CPU ``torch.get_num_threads()``
    threads read images and run the network, each on one core, or one on all cores if there is but one. A GPU is fed
    by one thread, while others read and resize the next images. In FeaturePipeline these are its `n_jobs` threads
    (give it a `batch_size` as large as this one's on a GPU). With processes, each would hold a network.

    A file of weights that has the name of one of torchvision's is taken for it: ImageNet weights of version 1 and 2
    expect other sizes. The token holds the digest of the file, not its name; of a module, its tensors, settings, hooks
    and code. A module is read in full at each call, about 0.1 s for 100 MB, so every change is noticed. What cannot be
    identified, such as a hook that holds a lock, still runs, but its rows cannot be cached. Processes forked by
    multiprocessing after a network has run can hang, as with all of PyTorch; loky's do not.

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
            fail(self, "backbone", f"one that exists ({error})")
        try:
            self._layout()
        except ValueError as error:
            fail(self, "layer", f"one that is there, for this pool ({error})")

    def _layers(self):
        """Return the layers as a tuple of names, or None."""
        if self.layer is None:
            return None
        return tuple(self.layer) if isinstance(self.layer, (tuple, list)) else (self.layer,)

    def _device(self):
        import torch

        if not isinstance(self.device, str):
            fail(self, "device", "'auto' or a device such as 'cpu' or 'cuda'")
        if self.device == "auto":
            return torch.device("cuda" if torch.cuda.is_available() else "cpu")
        try:
            device = torch.device(self.device)
        except RuntimeError:
            fail(self, "device", "'auto' or a device such as 'cpu' or 'cuda'")
        if device.type == "cuda" and not torch.cuda.is_available():
            fail(self, "device", "'auto' or 'cpu': PyTorch finds no CUDA device here")
        return device

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
class _Layout:
    """Where a network is tapped, how many columns each tap gives, and what must stay unfolded for it."""

    taps: tuple
    widths: tuple
    kept: frozenset
    preprocessing: Preprocessing


_layouts = OrderedDict()  # (shapes of a backbone, layers, pool) -> _Layout


def _layout(backbone, layers, pool):
    """Return the layout, found once by running a network of the same shapes, if possible one without values."""
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
            f"{backbone.name} cannot be shown an image of {shown.channels} channels and {shown.crop} x {shown.crop} "
            f"pixels ({error}): give the module an attribute preprocessing=Preprocessing(...) that says what it expects"
        ) from error
    pairs = folding.pairs(net)
    collector = Collector(net)
    collector.watch(taps)
    widths = [matrix.shape[1] for matrix in collector.collect(taps, pool, sample)]
    kept = {t.module for t in taps if any(folding.shows(pair, t.module) for pair in pairs)}
    return _Layout(tuple(taps), tuple(widths), frozenset(kept), shown)


def _import_torch():
    try:
        import torch  # noqa: F401
        import torchvision  # noqa: F401
    except ImportError as error:
        raise ImportError('CNNEmbedding needs PyTorch: pip install "fingerprint_features[cnn]"') from error
