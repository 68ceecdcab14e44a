"""The contrastive systems of taozi, 2025: a network, a slow copy of it, and a queue of earlier images."""

import warnings
from collections.abc import Sequence
from typing import Literal, Self

from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline

from ..decide import ThresholdClassifier
from ..extractors import CNNEmbedding
from ..learned import Augmentation, MetricEmbedder
from ..learned.experts import ExpertEmbedder
from ..reference import ReferenceSimilarity
from .blocks import cached
from .kinds import Cache, Images, Network, Threshold, Weights
from .papers import OVERVIEW_2025
from .registry import recipe

_TAOZI = {
    "team": "taozi",
    "year": 2025,
    "subtask": 1,
    "metric": "kappa",
    "paper": OVERVIEW_2025,
    "trained_on": "generated images, each with used and unused real ones",
    "needs_labels": True,
    "needs_weights": True,
    "exact": False,
}
_WHY = (
    "In the team's code labels never reach the loss: an image's positive is the image itself. Here pairs are drawn as "
    "the overview describes them, a generated image with used ones that are near by frozen features, and with unused "
    "ones. The crops and the changes of colour of the training images are smaller than theirs, and the whole image is "
    "squashed, where theirs is cropped. "
)
_CHANGES = Augmentation(flip=True, zoom=0.2, shift=0.1, brightness=0.2, contrast=0.2)
_FAST = {
    "backbone": "small",
    "weights": None,
    "matcher": "efficientnet_lite0",
    "dims": (64, 32),
    "queue": 512,
    "momentum": 0.9,
    "image_size": 64,
    "epochs": 10,
    "lr": 1e-3,
    "batch_size": 32,
    "threshold": "auto",
}


class FixedEpochs(MLPClassifier):
    """An MLPClassifier that trains for `max_iter` epochs on purpose, and so does not warn of it."""

    def fit(self, X: ArrayLike, y: ArrayLike) -> Self:
        """Train on a table, as MLPClassifier does."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            return super().fit(X, y)


@recipe(
    "taozi-2025-moco",
    method="M36",
    runs=(1359, 1360, 1364, 1366, 1367, 1368, 1369),
    score=0.064,
    why=_WHY
    + (
        "The paper's numbers of runs and those of its table differ, so that nobody can say which network has which "
        "score: this is the best one of the team."
    ),
    fast=_FAST,
    **_TAOZI,
)
def moco(
    reference: Images,
    cache: Cache,
    *,
    decision: Literal["similarity", "mlp"] = "similarity",
    reduce: Literal["max", "mean", "topk"] = "max",
    k: int = 3,
    threshold: Threshold = 0.6,
    backbone: Network = "resnet50",
    weights: Weights = "v1",
    matcher: Network = "resnet50",
    least_cosine: float = 0.6,
    dims: Sequence[int] = (1024, 512, 256),
    queue: int = 65_536,
    momentum: float = 0.999,
    image_size: int | None = None,
    epochs: int = 50,
    lr: float = 3e-4,
    batch_size: int = 128,
    weight_decay: float = 1e-4,
    augment: Augmentation | None = _CHANGES,
    device: str = "auto",
    random_state: int = 0,
) -> BaseEstimator:
    """Used when close to the generated images, by a network trained on pairs against a queue of earlier images.

    `reduce` says what counts: the largest cosine, the mean, or with ``"topk"`` the mean of the `k` largest. `threshold`
    is a cosine; ``"auto"`` learns it from labels, for the best kappa. ``decision="mlp"`` is a small network on the rows
    of labelled images instead. `matcher` is the frozen network that chooses the used images which a generated one is
    paired with: with a cosine of `least_cosine`, else the two nearest. The runs took resnet50, efficientnet_b0 and
    vit_b_16 as `backbone`.
    """
    net = MetricEmbedder(
        backbone,
        weights,
        loss="infonce",
        pairs="reference",
        reference=reference,
        near=cached(cache, CNNEmbedding(matcher, "v1", resize="squash")),
        least_cosine=least_cosine,
        dim=dims,
        temperature=(0.05, 0.2),
        queue=queue,
        momentum=momentum,
        image_size=image_size,
        epochs=epochs,
        lr=lr,
        batch_size=batch_size,
        weight_decay=weight_decay,
        augment=augment,
        device=device,
        random_state=random_state,
    )
    return _decided(net, reference, cache, decision, reduce, k, threshold, random_state)


@recipe(
    "taozi-2025-experts",
    method="M37",
    runs=(1874,),
    why=_WHY
    + (
        "The score of the run is not known: the paper's numbers of runs and those of its table differ. Whether the "
        "gate's entropy is rewarded or punished is not described: rewarded. Training and prediction are one "
        "computation; in the team's code prediction leaves steps out."
    ),
    fast={**_FAST, "backbone": "small+small+small", "dims": (64, 64, 32), "epochs": 6},
    **_TAOZI,
)
def experts(
    reference: Images,
    cache: Cache,
    *,
    reduce: Literal["max", "mean", "topk"] = "max",
    k: int = 3,
    threshold: Threshold = 0.6,
    backbone: str = "resnet50+efficientnet_b0+vit_b_16",
    weights: Weights = "v1",
    matcher: Network = "resnet50",
    least_cosine: float = 0.6,
    dims: Sequence[int] = (2048, 1024, 512, 256),
    queue: int = 65_536,
    momentum: float = 0.999,
    image_size: int | None = None,
    epochs: int = 50,
    lr: float = 3e-4,
    body_lr: float = 0.1,
    batch_size: int = 128,
    weight_decay: float = 1e-4,
    augment: Augmentation | None = _CHANGES,
    device: str = "auto",
    random_state: int = 0,
) -> BaseEstimator:
    """Used when close to the generated images, by several networks that a gate mixes, trained as taozi-2025-moco.

    `backbone` names the networks, with a plus between them; they learn at `body_lr` of the learning rate. The first of
    `dims` is the width that they are brought to. The other parameters are those of taozi-2025-moco.
    """
    net = ExpertEmbedder(
        backbone,
        weights,
        body_lr=body_lr,
        loss="infonce",
        pairs="reference",
        reference=reference,
        near=cached(cache, CNNEmbedding(matcher, "v1", resize="squash")),
        least_cosine=least_cosine,
        dim=dims,
        temperature=(0.05, 0.2),
        queue=queue,
        momentum=momentum,
        image_size=image_size,
        epochs=epochs,
        lr=lr,
        batch_size=batch_size,
        weight_decay=weight_decay,
        augment=augment,
        device=device,
        random_state=random_state,
    )
    return _decided(net, reference, cache, "similarity", reduce, k, threshold, random_state)


def _decided(net, reference, cache, decision, reduce, k, threshold, random_state):
    """Return a rule behind a network: a cut of its cosines to the generated images, or a classifier of its rows."""
    if decision == "similarity":
        close = ReferenceSimilarity(reference, cached(cache, net), "cosine", reduce, k=k)
        return make_pipeline(close, ThresholdClassifier(threshold, metric="kappa"))
    if decision == "mlp":
        epochs = 100
        judge = FixedEpochs(
            (128,),
            max_iter=epochs,
            n_iter_no_change=epochs,
            learning_rate_init=1e-3,
            alpha=0.0,
            random_state=random_state,
        )
        return make_pipeline(cached(cache, net), judge)
    raise ValueError(f"decision must be 'similarity' or 'mlp'. Got {decision!r} instead.")
