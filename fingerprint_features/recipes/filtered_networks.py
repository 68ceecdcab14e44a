"""ZOQ 2025: features of a small network, trained on filtered images, compared with those of generated images."""

from typing import Literal

from sklearn.base import BaseEstimator
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer

from ..decide import ThresholdClassifier
from ..extractors import Filtered
from ..learned import NetClassifier
from ..reference import ReferenceSimilarity
from .blocks import above_median, cached, ssim_of_rows
from .kinds import Cache, Images, Network, Threshold
from .papers import OVERVIEW_2025
from .registry import recipe


@recipe(
    "zoq-2025-cnn",
    method="M38",
    team="ZOQ",
    year=2025,
    subtask=1,
    metric="kappa",
    paper=OVERVIEW_2025,
    runs=(1355,),
    score=-0.032,
    exact=False,
    why=(
        "The network and what it learns are not described: three convolutions, trained to tell used real images from "
        "unused ones. Nor is the structural similarity of features, here that of two rows as one window, nor which of "
        "the four filters the run had, nor their parameters and the threshold, here learnt for the best kappa."
    ),
    trained_on="labelled real images",
    needs_labels=True,
    fast={"image_size": 64, "epochs": 15, "batch_size": 16},
)
def filtered_network(
    reference: Images,
    cache: Cache,
    *,
    backbone: Network = "conv3",
    filter: str = "gaussian",
    similarity: Literal["ssim", "cosine", "jaccard"] = "ssim",
    threshold: Threshold = "auto",
    metric: str = "kappa",
    image_size: int | None = 256,
    epochs: int = 20,
    lr: float = 1e-3,
    batch_size: int = 32,
    device: str = "auto",
    random_state: int = 0,
) -> BaseEstimator:
    """Used when the features of the filtered image, by a network trained on such images, are those of a generated one.

    `threshold` is in standard deviations above the mean similarity of real images to each other; ``"auto"`` learns it
    from labels, for the best `metric`. ``"jaccard"`` compares which features lie above the median of the image.
    """
    net = NetClassifier(
        backbone,
        image_size=image_size,
        epochs=epochs,
        lr=lr,
        batch_size=batch_size,
        device=device,
        random_state=random_state,
    )
    features = cached(cache, Filtered(net, filter))
    if similarity == "jaccard":
        features = make_pipeline(features, FunctionTransformer(above_median))
    compare = ssim_of_rows if similarity == "ssim" else similarity
    rule = ReferenceSimilarity(reference, features, compare, standardize="zscore")
    return make_pipeline(rule, ThresholdClassifier(threshold, metric=metric))
