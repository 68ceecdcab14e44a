"""VCMI's matching patches, 2023: a network that knows two crops of one image from crops of two images."""

from dataclasses import astuple

import numpy as np
from sklearn.base import BaseEstimator
from sklearn.pipeline import make_pipeline

from ..decide import ThresholdClassifier
from ..learned import Augmentation, MetricEmbedder
from ..reference import ReferenceSimilarity
from ..reference.null import Null
from .blocks import cached, of_first_halves
from .kinds import Cache, Images, Network, Threshold
from .papers import OVERVIEW_2023
from .registry import recipe


@recipe(
    "vcmi-2023-matching-patches",
    method="M11",
    team="VCMI",
    year=2023,
    subtask=1,
    metric="f1",
    paper=OVERVIEW_2023,
    runs=(9,),
    score=0.514,
    exact=False,
    why=(
        "The paper says triplet loss; crops, network and cut are those of the team's code. There a negative may be a "
        "crop of the same image, here never. All images are judged by the crop at one place, drawn once, as all images "
        "of a batch are in the code, so that an image alone has the answer it has in any batch."
    ),
    trained_on="real images without labels",
    needs_labels=False,
    transductive=True,
    fast={"image_size": 64, "epochs": 40, "lr": 1e-3},
)
def matching_patches(
    reference: Images,
    cache: Cache,
    *,
    backbone: Network = "conv5",
    dim: int = 128,
    margin: float = 0.5,
    threshold: Threshold = 1.0,
    image_size: int | None = None,
    epochs: int = 800,
    lr: float = 1e-4,
    batch_size: int = 16,
    device: str = "auto",
    random_state: int = 0,
) -> BaseEstimator:
    """Used when its crop is nearer to that of some generated image than two crops of one real image usually are.

    `threshold` is in standard deviations below the mean distance of such crops.
    """
    net = CropEmbedder(
        backbone,
        loss="triplet",
        pairs="views",
        augment=Augmentation(noise=0.1),
        dim=dim,
        margin=margin,
        image_size=image_size,
        epochs=epochs,
        lr=lr,
        batch_size=batch_size,
        device=device,
        random_state=random_state,
    )
    near = CropSimilarity(reference, cached(cache, net), of_first_halves, standardize="zscore")
    return make_pipeline(near, ThresholdClassifier(threshold))


class CropEmbedder(MetricEmbedder):
    """A MetricEmbedder of crops of half the side. A row is that of one crop, and behind it that of another.

    In training each batch has one place for the anchors, one for their partners and one for the others. The loss is
    d + max(margin - e, 0), with the mean squared difference d of an anchor and a partner, and e of it and another.
    """

    def _loss(self, net, inputs, targets):
        import torch

        most = inputs.shape[-1] // 2
        sides = [crop(side, *torch.randint(most + 1, (2,)).tolist()) for side in inputs.chunk(3)]
        anchors, partners, others = net["head"](net["body"](torch.cat(sides))).chunk(3)
        apart = (anchors - others).square().mean(dim=1)
        return (anchors - partners).square().mean() + (self.margin - apart).clamp(min=0).mean()

    def _embed(self, net, inputs):
        import torch

        most = inputs.shape[-1] // 2
        places = np.random.default_rng(self.random_state).integers(0, most + 1, (2, 2)).tolist()
        return torch.cat([net["head"](net["body"](crop(inputs, *place))) for place in places], dim=1)

    def _column_names(self):
        return [f"{name}_{i:04d}" for name in ("crop", "other_crop") for i in range(self._dims()[-1])]


class CropSimilarity(ReferenceSimilarity):
    """A ReferenceSimilarity whose null is of two crops of each image of X."""

    def _learn(self, X, x, rivals):
        rows = self.features_.transform(x.data)
        first, other = np.hsplit(np.asarray(rows, dtype=np.float64), 2)
        self.null_ = Null.of_similarities(-np.square(first - other).mean(axis=1))
        self.null_mean_, self.null_std_, self.null_max_ = astuple(self.null_)
        self.radius_ = None


def crop(images, top: int, left: int):
    """Return the square of half the side at a place of each image."""
    half = images.shape[-1] // 2
    return images[..., top : top + half, left : left + half]
