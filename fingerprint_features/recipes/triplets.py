"""Systems whose network is trained on triplets of images."""

from sklearn.base import BaseEstimator
from sklearn.pipeline import make_pipeline

from ..decide import ThresholdClassifier
from ..learned import MetricEmbedder
from ..reference import ReferenceSimilarity
from .blocks import cached
from .kinds import Cache, Images, Network, Threshold, Weights
from .papers import OVERVIEW_2023
from .registry import recipe

_2023 = {"year": 2023, "subtask": 1, "metric": "f1", "paper": OVERVIEW_2023, "exact": False}


@recipe(
    "one-five-one-zero-2023-triplet",
    method="M20",
    team="one-five-one-zero",
    runs=(1, 2, 3),
    score=0.563,
    why=(
        "How triplets are made is not described: a generated image, a used and an unused one, drawn at random. Nor are "
        "the margin, 1, the number of features, 256, and the training: Adam, 10 epochs. An image is called used when "
        "some generated image finds it the nearest. Weights V1 of torchvision; the whole image is squashed."
    ),
    trained_on="triplets of generated, used and unused images",
    needs_labels=True,
    needs_weights=True,
    fast={"backbone": "small", "weights": None, "image_size": 64, "dim": 64, "epochs": 20, "lr": 1e-3},
    **_2023,
)
def triplets(
    reference: Images,
    cache: Cache,
    *,
    backbone: Network = "resnet50",
    weights: Weights = "v1",
    dim: int = 256,
    margin: float = 1.0,
    image_size: int | None = None,
    epochs: int = 10,
    lr: float = 1e-4,
    batch_size: int = 32,
    threshold: Threshold = 0.5,
    device: str = "auto",
    random_state: int = 0,
) -> BaseEstimator:
    """Used when some generated image finds it the nearest, by a network trained to draw these to used images.

    The runs took inception_v3, resnet50 and an EfficientNet (``"efficientnet_b0"``) as `backbone`; resnet50 has the
    score. `threshold` is the number of generated images; ``"auto"`` learns it from labels, for the best F1.
    """
    net = MetricEmbedder(
        backbone,
        weights,
        loss="triplet",
        pairs="reference",
        reference=reference,
        dim=dim,
        margin=margin,
        image_size=image_size,
        epochs=epochs,
        lr=lr,
        batch_size=batch_size,
        device=device,
        random_state=random_state,
    )
    found = ReferenceSimilarity(reference, cached(cache, net), "euclidean", "hits", k=1)
    return make_pipeline(found, ThresholdClassifier(threshold, metric="f1"))
