"""What all trained networks share: training in `fit`, rows out of `transform`, files without pickle."""

import hashlib
import json
import os
import threading
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sklearn.exceptions import NotFittedError

from ..cache.identity import canonical
from ..checks import check_int, check_option, check_real, fail
from ..device import find_device
from ..extractors import BaseExtractor
from ..extractors.cnn.preprocessing import Preprocessing
from ..extractors.cnn.runner import full_precision
from ..extractors.cnn.weights import check_file
from ..extras import imported
from ..images import ImageSet, as_image_set
from ..tensors import read, write
from . import networks
from .augmentation import Augmentation
from .files import Checkpoint
from .held import hold, scaled, seen
from .kinds import Optimizer
from .loop import SCHEDULES, Plan, batches, seeded, train
from .starts import check_start, start_digest, start_from
from .validation import patients_of, validation_images

if TYPE_CHECKING:
    from torch import Tensor, nn

_LARGEST = 4096  # pixels a side
_building = threading.Lock()


class TrainedNetwork(BaseExtractor):
    """Base of the estimators that train a network on images.

    A subclass writes `_targets`, `_make_head`, `_loss`, `_embed` and `_column_names`. Its module has two parts: `body`,
    from images to features, and `head`, what the task needs behind it. It may also write `_training` (which images it
    learns from, besides X), `_draw` (which images a batch holds, such as pairs) and `_build` (a module of other parts;
    `body` must be one).

    Notes
    -----
    Fitted attributes: ``tensors_`` (the network's tensors by name), ``history_`` (the mean losses of each epoch, by
    name), ``digest_`` (hex digest of the trained network). What else `_targets` learns is one, too.
    """

    tensors_: dict[str, NDArray[Any]]
    history_: dict[str, list[float]]
    digest_: str

    _mode = "rgb"
    _stateful = True
    _here_only: tuple[str, ...] = ("device", "progress", "checkpoint")  # parameters that no file keeps
    # The trained weights are in _value_state, whatever made them.
    _runtime_params = ("backbone", "weights", "init", "augment", "device", "progress", "checkpoint")
    optimizer: Optimizer = "adamw"  # where it is no parameter

    # ---- what a subclass writes -----------------------------------------------------------------------------

    def _targets(self, y: ArrayLike | None, n_images: int) -> tuple[NDArray[Any], dict[str, Any]]:
        """Return what the loss is given of each image, and the fitted attributes that were learnt from y."""
        raise NotImplementedError(f"{type(self).__name__} must write _targets")

    def _training(self, images: ImageSet, y: ArrayLike | None) -> tuple[list[ImageSet], NDArray[Any], dict[str, Any]]:
        """Return the sets to learn from, the targets of all their images, and what `_targets` learnt."""
        return [images], *self._targets(y, len(images))

    def _draw(self, targets: "Tensor", rows: "Tensor", batch_size: int) -> "Sequence[Tensor]":
        """Return the batches of one epoch: numbers of images, drawn of `rows` with torch's random numbers."""
        return batches(rows, batch_size)

    def _make_head(self, width: int, learned: Mapping[str, Any]) -> "nn.Module":
        """Return the head behind a body of `width` features."""
        raise NotImplementedError(f"{type(self).__name__} must write _make_head")

    def _loss(self, net: "nn.Module", inputs: "Tensor", targets: "Tensor") -> "Tensor":
        """Return the mean loss of a batch."""
        raise NotImplementedError(f"{type(self).__name__} must write _loss")

    def _embed(self, net: "nn.Module", inputs: "Tensor") -> "Tensor":
        """Return the rows of `transform`, (n_images, n_columns)."""
        raise NotImplementedError(f"{type(self).__name__} must write _embed")

    def _learned(self) -> dict[str, Any]:
        """Return the fitted attributes that `_targets` gave."""
        return {}

    # ---- parameters -----------------------------------------------------------------------------------------

    def _check_params(self):
        _import_torch(type(self).__name__)
        if not (isinstance(self.backbone, str) or callable(self.backbone)):
            fail(self, "backbone", "a name, a torch.nn.Module or a function that makes one")
        if not (self.weights is None or isinstance(self.weights, (str, os.PathLike))):
            fail(self, "weights", "None, 'default', 'v1' or a path")
        check_start(self)
        if self.image_size is not None:
            check_int(self, "image_size", 8, _LARGEST)
        check_int(self, "epochs", 1)
        check_real(self, "lr", 0, 1000, closed=False)
        check_real(self, "body_lr", 0)
        check_option(self, "schedule", tuple(SCHEDULES))
        check_int(self, "batch_size", 2)
        check_real(self, "weight_decay", 0)
        if not (self.augment is None or isinstance(self.augment, Augmentation)):
            fail(self, "augment", "None or an Augmentation")
        check_real(self, "validation", 0, 0.5)
        if self.patience is not None:
            check_int(self, "patience", 1)
            if not self.validation:
                fail(self, "patience", "None where validation=0: early stopping needs images to watch")
        check_int(self, "random_state", 0, 2**32 - 1)
        check_option(self, "progress", (True, False))
        if not (self.checkpoint is None or isinstance(self.checkpoint, (str, os.PathLike))):
            fail(self, "checkpoint", "None or a path")
        find_device(self)
        try:
            self._backbone()
        except ValueError as error:
            fail(self, "backbone", f"one that exists ({error})")

    def _check_images(self, name, allowed="None or a set of images"):
        """Require a parameter that is None or a set of images; `allowed` says so in the error."""
        try:
            if getattr(self, name) is not None:
                as_image_set(getattr(self, name))
        except (TypeError, ValueError) as error:
            fail(self, name, f"{allowed} ({error})")

    def _backbone(self):
        return networks.find(self.backbone, self.weights)

    def _shown(self) -> Preprocessing:
        return networks.shown(self._backbone(), self.image_size)

    # ---- training -------------------------------------------------------------------------------------------

    def _fit(self, images, y, train_only=None):
        import torch

        if len(images) < 2:
            name = type(self).__name__
            raise ValueError(f"{name}: training needs two images at least. Got {len(images)}: add images")
        sets, targets, learned = self._training(images, y)
        if self.weights not in (None, "default", "v1"):
            check_file(Path(self.weights).expanduser())
        shown = self._shown()
        with seeded(self.random_state, 0):
            net = self._build(learned, trained=True)
        start_from(net, self)
        pixels = hold(sets, shown, torch.get_num_threads())
        held_out = self._held_out(sets, pixels, targets, train_only)
        history = train(
            net,
            torch.from_numpy(pixels),
            torch.from_numpy(targets),
            held_out,
            inputs=lambda pixels: scaled(pixels, shown),
            augment=self.augment,
            draw=self._draw,
            loss=self._loss,
            plan=self._plan(pixels, targets, held_out),
        )
        self._take(net, learned, history)

    def _plan(self, *given):
        """Return how to train on what is given."""
        return Plan(
            owner=type(self).__name__,
            epochs=self.epochs,
            lr=self.lr,
            body_lr=self.body_lr,
            schedule=self.schedule,
            optimizer=self.optimizer,
            weight_decay=self.weight_decay,
            batch_size=self.batch_size,
            patience=self.patience,
            seed=self.random_state,
            device=find_device(self),
            progress=self.progress,
            checkpoint=None if self.checkpoint is None else Checkpoint(self.checkpoint, self._key(given)),
        )

    def _build(self, learned, trained):
        """Return a new network; `trained` starts from the weights that the parameters name."""
        return networks.with_head(
            self._backbone(), self._shown(), lambda width: self._make_head(width, learned), trained=trained
        )

    def _held_out(self, sets, pixels, targets, train_only=None):
        """Return the mask of the validation images."""
        if not self.validation:
            return np.zeros(len(pixels), dtype=bool)
        contents = [own.tobytes() for own in pixels]
        classes = targets if targets.ndim == 1 else np.zeros(len(pixels))
        return validation_images(patients_of(sets), contents, classes, self.validation, self.random_state, train_only)

    def _key(self, given):
        """Return what names a fit: parameters, weights to start from, and what it is given."""
        params = self.get_params(deep=False)
        own = {name: value for name, value in params.items() if name not in self._runtime_params}
        start = [self._backbone().identity(), self.augment and asdict(self.augment), start_digest(self.init)]
        return _digest([type(self).__name__, own, start, given])

    def _take(self, net, learned, history):
        """Become fitted."""
        for name, value in learned.items():
            setattr(self, name, value)
        self.tensors_ = {name: tensor.detach().cpu().numpy() for name, tensor in net.state_dict().items()}
        self.history_ = history
        self._made_of = self._design()
        self._identify()
        self._network = net.requires_grad_(False)

    def _identify(self):
        self.digest_ = _digest([self._made_of, self.tensors_])

    # ---- rows -----------------------------------------------------------------------------------------------

    def check_ready(self) -> None:
        """Raise for bad parameters, before `fit`, and after a change of what the network is built of."""
        super().check_ready()
        if self._made_of != self._design():
            raise NotFittedError(
                f"{type(self).__name__}: parameters that the network is built of have changed since fit: call fit again"
            )

    def _design(self):
        """Return what decides the shapes of the network, and how it is shown images."""
        return [self._backbone().shapes(), asdict(self._shown())]

    def _value_state(self):
        if not self.__sklearn_is_fitted__():
            return None
        # The code of a module or function; raises where it cannot be identified.
        code = None if isinstance(self.backbone, str) else networks.find(self.backbone, None).identity()
        return {"network": self.digest_, "code": code}

    def _extract_batch(self, images):
        import torch

        device, shown = find_device(self), self._shown()
        pixels = torch.from_numpy(np.stack([seen(image, shown) for image in images])).to(device)
        net = self._ready(device)
        with torch.inference_mode(), full_precision() if device.type == "cuda" else nullcontext():
            return self._embed(net, scaled(pixels, shown)).cpu().numpy()

    def _ready(self, device) -> "nn.Module":
        """Return the trained network on a device; a pickle holds none, so that it is built again."""
        import torch

        with _building:
            if self._network is None:
                with seeded(0, 0):  # the numbers drawn are replaced
                    net = self._build(self._learned(), trained=False)
                net.load_state_dict({name: torch.from_numpy(np.array(own)) for name, own in self.tensors_.items()})
                self._network = net.eval().requires_grad_(False)
            return self._network.to(device)

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "tensors_")

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        if "_network" in state:
            state["_network"] = None
        return state

    # ---- files ----------------------------------------------------------------------------------------------

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the trained network, its parameters and its learning curve into one file, without pickle.

        Parameters
        ----------
        path : path-like
            An existing file is replaced. It becomes a ``.safetensors`` file, with the parameters as JSON in its
            header. A `backbone` that is a module or a function is not kept: pass it to `load`.
        """
        import torch

        self.check_ready()
        params = {name: value for name, value in self.get_params(deep=False).items() if name not in self._here_only}
        params["backbone"] = self.backbone if isinstance(self.backbone, str) else None
        params["weights"] = self.weights if self.weights in (None, "default", "v1") else None
        params["augment"] = self.augment and asdict(self.augment)
        params["init"] = None
        params = {name: value.item() if isinstance(value, np.generic) else value for name, value in params.items()}
        facts = {"class": type(self).__name__, "params": params, "history": self.history_}
        facts["learned"] = {name: value.tolist() for name, value in self._learned().items()}
        write(path, {name: torch.from_numpy(np.array(own)) for name, own in self.tensors_.items()}, facts)

    @classmethod
    def load(cls, path: str | os.PathLike[str], **params: Any) -> Self:
        """Return the fitted estimator of a file that `save` wrote; a file from elsewhere cannot run code.

        Parameters
        ----------
        path : path-like
        **params
            Parameters in place of those in the file, such as ``device="cpu"`` and a `backbone` that is a module.

        Returns
        -------
        estimator
            Fitted; its rows, and their token in the cache, are those of the estimator that was saved.

        Raises
        ------
        ValueError
            When the file is damaged, of another class, or no such file at all.
        """
        _import_torch(cls.__name__)
        tensors, facts = read(path)
        if facts.get("class") != cls.__name__:
            raise ValueError(f"{os.fsdecode(path)} holds a {facts.get('class')!r}, not a {cls.__name__}")
        kept = facts.get("params")
        if isinstance(kept, dict) and kept.get("backbone", "") is None and "backbone" not in params:
            raise ValueError(f"{os.fsdecode(path)} was trained on a module of its maker's: pass it, backbone=...")
        try:
            kept = {name: value for name, value in kept.items() if name not in cls._here_only}
            if kept["weights"] not in (None, "default", "v1"):
                raise ValueError(f"it names the weights {kept['weights']!r}")
            kept["augment"] = kept["augment"] and Augmentation(**kept["augment"])
            model = cls(**{**kept, **params})
            model._check_params()
            learned = {name: np.array(value) for name, value in facts["learned"].items()}
            with seeded(0, 0):
                net = model._build(learned, trained=False)
            net.load_state_dict(tensors)
            if not all(tensor.isfinite().all() for tensor in tensors.values()):
                raise ValueError("its weights are not finite")
            model._take(net.eval(), learned, facts["history"])
            if model._learned().keys() != learned.keys():
                raise ValueError("it has learned other things")
        except (AttributeError, KeyError, TypeError, ValueError, RuntimeError) as error:
            raise ValueError(f"{os.fsdecode(path)} holds no complete {cls.__name__}: {error}") from error
        return model


def _digest(values):
    """Return the hex digest of parameters, arrays and tensors by name."""
    return hashlib.blake2b(json.dumps(canonical(values), sort_keys=True).encode(), digest_size=32).hexdigest()


def _import_torch(owner):
    for package in ("safetensors", "torch", "torchvision"):
        imported(package, "learned", f"{owner} needs PyTorch")
