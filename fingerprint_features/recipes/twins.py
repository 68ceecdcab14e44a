"""The twin networks of AI Multimedia Lab, 2025: trained on pairs of a real and a generated image."""

from typing import Literal

from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator
from sklearn.neighbors import NearestCentroid
from sklearn.pipeline import make_pipeline

from ..decide import ThresholdClassifier
from ..learned import Augmentation, MetricEmbedder
from ..learned.kinds import Schedule
from ..reference import ReferenceSimilarity
from .blocks import cached
from .kinds import Cache, Images, Network, Threshold
from .nearest_subset import NearestSubset
from .papers import AI_MULTIMEDIA_LAB_2025
from .registry import recipe

_AIM = {"team": "AI Multimedia Lab", "year": 2025, "paper": AI_MULTIMEDIA_LAB_2025, "needs_labels": True}
_FAST = {
    "backbone": "small",
    "image_size": 64,
    "lr": 3e-3,
    "schedule": "cosine",
    "batch_size": 16,
    "augment": Augmentation(flip=True),
}


@recipe(
    "aim-2025-siamese-subsets",
    method="M42",
    subtask=2,
    metric="accuracy",
    runs=(1396,),
    score=0.9904,
    trained_on="pairs of labelled real and labelled generated images",
    fast={**_FAST, "epochs": 40},
    **_AIM,
)
def subsets(
    reference: Images,
    reference_y: ArrayLike,
    cache: Cache,
    *,
    decision: Literal["centroid", "mean_distance"] = "centroid",
    backbone: Network = "siamese4",
    dim: int = 256,
    margin: float = 1.0,
    image_size: int | None = 256,
    epochs: int = 30,
    lr: float = 1e-4,
    batch_size: int = 32,
    schedule: Schedule = "constant",
    augment: Augmentation | None = None,
    device: str = "auto",
    random_state: int = 0,
) -> BaseEstimator:
    """The subset whose real images are nearest, by a network trained on pairs of a real and a generated image.

    `decision` ``"centroid"`` is the nearest mean of a subset's rows, as the team's paper and code have it;
    ``"mean_distance"`` is the smallest mean distance to the images of a subset, as the overview has it.
    """
    net = MetricEmbedder(
        reference=reference,
        reference_y=reference_y,
        pairs="same_label",
        backbone=backbone,
        dim=dim,
        margin=margin,
        image_size=image_size,
        epochs=epochs,
        lr=lr,
        batch_size=batch_size,
        schedule=schedule,
        augment=augment,
        device=device,
        random_state=random_state,
    )
    if decision not in ("centroid", "mean_distance"):
        raise ValueError(f"decision must be 'centroid' or 'mean_distance'. Got {decision!r} instead.")
    nearest = NearestCentroid() if decision == "centroid" else NearestSubset("euclidean")
    return make_pipeline(cached(cache, net), nearest)


@recipe(
    "aim-2025-siamese-usage",
    method="M39",
    subtask=1,
    metric="kappa",
    runs=(1492, 1696),
    score=0.036,
    exact=False,
    why=(
        "How the distances of a real image to the generated ones become one number is not described: their mean. The "
        "cut is the one with the best kappa on the training images. How the two runs differ is not described."
    ),
    trained_on="pairs of labelled real images and generated ones",
    fast={**_FAST, "epochs": 20},
    **_AIM,
)
def usage(
    reference: Images,
    cache: Cache,
    *,
    backbone: Network = "siamese4",
    dim: int = 256,
    margin: float = 1.0,
    image_size: int | None = 256,
    epochs: int = 30,
    lr: float = 1e-4,
    batch_size: int = 32,
    schedule: Schedule = "constant",
    augment: Augmentation | None = None,
    threshold: Threshold = "auto",
    device: str = "auto",
    random_state: int = 0,
) -> BaseEstimator:
    """Used when near to the generated images on average, by a network trained to draw them to the used ones.

    `threshold` is minus a distance, of 0 to 2; ``"auto"`` learns it from labels, for the best kappa.
    """
    net = MetricEmbedder(
        reference=reference,
        pairs="reference",
        backbone=backbone,
        dim=dim,
        margin=margin,
        image_size=image_size,
        epochs=epochs,
        lr=lr,
        batch_size=batch_size,
        schedule=schedule,
        augment=augment,
        device=device,
        random_state=random_state,
    )
    distances = ReferenceSimilarity(reference, cached(cache, net), "euclidean", "mean")
    return make_pipeline(distances, ThresholdClassifier(threshold, metric="kappa"))
