"""MetricEmbedder: a network trained to put images of one class near each other."""

from collections.abc import Sequence
from numbers import Integral
from os import PathLike

import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, clone
from sklearn.preprocessing import normalize as unit_rows
from sklearn.utils import Tags

from ..checks import as_tuple, check_int, check_option, check_real, fail
from ..images import ImagesLike, as_image_set
from . import losses
from .augmentation import Augmentation
from .base import TrainedNetwork
from .kinds import Loss, Network, Pairs, Schedule, Start, Weights
from .labels import class_codes
from .loop import batches
from .partners import Partners

_LOSSES = ("contrastive", "triplet", "infonce", "supcon")
_PAIRS = ("same_label", "reference", "views")


class MetricEmbedder(TrainedNetwork):
    """An embedding of images in which distance means class: a Siamese network, trained on pairs or triplets.

    Each image of an epoch, the anchor, gets partners of its own class and of other classes, drawn at random. A
    nearest centroid, neighbours or a threshold of the distance come behind it, and its rows go through
    FeaturePipeline's pass and cache.

    Parameters
    ----------
    backbone : str, torch.nn.Module or function, default="small"
        ``"small"``: four blocks of convolution on grey images of 64 x 64, trained in seconds on a CPU. ``"siamese4"``:
        the twin network of the winner of 2025, on grey images of 256 x 256. Else what CNNEmbedding takes. Its final
        linear layer is replaced by one with `dim` outputs; where there is none, one is put behind it.
    weights, init, image_size, epochs, lr, body_lr, schedule, batch_size, weight_decay, augment, validation, patience, \
random_state, device, progress, checkpoint
        As in NetClassifier, where `batch_size` counts anchors.
    dim : int or tuple of int, default=64
        Number of columns, of one linear layer. Several numbers: outputs of as many layers with batch norm and ReLU, the
        last one the number of columns.
    loss : {"contrastive", "triplet", "infonce", "supcon"}, default="contrastive"
        Of the Euclidean distances d, or the cosines, of rows. "contrastive" [1]_: the mean of d^2 over pairs of one
        class and of max(margin - d, 0)^2 over pairs of two; half of the pairs of a batch are of each kind. "triplet"
        [2]_: the mean of max(d - e + margin, 0), with d to the partner of the anchor's class and e to that of another.
        "infonce" [3]_: minus the log of the partner's share of exp(cosine / temperature), among it and all images of
        other classes in the batch. "supcon" [4]_: the same with every image of the class in the batch as a partner,
        and shares of all.
    pairs : {"same_label", "reference", "views"}, default="same_label"
        Who is paired. "same_label": images by their labels in y; with a `reference`, each of its images with images
        of X, by `reference_y` and y. "reference": each image of the reference, the generated ones, with an image of X
        that was used, label 1, as one of its class, and with an unused one, label 0, as one of another. "views": each
        image with itself, changed by `augment` in another way, and with other images; y is ignored.
    reference : ImageSet, or list, array or Series of paths or images, default=None
        A second set to learn from, and the anchors of all pairs.
    reference_y : array-like of shape (n_reference,), default=None
        The labels of the reference, of those in y; for ``pairs="same_label"``.
    margin : float, default=1.0
        For "contrastive" and "triplet". The largest distance of two rows is 2.
    temperature : float or (float, float), default=0.1
        For "infonce" and "supcon". Of two numbers: it is learnt between them, and starts half-way.
    queue : int, default=0
        For "infonce": how many partners of earlier batches count as well, as in momentum contrast [5]_. A slow copy of
        the network makes their rows and those of `transform`; three tenths of the loss compare with its row of the
        partner, the others with the trained network's. 0: no copy.
    momentum : float, default=0.999
        With a queue: how much of the slow copy stays as it is in each step.
    near : transformer, default=None
        With a `reference`, and not for "contrastive": features by which the partners of an image are chosen among the
        images of its class: those with a cosine of `least_cosine`, or where there is none the two nearest. None: all.
    least_cosine : float, default=0.6

    Attributes
    ----------
    history_ : dict of str to list of float
        The learning curve: ``"loss"`` and, with `validation`, ``"validation_loss"``, the mean of each epoch.
    tensors_ : dict of str to ndarray
        The network's weights.
    digest_ : str
        Hex digest of the trained network.

    See Also
    --------
    NetClassifier : Trained to tell the classes apart, without distances.
    ReferenceSimilarity : Compares images by these rows.

    Notes
    -----
    Rows have length 1, those of a flat image too. In an epoch each anchor occurs once. Anchors that have no partner of
    their class, or none of another, are left out. A network keeps what it learnt from the reference, not its images:
    they are in no file.

    References
    ----------
    .. [1] Hadsell, Chopra, LeCun, Dimensionality Reduction by Learning an Invariant Mapping, CVPR 2006.
    .. [2] Schroff, Kalenichenko, Philbin, FaceNet: A Unified Embedding for Face Recognition and Clustering, CVPR 2015.
    .. [3] van den Oord, Li, Vinyals, Representation Learning with Contrastive Predictive Coding, arXiv 1807.03748.
    .. [4] Khosla et al., Supervised Contrastive Learning, NeurIPS 2020.
    .. [5] He et al., Momentum Contrast for Unsupervised Visual Representation Learning, CVPR 2020.

    Examples
    --------
    >>> import numpy as np
    >>> from sklearn.neighbors import NearestCentroid
    >>> from sklearn.pipeline import make_pipeline
    >>> images = np.random.default_rng(0).integers(0, 40, (16, 32, 32), dtype=np.uint8)
    >>> images[8:, ::2] += 200  # stripes
    >>> y = ["plain"] * 8 + ["striped"] * 8
    >>> embedder = MetricEmbedder(dim=8, image_size=32, epochs=4, batch_size=8)
    >>> make_pipeline(embedder, NearestCentroid()).fit(images, y).predict(images[[0, 15]])
    array(['plain', 'striped'], dtype='<U7')
    """

    _here_only = (*TrainedNetwork._here_only, "reference", "reference_y", "near")
    _runtime_params = (*TrainedNetwork._runtime_params, "reference", "reference_y", "near")

    def __init__(
        self,
        backbone: Network = "small",
        weights: Weights = None,
        *,
        dim: int | Sequence[int] = 64,
        loss: Loss = "contrastive",
        pairs: Pairs = "same_label",
        reference: ImagesLike | None = None,
        reference_y: ArrayLike | None = None,
        margin: float = 1.0,
        temperature: float | Sequence[float] = 0.1,
        queue: int = 0,
        momentum: float = 0.999,
        near: BaseEstimator | None = None,
        least_cosine: float = 0.6,
        init: Start = None,
        image_size: int | None = None,
        epochs: int = 10,
        lr: float = 1e-3,
        body_lr: float = 1.0,
        schedule: Schedule = "constant",
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
        self.weights = weights
        self.dim = dim
        self.loss = loss
        self.pairs = pairs
        self.reference = reference
        self.reference_y = reference_y
        self.margin = margin
        self.temperature = temperature
        self.queue = queue
        self.momentum = momentum
        self.near = near
        self.least_cosine = least_cosine
        self.init = init
        self.image_size = image_size
        self.epochs = epochs
        self.lr = lr
        self.body_lr = body_lr
        self.schedule = schedule
        self.batch_size = batch_size
        self.weight_decay = weight_decay
        self.augment = augment
        self.validation = validation
        self.patience = patience
        self.random_state = random_state
        self.device = device
        self.progress = progress
        self.checkpoint = checkpoint

    def __sklearn_tags__(self) -> Tags:
        tags = super().__sklearn_tags__()
        tags.target_tags.required = self.pairs != "views"
        return tags

    def _check_params(self):
        super()._check_params()
        self._dims()
        check_option(self, "loss", _LOSSES)
        check_option(self, "pairs", _PAIRS)
        check_real(self, "margin", 0, closed=False)
        self._check_images("reference")
        if len(as_tuple(self, "temperature", low=0, closed=False)) > 2:
            fail(self, "temperature", "one number, or the two between which it is learnt")
        check_int(self, "queue", 0)
        if self.queue and self.loss != "infonce":
            fail(self, "queue", f"0 where loss={self.loss!r}: only 'infonce' has one")
        check_real(self, "momentum", 0, 1)
        check_real(self, "least_cosine", -1, 1)
        if not (self.near is None or hasattr(self.near, "transform")):
            fail(self, "near", "None or a transformer of images")
        if self.reference_y is not None and np.ndim(self.reference_y) != 1:
            fail(self, "reference_y", "None or one label for each image of the reference")

    # ---- what it learns from --------------------------------------------------------------------------------

    def _training(self, images, y):
        """Return the sets, and of each image its class and whether it is of the reference."""
        self._check_sets()
        sets = [images] if self.reference is None else [images, as_image_set(self.reference)]
        n_reference = sum(map(len, sets)) - len(images)
        if self.pairs == "views":
            codes, others = np.arange(len(images)), []
        else:
            classes, codes = class_codes(self, y, len(images))
            others = self._reference_codes(classes, n_reference)
        is_reference = np.repeat([0, 1], [len(images), n_reference])
        columns = [np.append(codes, others), is_reference]
        if self.near is not None:
            columns.append(self._near_ones(*sets, same=np.equal.outer(others, codes)))
        return sets, np.column_stack(columns).astype(np.int64), {}

    def _check_sets(self):
        if self.pairs == "reference" and self.reference is None:
            fail(self, "reference", "the generated images where pairs='reference'")
        if self.near is not None and self.reference is None:
            fail(self, "near", "None without a reference")
        if self.pairs == "views" and self.reference is not None:
            fail(self, "reference", "None where pairs='views'")
        if self.pairs == "views" and self.augment is None:
            fail(self, "augment", "an Augmentation where pairs='views': it makes the two views differ")
        if (self.reference_y is not None) != (self.reference is not None and self.pairs == "same_label"):
            fail(self, "reference_y", "one label for each image of the reference where pairs='same_label', else None")

    def _reference_codes(self, classes, n_reference):
        """Return the number of the class of each image of the reference; generated ones are of the class of used."""
        name = type(self).__name__
        if self.pairs == "reference":
            if classes.tolist() != [0, 1]:
                raise ValueError(f"{name}: pairs='reference' needs y of 1, used, and 0, unused. Got {classes.tolist()}")
            return np.ones(n_reference)
        if self.reference is None:
            return []
        labels = np.asarray(self.reference_y)
        if labels.shape != (n_reference,):
            raise ValueError(
                f"{name}: reference_y must hold one label for each of {n_reference} images. Got the shape "
                f"{labels.shape}."
            )
        strange = np.setdiff1d(labels, classes)
        if len(strange):
            raise ValueError(
                f"{name}: reference_y names {strange.tolist()[0]!r}, which y does not: no image can be paired"
            )
        return np.searchsorted(classes, labels)

    def _near_ones(self, images, reference, same):
        """Return for every image, those of the reference last, which of X are its partners by `near`."""
        features = clone(self.near).fit(images)
        cosines = unit_rows(features.transform(reference)) @ unit_rows(features.transform(images)).T
        cosines[~same] = -np.inf
        second = np.sort(cosines, axis=1)[:, -min(2, len(images)), None]
        near = np.where(
            (cosines >= self.least_cosine).any(axis=1, keepdims=True), cosines >= self.least_cosine, cosines >= second
        )
        return np.vstack([np.zeros((len(images), len(images)), dtype=bool), near & same])

    # ---- what a TrainedNetwork writes -----------------------------------------------------------------------

    def _draw(self, targets, rows, batch_size):
        import torch

        classes, is_reference = targets[:, 0], targets[:, 1]
        anchors, partners = rows, rows
        if is_reference.any():
            anchors, partners = rows[is_reference[rows] == 1], rows[is_reference[rows] == 0]
        pool = Partners(partners, classes, itself=self.pairs == "views")
        anchors = pool.usable(anchors)
        if not len(anchors):
            raise ValueError(
                f"{type(self).__name__}: too few pairs: none of {len(rows)} images has a partner of its class and one "
                "of another: add images of each class"
            )
        drawn = []
        for batch in batches(anchors, batch_size):
            if self.loss == "contrastive":
                sides = [batch, pool.draw(batch, torch.arange(len(batch)) % 2 == 0)]
            else:
                sides = [batch, self._positives(pool, batch, targets), pool.draw(batch, False)]
            drawn.append(torch.cat(sides))
        return drawn

    def _positives(self, pool, anchors, targets):
        """Return a partner of the class of each anchor: a near one, where any of the pool is near."""
        import torch

        drawn = pool.draw(anchors, True)
        if targets.shape[1] > 2:
            near = torch.zeros_like(targets[anchors, 2:], dtype=torch.float64)
            near[:, pool.rows] = targets[anchors][:, 2 + pool.rows].double()
            some = near.any(dim=1)
            drawn[some] = torch.multinomial(near[some], 1)[:, 0]
        return drawn

    def _make_head(self, width, learned):
        from .momentum import projection

        return projection(width, self._dims())

    def _build(self, learned, trained):
        return self._with_parts(super()._build(learned, trained))

    def _with_parts(self, net):
        """Return a network with what it learns besides: the slow copy and the queue, the temperature."""
        from .momentum import Memory, Temperature

        if self.queue:
            net["memory"] = Memory(net["body"], net["head"], self.queue, self._dims()[-1])
        if np.ndim(self.temperature):
            net["temperature"] = Temperature(*self.temperature)
        return net

    def _dims(self):
        """Return the outputs of the layers of the head; equal ones are no mistake."""
        dims = self.dim if isinstance(self.dim, (list, tuple)) else (self.dim,)
        if not dims or not all(isinstance(own, Integral) and not isinstance(own, bool) and own > 0 for own in dims):
            fail(self, "dim", "one int or several, >= 1")
        return tuple(map(int, dims))

    def _design(self):
        return [*super()._design(), self._dims(), self.queue, np.ndim(self.temperature)]

    def _loss(self, net, inputs, targets):
        classes = targets[:, 0]
        temperature = net["temperature"]() if np.ndim(self.temperature) else self.temperature
        if self.queue:
            from .momentum import queued_infonce

            return queued_infonce(net, inputs, classes, self.momentum, temperature)
        rows = self._embed(net, inputs)
        if self.loss == "contrastive":
            (anchors, partners), (own, theirs) = rows.chunk(2), classes.chunk(2)
            return losses.contrastive(anchors, partners, own == theirs, self.margin)
        n = len(rows) // 3
        if self.loss == "triplet":
            return losses.triplet(*rows.split(n), self.margin)
        loss = losses.infonce if self.loss == "infonce" else losses.supcon
        return loss(rows[:n] @ rows[n:].T, classes[:n, None] == classes[n:], temperature)

    def _embed(self, net, inputs):
        from torch.nn.functional import normalize

        if self.queue:
            return net["memory"](inputs)
        return normalize(net["head"](net["body"](inputs)))

    def _column_names(self):
        return [f"metricembedder_{i:04d}" for i in range(self._dims()[-1])]
