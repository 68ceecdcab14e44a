"""PairNetwork: a network is shown a real and a generated image, and says how likely the real one was used."""

import copy
import os
import threading
from collections.abc import Sequence
from os import PathLike
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, softmax
from sklearn.base import ClassifierMixin
from sklearn.exceptions import NotFittedError
from sklearn.utils import Tags

from ..checks import check_int, check_option, check_real, fail
from ..images import ImageSet, ImagesLike, as_image_set
from . import networks
from .augmentation import Augmentation
from .base import TrainedNetwork
from .held import hold, scaled
from .kinds import Network, Optimizer, Schedule, Start, Weights
from .labels import class_codes
from .loop import batches
from .losses import supcon

_GENERATED = -1  # in place of a class
_TEMPERATURE = 0.1
_AT_ONCE = 64  # pairs that the head is shown together
_pairing = threading.Lock()


class PairNetwork(ClassifierMixin, TrainedNetwork):
    """A classifier of images: a network is shown pairs of an image and a generated one.

    `fit` pairs every image with images of the reference, drawn again in each epoch, gives each pair the label of its
    image, and trains by the cross-entropy of a sigmoid. `predict_proba` pairs an image with one sample of the reference
    and aggregates the likelihoods. `transform` gives the log-odds of these pairs.

    Parameters
    ----------
    backbone : str, torch.nn.Module or function, default="small"
        The trunk, as in NetClassifier. ``"unpooled_resnet101"``: a ResNet-101 on grey images that keeps large maps.
    reference : ImageSet, or list, array or Series of paths or images
        The generated images.
    head : {"relation", "cross_attention", "fusion"}, default="relation"
        What judges a pair by the maps that the trunk gives of both. ``"relation"`` [1]_: convolutions on the maps one
        behind the other. ``"cross_attention"`` [2]_: each map attends to the other, and a perceptron is given
        ``|a - b|`` and ``a * b`` of what they find. ``"fusion"``: the means of several maps are joined by gates, and
        the cosine of both images, in the views of eight heads, is compared with a constant.
    layer : str or sequence of str, default=None
        The module of the trunk whose output the head is given, or several for ``"fusion"``. None is the last map before
        the final classifier.
    dim : int, default=128
        Width of the head's layers, a multiple of 8.
    shared : bool, default=True
        Whether one trunk sees both images. False trains one for real and one for generated images.
    n_pairs : int or None, default=20
        Number of generated images that each image is paired with. None takes all.
    aggregate : {"mean", "majority", "max", "attention"}, default="mean"
        How the pairs of an image give its likelihood: the mean, the share of pairs above 0.5, the largest, or the mean
        weighted by the odds of each pair.
    contrastive : float, default=0.0
        Weight of a supervised contrastive loss [3]_ beside the cross-entropy, on what the head makes of each image by
        itself, at the temperature 0.1. Generated images are of the second class.
    optimizer : {"adamw", "sgd"}, default="adamw"
        "sgd" has the momentum 0.9.
    batch_size : int, default=32
        Largest number of pairs in a batch.
    weights, init, image_size, epochs, lr, body_lr, schedule, weight_decay, augment, validation, patience, \
random_state, device, progress, checkpoint
        As in NetClassifier. `init` must have trunks of the same layout. What `validation` holds out are images, of both
        kinds, and so all their pairs; `random_state` draws the pairs, too.

    Attributes
    ----------
    classes_ : ndarray of shape (2,)
        The labels, sorted; the likelihood is that of the second.
    reference_ : ndarray of shape (n_pairs, side, side, channels) and dtype uint8
        The generated images that images are paired with, as the network sees them.
    history_, tensors_, digest_
        As in NetClassifier.

    See Also
    --------
    PairClassifier : The same with any classifier, on the features of pairs.

    Notes
    -----
    A trunk sees each image once; only the head is shown pairs. The maps of `reference_` are kept in memory: 20 of
    ``"unpooled_resnet101"`` are 42 MB, and 500 are 1 GB. The answer for an image does not depend on other images or on
    the order of either set. Labels reach the loss of every pair. A flat image has finite rows.

    `save` keeps no image: give `reference` to `load` again.

    References
    ----------
    .. [1] Sung et al., Learning to Compare: Relation Network for Few-Shot Learning, CVPR 2018.
    .. [2] Vaswani et al., Attention Is All You Need, NeurIPS 2017.
    .. [3] Khosla et al., Supervised Contrastive Learning, NeurIPS 2020.

    Examples
    --------
    >>> import numpy as np
    >>> rng = np.random.default_rng(0)
    >>> images = rng.integers(0, 40, (16, 32, 32), dtype=np.uint8)
    >>> images[8:, ::2] += 200  # stripes
    >>> model = PairNetwork(reference=images[::3], image_size=32, dim=16, n_pairs=4, epochs=3, lr=3e-3)
    >>> model.fit(images, [0] * 8 + [1] * 8).predict(images[[0, 15]])
    array([0, 1])
    >>> model.transform(images).shape
    (16, 4)
    """

    classes_: NDArray[Any]
    reference_: NDArray[np.uint8]
    optimizer: Optimizer

    _here_only = (*TrainedNetwork._here_only, "reference")
    # The reference is in _value_state, by what the network sees of it.
    _runtime_params = (*TrainedNetwork._runtime_params, "reference", "aggregate")

    def __init__(
        self,
        backbone: Network = "small",
        reference: ImagesLike | None = None,
        *,
        head: Literal["relation", "cross_attention", "fusion"] = "relation",
        layer: str | Sequence[str] | None = None,
        dim: int = 128,
        shared: bool = True,
        n_pairs: int | None = 20,
        aggregate: Literal["mean", "majority", "max", "attention"] = "mean",
        contrastive: float = 0.0,
        weights: Weights = None,
        init: Start = None,
        image_size: int | None = None,
        epochs: int = 10,
        lr: float = 1e-3,
        body_lr: float = 1.0,
        schedule: Schedule = "constant",
        optimizer: Optimizer = "adamw",
        batch_size: int = 32,
        weight_decay: float = 0.0,
        augment: Augmentation | None = None,
        validation: float = 0.0,
        patience: int | None = None,
        random_state: int = 0,
        device: str = "auto",
        progress: bool = True,
        checkpoint: str | PathLike[str] | None = None,
    ) -> None:
        self.backbone = backbone
        self.reference = reference
        self.head = head
        self.layer = layer
        self.dim = dim
        self.shared = shared
        self.n_pairs = n_pairs
        self.aggregate = aggregate
        self.contrastive = contrastive
        self.weights = weights
        self.init = init
        self.image_size = image_size
        self.epochs = epochs
        self.lr = lr
        self.body_lr = body_lr
        self.schedule = schedule
        self.optimizer = optimizer
        self.batch_size = batch_size
        self.weight_decay = weight_decay
        self.augment = augment
        self.validation = validation
        self.patience = patience
        self.random_state = random_state
        self.device = device
        self.progress = progress
        self.checkpoint = checkpoint

    def predict(self, X: ImagesLike) -> NDArray[Any]:
        """Return the second class where its likelihood is above 0.5, else the first.

        Parameters
        ----------
        X : ImageSet, or list, array or Series of paths or images

        Returns
        -------
        ndarray of shape (n_images,)
        """
        codes = self.predict_proba(X).argmax(axis=1)
        return self.classes_[codes]

    def predict_proba(self, X: ImagesLike) -> NDArray[np.float64]:
        """Return the aggregated likelihood of each class; rows sum to 1.

        Parameters
        ----------
        X : ImageSet, or list, array or Series of paths or images

        Returns
        -------
        ndarray of shape (n_images, 2) and dtype float64
        """
        likely = _AGGREGATES[self.aggregate](np.asarray(self.transform(X), dtype=np.float64))
        return np.column_stack([1 - likely, likely])

    def with_reference(self, reference: ImagesLike) -> Self:
        """Return a fitted copy that pairs images with those of another generator; the network stays.

        Parameters
        ----------
        reference : ImageSet, or list, array or Series of paths or images

        Returns
        -------
        PairNetwork
            A new estimator; this one stays as it is.
        """
        self.check_ready()
        other = copy.copy(self)
        other.reference = reference
        other._check_params()
        other._pair()
        return other

    @classmethod
    def load(cls, path: str | PathLike[str], **params: Any) -> Self:
        """Return the fitted estimator of a file that `save` wrote, as NetClassifier.load does.

        Parameters
        ----------
        path : path-like
        **params
            Parameters in place of those in the file. `reference`, the generated images, is not in the file.

        Returns
        -------
        PairNetwork

        Raises
        ------
        ValueError
            When the file is damaged or of another class, and without `reference`.
        """
        if params.get("reference") is None:
            raise ValueError(f"{cls.__name__}.load: {os.fsdecode(path)} holds no images: give it reference=")
        model = super().load(path, **params)
        model._pair()
        return model

    def check_ready(self) -> None:
        """Raise for bad parameters, before `fit`, and after a change of the reference or the network."""
        super().check_ready()
        if self._paired_with is not self.reference:
            raise NotFittedError(
                f"{type(self).__name__} was fitted with another reference than it has now: call fit again, or exchange "
                "the reference of a fitted estimator by with_reference"
            )

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_class = False
        return tags

    # ---- parameters and the reference -----------------------------------------------------------------------

    def _check_params(self):
        super()._check_params()
        from .architectures.pair_heads import HEADS, N_HEADS

        if self.reference is None:
            fail(self, "reference", "the generated images")
        self._check_images("reference", "a set of images")
        check_option(self, "head", tuple(HEADS))
        if not (self.layer is None or isinstance(self.layer, (str, list, tuple))):
            fail(self, "layer", "None, or the names of one or several modules")
        check_int(self, "dim", 1)
        if self.dim % N_HEADS:
            fail(self, "dim", f"a multiple of {N_HEADS}")
        check_option(self, "shared", (True, False))
        if self.n_pairs is not None:
            check_int(self, "n_pairs", 1)
        check_option(self, "aggregate", tuple(_AGGREGATES))
        check_real(self, "contrastive", 0)
        check_option(self, "optimizer", ("adamw", "sgd"))

    def _fit(self, images, y):
        super()._fit(images, y)
        self._pair()

    def _generated(self, needed: int = 1) -> tuple[ImageSet, NDArray[np.uint8]]:
        """Return the reference, sorted by what the network sees of it, and that."""
        images = as_image_set(self.reference)
        if len(images) < needed:
            fail(self, "reference", f"{needed} generated images at least, to make pairs of")
        pixels = self._seen(images)
        order = sorted(range(len(images)), key=lambda i: pixels[i].tobytes())
        return images[order], pixels[order]

    def _seen(self, images):
        import torch

        return hold([images], self._shown(), torch.get_num_threads())

    def _pair(self):
        """Draw the generated images that images are paired with from now on."""
        _, pixels = self._generated()
        if self.n_pairs is not None and self.n_pairs < len(pixels):
            rng = np.random.default_rng(self.random_state)
            pixels = pixels[np.sort(rng.choice(len(pixels), self.n_pairs, replace=False))]
        self.reference_ = pixels
        self._paired_with = self.reference
        self._opposite = None

    def _value_state(self):
        state = super()._value_state()
        return state and {**state, "reference": self.reference_}

    def __getstate__(self) -> dict[str, Any]:
        state = dict(super().__getstate__())
        if "_opposite" in state:
            state["_opposite"] = None
        return state

    # ---- what a TrainedNetwork writes -----------------------------------------------------------------------

    def _training(self, images, y):
        classes, codes = class_codes(self, y, len(images))
        if len(classes) > 2:
            raise ValueError(f"{type(self).__name__}: y must hold two classes. Got {classes.tolist()[:5]}")
        reference, _ = self._generated(2 if self.validation else 1)
        pixels = self._seen(images)
        order = sorted(range(len(images)), key=lambda i: (pixels[i].tobytes(), codes[i]))
        targets = np.concatenate([codes[order], np.full(len(reference), _GENERATED)])
        return [images[order], reference], targets, {"classes_": classes}

    def _learned(self):
        return {"classes_": self.classes_}

    def _draw(self, targets, rows, batch_size):
        """Return batches of pairs: the real images, and then the generated one of each."""
        import torch

        generated = targets[rows] == _GENERATED
        real, generated = rows[~generated], rows[generated]
        n = min(self.n_pairs or len(generated), len(generated))
        drawn = generated[torch.rand(len(real), len(generated)).argsort(dim=1)[:, :n]]
        real, drawn = real.repeat_interleave(n), drawn.flatten()
        return [torch.cat([real[part], drawn[part]]) for part in batches(torch.arange(len(real)), batch_size)]

    def _design(self):
        return [*super()._design(), self.head, self.layer, self.dim, self.shared, self.n_pairs]

    def _build(self, learned, trained):
        from torch import nn

        from .architectures.pair_heads import HEADS

        layers = [self.layer] if isinstance(self.layer, str) else self.layer
        trunks = []
        for _ in range(1 if self.shared else 2):
            trunk, channels = networks.maps(self._backbone(), self._shown(), layers, trained)
            trunks.append(trunk)
        if len(channels) > 1 and self.head != "fusion":
            fail(self, "layer", f"one module where head={self.head!r}")
        body = trunks[0] if self.shared else nn.ModuleDict({"real": trunks[0], "generated": trunks[1]})
        return nn.ModuleDict({"body": body, "head": HEADS[self.head](channels, self.dim)})

    def _image(self, net, inputs, kind):
        """Return what the head makes of each image by itself; `kind` is "real" or "generated"."""
        trunk = net["body"] if self.shared else net["body"][kind]
        return net["head"].image(trunk(inputs))

    def _loss(self, net, inputs, targets):
        from torch.nn.functional import binary_cross_entropy_with_logits

        real, generated = inputs.chunk(2)
        real, generated = self._image(net, real, "real"), self._image(net, generated, "generated")
        codes, odds = targets[: len(real)], net["head"](real, generated)
        loss = binary_cross_entropy_with_logits(odds, codes.to(odds.dtype))
        if self.contrastive:
            loss = loss + self.contrastive * _supervised_contrast(real, generated, codes)
        return loss

    def _embed(self, net, inputs):
        import torch

        blocks = self._generated_side(net, inputs.device).split(_AT_ONCE)
        rows = [
            torch.cat([net["head"](one.expand(len(block), *one.shape), block) for block in blocks])
            for one in self._image(net, inputs, "real")
        ]
        return torch.stack(rows)

    def _generated_side(self, net, device):
        """Return what the head makes of each image of `reference_`, worked out once."""
        import torch

        with _pairing:
            if self._opposite is None:
                pixels, shown = torch.from_numpy(self.reference_), self._shown()
                parts = (scaled(part.to(device), shown) for part in pixels.split(_AT_ONCE))
                self._opposite = torch.cat([self._image(net, part, "generated") for part in parts])
            return self._opposite.to(device)

    def _column_names(self):
        return [f"pairnetwork_{i:04d}" for i in range(len(self.reference_))]


def _supervised_contrast(real, generated, codes):
    """Return the supervised contrastive loss of images among each other; generated ones are of the second class."""
    import torch
    from torch.nn.functional import normalize

    rows = normalize(torch.cat([real, generated]).flatten(1))
    classes = torch.cat([codes, torch.ones_like(codes)])
    others = ~torch.eye(len(rows), dtype=torch.bool, device=rows.device)
    cosines, same = (rows @ rows.T)[others], (classes[:, None] == classes)[others]
    cosines, same = cosines.view(len(rows), -1), same.view(len(rows), -1)
    paired = same.any(dim=1)  # a class may have one image in a batch
    return supcon(cosines[paired], same[paired], _TEMPERATURE)


_AGGREGATES = {
    "mean": lambda odds: expit(odds).mean(axis=1),
    "majority": lambda odds: (odds > 0).mean(axis=1),
    "max": lambda odds: expit(odds).max(axis=1),
    "attention": lambda odds: (softmax(odds, axis=1) * expit(odds)).sum(axis=1),
}
