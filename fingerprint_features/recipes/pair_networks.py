"""Systems whose network is shown a real and a generated image together: was the real one used?"""

from sklearn.base import BaseEstimator

from ..learned import PairNetwork
from ..learned.kinds import Optimizer
from .kinds import Cache, Images, Network
from .papers import OVERVIEW_2023
from .registry import recipe

_ON_PAIRS = {"subtask": 1, "trained_on": "pairs of labelled real images and generated ones", "needs_labels": True}
_SMALL = {"backbone": "small", "image_size": 64, "n_pairs": 20}


@recipe(
    "clef-cse-2023-relation",
    method="M13",
    team="CLEF-CSE",
    year=2023,
    metric="f1",
    paper=OVERVIEW_2023,
    runs=(1,),
    score=0.614,
    exact=False,
    why=(
        "The published code takes a softmax over the one score of a pair, which is always 1; here a sigmoid. The cut "
        "is not described: 0.5. Nor is the size of the images: 256 x 256, as they are."
    ),
    fast=_SMALL | {"dim": 64, "epochs": 8, "lr": 1e-3, "optimizer": "adamw", "batch_size": 32},
    **_ON_PAIRS,
)
def relation(
    reference: Images,
    cache: Cache,
    *,
    backbone: Network = "unpooled_resnet101",
    image_size: int | None = 256,
    dim: int = 2048,
    n_pairs: int | None = None,
    epochs: int = 100,
    lr: float = 1e-5,
    optimizer: Optimizer = "sgd",
    batch_size: int = 8,
    weight_decay: float = 5e-4,
    device: str = "auto",
    random_state: int = 0,
) -> BaseEstimator:
    """Used when a relation network, with a trunk for each kind of image, finds its pairs likely on average.

    `n_pairs` is how many generated images each real one is paired with; None is all, as published. Their maps are kept
    in memory, 2 MB each.
    """
    return PairNetwork(
        backbone,
        reference,
        head="relation",
        dim=dim,
        shared=False,
        n_pairs=n_pairs,
        image_size=image_size,
        epochs=epochs,
        lr=lr,
        optimizer=optimizer,
        batch_size=batch_size,
        weight_decay=weight_decay,
        device=device,
        random_state=random_state,
    )
